/* SPDX-License-Identifier: Apache-2.0 */
/* Taking an update back before it runs, and going back to the older pair after it was proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "install/install_record.h"
#include "support/install_world.h"

#define A TDM_HOST_A
#define B TDM_HOST_B

static struct install_world w;
static struct sample_image first, second, radio;
static bool needs_restart;

static int open_router(void **state)
{
    (void)state;
    world_open(&w, true);
    sample_image_build(&first, &(struct sample_spec){.host_size = 5000, .seed = 1});
    sample_image_build(&second, &(struct sample_spec){.host_size = 6000, .seed = 2});
    sample_image_build(&radio, &(struct sample_spec){.seed = 7});
    return 0;
}

static int close_router(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void stage(const struct sample_image *image)
{
    world_serve(&w, image);
    world_begin(&w);
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
}

static void arm(const struct sample_image *image)
{
    stage(image);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
}

static struct slot_record load(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    return rec;
}

static void cancel_gives(tdm_err err, const char *code)
{
    world_begin(&w);
    tdm_err got = install_cancel(&w.install);
    if (got != err || strcmp(w.install.fault.code, code) != 0)
        fail_msg("wanted %s, got %s %s", code, tdm_err_name(got), w.install.fault.code);
}

static void back_gives(tdm_err err, const char *code)
{
    world_begin(&w);
    tdm_err got = install_back(&w.install, &needs_restart);
    if (got != err || strcmp(w.install.fault.code, code) != 0)
        fail_msg("wanted %s, got %s %s", code, tdm_err_name(got), w.install.fault.code);
}

/* ---- cancel ---- */

static void a_staged_pair_is_taken_back(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    stage(&second);
    uint64_t selects = w.host.selects;
    cancel_gives(TDM_OK, "");
    rec = load();
    assert_int_equal(rec.host[A].content.state, SLOT_EMPTY);
    assert_int_equal(rec.host[A].rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_EMPTY);
    assert_int_equal(rec.host[B].content.state, SLOT_GOOD);
    assert_int_equal(rec.result.code, SLOT_RESULT_CANCELLED);
    assert_memory_equal(rec.result.id, w.install.record.result.id, SLOT_ID_LEN);
    assert_false(slot_id_is_zero(rec.result.id));
    assert_int_equal(w.host.selects, selects); /* nothing was selected, so nothing is to be */
    cancel_gives(TDM_E_STATE, "nothing_staged");
    stage(&second); /* it is not a bad image for that */
}

static void a_staged_radio_image_leaves_the_pair_to_go_back_to(void **state)
{
    struct slot_record rec;

    (void)state;
    arm(&first);
    rec = load();
    rec.host[A].rcp = SLOT_R0; /* as after an adoption */
    world_store(&w, &rec);
    w.host.running = w.host.selected = B;
    rec.host[B].content.state = rec.rcp[SLOT_R1].state = SLOT_GOOD;
    rec.rcp[SLOT_R0].state = SLOT_STAGED;
    memset(&rec.trial, 0, sizeof rec.trial);
    world_store(&w, &rec);
    cancel_gives(TDM_OK, "");
    rec = load();
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_EMPTY);
    assert_int_equal(rec.back.host, A);
}

/* A first update, so the slot to fill is the one that is not in the radio: it need not be the one of what is staged. */
static void a_newer_image_takes_the_place_of_a_staged_one(void **state)
{
    struct slot_record rec;

    (void)state;
    stage(&first);
    rec = load();
    rec.radio.is_known = true; /* a trial of it came that far, then it was staged again */
    memcpy(rec.radio.holds, rec.rcp[SLOT_R1].id, SLOT_ID_LEN);
    world_store(&w, &rec);
    stage(&radio);
    rec = load();
    assert_int_equal(rec.host[B].content.state, SLOT_EMPTY);
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_int_equal(load().trial.kind, SLOT_TRIAL_RADIO);
}

