/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_scene: what tests of a router's demands begin with: a router with keys that runs a signed pair, and a newer image.
 *
 * Used by   unit tests of install.   Uses  install_world, sample_keys.
 * The images state counter 5, version 1.4.0, acme,br-1, API 11 (least 4), issued ISSUED.
 */
#ifndef SUPPORT_POLICY_SCENE_H
#define SUPPORT_POLICY_SCENE_H

#include "support/install_world.h"

#define ISSUED 1000000000u

extern struct policy_scene {
    struct install_world router;
    struct sample_image first, image; /* what runs; what a test changes, signs and serves */
    struct sample_key keys[2];
    struct tdm_key known[2]; /* of which trust names the first alone */
    struct judge_trust trust;
    struct slot_record rec; /* the router's, when the scene opens */
} scene;

/* cmocka's set-up and tear-down of a group of tests. */
int policy_make_keys(void **state);
int policy_free_keys(void **state);

/* And of one: it runs the signed pair of version 1.4.0 from slot B, its radio proven, and trusts key 0. */
int policy_open(void **state);
int policy_close(void **state);

/* Changes to the image, before it is signed. */
void policy_state32(size_t field, uint32_t value);
void policy_state16(size_t field, uint16_t value);
void policy_nothing(void);
void policy_expires(void); /* 10 seconds after it was issued */
void policy_host_alone(void);
void policy_radio_alone(void);

/* Signed by key 0, staged; the record is read again. */
void policy_stage(void);

#endif
