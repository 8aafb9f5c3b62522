/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_watch: what must hold in a pair_world whatever happens: docs/DESIGN.md, "The pair transaction", what always holds.
 *
 * Used by   the power-cut campaigns.   Uses  pair_world.
 * It judges by what is durable at that moment, by the simulated radio's flash and by the boot selection, never by what
 * a flow says of itself. Before each write of a slot, each selection and each write of the radio's flash it asks whether
 * the record that announces it is durable in both copies. The first breach stays in `broken`.
 */
#ifndef SUPPORT_PAIR_WATCH_H
#define SUPPORT_PAIR_WATCH_H

#include "support/pair_world.h"

#define WATCH_IMAGES 10
#define WATCH_RECORD 8192 /* bytes of the world's record flash */

struct pair_watch {
    struct pair_world *w;
    const char *broken;
    const struct sample_image *images[WATCH_IMAGES]; /* every image that may be stored */
    const char *says[WATCH_IMAGES];                  /* and what a radio with it answers, NULL: nothing */
    uint8_t digests[WATCH_IMAGES][SLOT_ID_LEN];      /* of their bundles                                */
    size_t image_count;
    bool had_record;             /* at the beginning */
    uint8_t newest[SLOT_ID_LEN]; /* image id of the update under way, zero: none yet */
    uint32_t newest_counter, floor_before;
    bool is_back;              /* the update is a rollback: its bundle is a proven one all along */
    bool newest_is_host;       /* a host alone: its id stands in no RCP slot */
    uint8_t back_host;         /* to this host                                                   */
    bool rotten[WATCH_IMAGES]; /* what is stored of them has rotted, by the test's own hand      */

    /* The last look at the record: most effects find it as the one before did. */
    uint8_t seen[WATCH_RECORD];
    struct slot_record seen_record;
    enum slot_store_state seen_state;
    bool has_seen;
};

/* Watches until the world is closed. */
void watch_begin(struct pair_watch *p, struct pair_world *w);
void watch_image(struct pair_watch *p, const struct sample_image *s, const char *says);
void watch_update(struct pair_watch *p, const struct sample_image *s, uint32_t counter);
/* Back to this one, and to the host that the record says now; the floor stays as it is. */
void watch_back(struct pair_watch *p, const struct sample_image *s);
/* A bit of a stored bundle turns over, and the watch knows it was not the product. False: nothing is stored there. */
bool watch_rot(struct pair_watch *p, uint8_t rcp);

/* The record as it would be found after a cut now. */
enum slot_store_state watch_peek(struct pair_watch *p, struct slot_record *out);

/* At any time. */
void watch_visit(struct pair_watch *p);
/* After a start that was not cut: what it said against what is. */
void watch_outcome(struct pair_watch *p, enum reconcile_outcome outcome);

/* Is the update recorded as proven? */
bool watch_is_proven(struct pair_watch *p);
bool watch_is_bad(struct pair_watch *p);
/* The state of the update's bundle, SLOT_EMPTY when it is not stored. */
enum slot_state watch_state(struct pair_watch *p);
/* Which image the radio's flash wholly holds: WATCH_IMAGES if none. */
size_t watch_radio_image(const struct pair_watch *p);

#endif
