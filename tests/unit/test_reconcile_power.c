/* SPDX-License-Identifier: Apache-2.0 */
/* One boot of a trial with the power cut at every operation; power_pair does it to whole updates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

#define A        TDM_HOST_A
#define B        TDM_HOST_B
#define STORY(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)

/* One trial's boot is cut at operation `at`, the next ones run to rest. False when it was through before. */
static bool cut_and_recover(void **state, uint64_t at, enum fake_tear tear)
{
    enum reconcile_outcome outcome;

    (void)scene_open(state);
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    fake_power_on(&w.router.power);
    w.router.power.cut_at = at;
    w.router.power.tear = tear;
    (void)pair_boot(&w);
    bool was_cut = w.router.power.is_off;
    pair_power_on(&w);
    (void)scene_run_to_rest(&outcome);
    rec = pair_load(&w);
    if (outcome != RECONCILE_OK || w.router.host.running != B || rec.host[B].content.state != SLOT_GOOD)
        fail_msg("cut at %d, torn %d: outcome %d on host %d", (int)at, (int)tear, (int)outcome,
                 (int)w.router.host.running);
    assert_string_equal(pair_radio_runs(&w), new_text);
    (void)scene_close(state);
    return was_cut;
}

/* One cut never condemns a good image, wherever it comes. */
static void a_cut_at_every_step(void **state)
{
    for (int tear = FAKE_TEAR_NONE; tear < FAKE_TEAR_COUNT; tear++) {
        uint64_t at = 1;
        while (cut_and_recover(state, at, (enum fake_tear)tear))
            at++;
        assert_true(at > 4 * 4); /* four commits at least: the try, the flash, what the radio holds, success */
    }
}

/* The next operation is the last. */
static void cut_here(struct pair_world *world)
{
    world->router.power.cut_at = world->router.power.ops + 1;
    world->on_radio_write = NULL;
}

/* What a half-flashed radio says of itself proves nothing: the record must say so before the first sector goes. */
static void a_cut_in_the_middle_of_a_flash(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    w.on_radio_write = cut_here;
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    pair_power_on(&w);
    rec = pair_load(&w);
    assert_false(rec.radio.is_known);
    assert_int_equal(rec.radio.begun, 1);
    (void)scene_run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(w.router.host.running, B);
    assert_string_equal(pair_radio_runs(&w), new_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_at_every_step),
        STORY(a_cut_in_the_middle_of_a_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
