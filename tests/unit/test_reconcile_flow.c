/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot flow against a simulated ESP32-H2 in virtual time: the shipped judge, ROM flasher and probe, a host and a
 * record on fakes. Each row of `scenes` is one start of the machine; longer stories follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"
#include "support/faulty_ports.h"

#define A        TDM_HOST_A
#define B        TDM_HOST_B
#define STORY(f) cmocka_unit_test_setup_teardown(f, scene_open, scene_close)

/* ---- one start of the machine ------------------------------------------------------------------------------------- */

static const struct scene {
    const char *name;
    enum scene_record record;
    const struct sample_image *in_chip, *on_trial; /* NULL: an empty flash */
    uint8_t holds;                                 /* 0: unknown           */
    uint32_t rots;
    enum reconcile_outcome outcome;
    const char *code; /* of the fault, "" if none */
    bool flashed;
    const char *runs;
    enum slot_state state_b, state_r1;
    uint8_t bundle_a; /* row A's bundle afterwards */
} scenes[] = {
    {"right already", PROVEN, &old_image, NULL, 1, 0, RECONCILE_OK, "", false, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"right, but nobody knows", PROVEN, &old_image, NULL, 0, 0, RECONCILE_OK, "", false, old_text, SLOT_EMPTY,
     SLOT_EMPTY, 0},
    {"other firmware", PROVEN, &new_image, NULL, 2, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"other firmware under the right name", PROVEN, &misnamed_image, NULL, 0, 0, RECONCILE_OK, "", true, old_text,
     SLOT_EMPTY, SLOT_EMPTY, 0},
    {"swapped behind our back", PROVEN, &new_image, NULL, 1, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY,
     SLOT_EMPTY, 0},
    {"empty chip", PROVEN, NULL, NULL, 0, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"silent firmware", PROVEN, &mute_image, NULL, 1, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"one flash goes wrong", PROVEN, NULL, NULL, 0, 1, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"two flashes go wrong", PROVEN, NULL, NULL, 0, 2, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"every flash goes wrong", PROVEN, NULL, NULL, 0, PAIR_FOREVER, RECONCILE_DEGRADED, "digest_differs", true,
     "no-image", SLOT_EMPTY, SLOT_EMPTY, 0},
    {"unmanaged", UNMANAGED_RECORD, &new_image, NULL, 0, 0, RECONCILE_UNMANAGED, "", false, new_text, SLOT_EMPTY,
     SLOT_EMPTY, SLOT_RCP_NONE},
    {"unmanaged, empty chip, nothing stored", UNMANAGED_RECORD, NULL, NULL, 0, 0, RECONCILE_DEGRADED, "no_firmware",
     false, "no-image", SLOT_EMPTY, SLOT_EMPTY, SLOT_RCP_NONE},
    {"new pair", HOST_TRIAL, &old_image, &new_image, 1, 0, RECONCILE_OK, "", true, new_text, SLOT_GOOD, SLOT_GOOD, 0},
    {"new pair, radio half flashed", HOST_TRIAL, NULL, &new_image, 0, 0, RECONCILE_OK, "", true, new_text, SLOT_GOOD,
     SLOT_GOOD, 0},
    {"new pair, two flashes go wrong", HOST_TRIAL, &old_image, &new_image, 1, 2, RECONCILE_OK, "", true, new_text,
     SLOT_GOOD, SLOT_GOOD, 0},
    {"new pair, every flash goes wrong", HOST_TRIAL, &old_image, &new_image, 1, PAIR_FOREVER, RECONCILE_RESTART,
     "digest_differs", true, "no-image", SLOT_BAD, SLOT_BAD, 0},
    {"new pair whose radio never answers", HOST_TRIAL, &old_image, &mute_image, 1, 0, RECONCILE_RESTART, "radio_noise",
     true, "other-app", SLOT_BAD, SLOT_BAD, 0},
    {"new pair that names itself otherwise", HOST_TRIAL, &old_image, &misnamed_image, 1, 0, RECONCILE_OK, "", true,
     old_text, SLOT_GOOD, SLOT_GOOD, 0},
    {"new radio", RADIO_TRIAL, &old_image, &new_image, 1, 0, RECONCILE_OK, "", true, new_text, SLOT_EMPTY, SLOT_GOOD,
     1},
    {"new radio that never answers", RADIO_TRIAL, &old_image, &mute_image, 1, 0, RECONCILE_OK, "radio_noise", true,
     old_text, SLOT_EMPTY, SLOT_BAD, 0},
};