static void an_armed_pair_is_taken_back(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    arm(&second);
    cancel_gives(TDM_OK, "");
    rec = load();
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.host[A].content.state, SLOT_EMPTY);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_EMPTY);
    assert_int_equal(w.host.last_slot, B);
    assert_int_equal(w.host.last_how, TDM_SELECT_FINAL);
}

/* Selection first: when the selector does not come back, the row of the selected slot must still be there. */
static void a_selector_that_does_not_come_back(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    arm(&second);
    w.host.ignores_select = true;
    cancel_gives(TDM_E_MISMATCH, "select_failed");
    rec = load();
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    assert_int_equal(rec.host[A].content.state, SLOT_TRIAL);
}

/* A cut before, between or behind the two acts: whatever starts next has a row that says what to do with it. */
static void a_cut_at_every_step_of_a_cancel(void **state)
{
    for (uint64_t at = 1; at < 40; at++) {
        (void)open_router(state);
        world_install_good(&w, &first);
        arm(&second);
        world_begin(&w);
        w.power.cut_at = w.power.ops + at;
        tdm_err err = install_cancel(&w.install);
        bool was_cut = w.power.is_off;
        world_reboot(&w);
        struct slot_record rec = load();
        uint8_t started = rec.host[fake_host_restart(&w.host)].content.state;
        if (rec.trial.kind == SLOT_TRIAL_NONE ? started != SLOT_GOOD : rec.host[A].content.state != SLOT_TRIAL)
            fail_msg("cut at %d: trial %d, a host in state %d starts", (int)at, rec.trial.kind, started);
        (void)close_router(state);
        if (!was_cut) {
            assert_int_equal(err, TDM_OK);
            assert_true(at > 4);
            (void)open_router(state);
            return;
        }
    }
    fail_msg("a cancel never ends");
}

static void a_radio_update_is_taken_back_until_it_is_flashed(void **state)
{
    struct slot_record rec, before;

    (void)state;
    world_install_good(&w, &first);
    arm(&radio);
    before = rec = load();
    rec.radio.begun = 1;
    world_store(&w, &rec);
    cancel_gives(TDM_E_STATE, "trial_running");
    rec.radio.begun = 0; /* proven, and waits for the operator */
    rec.radio.is_known = true;
    memcpy(rec.radio.holds, rec.rcp[SLOT_R0].id, SLOT_ID_LEN);
    world_store(&w, &rec);
    cancel_gives(TDM_E_STATE, "trial_running");
    world_store(&w, &before);
    cancel_gives(TDM_OK, "");
    rec = load();
    assert_int_equal(rec.host[B].rcp, SLOT_R1);
    assert_int_equal(rec.host[B].content.state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_EMPTY);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
}

static void what_runs_is_not_cancelled(void **state)
{
    (void)state;
    cancel_gives(TDM_E_STATE, "nothing_staged");
    stage(&first);
    w.host.running = w.host.selected = B; /* started by hand, and `tandem boot` has not run yet */
    cancel_gives(TDM_E_STATE, "host_not_proven");
    w.host.running = w.host.selected = A;
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    w.host.running = B;
    cancel_gives(TDM_E_STATE, "trial_running");
}

/* ---- back ---- */

static void back_to_the_older_pair(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    assert_int_equal(w.host.running, A);
    back_gives(TDM_OK, "");
    assert_true(needs_restart);
    rec = load();
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    assert_int_equal(rec.trial.to, B);
    assert_int_equal(rec.trial.tries, 2);
    assert_true(rec.trial.is_paid);
    assert_int_equal(rec.host[B].content.state, SLOT_TRIAL);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.back.host, A);
    assert_int_equal(rec.back.rcp, SLOT_R0);
    assert_int_equal(w.host.last_slot, B);
    assert_int_equal(w.host.last_how, TDM_SELECT_TRIAL);
    assert_memory_equal(w.install.verdict.id, rec.host[B].content.id, SLOT_ID_LEN);
    cancel_gives(TDM_OK, ""); /* the older pair is given up by that, the running one stays whole */
    rec = load();
    assert_int_equal(rec.host[B].content.state, SLOT_EMPTY);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
}

