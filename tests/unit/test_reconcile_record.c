/* SPDX-License-Identifier: Apache-2.0 */
/* The boot flow with a record or a bundle that cannot be used: nothing is done that nothing announced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

#define A        TDM_HOST_A
#define B        TDM_HOST_B
#define STORY(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)

static void a_record_that_cannot_be_read(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    world_store(&w.router, &rec);
    scene_forget_counts();
    w.router.record.bad_len = w.router.record.port.size;
    scene_is_degraded("record_unreadable");
    assert_true(w.flow.radio_answers);
    scene_nothing_was_touched();
}

static void a_record_that_is_lost(void **state)
{
    static const uint8_t junk[64] = {1, 2, 3};

    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    world_store(&w.router, &rec);
    for (uint64_t at = 0; at < w.router.record.port.size; at += 512)
        fake_flash_plant(&w.router.record, at, junk, sizeof junk);
    scene_forget_counts();
    scene_is_degraded("record_lost");
    scene_nothing_was_touched();
}

static void a_record_that_cannot_be_written(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&old_image, HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    scene_forget_counts();
    w.router.record.prog_err = TDM_E_IO;
    scene_is_degraded("record_not_writable");
    assert_int_equal(w.router.host.selects, 0);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
}

static void a_router_that_was_never_updated(void **state)
{
    (void)state;
    pair_plant(&w, &new_image);
    pair_radio_on(&w);
    assert_int_equal(pair_boot(&w), RECONCILE_UNMANAGED);
    assert_false(w.flow.was_flashed);
    assert_string_equal(w.flow.radio.version, new_text);
}

static void a_host_that_nobody_knows(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    world_store(&w.router, &rec);
    scene_forget_counts();
    w.router.host.running = B;
    scene_is_degraded("unknown_host");
    assert_int_equal(w.router.host.selects, 0);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
}

static void a_bundle_that_has_rotted(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&old_image, HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    w.router.rcp[SLOT_R1].mem[new_image.part_at[4] + 400] ^= 4;
    w.router.rcp[SLOT_R1].durable[new_image.part_at[4] + 400] ^= 4;
    assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
    assert_true(w.flow.was_condemned);
    assert_false(w.flow.was_flashed); /* judged whole before the first sector is erased */
    assert_string_equal(pair_radio_runs(&w), old_text);
}

/* Whole in itself, but not what was stored: somebody wrote to the slot. */
static void a_bundle_that_was_swapped(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    scene_holds(&rec, 2);
    rec.rcp[SLOT_R0].digest[31] ^= 1;
    world_store(&w.router, &rec);
    scene_is_degraded("stored_differs");
    assert_string_equal(pair_radio_runs(&w), new_text);
}

static void a_slot_that_is_only_half_written_is_never_flashed(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    scene_holds(&rec, 2);
    rec.rcp[SLOT_R0].state = SLOT_WRITING;
    world_store(&w.router, &rec);
    scene_is_degraded("no_bundle");
    assert_string_equal(pair_radio_runs(&w), new_text);
}

static void a_trial_without_a_row_is_not_acted_on(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&old_image, HOST_TRIAL, &new_image);
    rec.trial.tries = 0;
    rec.trial.is_paid = false;
    rec.host[B].content.state = SLOT_WRITING;
    world_store(&w.router, &rec);
    scene_forget_counts();
    scene_is_degraded("unknown_host");
    assert_int_equal(w.router.host.selects, 0);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
}

/* Selecting a slot that holds nothing proven would be worse than staying. */
static void a_refused_host_with_nothing_to_go_back_to(void **state)
{
    (void)state;
    for (int is_counted_out = 0; is_counted_out < 2; is_counted_out++) {
        (void)scene_open(state);
        struct slot_record rec = scene_with(&old_image, HOST_TRIAL, &mute_image);
        rec.host[A].content.state = SLOT_EMPTY;
        if (is_counted_out) {
            rec.trial.tries = 0;
            rec.trial.is_paid = false;
        }
        world_store(&w.router, &rec);
        scene_forget_counts();
        scene_is_degraded("cannot_go_back");
        assert_int_equal(w.router.host.selects, 0);
        assert_int_equal(pair_load(&w).host[B].content.state, SLOT_BAD);
        (void)scene_close(state);
    }
}

static void an_unmanaged_silent_radio_gets_what_is_stored(void **state)
{
    (void)state;
    pair_radio_on(&w);
    struct slot_record rec = scene_record(UNMANAGED_RECORD, NULL);
    scene_stock(&rec, SLOT_R0, &old_image, 1, SLOT_BAD);
    scene_stock(&rec, SLOT_R1, &new_image, 2, SLOT_STAGED);
    rec.rcp[SLOT_R0].counter = 1;
    rec.rcp[SLOT_R1].counter = 2;
    world_store(&w.router, &rec);
    assert_int_equal(pair_boot(&w), RECONCILE_UNMANAGED);
    assert_string_equal(pair_radio_runs(&w), new_text);
    rec = pair_load(&w);
    assert_int_equal(rec.host[A].rcp, SLOT_RCP_NONE);
}

