/* SPDX-License-Identifier: Apache-2.0 */
#include "support/policy_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct policy_scene scene;

int policy_make_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        sample_key_make(&scene.keys[i], i);
    return 0;
}

int policy_free_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        sample_key_free(&scene.keys[i]);
    return 0;
}

static void build(struct sample_image *s, uint8_t seed, size_t host_size, bool is_host_only)
{
    sample_image_build(
        s, &(struct sample_spec){.cells = 2, .seed = seed, .host_size = host_size, .is_host_only = is_host_only});
}

int policy_open(void **state)
{
    static const char *const boards[] = {"acme,br-1b", "acme,br-1"};

    (void)state;
    world_open(&scene.router, true);
    scene.known[0] = scene.keys[0].known;
    scene.known[1] = scene.keys[1].known;
    scene.trust = (struct judge_trust){.keys = scene.known, .count = 1, .threshold = 1};
    scene.router.policy = (struct install_policy){
        .trust = &scene.trust,
        .compatible = boards,
        .compatible_count = 2,
        .host_family = MANIFEST_HOST_OPAQUE,
        .host_chip = JUDGE_CHIP_UNKNOWN,
        .host_revision = JUDGE_REVISION_UNKNOWN,
    };
    build(&scene.first, 1, 900, false);
    sample_image_sign(&scene.first, &scene.keys[0]);
    world_install_good(&scene.router, &scene.first);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
    scene.rec.radio.api = 11;
    scene.rec.radio.least_host_api = 4;
    world_store(&scene.router, &scene.rec);
    build(&scene.image, 2, 1000, false);
    return 0;
}

int policy_close(void **state)
{
    (void)state;
    world_close(&scene.router);
    return 0;
}

void policy_state32(size_t field, uint32_t value)
{
    sample_put32(scene.image.bytes + scene.image.manifest_at + field, value);
}

void policy_state16(size_t field, uint16_t value)
{
    sample_put16(scene.image.bytes + scene.image.manifest_at + field, value);
}

void policy_nothing(void)
{
}

void policy_expires(void)
{
    policy_state32(16, ISSUED + 10);
}

void policy_host_alone(void)
{
    build(&scene.image, 2, 1000, true);
}

void policy_radio_alone(void)
{
    build(&scene.image, 2, 0, false);
}

void policy_stage(void)
{
    sample_image_sign(&scene.image, &scene.keys[0]);
    world_serve(&scene.router, &scene.image);
    world_begin(&scene.router);
    assert_int_equal(install_stage(&scene.router.install, "test:image"), TDM_OK);
    assert_int_equal(world_load(&scene.router, &scene.rec), SLOT_STORE_OK);
}
