/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a router knows about itself, and what the operator says, reach the judge; and what a later switch or a way back
 * asks again. The images state counter 5, version 1.4.0, acme,br-1, API 11 (least 4), issued 1000000000.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/install_world.h"

#define ISSUED 1000000000u

static struct install_world w;
static struct sample_image first, image;
static struct sample_key keys[2];
static struct tdm_key known[2];
static struct judge_trust trust;
static struct slot_record rec;
static bool needs_restart;

static int make_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        sample_key_make(&keys[i], i);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        sample_key_free(&keys[i]);
    return 0;
}

static void build(struct sample_image *s, uint8_t seed, size_t host_size, bool is_host_only)
{
    sample_image_build(
        s, &(struct sample_spec){.cells = 2, .seed = seed, .host_size = host_size, .is_host_only = is_host_only});
}

/* A router that runs the signed pair of version 1.4.0 from slot B, its radio proven, and trusts key 0. */
static int open_router(void **state)
{
    static const char *const boards[] = {"acme,br-1b", "acme,br-1"};

    (void)state;
    world_open(&w, true);
    known[0] = keys[0].known;
    known[1] = keys[1].known;
    trust = (struct judge_trust){.keys = known, .count = 1, .threshold = 1};
    w.policy = (struct install_policy){
        .trust = &trust,
        .compatible = boards,
        .compatible_count = 2,
        .host_family = MANIFEST_HOST_OPAQUE,
        .host_chip = JUDGE_CHIP_UNKNOWN,
        .host_revision = JUDGE_REVISION_UNKNOWN,
    };
    build(&first, 1, 900, false);
    sample_image_sign(&first, &keys[0]);
    world_install_good(&w, &first);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.radio.api = 11;
    rec.radio.least_host_api = 4;
    world_store(&w, &rec);
    build(&image, 2, 1000, false);
    return 0;
}

