/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a radio is waited for before its flash begins, on the simulator's clock: what is known to be dead is not waited
 * for, and what only starts slowly, or speaks after a reset alone, is never flashed for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

#define SECTOR 4096u

/* What of the proven bundle's radio is broken. */
static void nothing(void)
{
}

static void all_of_it(void)
{
    memset(w.radio_bytes, 0xff, sizeof w.radio_bytes);
}

static void a_bit_of_the_bootloader(void)
{
    w.radio_bytes[40] ^= 0x10;
}

static void the_application(void)
{
    memset(w.radio_bytes + 0x10000, 0xff, SECTOR);
}

static void its_voice(void)
{
    pair_plant(&w, &mute_image);
}

static void start_again(bool into_loader)
{
    struct tdm_lines *l = &w.wire.lines;

    (void)l->ops->set(l, true, into_loader);
    (void)l->ops->set(l, false, into_loader);
    (void)l->ops->set(l, false, false);
    sim_link_wait_us(&w.wire, 5000000);
    assert_int_equal(w.chip.runs == SIM_RUNS_LOADER, into_loader);
}

static const struct row {
    const char *name;
    void (*breaks)(void);
    bool is_half;      /* the record says that a flash was begun and not ended                */
    bool is_in_loader; /* mute until its line is pulled, though its firmware is well          */
    bool is_garbled;   /* its ROM's text cannot be read                                       */
    uint32_t boot_ms;  /* from the release of RESET until the firmware speaks; 0: 20          */
    uint32_t until_ms; /* at most: until the flash begins; 0: there must be none              */
    uint32_t was_ms;   /* with every wait of the ladder                                       */
    bool holds_other;  /* by the record                                                       */
} rows[] = {
    {"blank", all_of_it, false, false, false, 0, 1800, 8600, false},
    {"blank, and nobody can read what it says", all_of_it, false, false, true, 0, 5400, 8600, false},
    {"a bootloader with a wrong sum", a_bit_of_the_bootloader, false, false, false, 0, 1800, 8600, false},
    {"no application: restarts without end", the_application, false, false, false, 0, 5300, 8600, false},
    {"firmware that never speaks", its_voice, false, false, false, 0, 7200, 8600, false},
    {"another bundle is wanted, and it never speaks", its_voice, false, false, false, 0, 500, 8600, true},
    {"half flashed, blank", all_of_it, true, false, false, 0, 500, 8600, false},
    {"half flashed, no application", the_application, true, false, false, 0, 500, 8600, false},
    {"well", nothing, false, false, false, 0, 0, 0, false},
    {"well, and mute until it is reset", nothing, false, true, false, 0, 0, 0, false},
    {"the same, needs 0.6 s to start", nothing, false, true, false, 600, 0, 0, false},
    {"the same, needs 1.9 s to start", nothing, false, true, false, 1900, 0, 0, false},
    {"the same, needs 2.9 s to start", nothing, false, true, false, 2900, 0, 0, false},
};

/* What the ROM says on its way to the firmware cannot be read. */
static size_t garble_text(struct pair_world *world, uint8_t *data, size_t len)
{
    if (world->chip.runs == SIM_RUNS_NO_IMAGE)
        memset(data, 0xff, len);
    return len;
}

static uint32_t begin(const struct row *row)
{
    struct slot_record rec = scene_with(&old_image, PROVEN, NULL);

    row->breaks();
    if (row->is_half) {
        scene_holds(&rec, 0);
        rec.radio.begun = 1;
    }
    if (row->holds_other)
        scene_holds(&rec, 2);
    world_store(&w.router, &rec);
    if (row->boot_ms != 0)
        w.chip.cfg.boot_us = row->boot_ms * 1000;
    w.on_wire = row->is_garbled ? garble_text : NULL;
    start_again(row->is_in_loader);
    scene_forget_counts();
    return tdm_clock_now_ms(&w.wire.clock);
}

