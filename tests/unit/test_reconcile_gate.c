/* SPDX-License-Identifier: Apache-2.0 */
/* The health gate, and the operator's word: a new pair whose radio is right, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair_world.h"

#define A TDM_HOST_A
#define B TDM_HOST_B

static const char old_text[] = "openthread-esp32/old; esp32h2; x", new_text[] = "openthread-esp32/new; esp32h2; x";
static struct pair_world w;
static struct sample_image old_image, new_image, new_radio;

struct asked_health {
    struct tdm_health port;
    tdm_err answer;
    unsigned asked;
};
static struct asked_health health;

static tdm_err check(struct tdm_health *port, struct tdm_fault *why)
{
    struct asked_health *h = (struct asked_health *)(void *)port;

    (void)why;
    h->asked++;
    return h->answer;
}

/* A proven pair on A, its bundle adopted; the new one is armed. */
static void open_with(const struct sample_image *update)
{
    static const struct tdm_health_ops ops = {check};
    bool needs_restart;

    health = (struct asked_health){.port = {&ops}};
    pair_open(&w, true);
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    world_serve(&w.router, &old_image);
    assert_int_equal(install_adopt(&w.router.install, "test:image"), TDM_OK);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    if (update == NULL)
        return;
    world_serve(&w.router, update);
    world_begin(&w.router);
    assert_int_equal(install_stage(&w.router.install, "test:image"), TDM_OK);
    assert_int_equal(install_arm(&w.router.install, &needs_restart), TDM_OK);
}

static enum reconcile_outcome start(bool is_manual, uint32_t min_api, uint32_t host_api)
{
    enum reconcile_outcome outcome;

    (void)fake_host_restart(&w.router.host);
    pair_begin(&w);
    w.flow.cfg.health = &health.port;
    w.flow.cfg.waits_for_operator = is_manual;
    w.flow.cfg.min_radio_api = min_api;
    w.flow.cfg.host_api = host_api;
    tdm_err err = reconcile_boot(&w.flow, &outcome);
    assert_int_equal(err, w.flow.fault.err);
    return outcome;
}

/* The simulated radio says API 11 and asks for a host of 4 or newer: numbers of the captured firmware. */
static const struct gate_row {
    const char *name;
    bool is_radio, is_manual;
    uint32_t min_api, host_api;
    tdm_err health;
    enum reconcile_outcome first;
    const char *code;
    unsigned starts; /* that the new pair gets, until it is kept or refused */
    bool is_kept, is_waiting;
} rows[] = {
    {"nothing is asked", false, false, 0, 0, TDM_OK, RECONCILE_OK, "", 1, true, false},
    {"API in range", false, false, 11, 4, TDM_OK, RECONCILE_OK, "", 1, true, false},
    {"radio too old", false, false, 12, 4, TDM_OK, RECONCILE_RESTART, "radio_api_too_old", 1, false, false},
    {"radio too new", false, false, 11, 3, TDM_OK, RECONCILE_RESTART, "radio_api_too_new", 1, false, false},
    {"unhealthy", false, false, 0, 0, TDM_E_PEER, RECONCILE_RESTART, "unhealthy", 3, false, false},
    {"unhealthy, whatever the cause", false, false, 0, 0, TDM_E_MISMATCH, RECONCILE_RESTART, "unhealthy", 3, false,
     false},
    {"check in time", false, false, 0, 0, TDM_E_TIMEOUT, RECONCILE_RESTART, "unhealthy", 3, false, false},
    {"manual", false, true, 11, 4, TDM_OK, RECONCILE_WAITING, "", 3, false, true},
    {"manual, unhealthy", false, true, 0, 0, TDM_E_PEER, RECONCILE_RESTART, "unhealthy", 3, false, false},
    {"radio alone", true, false, 11, 4, TDM_OK, RECONCILE_OK, "", 1, true, false},
    {"radio alone, too new", true, false, 11, 3, TDM_OK, RECONCILE_OK, "radio_api_too_new", 1, false, false},
    {"radio alone, unhealthy", true, false, 0, 0, TDM_E_PEER, RECONCILE_OK, "unhealthy", 1, false, false},
    {"radio alone, manual", true, true, 0, 0, TDM_OK, RECONCILE_WAITING, "", 2, false, true},
};