static int close_router(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* ---- one change to the router, the operator's words or the image, and the answer ---- */

static void state32(size_t field, uint32_t value)
{
    sample_put32(image.bytes + image.manifest_at + field, value);
}

static void state16(size_t field, uint16_t value)
{
    sample_put16(image.bytes + image.manifest_at + field, value);
}

static void nothing(void)
{
}

static void floor_over(void)
{
    rec.counter_floor = 6;
}

static void floor_at(void)
{
    rec.counter_floor = 5;
}

static void expires(void)
{
    state32(16, ISSUED + 10);
}

static void forged_clock(void)
{
    expires();
    w.policy.now = 4000000000u;
}

static void clock_behind(void)
{
    expires();
    w.policy.now = 1;
    rec.time_floor = ISSUED + 11;
}

static void clock_and_floor_at_its_end(void)
{
    expires();
    w.policy.now = rec.time_floor = ISSUED + 10;
}

static void other_board(void)
{
    w.policy.compatible_count = 1;
}

static void esp_host(void)
{
    w.policy.host_family = MANIFEST_HOST_ESP;
}

static void lower_version(void)
{
    memcpy(image.bytes + image.manifest_at + 32, "1.3.9", 5);
}

static void lower_version_meant(void)
{
    lower_version();
    w.policy.may_downgrade = true;
}

static void lower_version_and_counter(void)
{
    lower_version_meant();
    floor_over();
}

static uint8_t shown[32];

static void other_shown(void)
{
    memset(shown, 0x11, sizeof shown);
    w.policy.shown_id = shown;
}

static void this_shown(void)
{
    sample_image_id(&image, shown);
    w.policy.shown_id = shown;
}

static void other_revision(void)
{
    rec.radio.chip = SAMPLE_H2;
    rec.radio.revision = 100;
}

static void small_flash(void)
{
    rec.radio.flash_size = 1u << 20;
}

static void two_wanted(void)
{
    trust.count = 2;
    trust.threshold = 2;
}

static void host_alone(void)
{
    build(&image, 2, 1000, true);
}

static void host_alone_for_a_newer_radio(void)
{
    host_alone();
    state16(148, 12);
    state16(150, 12);
}

static void host_alone_and_nobody_asked_the_radio(void)
{
    host_alone();
    rec.radio.api = 0;
}

static void host_alone_without_bundle(void)
{
    host_alone();
    rec.host[TDM_HOST_B].rcp = SLOT_RCP_NONE;
}

static void radio_alone(void)
{
    build(&image, 2, 0, false);
}

static void radio_alone_for_a_newer_host(void)
{
    radio_alone();
    state16(136, 12);
    state16(138, 12);
}

/* What the running image states comes before the configuration. */
static void radio_alone_and_an_older_configured_host(void)
{
    radio_alone();
    w.policy.host = (struct judge_half){3, 1};
}

static void radio_alone_and_a_configured_host_that_states_nothing(void)
{
    radio_alone_and_an_older_configured_host();
    rec.host[TDM_HOST_B].api = 0;
}

static const struct row {
    const char *name;
    void (*change)(void);
    tdm_err err;
    const char *code;
} rows[] = {
    {"as it should be", nothing, TDM_OK, ""},
    {"under the counter floor", floor_over, TDM_E_REFUSED, "counter_too_low"},
    {"at the counter floor", floor_at, TDM_OK, ""},
    {"expires, and nobody knows the time", expires, TDM_OK, ""},
    {"expires, a time far ahead", forged_clock, TDM_E_REFUSED, "expired"},
    {"expires, a clock at 1970", clock_behind, TDM_E_REFUSED, "expired"},
    {"expires at this second", clock_and_floor_at_its_end, TDM_OK, ""},
    {"other board", other_board, TDM_E_MISMATCH, "wrong_board"},
    {"other kind of host", esp_host, TDM_E_MISMATCH, "wrong_host"},
    {"lower version", lower_version, TDM_E_REFUSED, "downgrade"},
    {"lower version, on the operator's word", lower_version_meant, TDM_OK, ""},
    {"lower version and counter, on the operator's word", lower_version_and_counter, TDM_E_REFUSED, "counter_too_low"},
    {"another one was shown", other_shown, TDM_E_MISMATCH, "not_the_one_shown"},
    {"this one was shown", this_shown, TDM_OK, ""},
    {"other revision of the radio", other_revision, TDM_E_MISMATCH, "wrong_radio"},
    {"radio with less flash", small_flash, TDM_E_MISMATCH, "wrong_radio"},
    {"one signature of two", two_wanted, TDM_E_TRUST, "too_few_signatures"},
    {"host alone", host_alone, TDM_OK, ""},
    {"host alone, for a newer radio", host_alone_for_a_newer_radio, TDM_E_MISMATCH, "api_mismatch"},
    {"host alone, radio never asked", host_alone_and_nobody_asked_the_radio, TDM_E_MISMATCH, "api_mismatch"},
    {"host alone, no bundle", host_alone_without_bundle, TDM_E_STATE, "no_bundle"},
    {"radio alone", radio_alone, TDM_OK, ""},
    {"radio alone, for a newer host", radio_alone_for_a_newer_host, TDM_E_MISMATCH, "api_mismatch"},
    {"radio alone, configured host too old", radio_alone_and_an_older_configured_host, TDM_OK, ""},
    {"radio alone, only the configuration knows", radio_alone_and_a_configured_host_that_states_nothing, TDM_E_MISMATCH,
     "api_mismatch"},
};

/* Nothing that is stored moves before an image is accepted: not one write, and the floors are as they were. */
static void what_is_asked_of_an_image(void **state)
{
    const struct row *row = *state;

    row->change();
    sample_image_sign(&image, &keys[0]);
    if (row->change == this_shown)
        this_shown();
    world_store(&w, &rec);
    uint64_t record = w.record.progs, bundles = w.rcp[0].erases + w.rcp[1].erases, hosts = w.host_slots[0].erases;
    world_serve(&w, &image);
    world_begin(&w);
    tdm_err err = install_stage(&w.install, "test:image");
    if (err != row->err || strcmp(w.install.fault.code, row->code) != 0)
        fail_msg("%s %s (%s)", tdm_err_name(err), w.install.fault.code, w.install.fault.what);
    if (err == TDM_OK)
        return;
    assert_int_equal(w.record.progs, record);
    assert_int_equal(w.rcp[0].erases + w.rcp[1].erases, bundles);
    assert_int_equal(w.host_slots[0].erases, hosts);
}

static int open_row(void **state)
{
    (void)state;
    return open_router(NULL);
}

/* ---- what is remembered ---- */

static void stage_signed(void)
{
    sample_image_sign(&image, &keys[0]);
    world_serve(&w, &image);
    world_begin(&w);
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
}

static void a_record_keeps_what_a_pair_states(void **state)
{
    (void)state;
    stage_signed();
    const struct slot_host_row *row = &rec.host[TDM_HOST_A];
    assert_int_equal(row->content.counter, 5);
    assert_int_equal(row->content.issued, ISSUED);
    assert_true(row->content.is_signed && rec.rcp[row->rcp].is_signed);
    assert_string_equal(row->pair_version, "1.4.0");
    assert_string_equal(row->content.version, "1.4.0"); /* an opaque host names itself in no other way */
    assert_int_equal(row->api, 11);
    assert_int_equal(row->least_radio_api, 4);
    assert_int_equal(rec.counter_floor, 0);
    assert_int_equal(rec.time_floor, 0);
}

static void a_host_alone_names_the_running_bundle(void **state)
{
    uint8_t rcp = rec.host[TDM_HOST_B].rcp, other = rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    struct slot_content bundle = rec.rcp[rcp], spare = rec.rcp[other];

    (void)state;
    host_alone();
    uint64_t erases = w.rcp[0].erases + w.rcp[1].erases;
    stage_signed();
    assert_int_equal(rec.host[TDM_HOST_A].rcp, rcp);
    assert_memory_equal(&rec.rcp[rcp], &bundle, sizeof bundle);
    assert_memory_equal(&rec.rcp[other], &spare, sizeof spare);
    assert_int_equal(w.rcp[0].erases + w.rcp[1].erases, erases);
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_true(needs_restart);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.rcp[rcp].state, SLOT_GOOD);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_TRIAL);
    assert_int_equal(rec.back.rcp, rcp);
}