static void one_start(const struct scene *s)
{
    struct slot_record rec;

    if (s->in_chip != NULL)
        pair_plant(&w, s->in_chip);
    pair_radio_on(&w);
    rec = scene_record(s->record, s->on_trial);
    scene_holds(&rec, s->holds);
    world_store(&w.router, &rec);
    w.rots = s->rots;

    enum reconcile_outcome outcome = pair_boot(&w);
    rec = pair_load(&w);
    if (outcome != s->outcome || strcmp(w.flow.fault.code, s->code) != 0)
        fail_msg("%s: outcome %d, fault %s", s->name, (int)outcome, w.flow.fault.code);
    if (w.flow.was_flashed != s->flashed || strcmp(pair_radio_runs(&w), s->runs) != 0)
        fail_msg("%s: flashed %d, runs %s", s->name, w.flow.was_flashed, pair_radio_runs(&w));
    if (rec.host[B].content.state != s->state_b || rec.rcp[SLOT_R1].state != s->state_r1 ||
        rec.host[A].rcp != s->bundle_a)
        fail_msg("%s: host B %s, r1 %s, row A names r%d", s->name, slot_state_name(rec.host[B].content.state),
                 slot_state_name(rec.rcp[SLOT_R1].state), rec.host[A].rcp);
    if (rec.trial.kind != SLOT_TRIAL_NONE || rec.radio.failed > RECONCILE_FAILED_MAX)
        fail_msg("%s: trial %d, failed %d", s->name, rec.trial.kind, rec.radio.failed);
    bool is_right = outcome == RECONCILE_OK;
    if (is_right && (!rec.radio.is_known || rec.radio.begun != 0 || rec.radio.failed != 0))
        fail_msg("%s: proven, and yet holds %d, begun %d", s->name, rec.radio.is_known, rec.radio.begun);
    if (!w.router.host.is_final ||
        w.router.host.selected != (s->outcome == RECONCILE_OK && s->record == HOST_TRIAL ? B : A))
        fail_msg("%s: slot %d is next, final %d", s->name, (int)w.router.host.selected, w.router.host.is_final);
}

static void every_scene(void **state)
{
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        (void)scene_open(state);
        one_start(&scenes[i]);
        (void)scene_close(state);
    }
}

/* ---- longer stories ------------------------------------------------------------------------------------------------ */

static void a_second_start_does_nothing(void **state)
{
    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    uint64_t commits = w.router.record.progs, erased = w.radio_flash.sectors_erased, selects = w.router.host.selects;
    uint32_t chip_starts = w.chip.starts;

    (void)fake_host_restart(&w.router.host);
    assert_int_equal(w.router.host.running, B);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_int_equal(w.router.record.progs, commits);
    assert_int_equal(w.radio_flash.sectors_erased, erased);
    assert_int_equal(w.router.host.selects, selects);
    assert_int_equal(w.chip.starts, chip_starts); /* the radio was asked, and stayed on the air */
}

static void a_wrong_name_is_remembered(void **state)
{
    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &misnamed_image);
    world_store(&w.router, &rec);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_true(w.flow.text_differs);
    uint32_t chip_starts = w.chip.starts;

    (void)fake_host_restart(&w.router.host);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_true(w.flow.text_differs);
    assert_false(w.flow.was_flashed);
    assert_int_equal(w.chip.starts, chip_starts);
}