/* The order was cut behind its commit, or its restart never came; given again it goes on, and costs what it causes. */
static void a_rollback_given_again_goes_on(void **state)
{
    static const struct {
        bool is_paid;
        uint8_t tries, then;
    } rows[] = {{true, 2, 2}, {false, 2, 1}, {true, 0, 0}};
    struct slot_record rec, armed;

    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    back_gives(TDM_OK, "");
    armed = load();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rec = armed;
        rec.trial.is_paid = rows[i].is_paid;
        rec.trial.tries = rows[i].tries;
        world_store(&w, &rec);
        w.host.selected = A;
        back_gives(TDM_OK, "");
        assert_true(needs_restart);
        assert_int_equal(w.host.selected, B);
        assert_int_equal(w.host.last_how, TDM_SELECT_TRIAL);
        rec = load();
        assert_int_equal(rec.trial.tries, rows[i].then);
        assert_true(rec.trial.is_paid);
        assert_int_equal(rec.host[B].content.state, SLOT_TRIAL);
        assert_int_equal(rec.back.host, A);
    }
    rec.trial.is_paid = false; /* nothing is left to pay with: the next start decides */
    world_store(&w, &rec);
    back_gives(TDM_E_STATE, "trial_pending");
    world_store(&w, &armed);
    w.host.running = B; /* it has started */
    back_gives(TDM_E_STATE, "trial_pending");
}

/* Any other trial is not a way back. */
static void an_update_under_way_is_no_rollback(void **state)
{
    (void)state;
    world_install_good(&w, &first);
    arm(&second);
    back_gives(TDM_E_STATE, "trial_pending");
    assert_false(install_is_back_armed(&w.install.record, B));
}

static void back_to_the_older_radio_firmware(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    arm(&radio);
    rec = load();
    memset(&rec.trial, 0, sizeof rec.trial);
    rec.rcp[SLOT_R0].state = SLOT_GOOD;
    world_store(&w, &rec);
    uint64_t selects = w.host.selects;
    back_gives(TDM_OK, "");
    assert_false(needs_restart);
    rec = load();
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_RADIO);
    assert_int_equal(rec.trial.to, B);
    assert_int_equal(rec.host[B].rcp, SLOT_R1);
    assert_int_equal(rec.back.rcp, SLOT_R0);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_int_equal(w.host.selects, selects);
    back_gives(TDM_OK, ""); /* cut before it was flashed, and given again */
    assert_false(needs_restart);
    rec.result.code = SLOT_RESULT_WAITING; /* but a word on a trial that waits for one is a verdict */
    world_store(&w, &rec);
    back_gives(TDM_E_STATE, "trial_pending");
}

/* A radio update over a substitute, taken back, or proven and gone back from: the row is mixed again, and not before. */
static void a_substitute_is_one_again(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    rec = load();
    rec.host[B].is_mixed = true;
    world_store(&w, &rec);
    arm(&radio);
    assert_false(load().host[B].is_mixed);
    cancel_gives(TDM_OK, "");
    assert_true(load().host[B].is_mixed);
    arm(&radio);
    rec = load();
    memset(&rec.trial, 0, sizeof rec.trial);
    rec.rcp[SLOT_R0].state = SLOT_GOOD;
    world_store(&w, &rec);
    back_gives(TDM_OK, "");
    rec = load();
    assert_int_equal(rec.host[B].rcp, SLOT_R1);
    assert_true(rec.host[B].is_mixed);
    assert_false(rec.back.is_mixed);
}

static void no_back(struct slot_record *rec)
{
    rec->back.host = SLOT_HOST_NONE;
}
static void no_bundle(struct slot_record *rec)
{
    rec->back.rcp = SLOT_RCP_NONE;
}
static void host_not_good(struct slot_record *rec)
{
    rec->host[B].content.state = SLOT_EMPTY;
}
static void bundle_not_good(struct slot_record *rec)
{
    rec->rcp[SLOT_R1].state = SLOT_BAD;
}
static void row_names_another(struct slot_record *rec)
{
    rec->host[B].rcp = SLOT_R0;
}
static void back_is_what_runs(struct slot_record *rec)
{
    rec->back.host = A;
    rec->back.rcp = SLOT_R0;
}
static void floor_rose(struct slot_record *rec)
{
    rec->counter_floor = 1;
}
static void host_is_bad(struct slot_record *rec)
{
    slot_record_add_bad(rec, rec->host[B].content.id, "test");
}

