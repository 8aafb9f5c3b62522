/* SPDX-License-Identifier: Apache-2.0 */
/* What the record keeps of a signed image, and what the way back asks of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/policy_scene.h"

static bool needs_restart;

static void a_record_keeps_what_a_pair_states(void **state)
{
    (void)state;
    policy_stage();
    const struct slot_host_row *row = &scene.rec.host[TDM_HOST_A];
    assert_int_equal(row->content.counter, 5);
    assert_int_equal(row->content.issued, ISSUED);
    assert_true(row->content.is_signed && scene.rec.rcp[row->rcp].is_signed);
    assert_string_equal(row->pair_version, "1.4.0");
    assert_string_equal(row->content.version, "1.4.0"); /* an opaque host names itself in no other way */
    assert_int_equal(row->api, 11);
    assert_int_equal(row->least_radio_api, 4);
    assert_int_equal(scene.rec.counter_floor, 0);
    assert_int_equal(scene.rec.time_floor, 0);
}

static void a_host_alone_names_the_running_bundle(void **state)
{
    uint8_t rcp = scene.rec.host[TDM_HOST_B].rcp, other = rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    struct slot_content bundle = scene.rec.rcp[rcp], spare = scene.rec.rcp[other];

    (void)state;
    policy_host_alone();
    uint64_t erases = scene.router.rcp[0].erases + scene.router.rcp[1].erases;
    policy_stage();
    assert_int_equal(scene.rec.host[TDM_HOST_A].rcp, rcp);
    assert_memory_equal(&scene.rec.rcp[rcp], &bundle, sizeof bundle);
    assert_memory_equal(&scene.rec.rcp[other], &spare, sizeof spare);
    assert_int_equal(scene.router.rcp[0].erases + scene.router.rcp[1].erases, erases);
    world_begin(&scene.router);
    assert_int_equal(install_arm(&scene.router.install, &needs_restart), TDM_OK);
    assert_true(needs_restart);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_int_equal(scene.rec.rcp[rcp].state, SLOT_GOOD);
    assert_int_equal(scene.rec.host[TDM_HOST_A].content.state, SLOT_TRIAL);
    assert_int_equal(scene.rec.back.rcp, rcp);
}

static void the_way_back_asks_for_identity_and_the_floor(void **state)
{
    static const char *const elsewhere[] = {"acme,other"};

    (void)state;
    sample_image_sign(&scene.image, &scene.keys[0]);
    world_install_good(&scene.router, &scene.image);
    scene.known[0].is_revoked = true;
    scene.router.policy.compatible = elsewhere;
    scene.router.policy.compatible_count = 1;
    scene.router.policy.now = 4000000000u;
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    scene.rec.counter_floor = 6;
    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    assert_int_equal(install_back(&scene.router.install, &needs_restart), TDM_E_REFUSED);
    assert_string_equal(scene.router.install.fault.code, "below_floor");
    scene.rec.counter_floor = 5;
    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    assert_int_equal(install_back(&scene.router.install, &needs_restart), TDM_OK);
}

/* The bundle counts too when it is another one than runs; when it stays, nothing gets older by it. */
static void the_way_back_counts_both_halves(void **state)
{
    (void)state;
    sample_image_sign(&scene.image, &scene.keys[0]);
    world_install_good(&scene.router, &scene.image);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    uint8_t back = scene.rec.back.rcp, runs = scene.rec.host[TDM_HOST_A].rcp;
    scene.rec.counter_floor = 5;
    scene.rec.rcp[back].counter = 4;
    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    assert_int_equal(install_back(&scene.router.install, &needs_restart), TDM_E_REFUSED);
    assert_string_equal(scene.router.install.fault.code, "below_floor");
    scene.rec.rcp[runs].counter = 4;
    scene.rec.host[TDM_HOST_B].rcp = scene.rec.back.rcp = runs; /* as after an update of the host alone */
    world_store(&scene.router, &scene.rec);
    world_begin(&scene.router);
    assert_int_equal(install_back(&scene.router.install, &needs_restart), TDM_OK);
}

static void a_radio_alone_gives_the_pair_its_version_and_takes_it_back(void **state)
{
    (void)state;
    policy_radio_alone();
    memcpy(scene.image.bytes + scene.image.manifest_at + 32, "1.5.0", 5);
    policy_stage();
    assert_string_equal(scene.rec.host[TDM_HOST_B].pair_version, "1.4.0");
    world_begin(&scene.router);
    assert_int_equal(install_arm(&scene.router.install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_string_equal(scene.rec.host[TDM_HOST_B].pair_version, "1.5.0");
    assert_string_equal(scene.rec.back.pair_version, "1.4.0");
    world_begin(&scene.router);
    assert_int_equal(install_cancel(&scene.router.install), TDM_OK);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    assert_string_equal(scene.rec.host[TDM_HOST_B].pair_version, "1.4.0");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_keeps_what_a_pair_states, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(a_host_alone_names_the_running_bundle, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(the_way_back_asks_for_identity_and_the_floor, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(the_way_back_counts_both_halves, policy_open, policy_close),
        cmocka_unit_test_setup_teardown(a_radio_alone_gives_the_pair_its_version_and_takes_it_back, policy_open,
                                        policy_close),
    };
    return cmocka_run_group_tests(tests, policy_make_keys, policy_free_keys);
}