static void only_what_differs_is_written(void **state)
{
    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(PROVEN, NULL);
    memset(w.radio_bytes + 0x8000, 0, 16); /* the partition table alone: the chip does not start */
    scene_holds(&rec, 0);
    world_store(&w.router, &rec);
    sim_link_wait_us(&w.wire, 100000);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_int_equal(w.radio_flash.sectors_erased, 1);
}

static void a_condemned_pair_goes_back_with_its_radio(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &mute_image);
    world_store(&w.router, &rec);
    assert_int_equal(scene_run_to_rest(&outcome), 2);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(w.router.host.running, A);
    assert_string_equal(pair_radio_runs(&w), old_text);
    rec = pair_load(&w);
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
    assert_non_null(slot_record_bad_reason(&rec, rec.rcp[SLOT_R1].id));
}

/* The bootloader falls back before Tandem ever ran in the new w.router.host. */
static void an_old_host_tries_again_and_leaves_the_radio_alone(void **state)
{
    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    w.router.host.running = A;
    uint32_t chip_starts = w.chip.starts;

    assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
    rec = pair_load(&w);
    assert_int_equal(rec.trial.tries, 1);
    assert_true(rec.trial.is_paid);
    assert_int_equal(w.router.host.last_slot, B);
    assert_int_equal(w.router.host.last_how, TDM_SELECT_TRIAL);
    assert_false(w.flow.radio_answers); /* not even asked */
    assert_int_equal(w.chip.starts, chip_starts);
}

static void a_host_that_never_boots_is_given_up(void **state)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;
    int starts = 0;

    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    for (; outcome == RECONCILE_RESTART && starts < 20; starts++) {
        w.router.host.running = A; /* whatever was selected */
        outcome = pair_boot(&w);
    }
    assert_int_equal(starts, 3);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(w.flow.was_condemned);
    assert_string_equal(w.flow.fault.code, "tries_used_up");
    assert_int_equal(w.router.host.selected, A);
    assert_true(w.router.host.is_final);
}

/* The bootloader is told first: told last, it could start the old host after success was recorded. */
static void a_bootloader_that_does_not_confirm(void **state)
{
    (void)state;
    pair_plant(&w, &new_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    scene_holds(&rec, 2);
    world_store(&w.router, &rec);
    w.router.host.ignores_select = true;
    for (int tries = 2; tries > 0; tries--) {
        assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
        rec = pair_load(&w);
        assert_int_equal(rec.host[B].content.state, SLOT_TRIAL);
        assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    }
    assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
    assert_string_equal(w.flow.fault.code, "select_failed");
    rec = pair_load(&w);
    assert_int_equal(rec.host[B].content.state, SLOT_BAD);
    for (int returns = RECONCILE_RETURNS; returns > 0; returns--)
        assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    assert_string_equal(w.flow.fault.code, "cannot_go_back");

    /* No start is caused any more, but each that comes selects the old host once: the day it is heard, the next one is it. */
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    assert_int_equal(w.router.host.last_slot, A);
    w.router.host.ignores_select = false;
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    assert_int_equal(fake_host_restart(&w.router.host), A);
    (void)pair_boot(&w);
    assert_string_not_equal(w.flow.fault.code, "cannot_go_back");
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_BAD);
}