static const struct stock {
    const char *name;
    enum slot_state r0, r1;
    uint32_t counter_0, counter_1;
    const char *runs; /* NULL: nothing is flashed */
} stocks[] = {
    {"only r0 is whole", SLOT_GOOD, SLOT_WRITING, 1, 9, old_text},
    {"only r1 is whole", SLOT_EMPTY, SLOT_BAD, 9, 1, new_text},
    {"none is whole", SLOT_WRITING, SLOT_EMPTY, 1, 1, NULL},
    {"r0 is newer", SLOT_BAD, SLOT_GOOD, 2, 1, old_text},
    {"r1 is newer", SLOT_GOOD, SLOT_STAGED, 1, 2, new_text},
    {"as new, and r1 is proven", SLOT_STAGED, SLOT_GOOD, 1, 1, new_text},
    {"as new, and r0 is proven", SLOT_GOOD, SLOT_BAD, 1, 1, old_text},
    {"as new, and both are proven", SLOT_GOOD, SLOT_GOOD, 1, 1, old_text},
    {"as new, and none is proven", SLOT_STAGED, SLOT_BAD, 1, 1, old_text},
};

static void an_unmanaged_silent_radio_gets_the_better_bundle(void **state)
{
    for (size_t i = 0; i < sizeof stocks / sizeof stocks[0]; i++) {
        const struct stock *s = &stocks[i];
        (void)scene_open(state);
        pair_radio_on(&w);
        struct slot_record rec = scene_record(UNMANAGED_RECORD, NULL);
        scene_stock(&rec, SLOT_R0, &old_image, 1, s->r0);
        scene_stock(&rec, SLOT_R1, &new_image, 2, s->r1);
        rec.rcp[SLOT_R0].counter = s->counter_0;
        rec.rcp[SLOT_R1].counter = s->counter_1;
        world_store(&w.router, &rec);
        enum reconcile_outcome outcome = pair_boot(&w);
        if (outcome != (s->runs != NULL ? RECONCILE_UNMANAGED : RECONCILE_DEGRADED))
            fail_msg("%s: outcome %d, %s", s->name, outcome, w.flow.fault.code);
        if (s->runs != NULL && strcmp(pair_radio_runs(&w), s->runs) != 0)
            fail_msg("%s: runs %s", s->name, pair_radio_runs(&w));
        if (s->runs == NULL && w.radio_flash.sectors_erased > 0)
            fail_msg("%s: something was flashed", s->name);
        (void)scene_close(state);
    }
}

/* The newer one never answers, however often: then the other one, within bounds that are kept from start to start. */
static void an_unmanaged_silent_radio_gets_the_second_bundle(void **state)
{
    (void)state;
    for (int is_other_mute = 0; is_other_mute < 2; is_other_mute++) {
        (void)scene_open(state);
        pair_radio_on(&w);
        struct slot_record rec = scene_record(UNMANAGED_RECORD, NULL);
        scene_stock(&rec, SLOT_R0, is_other_mute ? &mute_image : &old_image, 1, SLOT_BAD);
        scene_stock(&rec, SLOT_R1, &mute_image, 2, SLOT_BAD);
        rec.rcp[SLOT_R1].counter = 2;
        world_store(&w.router, &rec);
        assert_int_equal(pair_boot(&w), is_other_mute ? RECONCILE_DEGRADED : RECONCILE_UNMANAGED);
        if (!is_other_mute)
            assert_string_equal(pair_radio_runs(&w), old_text);
        rec = pair_load(&w);
        assert_int_equal(rec.radio.failed, is_other_mute ? RECONCILE_OTHER_FAILED_MAX : 0);
        uint64_t erased = w.radio_flash.sectors_erased;
        (void)pair_boot(&w);
        assert_int_equal(w.radio_flash.sectors_erased, erased);
        (void)scene_close(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_record_that_cannot_be_read),
        STORY(a_record_that_is_lost),
        STORY(a_record_that_cannot_be_written),
        STORY(a_router_that_was_never_updated),
        STORY(a_host_that_nobody_knows),
        STORY(a_bundle_that_has_rotted),
        STORY(a_bundle_that_was_swapped),
        STORY(a_slot_that_is_only_half_written_is_never_flashed),
        STORY(a_trial_without_a_row_is_not_acted_on),
        cmocka_unit_test(a_refused_host_with_nothing_to_go_back_to),
        STORY(an_unmanaged_silent_radio_gets_what_is_stored),
        cmocka_unit_test(an_unmanaged_silent_radio_gets_the_better_bundle),
        cmocka_unit_test(an_unmanaged_silent_radio_gets_the_second_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