static void one_row(const struct gate_row *row)
{
    unsigned starts = 0;

    open_with(row->is_radio ? &new_radio : &new_image);
    health.answer = row->health;
    enum reconcile_outcome outcome = start(row->is_manual, row->min_api, row->host_api);
    if (outcome != row->first || strcmp(w.flow.fault.code, row->code) != 0)
        fail_msg("%s: outcome %d, fault %s", row->name, (int)outcome, w.flow.fault.code);
    struct slot_record rec = pair_load(&w);
    if ((rec.result.code == SLOT_RESULT_WAITING) != row->is_waiting)
        fail_msg("%s: result %d", row->name, rec.result.code);
    for (starts = 1; outcome == RECONCILE_RESTART || outcome == RECONCILE_WAITING; starts++) {
        outcome = start(row->is_manual, row->min_api, row->host_api);
        assert_true(starts < 10);
    }
    rec = pair_load(&w);
    bool is_kept = row->is_radio ? rec.rcp[rec.host[A].rcp].state == SLOT_GOOD && rec.host[A].rcp == SLOT_R0
                                 : rec.host[B].content.state == SLOT_GOOD;
    if (outcome != RECONCILE_OK || is_kept != row->is_kept)
        fail_msg("%s: ends with %d, kept %d", row->name, (int)outcome, is_kept);
    if (strcmp(pair_radio_runs(&w), row->is_kept ? new_text : old_text) != 0)
        fail_msg("%s: the radio runs %s", row->name, pair_radio_runs(&w));
    if (w.router.host.selected != (row->is_kept && !row->is_radio ? B : A) || !w.router.host.is_final)
        fail_msg("%s: slot %d is next", row->name, (int)w.router.host.selected);
    bool is_asked = row->min_api == 0 || row->is_kept || row->is_waiting;
    if (is_asked && health.asked != row->starts)
        fail_msg("%s: the new pair was asked in %u starts", row->name, health.asked);
    pair_close(&w);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        one_row(&rows[i]);
}

/* ---- the operator ---- */

static tdm_err accept(enum reconcile_outcome *outcome)
{
    pair_begin(&w);
    return reconcile_accept(&w.flow, outcome);
}

static tdm_err refuse(enum reconcile_outcome *outcome)
{
    pair_begin(&w);
    return reconcile_refuse(&w.flow, outcome);
}

static void nothing_to_say(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(NULL);
    assert_int_equal(accept(&outcome), TDM_E_STATE);
    assert_string_equal(w.flow.fault.code, "no_trial");
    assert_int_equal(refuse(&outcome), TDM_E_STATE);
    assert_string_equal(w.flow.fault.code, "no_trial");
    pair_close(&w);
}

static void only_what_this_start_has_seen_is_accepted(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_image);
    assert_int_equal(accept(&outcome), TDM_E_STATE); /* the old host still runs */
    assert_string_equal(w.flow.fault.code, "not_waiting");
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    health.answer = TDM_E_PEER;
    assert_int_equal(start(true, 0, 0), RECONCILE_RESTART);
    assert_int_equal(accept(&outcome), TDM_E_STATE);
    assert_string_equal(w.flow.fault.code, "not_waiting");
    health.answer = TDM_OK;
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    assert_false(w.router.host.is_final);
    uint32_t chip_starts = w.chip.starts;
    assert_int_equal(accept(&outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(w.chip.starts, chip_starts);
    assert_false(w.flow.radio_answers); /* not asked: the Thread stack has it */
    assert_true(w.router.host.is_final);
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_GOOD);
    assert_int_equal(pair_load(&w).result.code, SLOT_RESULT_OK);
    pair_close(&w);
}

/* The boot loader first, and nothing is recorded when it does not listen. */
static void a_selector_that_does_not_listen(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_image);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    w.router.host.ignores_select = true;
    assert_int_equal(accept(&outcome), TDM_E_MISMATCH);
    assert_string_equal(w.flow.fault.code, "select_failed");
    assert_int_equal(outcome, RECONCILE_WAITING);
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_TRIAL);
    w.router.host.ignores_select = false;
    assert_int_equal(accept(&outcome), TDM_OK);
    pair_close(&w);
}

/* The radio is the one that was asked for, but who starts next is not certain: that is told. */
static void an_accepted_radio_tells_that_the_host_is_not_settled(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_radio);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    w.router.host.is_final = false;
    w.router.host.ignores_select = true;
    assert_int_equal(accept(&outcome), TDM_E_MISMATCH);
    assert_int_equal(outcome, RECONCILE_DEGRADED);
    assert_string_equal(w.flow.fault.code, "select_failed");
    assert_int_equal(pair_load(&w).trial.kind, SLOT_TRIAL_NONE);
    pair_close(&w);
}