static void degraded_is_stable_and_left_when_right(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    pair_radio_on(&w);
    struct slot_record rec = scene_record(PROVEN, NULL);
    scene_holds(&rec, 0);
    world_store(&w.router, &rec);
    w.rots = PAIR_FOREVER;
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    rec = pair_load(&w);
    assert_int_equal(rec.radio.failed, RECONCILE_FAILED_MAX);
    assert_int_equal(rec.result.code, SLOT_RESULT_DEGRADED);
    assert_string_equal(rec.result.reason, w.flow.fault.what);
    uint64_t erased = w.radio_flash.sectors_erased, commits;
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    commits = w.router.record.progs;
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    assert_int_equal(w.radio_flash.sectors_erased, erased);
    assert_int_equal(w.router.record.progs, commits);

    pair_plant(&w, &old_image); /* somebody repairs it by hand */
    pair_radio_on(&w);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_false(w.flow.was_flashed);

    memset(w.radio_bytes, 0xff, sizeof w.radio_bytes); /* or the operator asks, after it broke again */
    pair_radio_on(&w);
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    w.rots = 0;
    pair_begin(&w);
    assert_int_equal(reconcile_radio(&w.flow, &outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_string_equal(pair_radio_runs(&w), old_text);
    rec = pair_load(&w);
    assert_int_equal(rec.result.code, SLOT_RESULT_NONE);
}

static void the_operator_waits_for_a_trial(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    pair_begin(&w);
    assert_int_equal(reconcile_radio(&w.flow, &outcome), TDM_E_STATE);
    assert_string_equal(pair_radio_runs(&w), old_text);
}

/* No start was needed, so none is paid: after the last one a new radio is still proven by who armed it. */
static void a_radio_update_goes_on_where_it_was_armed(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(RADIO_TRIAL, &new_image);
    rec.trial.tries = 0;
    world_store(&w.router, &rec);
    pair_begin(&w);
    assert_int_equal(reconcile_armed(&w.flow, &outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(w.flow.was_confirmed);
    assert_string_equal(pair_radio_runs(&w), new_text);
    pair_begin(&w);
    assert_int_equal(reconcile_armed(&w.flow, &outcome), TDM_E_STATE); /* nothing waits any more */
}

/* Nobody wired RESET and BOOT: somebody started the loader by hand, and must start the firmware by hand. */
/* An adapter on USB that appears late: nothing was flashed, so nothing has failed, and the starts are what it may cost. */
static void a_port_that_is_not_there_condemns_nothing_at_once(void **state)
{
    static const struct {
        enum scene_record kind;
        enum reconcile_outcome outcome;
        uint8_t tries;
    } rows[] = {
        {PROVEN, RECONCILE_DEGRADED, 0}, {HOST_TRIAL, RECONCILE_RESTART, 2}, {RADIO_TRIAL, RECONCILE_DEGRADED, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)scene_open(state);
        struct slot_record rec = scene_with(&old_image, rows[i].kind, &new_image);
        scene_holds(&rec, 0);
        world_store(&w.router, &rec);
        w.has_no_port = true;
        assert_int_equal(pair_boot(&w), rows[i].outcome);
        assert_string_equal(w.flow.fault.code, "port_lost");
        rec = pair_load(&w);
        assert_int_equal(rec.trial.kind == SLOT_TRIAL_NONE, rows[i].kind == PROVEN);
        assert_int_equal(rec.trial.tries, rows[i].tries);
        assert_int_equal(rec.radio.begun + rec.radio.failed, 0);
        w.has_no_port = false;
        assert_int_equal(pair_boot(&w), RECONCILE_OK);
        assert_string_equal(pair_radio_runs(&w), rows[i].kind == PROVEN ? old_text : new_text);
        (void)scene_close(state);
    }
}

/* An adapter that is pulled while it flashes: the update did nothing wrong, and the next start that has a port goes on. */
static void a_port_that_goes_away_while_flashing_condemns_nothing(void **state)
{
    static const struct {
        enum scene_record kind;
        enum reconcile_outcome outcome;
    } rows[] = {{HOST_TRIAL, RECONCILE_RESTART}, {RADIO_TRIAL, RECONCILE_DEGRADED}};
    static const uint32_t calls[] = {150, 400, 800};

    for (size_t i = 0; i < 2 * sizeof calls / sizeof calls[0]; i++) {
        (void)scene_open(state);
        struct slot_record rec = scene_with(&old_image, rows[i % 2].kind, &new_image);
        scene_holds(&rec, 1);
        world_store(&w.router, &rec);
        faulty_serial(&w.serial);
        faulty_plan(FAULTY_SERIAL, calls[i / 2], true, TDM_E_UNREACHABLE);
        assert_int_equal(pair_boot(&w), rows[i % 2].outcome);
        assert_true(faulty_has_struck() && w.flow.was_flashed);
        assert_false(w.flow.was_condemned || w.flow.radio_answers);
        assert_int_equal(w.flow.fault.err, TDM_E_UNREACHABLE);
        faulty_plan(FAULTY_SERIAL, 0, false, TDM_OK);
        assert_int_equal(pair_boot(&w), RECONCILE_OK);
        assert_string_equal(pair_radio_runs(&w), new_text);
        (void)scene_close(state);
    }
}

/* It never comes while the new host runs, which may be that host's fault: after its starts the old one is back. */
static void a_host_that_has_no_port_is_given_up(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    struct slot_record rec = scene_with(&old_image, HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
    w.has_no_port = true;
    for (int starts = 3; starts > 0; starts--) {
        assert_int_equal(pair_load(&w).host[B].content.state, SLOT_TRIAL);
        assert_int_equal(pair_boot(&w), RECONCILE_RESTART);
    }
    assert_int_equal(pair_load(&w).host[B].content.state, SLOT_BAD);
    w.has_no_port = false;
    assert_int_equal(scene_run_to_rest(&outcome), 1);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_string_equal(pair_radio_runs(&w), old_text);
}

static void without_lines(enum scene_record kind)
{
    const struct sample_image *wanted = kind == PROVEN ? &old_image : &new_image;
    uint8_t slot = kind == PROVEN ? SLOT_R0 : SLOT_R1;

    pair_plant(&w, kind == PROVEN ? &new_image : &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(kind, &new_image);
    scene_holds(&rec, kind == PROVEN ? 2 : 1);
    world_store(&w.router, &rec);
    assert_int_equal(tdm_lines_reset(&w.wire.lines, &w.wire.clock, TDM_BOOT_LOADER), TDM_OK);
    w.lines.is_wired = false;

    (void)pair_boot(&w);
    assert_string_equal(w.flow.fault.code, "needs_reset");
    assert_true(pair_radio_holds(&w, wanted));
    rec = pair_load(&w);
    assert_int_equal(rec.radio.begun, 1); /* flashing it again would not start it either */
    assert_int_not_equal(rec.rcp[slot].state, SLOT_BAD);

    assert_int_equal(tdm_lines_reset(&w.wire.lines, &w.wire.clock, TDM_BOOT_APP), TDM_OK);
    (void)fake_host_restart(&w.router.host);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
    assert_false(w.flow.was_flashed);
    assert_int_equal(pair_load(&w).rcp[slot].state, SLOT_GOOD);
}

static void a_radio_reset_by_hand_is_proven_by_the_next_start(void **state)
{
    static const enum scene_record kinds[] = {PROVEN, HOST_TRIAL, RADIO_TRIAL};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (i > 0) {
            (void)scene_close(state);
            (void)scene_open(state);
        }
        without_lines(kinds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scene),
        STORY(a_second_start_does_nothing),
        STORY(a_radio_reset_by_hand_is_proven_by_the_next_start),
        cmocka_unit_test(a_port_that_is_not_there_condemns_nothing_at_once),
        cmocka_unit_test(a_port_that_goes_away_while_flashing_condemns_nothing),
        STORY(a_host_that_has_no_port_is_given_up),
        STORY(a_wrong_name_is_remembered),
        STORY(only_what_differs_is_written),
        STORY(a_condemned_pair_goes_back_with_its_radio),
        STORY(an_old_host_tries_again_and_leaves_the_radio_alone),
        STORY(a_host_that_never_boots_is_given_up),
        STORY(a_bootloader_that_does_not_confirm),
        STORY(degraded_is_stable_and_left_when_right),
        STORY(the_operator_waits_for_a_trial),
        STORY(a_radio_update_goes_on_where_it_was_armed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