static void test_waits(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        (void)scene_open(state);
        uint32_t began_ms = begin(row);
        enum reconcile_outcome outcome = pair_boot(&w);
        uint32_t passed_ms = w.flow.off_since_ms - began_ms;
        if (outcome != RECONCILE_OK || w.flow.was_flashed != (row->until_ms != 0))
            fail_msg("%s: outcome %d, %s, flashed %d", row->name, (int)outcome, w.flow.fault.code, w.flow.was_flashed);
        if (row->until_ms == 0)
            assert_int_equal(w.radio_flash.sectors_erased, 0);
        else if (passed_ms > row->until_ms || passed_ms >= row->was_ms)
            fail_msg("%s: %u ms until its flash", row->name, passed_ms);
        assert_string_equal(pair_radio_runs(&w), old_text);
        (void)scene_close(state);
    }
}

/* A flash that was ended, and not put on record before the power went: nothing is written again. */
static void test_ended_but_not_recorded(void **state)
{
    struct row row = {"ended", nothing, true, true, false, 0, 500, 0, false};

    (void)state;
    (void)begin(&row);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
    struct slot_record rec = pair_load(&w);
    assert_true(rec.radio.is_known);
    assert_int_equal(rec.radio.begun, 0);
}

/* No flash may follow: then a half flashed radio is tried with all there is, as any other. */
static void test_used_up_radio_is_still_reset(void **state)
{
    struct row row = {"used up", nothing, true, true, false, 0, 0, 0, false};

    (void)state;
    (void)begin(&row);
    struct slot_record rec = pair_load(&w);
    rec.radio.begun = RECONCILE_BEGUN_MAX;
    world_store(&w.router, &rec);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_false(w.flow.was_flashed);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
}

/* The operator's word forgets the counts, not what they said. */
static void test_operator_does_not_wait_either(void **state)
{
    struct row row = {"operator", all_of_it, true, false, false, 0, 500, 0, false};
    enum reconcile_outcome outcome;

    (void)state;
    uint32_t began_ms = begin(&row);
    pair_begin(&w);
    assert_int_equal(reconcile_radio(&w.flow, &outcome), TDM_OK);
    assert_in_range(w.flow.off_since_ms - began_ms, 0, row.until_ms);
}

/* Firmware that nobody manages would be replaced by a bundle that is not its own: it gets all the time there is. */
static void test_foreign_radio_is_waited_for(void **state)
{
    (void)state;
    struct slot_record rec = scene_record(UNMANAGED_RECORD, NULL);
    scene_stock(&rec, SLOT_R0, &old_image, 1, SLOT_GOOD);
    world_store(&w.router, &rec);
    pair_radio_on(&w);
    uint32_t began_ms = tdm_clock_now_ms(&w.wire.clock);
    assert_int_equal(pair_boot(&w), RECONCILE_UNMANAGED);
    assert_true(w.flow.was_flashed);
    assert_in_range(w.flow.off_since_ms - began_ms, 1500 + 100 + 2000 + 1500, 8600);
}

/* A new radio that is mute: the way back does not ask it again with all that was tried already. */
static void test_way_back_is_not_waited_for(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&old_image, RADIO_TRIAL, &mute_image);
    world_store(&w.router, &rec);
    uint32_t began_ms = tdm_clock_now_ms(&w.wire.clock);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_string_equal(pair_radio_runs(&w), old_text);
    /* Three flashes, each waited for 3.5 s, then one question, and the old one. */
    assert_in_range(tdm_clock_now_ms(&w.wire.clock) - began_ms, 3 * 3500, 3 * 3500 + 500 + 4 * 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),
        cmocka_unit_test_setup_teardown(test_ended_but_not_recorded, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_used_up_radio_is_still_reset, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_foreign_radio_is_waited_for, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_way_back_is_not_waited_for, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(test_operator_does_not_wait_either, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
