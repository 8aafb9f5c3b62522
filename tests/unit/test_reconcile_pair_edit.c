/* SPDX-License-Identifier: Apache-2.0 */
/* What verdict, proof and the counted steps change in the record, and what they leave alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/install.h>
#include <tandem/reconcile.h>

#include "reconcile/pair_edit.h"

#define A TDM_HOST_A
#define B TDM_HOST_B

static struct slot_content content(enum slot_state state, uint8_t id, uint32_t counter)
{
    struct slot_content c = {.state = (uint8_t)state, .counter = counter, .is_signed = true};

    memset(c.id, id, sizeof c.id);
    return c;
}

/* A proven with r0, B on trial with r1, one image each. */
static struct slot_record host_trial(void)
{
    struct slot_record rec;

    slot_record_first(&rec, A);
    rec.host[A] = (struct slot_host_row){.content = content(SLOT_GOOD, 1, 10), .rcp = SLOT_R0};
    rec.host[B] = (struct slot_host_row){.content = content(SLOT_TRIAL, 2, 12), .rcp = SLOT_R1};
    rec.rcp[SLOT_R0] = content(SLOT_GOOD, 1, 10);
    rec.rcp[SLOT_R1] = content(SLOT_TRIAL, 2, 12);
    rec.trial.kind = SLOT_TRIAL_HOST;
    rec.trial.to = B;
    rec.trial.tries = 1;
    rec.back.host = A;
    rec.back.rcp = SLOT_R0;
    rec.radio.begun = 4;
    rec.radio.failed = 3;
    rec.counter_floor = 9;
    return rec;
}

static struct slot_record radio_trial(void)
{
    struct slot_record rec = host_trial();

    memset(&rec.host[B], 0, sizeof rec.host[B]);
    rec.host[B].rcp = SLOT_RCP_NONE;
    rec.host[A].rcp = SLOT_R1;
    rec.trial.kind = SLOT_TRIAL_RADIO;
    rec.trial.to = A;
    return rec;
}

static void starts_are_granted_alike(void **state)
{
    (void)state;
    assert_int_equal(RECONCILE_STARTS, INSTALL_STARTS);
}

static void verdict_of_a_host(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    assert_int_equal(pair_condemn(&rec, "the radio does not answer"), TDM_OK);
    assert_int_equal(rec.host[B].content.state, SLOT_BAD);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_BAD);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_GOOD);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.trial.tries, 8);
    assert_int_equal(rec.back.host, SLOT_HOST_NONE);
    assert_int_equal(rec.back.rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.radio.begun, 0);
    assert_int_equal(rec.radio.failed, 0);
    assert_int_equal(rec.counter_floor, 9);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
    assert_string_equal(rec.result.reason, "the radio does not answer");
    assert_string_equal(slot_record_bad_reason(&rec, rec.host[B].content.id), "the radio does not answer");
    assert_null(slot_record_bad_reason(&rec, rec.host[A].content.id));
}

static void verdict_spares_a_bundle_that_a_proven_host_uses(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.host[B].rcp = SLOT_R0; /* a host-only image */
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.host[B].content.state, SLOT_BAD);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_GOOD);
}

static void verdict_takes_a_bundle_gone_back_to(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.rcp[SLOT_R1].state = SLOT_GOOD; /* a rollback: proven once, and not again */
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_BAD);
}

static void verdict_of_a_radio(void **state)
{
    struct slot_record rec = radio_trial();

    (void)state;
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.host[A].rcp, SLOT_R0);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_BAD);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.radio.failed, 0);
    assert_non_null(slot_record_bad_reason(&rec, rec.rcp[SLOT_R1].id));
    assert_null(slot_record_bad_reason(&rec, rec.rcp[SLOT_R0].id));
}

/* What ran before was a substitute, and is one again: told as "ok" it would never be looked after. */
static void verdict_of_a_radio_over_a_substitute(void **state)
{
    struct slot_record rec = radio_trial();

    (void)state;
    rec.back.is_mixed = true;
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.host[A].rcp, SLOT_R0);
    assert_true(rec.host[A].is_mixed);
    assert_false(rec.back.is_mixed);
}

