/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_story: one order to a router and what became of it, from the first operation to rest, with the power cut where
 * the caller says. The scenarios are the table in power_story.c.
 *
 * Used by   power_pair.   Uses  pair_watch, pair_world: the shipped install and reconcile in virtual time.
 * Rest      The machine starts again until nothing asks for a restart. Then the order is given once more, without a cut,
 *           unless it has found its end: a good image must come through, a bad one must leave the old pair running and be
 *           refused from then on.
 */
#ifndef POWER_STORY_H
#define POWER_STORY_H

#include "support/pair_watch.h"

enum story_start { NEVER_UPDATED, ONE_PAIR, TWO_PAIRS, TWO_HOSTS /* of one bundle */ };

/* What happens to the router before the order, uncut. */
enum story_before {
    NOTHING,
    STAGED,        /* the image is stored and verified  */
    ARMED,         /* and switched to, not started yet  */
    OTHER_STAGED,  /* another image is                  */
    RADIO_WIPED,   /* somebody erased the radio's flash */
    OWN_ROTTED,    /* and the running pair's bundle has rotted in its slot */
    OTHER_SELECTED /* somebody made the boot loader start the older host   */
};

enum story_order { UPDATE, BACK, CANCEL, ADOPT, START };

/* Said to a trial that waits for it. */
enum story_word { SILENCE, CONFIRM, REFUSE };

enum story_end {
    PROVEN,     /* the image runs, and is recorded so    */
    CONDEMNED,  /* the old pair runs, and the image is refused from then on */
    TAKEN_BACK, /* the old pair runs, nothing is held against the image     */
    EITHER,     /* an armed update: proven where the cut came first, else taken back */
    RIGHT,      /* the radio holds the image and runs it */
    SUBSTITUTED
};

struct story {
    const char *name;
    enum story_start start;
    enum story_order order;
    const struct sample_image *image;
    enum story_end end;
    enum story_before before;
    enum story_word word;
    bool has_no_slots;    /* the host                                   */
    bool own_supply;      /* the radio keeps its power at every cut     */
    bool never_boots;     /* the new host                               */
    bool goes_on;         /* a journal, and a source with ranges        */
    uint32_t start_limit; /* of the boot loader's counter, 0: no counter */
};

/* One or two cuts: before operation at, and at operation second counted from the first; at 0: no cut. */
struct story_cut {
    uint64_t at;
    enum fake_tear tear;
    enum fake_unsynced unsynced;
};

struct story_cuts {
    struct story_cut first, second;
};

struct story_result {
    unsigned falls;        /* times the power went: fewer than asked when all was over before */
    bool fell_unsynced;    /* at the last fall, something waited for its sync                 */
    unsigned outcome;      /* which of STORY_OUTCOMES it first came to rest in                */
    const char *violation; /* or NULL                                                         */
};

#define STORY_OUTCOMES ((RECONCILE_DEGRADED + 1) * SLOT_STATE_COUNT * 2 * (WATCH_IMAGES + 1))

extern const struct story stories[];
extern const size_t story_count;

void story_build_images(void);
/* The world before the order, made once by the shipped flows. */
void story_begin(const struct story *s);
/* From there, as often as wanted. */
struct story_result story_run(const struct story *s, const struct story_cuts *c);

#endif