static void what_is_not_gone_back_to(void **state)
{
    static const struct {
        tdm_err err;
        const char *code;
        void (*set)(struct slot_record *rec);
    } rows[] = {
        {TDM_E_STATE, "nothing_to_go_back", no_back},
        {TDM_E_STATE, "back_has_no_bundle", no_bundle},
        {TDM_E_STATE, "nothing_to_go_back", host_not_good},
        {TDM_E_STATE, "nothing_to_go_back", bundle_not_good},
        {TDM_E_STATE, "nothing_to_go_back", row_names_another},
        {TDM_E_STATE, "nothing_to_go_back", back_is_what_runs},
        {TDM_E_REFUSED, "below_floor", floor_rose},
        {TDM_E_REFUSED, "known_bad", host_is_bad},
    };
    struct slot_record good;

    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    good = load();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slot_record rec = good;
        rows[i].set(&rec);
        world_store(&w, &rec);
        uint64_t progs = w.record.progs, selects = w.host.selects;
        back_gives(rows[i].err, rows[i].code);
        assert_int_equal(w.record.progs, progs);
        assert_int_equal(w.host.selects, selects);
    }
    world_store(&w, &good);
    back_gives(TDM_OK, "");
}

static void what_has_rotted_is_not_gone_back_to(void **state)
{
    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    w.host_slots[B].durable[1234] ^= 1;
    w.host_slots[B].mem[1234] ^= 1;
    back_gives(TDM_E_CORRUPT, "stored_differs");
    w.host_slots[B].durable[1234] ^= 1;
    w.host_slots[B].mem[1234] ^= 1;
    w.rcp[SLOT_R1].durable[first.part_at[4] + 300] ^= 1;
    w.rcp[SLOT_R1].mem[first.part_at[4] + 300] ^= 1;
    world_begin(&w);
    assert_int_not_equal(install_back(&w.install, &needs_restart), TDM_OK);
    assert_int_equal(load().trial.kind, SLOT_TRIAL_NONE);
}

/* The factory's host was never an image of ours: no digest is known. It ran, so it may run again, and that is said. */
static void back_to_the_host_the_router_came_with(void **state)
{
    (void)state;
    world_serve(&w, &first);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_OK);
    world_install_good(&w, &second);
    unsigned warnings = w.warnings;
    back_gives(TDM_OK, "");
    assert_int_equal(w.warnings, warnings + 1);
    assert_int_equal(load().trial.to, A);
}

static void without_an_own_bundle_there_is_no_way_back(void **state)
{
    (void)state;
    world_install_good(&w, &first);
    back_gives(TDM_E_STATE, "back_has_no_bundle");
}

#define ROW(t) cmocka_unit_test_setup_teardown(t, open_router, close_router)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_staged_pair_is_taken_back),
        ROW(a_staged_radio_image_leaves_the_pair_to_go_back_to),
        ROW(a_newer_image_takes_the_place_of_a_staged_one),
        ROW(an_armed_pair_is_taken_back),
        ROW(a_selector_that_does_not_come_back),
        cmocka_unit_test_teardown(a_cut_at_every_step_of_a_cancel, close_router),
        ROW(a_radio_update_is_taken_back_until_it_is_flashed),
        ROW(what_runs_is_not_cancelled),
        ROW(back_to_the_older_pair),
        ROW(a_rollback_given_again_goes_on),
        ROW(an_update_under_way_is_no_rollback),
        ROW(back_to_the_older_radio_firmware),
        ROW(a_substitute_is_one_again),
        ROW(what_is_not_gone_back_to),
        ROW(what_has_rotted_is_not_gone_back_to),
        ROW(back_to_the_host_the_router_came_with),
        ROW(without_an_own_bundle_there_is_no_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