static void verdict_of_a_first_radio(void **state)
{
    struct slot_record rec = radio_trial();

    (void)state;
    rec.back.rcp = SLOT_RCP_NONE;
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.host[A].rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_BAD);
}

static void verdict_needs_a_trial_row(void **state)
{
    struct slot_record rec = host_trial(), before;

    (void)state;
    rec.host[B].content.state = SLOT_WRITING;
    before = rec;
    assert_int_equal(pair_condemn(&rec, "x"), TDM_E_STATE);
    assert_memory_equal(&rec, &before, sizeof rec);
}

static void proof_of_a_host(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.host[B].content.state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.trial.tries, 0);
    assert_int_equal(rec.counter_floor, 12);
    assert_int_equal(rec.back.host, A); /* what a rollback goes to */
    assert_int_equal(rec.back.rcp, SLOT_R0);
    assert_int_equal(rec.radio.begun, 0);
    assert_int_equal(rec.result.code, SLOT_RESULT_OK);
}

static void proof_never_lowers_the_floor(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.counter_floor = 20;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.counter_floor, 20);
}

/* Whoever could raise a floor without a key could lock the router against every later update. */
static void only_a_signed_proof_raises_the_floors(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.host[B].content.issued = 1790000000;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.time_floor, 1790000000);
    rec = host_trial();
    rec.time_floor = 1800000000;
    rec.host[B].content.issued = 1790000000;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.time_floor, 1800000000);
    rec = host_trial();
    rec.host[B].content.is_signed = false;
    rec.host[B].content.issued = 1790000000;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.counter_floor, 9);
    assert_int_equal(rec.time_floor, 0);
}

static void a_refused_radio_gives_the_pair_its_version_back(void **state)
{
    struct slot_record rec = radio_trial();

    (void)state;
    slot_text_set(rec.back.pair_version, sizeof rec.back.pair_version, "1.0.0");
    slot_text_set(rec.host[A].pair_version, sizeof rec.host[A].pair_version, "1.1.0");
    rec.rcp[SLOT_R1].counter = 30;
    rec.rcp[SLOT_R1].issued = 1790000000;
    assert_int_equal(pair_condemn(&rec, "why"), TDM_OK);
    assert_string_equal(rec.host[A].pair_version, "1.0.0");
    assert_int_equal(rec.counter_floor, 9);
    assert_int_equal(rec.time_floor, 0);
}

static void proof_of_a_radio(void **state)
{
    struct slot_record rec = radio_trial();

    (void)state;
    rec.rcp[SLOT_R1].counter = 30;
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_GOOD);
    assert_int_equal(rec.counter_floor, 30);
}

static void counted_steps(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.trial.tries = 2;
    rec.trial.is_paid = true;
    assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_PAID_USED, ""), TDM_OK);
    assert_int_equal(rec.trial.tries, 2);
    assert_false(rec.trial.is_paid);
    assert_int_equal(pair_apply(&rec, A, BOOT_COMMIT_TRY_PREPAID, ""), TDM_OK);
    assert_int_equal(rec.trial.tries, 1);
    assert_true(rec.trial.is_paid);
    rec.trial.is_paid = false;
    assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_TRY_USED, ""), TDM_OK);
    assert_int_equal(rec.trial.tries, 0);
}

static void found_host_becomes_a_trial(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    memset(&rec.trial, 0, sizeof rec.trial);
    rec.host[B].content.state = SLOT_STAGED;
    rec.rcp[SLOT_R1].state = SLOT_STAGED;
    rec.host[A].is_mixed = true;
    assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_TRIAL_FOUND, ""), TDM_OK);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    assert_int_equal(rec.trial.to, B);
    assert_int_equal(rec.trial.tries, 2);
    assert_false(rec.trial.is_paid);
    assert_int_equal(rec.host[B].content.state, SLOT_TRIAL);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_TRIAL);
    assert_int_equal(rec.back.host, A);
    assert_int_equal(rec.back.rcp, SLOT_R0);
    assert_true(rec.back.is_mixed);
    assert_int_equal(rec.radio.failed, 0);
}

