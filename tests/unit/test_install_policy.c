/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a router knows about itself, and what the operator says, reach the judge when an image comes in. What is asked
 * again later: test_install_later; what stays in the record: test_install_remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/policy_scene.h"

static void floor_over(void)
{
    scene.rec.counter_floor = 6;
}

static void floor_at(void)
{
    scene.rec.counter_floor = 5;
}

static void forged_clock(void)
{
    policy_expires();
    scene.router.policy.now = 4000000000u;
}

static void clock_behind(void)
{
    policy_expires();
    scene.router.policy.now = 1;
    scene.rec.time_floor = ISSUED + 11;
}

static void clock_and_floor_at_its_end(void)
{
    policy_expires();
    scene.router.policy.now = scene.rec.time_floor = ISSUED + 10;
}

static void other_board(void)
{
    scene.router.policy.compatible_count = 1;
}

static void esp_host(void)
{
    scene.router.policy.host_family = MANIFEST_HOST_ESP;
}

static void lower_version(void)
{
    memcpy(scene.image.bytes + scene.image.manifest_at + 32, "1.3.9", 5);
}

static void lower_version_meant(void)
{
    lower_version();
    scene.router.policy.may_downgrade = true;
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
    scene.router.policy.shown_id = shown;
}

static void this_shown(void)
{
    sample_image_id(&scene.image, shown);
    scene.router.policy.shown_id = shown;
}

static void other_revision(void)
{
    scene.rec.radio.chip = SAMPLE_H2;
    scene.rec.radio.revision = 100;
}

static void small_flash(void)
{
    scene.rec.radio.flash_size = 1u << 20;
}

static void two_wanted(void)
{
    scene.trust.count = 2;
    scene.trust.threshold = 2;
}

static void host_alone_for_a_newer_radio(void)
{
    policy_host_alone();
    policy_state16(148, 12);
    policy_state16(150, 12);
}

static void host_alone_and_nobody_asked_the_radio(void)
{
    policy_host_alone();
    scene.rec.radio.api = 0;
}

static void host_alone_without_bundle(void)
{
    policy_host_alone();
    scene.rec.host[TDM_HOST_B].rcp = SLOT_RCP_NONE;
}

static void radio_alone_for_a_newer_host(void)
{
    policy_radio_alone();
    policy_state16(136, 12);
    policy_state16(138, 12);
}

/* What the running image states comes before the configuration. */
static void radio_alone_and_an_older_configured_host(void)
{
    policy_radio_alone();
    scene.router.policy.host = (struct judge_half){3, 1};
}

static void radio_alone_and_a_configured_host_that_states_nothing(void)
{
    radio_alone_and_an_older_configured_host();
    scene.rec.host[TDM_HOST_B].api = 0;
}

static const struct row {
    const char *name;
    void (*change)(void);
    tdm_err err;
    const char *code;
} rows[] = {
    {"as it should be", policy_nothing, TDM_OK, ""},
    {"under the counter floor", floor_over, TDM_E_REFUSED, "counter_too_low"},
    {"at the counter floor", floor_at, TDM_OK, ""},
    {"expires, and nobody knows the time", policy_expires, TDM_OK, ""},
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
    {"host alone", policy_host_alone, TDM_OK, ""},
    {"host alone, for a newer radio", host_alone_for_a_newer_radio, TDM_E_MISMATCH, "api_mismatch"},
    {"host alone, radio never asked", host_alone_and_nobody_asked_the_radio, TDM_E_MISMATCH, "api_mismatch"},
    {"host alone, no bundle", host_alone_without_bundle, TDM_E_STATE, "no_bundle"},
    {"radio alone", policy_radio_alone, TDM_OK, ""},
    {"radio alone, for a newer host", radio_alone_for_a_newer_host, TDM_E_MISMATCH, "api_mismatch"},
    {"radio alone, configured host too old", radio_alone_and_an_older_configured_host, TDM_OK, ""},
    {"radio alone, only the configuration knows", radio_alone_and_a_configured_host_that_states_nothing, TDM_E_MISMATCH,
     "api_mismatch"},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* Nothing that is stored moves before an image is accepted: not one write, and the floors are as they were. */
static void what_is_asked_of_an_image(void **state)
{
    const struct row *row = *state;

    row->change();
    sample_image_sign(&scene.image, &scene.keys[0]);
    if (row->change == this_shown)
        this_shown();
    world_store(&scene.router, &scene.rec);
    uint64_t record = scene.router.record.progs, bundles = scene.router.rcp[0].erases + scene.router.rcp[1].erases,
             hosts = scene.router.host_slots[0].erases;
    world_serve(&scene.router, &scene.image);
    world_begin(&scene.router);
    tdm_err err = install_stage(&scene.router.install, "test:image");
    if (err != row->err || strcmp(scene.router.install.fault.code, row->code) != 0)
        fail_msg("%s %s (%s)", tdm_err_name(err), scene.router.install.fault.code, scene.router.install.fault.what);
    if (err == TDM_OK)
        return;
    assert_int_equal(scene.router.record.progs, record);
    assert_int_equal(scene.router.rcp[0].erases + scene.router.rcp[1].erases, bundles);
    assert_int_equal(scene.router.host_slots[0].erases, hosts);
}

static void what_runs_is_known_from_its_front(void **state)
{
    (void)state;
    world_serve(&scene.router, &scene.first);
    world_begin(&scene.router);
    scene.router.source.gets = 0;
    scene.router.source.breaks_at = scene.first.part_at[4]; /* what is behind it is not wanted */
    assert_int_equal(install_stage(&scene.router.install, "test:image"), TDM_E_STATE);
    assert_string_equal(scene.router.install.fault.code, "already_installed");
    assert_int_equal(scene.router.source.gets, 1);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(what_runs_is_known_from_its_front, policy_open, policy_close),
    };
    struct CMUnitTest asked[ROWS];

    for (size_t i = 0; i < ROWS; i++)
        asked[i] = (struct CMUnitTest){rows[i].name, what_is_asked_of_an_image, policy_open, policy_close,
                                       (void *)(uintptr_t)&rows[i]};
    int failed = _cmocka_run_group_tests("asked", asked, ROWS, policy_make_keys, policy_free_keys);
    return failed + cmocka_run_group_tests(others, policy_make_keys, policy_free_keys);
}