/* ---- a later switch ---- */

static void arm_gives(tdm_err err, const char *code)
{
    uint64_t selects = w.host.selects;

    world_store(&w, &rec);
    world_begin(&w);
    tdm_err got = install_arm(&w.install, &needs_restart);
    if (got != err || strcmp(w.install.fault.code, code) != 0)
        fail_msg("wanted %s, got %s %s", code, tdm_err_name(got), w.install.fault.code);
    assert_int_equal(w.host.selects, selects);
}

static void stage_host_alone(void)
{
    host_alone();
    expires();
    stage_signed();
    assert_int_equal(rec.front.expires, ISSUED + 10);
    assert_memory_equal(rec.front.signers[0], known[0].id, SLOT_KEY_ID_LEN);
}

static void a_switch_to_a_host_alone_asks_the_record(void **state)
{
    (void)state;
    stage_host_alone();
    struct slot_record staged = rec;
    rec.counter_floor = 6;
    arm_gives(TDM_E_REFUSED, "below_floor");
    rec = staged;
    rec.radio.api = 3;
    arm_gives(TDM_E_MISMATCH, "api_mismatch");
    rec = staged;
    rec.radio.least_host_api = 12;
    arm_gives(TDM_E_MISMATCH, "api_mismatch");
    rec = staged;
    rec.host[TDM_HOST_A].rcp = rec.host[TDM_HOST_A].rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    arm_gives(TDM_E_STATE, "bundle_changed");
    rec = staged;
    w.host_slots[TDM_HOST_A].mem[500] ^= 1;
    w.host_slots[TDM_HOST_A].durable[500] ^= 1;
    arm_gives(TDM_E_CORRUPT, "staged_differs");
}

static void revoke_the_first(void)
{
    known[0].is_revoked = true;
}

static void take_the_first_away(void)
{
    known[0] = keys[1].known;
}

static void want_two(void)
{
    trust.threshold = 2;
}

/* One good, one revoked, two wanted: what the router would see in the front. */
static void want_two_of_which_one_is_revoked(void)
{
    trust.count = 2;
    want_two();
    revoke_the_first();
}

static void be_late(void)
{
    w.policy.now = ISSUED + 11;
}

static void have_a_late_floor(void)
{
    rec.time_floor = ISSUED + 11;
}

static void be_just_in_time(void)
{
    w.policy.now = rec.time_floor = ISSUED + 10;
}

static void be_another_board(void)
{
    w.policy.compatible_count = 1;
}

static void be_another_host(void)
{
    w.policy.host_family = MANIFEST_HOST_ESP;
}