static const struct radio_proof proof = {.text_crc = 0x1234, .api = 11, .least_host_api = 4};

/* A host alone keeps the proven bundle, one without a bundle has none, and there may be nobody to go back to. */
static void found_host_takes_what_belongs_to_it(void **state)
{
    static const struct {
        const char *name;
        uint8_t rcp, bundle, bundle_after, other, back;
    } rows[] = {
        {"pair", SLOT_R1, SLOT_STAGED, SLOT_TRIAL, SLOT_GOOD, A},
        {"host alone", SLOT_R1, SLOT_GOOD, SLOT_GOOD, SLOT_GOOD, A},
        {"no bundle", SLOT_RCP_NONE, SLOT_STAGED, SLOT_STAGED, SLOT_GOOD, A},
        {"other host refused", SLOT_R1, SLOT_STAGED, SLOT_TRIAL, SLOT_BAD, SLOT_HOST_NONE},
    };
    static const struct slot_front none;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slot_record rec = host_trial();
        memset(&rec.trial, 0, sizeof rec.trial);
        slot_record_clear_back(&rec);
        rec.host[B].content.state = SLOT_STAGED;
        rec.host[B].rcp = rows[i].rcp;
        rec.rcp[SLOT_R1].state = rows[i].bundle;
        rec.host[A].content.state = rows[i].other;
        rec.front.expires = 1;
        assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_TRIAL_FOUND, ""), TDM_OK);
        if (rec.host[B].content.state != SLOT_TRIAL || rec.rcp[SLOT_R1].state != rows[i].bundle_after ||
            rec.back.host != rows[i].back || memcmp(&rec.front, &none, sizeof none) != 0)
            fail_msg("%s", rows[i].name);
    }
}

static void what_the_radio_holds(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    radio_holds(&rec, rec.rcp[SLOT_R0].id);
    assert_true(radio_proven(&rec, &proof));
    assert_false(radio_proven(&rec, &proof)); /* nothing new: nothing to write */
    assert_int_equal(rec.radio.begun, 0);
    radio_holds(&rec, rec.rcp[SLOT_R0].id);
    assert_int_equal(rec.radio.text_crc, 0x1234);
    assert_int_equal(rec.radio.api, 11);
    assert_int_equal(rec.radio.least_host_api, 4);
    radio_holds(&rec, rec.rcp[SLOT_R1].id); /* the answer belonged to another bundle */
    assert_int_equal(rec.radio.text_crc, 0);
    assert_int_equal(rec.radio.api, 0);
    (void)radio_proven(&rec, &proof);
    radio_begin(&rec);
    assert_false(rec.radio.is_known);
    assert_int_equal(rec.radio.text_crc, 0);
    assert_int_equal(rec.radio.begun, 1);
}

static void counts_do_not_wrap(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.radio.begun = rec.radio.failed = 255;
    radio_begin(&rec);
    radio_failed(&rec);
    assert_int_equal(rec.radio.begun, 255);
    assert_int_equal(rec.radio.failed, 255);
}

static void degraded_is_written_once_keeps_what_is_known_and_ends_by_proof(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    radio_holds(&rec, rec.rcp[SLOT_R0].id);
    assert_true(radio_degraded(&rec, "the radio does not answer"));
    assert_false(radio_degraded(&rec, "the radio does not answer"));
    assert_true(rec.radio.is_known);
    assert_int_equal(rec.result.code, SLOT_RESULT_DEGRADED);
    assert_true(radio_proven(&rec, &proof));
    assert_int_equal(rec.result.code, SLOT_RESULT_NONE);
}