static void a_waiting_pair_is_refused(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_image);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    assert_int_equal(refuse(&outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_RESTART);
    assert_int_equal(start(true, 0, 0), RECONCILE_OK);
    assert_int_equal(w.router.host.running, A);
    assert_string_equal(pair_radio_runs(&w), old_text);
    struct slot_record rec = pair_load(&w);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
    assert_string_equal(slot_record_bad_reason(&rec, rec.host[B].content.id), "the operator went back");
    pair_close(&w);
}

/* Armed, and not restarted: condemned all the same, and the old pair stays for good. */
static void an_armed_pair_is_refused(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_image);
    assert_int_equal(refuse(&outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(w.router.host.selected, A);
    assert_true(w.router.host.is_final);
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_BAD);
    assert_string_equal(pair_radio_runs(&w), old_text);
    pair_close(&w);
}

static void a_radio_is_refused_and_brought_back_at_once(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_radio);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    assert_string_equal(pair_radio_runs(&w), new_text);
    assert_int_equal(refuse(&outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_string_equal(pair_radio_runs(&w), old_text);
    pair_close(&w);
}

/* The radio is back, but who starts next is not certain: that is told, and not hidden behind the operator's own word. */
static void a_refusal_tells_what_fails_behind_it(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    open_with(&new_radio);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    w.router.host.is_final = false; /* the boot loader still counts, and cannot be told to stop */
    w.router.host.ignores_select = true;
    assert_int_equal(refuse(&outcome), TDM_E_MISMATCH);
    assert_int_equal(outcome, RECONCILE_DEGRADED);
    assert_string_equal(w.flow.fault.code, "select_failed");
    assert_string_equal(pair_radio_runs(&w), old_text);
    pair_close(&w);
}

static void without_another_host_nothing_is_refused(void **state)
{
    enum reconcile_outcome outcome;
    struct slot_record rec;

    (void)state;
    open_with(&new_image);
    assert_int_equal(start(true, 0, 0), RECONCILE_WAITING);
    rec = pair_load(&w);
    rec.host[A].content.state = SLOT_EMPTY;
    world_store(&w.router, &rec);
    assert_int_equal(refuse(&outcome), TDM_E_STATE);
    assert_string_equal(w.flow.fault.code, "nothing_to_go_back");
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_TRIAL);
    pair_close(&w);
}

/* ---- what an image states ---- */

static struct sample_image stated;

static const struct stated_row {
    const char *name;
    bool is_radio;
    size_t field; /* of the manifest; 0: nothing is changed */
    uint32_t value;
    const char *code; /* of the verdict; "": it is kept */
} stated_rows[] = {
    {"as stated", false, 0, 0, ""},
    {"a radio, as stated", true, 0, 0, ""},
    {"another API", false, 136, 12, "not_proven"},
    {"a radio, another API", true, 136, 12, "not_proven"},
    {"another least host API", false, 138, 5, "not_proven"},
    {"later revisions of the chip", false, 132, 99 << 16 | 2, "wrong_radio"},
    {"earlier revisions of the chip", true, 132, 0, "wrong_radio"},
    {"more flash", true, 28, 4u << 20, "wrong_radio"},
};

/* Only the ROM and the firmware can tell: what was known of the radio before is forgotten. */
static void forget_radio(void)
{
    struct slot_record rec = pair_load(&w);

    rec.radio.revision = 0xffff;
    rec.radio.flash_size = 0;
    world_store(&w.router, &rec);
}

static void state_field(size_t field, uint32_t value)
{
    uint8_t *at = stated.bytes + stated.manifest_at + field;

    if (field == 28 || field == 132)
        sample_put32(at, value);
    else if (field != 0)
        sample_put16(at, (uint16_t)value);
}