static void run_something_newer(void)
{
    slot_text_set(rec.host[TDM_HOST_B].pair_version, sizeof rec.host[TDM_HOST_B].pair_version, "1.5.0");
}

static void run_something_newer_and_mean_it(void)
{
    run_something_newer();
    w.policy.may_downgrade = true;
}

static void trust_a_second_key_too(void)
{
    trust.count = 2;
}

/* The front of a host alone is stored nowhere; a pair's lies in its slot. The answers are the same. */
static const struct later {
    const char *name;
    void (*change)(void);
    tdm_err err;
    const char *code;
} later[] = {
    {"nothing", nothing, TDM_OK, ""},
    {"its key was revoked", revoke_the_first, TDM_E_TRUST, "revoked_key"},
    {"its key was taken away", take_the_first_away, TDM_E_TRUST, "unknown_key"},
    {"two signatures are wanted", want_two, TDM_E_TRUST, "too_few_signatures"},
    {"two are wanted, and its key was revoked", want_two_of_which_one_is_revoked, TDM_E_TRUST, "unknown_key"},
    {"a key more is trusted", trust_a_second_key_too, TDM_OK, ""},
    {"it has expired by the clock", be_late, TDM_E_REFUSED, "expired"},
    {"it has expired by the floor", have_a_late_floor, TDM_E_REFUSED, "expired"},
    {"it expires at this second", be_just_in_time, TDM_OK, ""},
    {"the board was renamed", be_another_board, TDM_E_MISMATCH, "wrong_board"},
    {"the host is of another kind", be_another_host, TDM_E_MISMATCH, "wrong_host"},
    {"something newer runs", run_something_newer, TDM_E_REFUSED, "downgrade"},
    {"something newer runs, on the operator's word", run_something_newer_and_mean_it, TDM_OK, ""},
};

static void change_and_arm(const struct later *row)
{
    row->change();
    world_store(&w, &rec);
    world_begin(&w);
    tdm_err err = install_arm(&w.install, &needs_restart);
    if (err != row->err || strcmp(w.install.fault.code, row->code) != 0)
        fail_msg("%s %s (%s)", tdm_err_name(err), w.install.fault.code, w.install.fault.what);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.trial.kind, err == TDM_OK ? SLOT_TRIAL_HOST : SLOT_TRIAL_NONE);
}

static void what_changed_since_a_pair_was_staged(void **state)
{
    expires();
    stage_signed();
    assert_int_equal(rec.front.signers[0][0], 0);
    change_and_arm(*state);
}

static void what_changed_since_a_host_was_staged(void **state)
{
    static const struct slot_front none;

    stage_host_alone();
    change_and_arm(*state);
    if (rec.trial.kind == SLOT_TRIAL_HOST) /* asked for the last time */
        assert_memory_equal(&rec.front, &none, sizeof none);
}

static void a_host_alone_that_nobody_asked_for_its_signature(void **state)
{
    (void)state;
    w.policy.trust = NULL;
    host_alone();
    stage_signed();
    w.policy.trust = &trust;
    arm_gives(TDM_E_TRUST, "unsigned");
    w.policy.trust = NULL;
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
}

static void what_is_cancelled_leaves_no_front(void **state)
{
    static const struct slot_front none;

    (void)state;
    stage_host_alone();
    assert_int_equal(install_cancel(&w.install), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_memory_equal(&rec.front, &none, sizeof none);
}

/* The keys are there now, and the image is signed by them: its word counts when it is proven. */
static void keys_that_came_later_make_a_stored_image_a_signed_one(void **state)
{
    (void)state;
    w.policy.trust = NULL;
    stage_signed();
    assert_false(rec.host[TDM_HOST_A].content.is_signed);
    w.policy.trust = &trust;
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_true(rec.host[TDM_HOST_A].content.is_signed && rec.rcp[rec.host[TDM_HOST_A].rcp].is_signed);
}

/* ---- the way back ---- */

static void the_way_back_asks_for_identity_and_the_floor(void **state)
{
    static const char *const elsewhere[] = {"acme,other"};

    (void)state;
    sample_image_sign(&image, &keys[0]);
    world_install_good(&w, &image);
    known[0].is_revoked = true;
    w.policy.compatible = elsewhere;
    w.policy.compatible_count = 1;
    w.policy.now = 4000000000u;
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.counter_floor = 6;
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_back(&w.install, &needs_restart), TDM_E_REFUSED);
    assert_string_equal(w.install.fault.code, "below_floor");
    rec.counter_floor = 5;
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_back(&w.install, &needs_restart), TDM_OK);
}