static void long_reasons_are_cut_at_a_clause(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    (void)radio_degraded(&rec, "the radio sends bytes, but no answer: other firmware, or other speed");
    assert_string_equal(rec.result.reason, "the radio sends bytes, but no answer");
    assert_int_equal(pair_condemn(&rec, "the boot selector does not keep the running host slot"), TDM_OK);
    assert_string_equal(rec.result.reason, "the boot selector does not keep the running");
    assert_string_equal(rec.bad[0].reason, "the boot selector does not keep the running");
}

static void proof_keeps_the_verdict_on_the_last_update(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    assert_int_equal(pair_condemn(&rec, "why"), TDM_OK);
    (void)radio_proven(&rec, &proof);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
    assert_string_equal(rec.result.reason, "why");
}

/* In the morning the operator asks what became of the update; the radio has had its own troubles since. */
static void trouble_does_not_hide_the_last_update(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.rcp[SLOT_R1].state = SLOT_GOOD;
    assert_int_equal(pair_condemn(&rec, "why"), TDM_OK);
    assert_true(radio_degraded(&rec, "the radio does not answer"));
    assert_int_equal(rec.update.code, SLOT_RESULT_FAILED);
    assert_string_equal(rec.update.reason, "why");
    pair_substitute(&rec, A, SLOT_R1, "own bundle rotten");
    (void)radio_proven(&rec, &proof);
    assert_int_equal(rec.update.code, SLOT_RESULT_FAILED);
    assert_string_equal(rec.update.reason, "why");
    rec = host_trial();
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.update.code, SLOT_RESULT_OK);
    assert_string_equal(rec.update.reason, "");
}

/* Only what this start has seen counts: whoever counts the next one takes it away. */
static void waiting_ends_with_the_start(void **state)
{
    static const enum boot_commit commits[] = {BOOT_COMMIT_PAID_USED, BOOT_COMMIT_TRY_USED, BOOT_COMMIT_TRY_PREPAID};

    (void)state;
    for (size_t i = 0; i < sizeof commits / sizeof commits[0]; i++) {
        struct slot_record rec = host_trial();
        assert_true(pair_waits(&rec));
        assert_false(pair_waits(&rec)); /* said already: nothing is written */
        assert_int_equal(rec.result.code, SLOT_RESULT_WAITING);
        assert_int_equal(rec.result.number, 0);
        assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_NOTHING, ""), TDM_OK);
        assert_int_equal(rec.result.code, SLOT_RESULT_WAITING);
        assert_int_equal(pair_apply(&rec, B, commits[i], ""), TDM_OK);
        assert_int_equal(rec.result.code, SLOT_RESULT_NONE);
    }
}

static void a_failure_outlives_the_starts_back(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(pair_apply(&rec, B, BOOT_COMMIT_TRY_USED, ""), TDM_OK);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
}

/* Which image a result is about: the host's, or the bundle's when the host stays. */
static void results_name_their_image(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    memset(rec.rcp[SLOT_R1].id, 3, SLOT_ID_LEN);
    assert_int_equal(pair_prove(&rec), TDM_OK);
    assert_int_equal(rec.result.id[0], 2);
    assert_int_equal(rec.result.number, 1);
    rec = radio_trial();
    memset(rec.rcp[SLOT_R1].id, 3, SLOT_ID_LEN);
    assert_int_equal(pair_condemn(&rec, "x"), TDM_OK);
    assert_int_equal(rec.result.id[0], 3);
    assert_true(radio_degraded(&rec, "y"));
    assert_true(slot_id_is_zero(rec.result.id));
    assert_int_equal(rec.result.number, 2);
    assert_false(radio_degraded(&rec, "y"));
    assert_int_equal(rec.result.number, 2);
}

static void the_row_follows_a_substitute(void **state)
{
    struct slot_record rec = host_trial();

    (void)state;
    rec.rcp[SLOT_R1].state = SLOT_GOOD;
    pair_substitute(&rec, A, SLOT_R1, "why");
    assert_int_equal(rec.host[A].rcp, SLOT_R1);
    assert_true(rec.host[A].is_mixed);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.radio.begun + rec.radio.failed, 0);
    assert_int_equal(rec.result.code, SLOT_RESULT_SUBSTITUTE);
    assert_string_equal(rec.result.reason, "why");
}

