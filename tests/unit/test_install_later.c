/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between staging and the switch keys, clock, board and versions may have changed: what is asked once more, of a pair,
 * whose front lies in its slot, and of a host alone, of which the record keeps what matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/policy_scene.h"

static bool needs_restart;

static void arm_gives(tdm_err err, const char *code)
{
    uint64_t selects = scene.router.host.selects;

    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    tdm_err got = install_arm(&scene.router.install, &needs_restart);
    if (got != err || strcmp(scene.router.install.fault.code, code) != 0)
        fail_msg("wanted %s, got %s %s", code, tdm_err_name(got), scene.router.install.fault.code);
    assert_int_equal(scene.router.host.selects, selects);
}

static void stage_host_alone(void)
{
    policy_host_alone();
    policy_expires();
    policy_stage();
    assert_int_equal(scene.rec.front.expires, ISSUED + 10);
    assert_memory_equal(scene.rec.front.signers[0], scene.known[0].id, SLOT_KEY_ID_LEN);
}

static void a_switch_to_a_host_alone_asks_the_record(void **state)
{
    (void)state;
    stage_host_alone();
    struct slot_record staged = scene.rec;
    scene.rec.counter_floor = 6;
    arm_gives(TDM_E_REFUSED, "below_floor");
    scene.rec = staged;
    scene.rec.radio.api = 3;
    arm_gives(TDM_E_MISMATCH, "api_mismatch");
    scene.rec = staged;
    scene.rec.radio.least_host_api = 12;
    arm_gives(TDM_E_MISMATCH, "api_mismatch");
    scene.rec = staged;
    scene.rec.host[TDM_HOST_A].rcp = scene.rec.host[TDM_HOST_A].rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    arm_gives(TDM_E_STATE, "bundle_changed");
    scene.rec = staged;
    scene.router.host_slots[TDM_HOST_A].mem[500] ^= 1;
    scene.router.host_slots[TDM_HOST_A].durable[500] ^= 1;
    arm_gives(TDM_E_CORRUPT, "staged_differs");
}

