/* SPDX-License-Identifier: Apache-2.0 */
/* A stored bundle is read more than once on its way to the radio: what was not judged does not become proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

/* A byte behind the end row of the partition table: the radio runs with it as without it. */
static uint64_t changed_at;

static void change_the_slot(struct pair_world *world)
{
    static const uint8_t other = 0x5a;

    fake_flash_plant(&world->router.rcp[SLOT_R1], changed_at, &other, 1);
}

static void change_and_change_back(struct pair_world *world)
{
    static unsigned writes;
    const uint8_t byte = writes++ % 2 == 0 ? 0x5a : 0xff;

    fake_flash_plant(&world->router.rcp[SLOT_R1], changed_at, &byte, 1);
}

static void begin(void)
{
    changed_at = new_image.part_at[3] + new_image.part_len[3] - 1;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
}

static void the_slot_changes_when_the_radio_is_being_written(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    begin();
    w.on_radio_write = change_the_slot;
    assert_int_equal(pair_boot(&w), RECONCILE_RESTART); /* back to the older pair */
    assert_string_equal(w.flow.fault.code, "not_proven");
    assert_false(w.flow.was_confirmed);
    struct slot_record rec = pair_load(&w);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_BAD);

    w.on_radio_write = NULL;
    (void)scene_run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(pair_radio_holds(&w, &old_image));
}

static void a_slot_that_says_now_this_now_that(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    begin();
    w.on_radio_write = change_and_change_back;
    (void)pair_boot(&w);
    w.on_radio_write = NULL;
    (void)scene_run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(pair_radio_holds(&w, &old_image) || pair_radio_holds(&w, &new_image));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_slot_changes_when_the_radio_is_being_written, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_slot_that_says_now_this_now_that, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
