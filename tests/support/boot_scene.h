/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_scene: what tests of the boot flow begin with: a router whose record says this or that, and four radio images.
 *
 * Used by   unit tests of reconcile.   Uses  pair_world.
 * A has the old bundle in r0 (image id 01 in every byte); a trial brings the new one in r1 (image id 02).
 */
#ifndef SUPPORT_BOOT_SCENE_H
#define SUPPORT_BOOT_SCENE_H

#include "support/pair_world.h"

enum scene_record { PROVEN, UNMANAGED_RECORD, HOST_TRIAL, RADIO_TRIAL };

extern struct pair_world w;
extern struct sample_image old_image, new_image, mute_image, misnamed_image;
extern const char old_text[], new_text[];

/* cmocka's set-up and tear-down of one world: never updated, an empty chip without power. */
int scene_open(void **state);
int scene_close(void **state);

/* A host trial also selects B and starts it. */
struct slot_record scene_record(enum scene_record kind, const struct sample_image *on_trial);
/* The same, and this in the radio, which runs. */
struct slot_record scene_with(const struct sample_image *in_radio, enum scene_record kind,
                              const struct sample_image *on_trial);
/* Store a bundle; its image id is `id` in every byte. */
void scene_stock(struct slot_record *rec, enum slot_rcp slot, const struct sample_image *s, uint8_t id,
                 enum slot_state state);
void scene_holds(struct slot_record *rec, uint8_t id); /* 0: unknown */

/* One start, which ends so and says why. */
void scene_is_degraded(const char *code);
/* Start again and again as the outcome says; how many starts until rest. */
int scene_run_to_rest(enum reconcile_outcome *outcome);

/* So that a test can see that nothing was touched from here on. */
void scene_forget_counts(void);
void scene_nothing_was_touched(void);

#endif