/* What the changed bytes look like (another format, another's signature, no firmware) is not what is wrong. */
static void a_slot_that_was_written_to(void **state)
{
    policy_stage();
    struct fake_flash *bundle = &scene.router.rcp[scene.rec.host[TDM_HOST_A].rcp],
                      *host = &scene.router.host_slots[TDM_HOST_A];
    const struct {
        struct fake_flash *in;
        size_t at;
    } places[] = {{bundle, 0}, {bundle, scene.image.manifest_at + 4}, {bundle, scene.image.part_at[2]}, {host, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (int times = 0; times < 2; times++) { /* and back */
            places[i].in->mem[places[i].at] ^= 3;
            places[i].in->durable[places[i].at] ^= 3;
            if (times == 0)
                arm_gives(TDM_E_CORRUPT, "staged_differs");
        }
    }
    world_begin(&scene.router);
    assert_int_equal(install_arm(&scene.router.install, &needs_restart), TDM_OK);
}

static void revoke_the_first(void)
{
    scene.known[0].is_revoked = true;
}

static void take_the_first_away(void)
{
    scene.known[0] = scene.keys[1].known;
}

static void want_two(void)
{
    scene.trust.threshold = 2;
}

/* One good, one revoked, two wanted: what the router would see in the front. */
static void want_two_of_which_one_is_revoked(void)
{
    scene.trust.count = 2;
    want_two();
    revoke_the_first();
}

static void be_late(void)
{
    scene.router.policy.now = ISSUED + 11;
}

static void have_a_late_floor(void)
{
    scene.rec.time_floor = ISSUED + 11;
}

static void be_just_in_time(void)
{
    scene.router.policy.now = scene.rec.time_floor = ISSUED + 10;
}

static void be_another_board(void)
{
    scene.router.policy.compatible_count = 1;
}

static void be_another_host(void)
{
    scene.router.policy.host_family = MANIFEST_HOST_ESP;
}

static void run_something_newer(void)
{
    slot_text_set(scene.rec.host[TDM_HOST_B].pair_version, sizeof scene.rec.host[TDM_HOST_B].pair_version, "1.5.0");
}

static void run_something_newer_and_mean_it(void)
{
    run_something_newer();
    scene.router.policy.may_downgrade = true;
}

static void trust_a_second_key_too(void)
{
    scene.trust.count = 2;
}

/* The front of a host alone is stored nowhere; a pair's lies in its slot. The answers are the same. */
static const struct later {
    const char *name;
    void (*change)(void);
    tdm_err err;
    const char *code;
} later[] = {
    {"nothing", policy_nothing, TDM_OK, ""},
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

#define LATER (sizeof later / sizeof later[0])

static void change_and_arm(const struct later *row)
{
    row->change();
    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    tdm_err err = install_arm(&scene.router.install, &needs_restart);
    if (err != row->err || strcmp(scene.router.install.fault.code, row->code) != 0)
        fail_msg("%s %s (%s)", tdm_err_name(err), scene.router.install.fault.code, scene.router.install.fault.what);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_int_equal(scene.rec.trial.kind, err == TDM_OK ? SLOT_TRIAL_HOST : SLOT_TRIAL_NONE);
}

static void what_changed_since_a_pair_was_staged(void **state)
{
    policy_expires();
    policy_stage();
    assert_int_equal(scene.rec.front.signers[0][0], 0);
    change_and_arm(*state);
}

static void what_changed_since_a_host_was_staged(void **state)
{
    static const struct slot_front none;

    stage_host_alone();
    change_and_arm(*state);
    if (scene.rec.trial.kind == SLOT_TRIAL_HOST) /* asked for the last time */
        assert_memory_equal(&scene.rec.front, &none, sizeof none);
}

static void a_host_alone_that_nobody_asked_for_its_signature(void **state)
{
    (void)state;
    scene.router.policy.trust = NULL;
    policy_host_alone();
    policy_stage();
    scene.router.policy.trust = &scene.trust;
    arm_gives(TDM_E_TRUST, "unsigned");
    scene.router.policy.trust = NULL;
    world_begin(&scene.router);
    assert_int_equal(install_arm(&scene.router.install, &needs_restart), TDM_OK);
}

static void what_is_cancelled_leaves_no_front(void **state)
{
    static const struct slot_front none;

    (void)state;
    stage_host_alone();
    assert_int_equal(install_cancel(&scene.router.install), TDM_OK);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_memory_equal(&scene.rec.front, &none, sizeof none);
}

/* The keys are there now, and the image is signed by them: its word counts when it is proven. */
static void keys_that_came_later_make_a_stored_image_a_signed_one(void **state)
{
    (void)state;
    scene.router.policy.trust = NULL;
    policy_stage();
    assert_false(scene.rec.host[TDM_HOST_A].content.is_signed);
    scene.router.policy.trust = &scene.trust;
    world_begin(&scene.router);
    assert_int_equal(install_arm(&scene.router.install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_true(scene.rec.host[TDM_HOST_A].content.is_signed &&
                scene.rec.rcp[scene.rec.host[TDM_HOST_A].rcp].is_signed);
}

static int run_later(const char *group, void (*test)(void **state))
{
    struct CMUnitTest tests[LATER];

    for (size_t i = 0; i < LATER; i++)
        tests[i] = (struct CMUnitTest){later[i].name, test, policy_open, policy_close, (void *)(uintptr_t)&later[i]};
    return _cmocka_run_group_tests(group, tests, LATER, policy_make_keys, policy_free_keys);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test_setup_teardown(a_switch_to_a_host_alone_asks_the_record, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(a_slot_that_was_written_to, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(a_host_alone_that_nobody_asked_for_its_signature, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(what_is_cancelled_leaves_no_front, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(keys_that_came_later_make_a_stored_image_a_signed_one, policy_open,
                                        policy_close),
    };
    int failed = run_later("a pair, later", what_changed_since_a_pair_was_staged);

    failed += run_later("a host alone, later", what_changed_since_a_host_was_staged);
    return failed + cmocka_run_group_tests(others, policy_make_keys, policy_free_keys);
}