static void the_other_bundle_uses_up_the_own_ones_attempts(void **state)
{
    static const struct {
        uint8_t failed, then;
    } rows[] = {{0, 3}, {2, 3}, {3, 3}, {4, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slot_record rec = host_trial();
        rec.radio.failed = rows[i].failed;
        rec.radio.is_known = true;
        radio_begin_other(&rec);
        assert_int_equal(rec.radio.failed, rows[i].then);
        assert_int_equal(rec.radio.begun, 5);
        assert_false(rec.radio.is_known);
    }
}

/* One flash after the other: what each asks for, and what the line then carries. */
static void the_rate_that_worked_is_kept_for_one_flash(void **state)
{
    static const struct {
        const char *name;
        uint8_t failed;
        uint32_t configured, asks, reached;
        bool was_easy;
        uint32_t keeps;
    } rows[] = {
        {"a good wire", 0, 921600, 921600, 921600, true, 0},
        {"the wire carries less", 0, 921600, 921600, 460800, false, 460800},
        {"so the next begins there, and gets through with help", 0, 921600, 460800, 460800, false, 460800},
        {"and the next without", 0, 921600, 460800, 460800, true, 0},
        {"up again, which a failed flash ends", 1, 921600, 115200, 115200, true, 115200},
        {"from there on", 0, 921600, 115200, 115200, true, 0},
        {"back at the configured one", 0, 921600, 921600, 460800, false, 460800},
        {"a configured one below what is known counts", 0, 230400, 230400, 230400, true, 0},
    };
    struct slot_record rec = host_trial();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rec.radio.failed = rows[i].failed;
        if (radio_rate(&rec, rows[i].configured) != rows[i].asks)
            fail_msg("%s: asks for %u", rows[i].name, radio_rate(&rec, rows[i].configured));
        radio_keep_rate(&rec, rows[i].configured, rows[i].reached, rows[i].was_easy);
        if (rec.radio.baud != rows[i].keeps)
            fail_msg("%s: keeps %u", rows[i].name, rec.radio.baud);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_does_not_hide_the_last_update),
        cmocka_unit_test(waiting_ends_with_the_start),
        cmocka_unit_test(a_failure_outlives_the_starts_back),
        cmocka_unit_test(results_name_their_image),
        cmocka_unit_test(the_row_follows_a_substitute),
        cmocka_unit_test(the_rate_that_worked_is_kept_for_one_flash),
        cmocka_unit_test(the_other_bundle_uses_up_the_own_ones_attempts),
        cmocka_unit_test(starts_are_granted_alike),
        cmocka_unit_test(verdict_of_a_host),
        cmocka_unit_test(verdict_spares_a_bundle_that_a_proven_host_uses),
        cmocka_unit_test(verdict_takes_a_bundle_gone_back_to),
        cmocka_unit_test(verdict_of_a_radio),
        cmocka_unit_test(verdict_of_a_radio_over_a_substitute),
        cmocka_unit_test(verdict_of_a_first_radio),
        cmocka_unit_test(verdict_needs_a_trial_row),
        cmocka_unit_test(proof_of_a_host),
        cmocka_unit_test(proof_never_lowers_the_floor),
        cmocka_unit_test(proof_of_a_radio),
        cmocka_unit_test(only_a_signed_proof_raises_the_floors),
        cmocka_unit_test(a_refused_radio_gives_the_pair_its_version_back),
        cmocka_unit_test(counted_steps),
        cmocka_unit_test(found_host_becomes_a_trial),
        cmocka_unit_test(found_host_takes_what_belongs_to_it),
        cmocka_unit_test(what_the_radio_holds),
        cmocka_unit_test(counts_do_not_wrap),
        cmocka_unit_test(degraded_is_written_once_keeps_what_is_known_and_ends_by_proof),
        cmocka_unit_test(long_reasons_are_cut_at_a_clause),
        cmocka_unit_test(proof_keeps_the_verdict_on_the_last_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