/* No restart makes it fit, so there is one start; and the configured numbers give way to those of the image. */
static void what_an_image_states_is_what_the_radio_says(void **state)
{
    struct sample_key key;
    bool needs_restart;

    (void)state;
    sample_key_make(&key, 0);
    for (size_t i = 0; i < sizeof stated_rows / sizeof stated_rows[0]; i++) {
        const struct stated_row *row = &stated_rows[i];
        pair_build_signed(&stated, new_text, new_text, row->is_radio ? 0 : 5000, 2, 5, &key);
        state_field(row->field, row->value);
        open_with(NULL);
        forget_radio();
        world_serve(&w.router, &stated);
        world_begin(&w.router);
        assert_int_equal(install_stage(&w.router.install, "test:image"), TDM_OK);
        assert_int_equal(install_arm(&w.router.install, &needs_restart), TDM_OK);
        (void)start(false, row->is_radio ? 0 : 12, row->is_radio ? 0 : 3);
        if (strcmp(w.flow.fault.code, row->code) != 0)
            fail_msg("%s: %s", row->name, w.flow.fault.code);
        bool is_kept = pair_load(&w).trial.kind == SLOT_TRIAL_NONE && row->code[0] == '\0';
        if (slot_record_bad_reason(&w.flow.record, w.router.install.verdict.id) != NULL ? is_kept : !is_kept)
            fail_msg("%s: kept %d", row->name, is_kept);
        pair_close(&w);
    }
    sample_key_free(&key);
}

/* ---- a slot that changes under our hands ---- */

static struct tdm_log meddler;
static size_t meddled_at;

/* The bundle has been judged when the radio is asked: from then on other bytes lie in the slot. */
static void meddle(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    struct slot_record rec = pair_load(&w);
    struct fake_flash *slot = &w.router.rcp[rec.host[rec.trial.kind == SLOT_TRIAL_NONE ? A : rec.trial.to].rcp];

    (void)log, (void)what, (void)done, (void)total;
    if (phase != TDM_PHASE_ASK || meddled_at == 0)
        return;
    slot->mem[meddled_at] ^= 4;
    slot->durable[meddled_at] ^= 4;
    meddled_at = 0;
}

static void say_nothing(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t number)
{
    (void)log, (void)level, (void)what, (void)number;
}

static void what_was_judged_is_what_is_flashed(void **state)
{
    static const unsigned tags[] = {2, 3, 4};
    struct sample_key key;

    (void)state;
    sample_key_make(&key, 0);
    pair_build_signed(&stated, new_text, new_text, 5000, 2, 5, &key);
    meddler = (struct tdm_log){.note = say_nothing, .progress = meddle};
    for (size_t i = 0; i < 3; i++) {
        enum reconcile_outcome outcome;
        open_with(&stated);
        (void)fake_host_restart(&w.router.host);
        pair_begin(&w);
        w.flow.cfg.log = &meddler;
        meddled_at = stated.part_at[tags[i]] + stated.part_len[tags[i]] - 1;
        assert_int_not_equal(reconcile_boot(&w.flow, &outcome), TDM_OK);
        assert_int_equal(meddled_at, 0);
        assert_string_equal(w.flow.fault.code, "not_proven");
        assert_non_null(slot_record_bad_reason(&w.flow.record, w.router.install.verdict.id));
        assert_int_equal(start(false, 0, 0), RECONCILE_OK);
        assert_string_equal(pair_radio_runs(&w), old_text);
        pair_close(&w);
    }
    sample_key_free(&key);
}

/* The radio was proven: what it said is known when an image is judged later. */
static void a_proof_keeps_the_radios_numbers(void **state)
{
    (void)state;
    open_with(NULL);
    struct slot_record rec = pair_load(&w);
    assert_int_equal(rec.radio.api, 11);
    assert_int_equal(rec.radio.least_host_api, 4);
    assert_int_equal(rec.radio.revision, 1);
    pair_close(&w);
}

static int build_images(void **state)
{
    (void)state;
    pair_build(&old_image, old_text, old_text, 0, 1);
    pair_build(&new_image, new_text, new_text, 5000, 2);
    pair_build(&new_radio, new_text, new_text, 0, 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(only_what_this_start_has_seen_is_accepted),
        cmocka_unit_test(a_selector_that_does_not_listen),
        cmocka_unit_test(an_accepted_radio_tells_that_the_host_is_not_settled),
        cmocka_unit_test(a_waiting_pair_is_refused),
        cmocka_unit_test(an_armed_pair_is_refused),
        cmocka_unit_test(a_radio_is_refused_and_brought_back_at_once),
        cmocka_unit_test(a_refusal_tells_what_fails_behind_it),
        cmocka_unit_test(without_another_host_nothing_is_refused),
        cmocka_unit_test(what_an_image_states_is_what_the_radio_says),
        cmocka_unit_test(what_was_judged_is_what_is_flashed),
        cmocka_unit_test(a_proof_keeps_the_radios_numbers),
    };
    return cmocka_run_group_tests(tests, build_images, NULL);
}