/* The bundle counts too when it is another one than runs; when it stays, nothing gets older by it. */
static void the_way_back_counts_both_halves(void **state)
{
    (void)state;
    sample_image_sign(&image, &keys[0]);
    world_install_good(&w, &image);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    uint8_t back = rec.back.rcp, runs = rec.host[TDM_HOST_A].rcp;
    rec.counter_floor = 5;
    rec.rcp[back].counter = 4;
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_back(&w.install, &needs_restart), TDM_E_REFUSED);
    assert_string_equal(w.install.fault.code, "below_floor");
    rec.rcp[runs].counter = 4;
    rec.host[TDM_HOST_B].rcp = rec.back.rcp = runs; /* as after an update of the host alone */
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_back(&w.install, &needs_restart), TDM_OK);
}

static void a_radio_alone_gives_the_pair_its_version_and_takes_it_back(void **state)
{
    (void)state;
    radio_alone();
    memcpy(image.bytes + image.manifest_at + 32, "1.5.0", 5);
    stage_signed();
    assert_string_equal(rec.host[TDM_HOST_B].pair_version, "1.4.0");
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_string_equal(rec.host[TDM_HOST_B].pair_version, "1.5.0");
    assert_string_equal(rec.back.pair_version, "1.4.0");
    world_begin(&w);
    assert_int_equal(install_cancel(&w.install), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_string_equal(rec.host[TDM_HOST_B].pair_version, "1.4.0");
}

/* ---- what runs already ---- */

static void what_runs_is_known_from_its_front(void **state)
{
    (void)state;
    world_serve(&w, &first);
    world_begin(&w);
    w.source.gets = 0;
    w.source.breaks_at = first.part_at[4]; /* what is behind it is not wanted */
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_E_STATE);
    assert_string_equal(w.install.fault.code, "already_installed");
    assert_int_equal(w.source.gets, 1);
}

#define ROWS (sizeof rows / sizeof rows[0])

#define LATER (sizeof later / sizeof later[0])

static int run_later(const char *group, void (*test)(void **state))
{
    struct CMUnitTest tests[LATER];

    for (size_t i = 0; i < LATER; i++)
        tests[i] = (struct CMUnitTest){later[i].name, test, open_row, close_router, (void *)(uintptr_t)&later[i]};
    return _cmocka_run_group_tests(group, tests, LATER, make_keys, free_keys);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(a_record_keeps_what_a_pair_states, open_router, close_router),
        cmocka_unit_test_setup_teardown(a_host_alone_names_the_running_bundle, open_router, close_router),
        cmocka_unit_test_setup_teardown(a_switch_to_a_host_alone_asks_the_record, open_router, close_router),
        cmocka_unit_test_setup_teardown(a_host_alone_that_nobody_asked_for_its_signature, open_router, close_router),
        cmocka_unit_test_setup_teardown(what_is_cancelled_leaves_no_front, open_router, close_router),
        cmocka_unit_test_setup_teardown(keys_that_came_later_make_a_stored_image_a_signed_one, open_router,
                                        close_router),
        cmocka_unit_test_setup_teardown(the_way_back_asks_for_identity_and_the_floor, open_router, close_router),
        cmocka_unit_test_setup_teardown(the_way_back_counts_both_halves, open_router, close_router),
        cmocka_unit_test_setup_teardown(a_radio_alone_gives_the_pair_its_version_and_takes_it_back, open_router,
                                        close_router),
        cmocka_unit_test_setup_teardown(what_runs_is_known_from_its_front, open_router, close_router),
    };
    struct CMUnitTest asked[ROWS];

    for (size_t i = 0; i < ROWS; i++)
        asked[i] = (struct CMUnitTest){rows[i].name, what_is_asked_of_an_image, open_row, close_router,
                                       (void *)(uintptr_t)&rows[i]};
    int failed = _cmocka_run_group_tests("asked", asked, ROWS, make_keys, free_keys);
    failed += run_later("a pair, later", what_changed_since_a_pair_was_staged);
    failed += run_later("a host alone, later", what_changed_since_a_host_was_staged);
    return failed + cmocka_run_group_tests(others, make_keys, free_keys);
}
