/* SPDX-License-Identifier: Apache-2.0 */
/* What a repair of the radio would cost: told without a write, and held against what the repair then costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

#define STORY(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)

static void a_right_radio_costs_nothing(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&old_image, PROVEN, NULL);
    world_store(&w.router, &rec);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    scene_forget_counts();
    pair_begin(&w);
    assert_int_equal(reconcile_predict(&w.flow), TDM_OK);
    assert_int_equal(w.flow.cost.rewritten, 0);
    assert_int_equal(w.flow.cost.sent, 0);
    scene_nothing_was_touched();
}

static void another_radio_costs_what_it_then_costs(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    scene_holds(&rec, 0);
    world_store(&w.router, &rec);
    scene_forget_counts();
    pair_begin(&w);
    assert_int_equal(reconcile_predict(&w.flow), TDM_OK);
    scene_nothing_was_touched();
    assert_string_equal(pair_radio_runs(&w), new_text); /* it was reset into its loader, and started again */
    struct reconcile_cost told = w.flow.cost;
    assert_true(told.rewritten > 0 && told.rewritten <= told.sectors && told.sent > 0 && told.flash_ms > 0);
    pair_begin(&w);
    assert_int_equal(reconcile_radio(&w.flow, &outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(w.flow.cost.rewritten, told.rewritten);
    assert_int_equal(w.flow.cost.sectors, told.sectors);
    assert_int_equal(w.flow.cost.sent, told.sent);
}

/* ---- when it cannot be told ---- */

static void on_trial(struct slot_record *rec)
{
    *rec = scene_record(RADIO_TRIAL, &new_image);
}

static void unmanaged(struct slot_record *rec)
{
    *rec = scene_record(UNMANAGED_RECORD, NULL);
}

static void half_written(struct slot_record *rec)
{
    rec->rcp[SLOT_R0].state = SLOT_WRITING;
}

static void exchanged(struct slot_record *rec)
{
    rec->rcp[SLOT_R0].digest[0] ^= 1;
}

/* The table then says that it is of a later format. What is wrong is that nobody stored it so. */
static void changed_in_its_table(struct slot_record *rec)
{
    (void)rec;
    w.router.rcp[SLOT_R0].mem[0] ^= 1;
    w.router.rcp[SLOT_R0].durable[0] ^= 1;
}

static void no_port(struct slot_record *rec)
{
    (void)rec;
    w.has_no_port = true;
}

static const struct untold {
    const char *name;
    void (*change)(struct slot_record *rec);
    const char *code;
} untold[] = {
    {"a trial", on_trial, "trial_pending"},
    {"no bundle", unmanaged, "no_bundle"},
    {"a bundle half written", half_written, "no_bundle"},
    {"a bundle of somebody else", exchanged, "stored_differs"},
    {"a bundle that was written to", changed_in_its_table, "stored_differs"},
    {"no port", no_port, "port_lost"},
};

static void what_cannot_be_told(void **state)
{
    for (size_t i = 0; i < sizeof untold / sizeof untold[0]; i++) {
        (void)scene_open(state);
        struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
        untold[i].change(&rec);
        world_store(&w.router, &rec);
        scene_forget_counts();
        pair_begin(&w);
        if (reconcile_predict(&w.flow) == TDM_OK || strcmp(w.flow.fault.code, untold[i].code) != 0)
            fail_msg("%s: %s", untold[i].name, w.flow.fault.code);
        scene_nothing_was_touched();
        (void)scene_close(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_right_radio_costs_nothing),
        STORY(another_radio_costs_what_it_then_costs),
        cmocka_unit_test(what_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
