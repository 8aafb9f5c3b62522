/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies: one small durable record, kept in two copies, each in erase blocks of its own.
 *
 * Used by   slot_store (the record of the pair), ports/linux/bootsel_record.c (the boot record).   Uses  flash.
 * Memory    the caller owns the struct and the buffer; nothing is allocated.
 * Power     A commit writes the older copy, syncs and reads it back: that is the commit. Then it writes the same bytes
 *           over the other copy. A cut leaves the old or the new record, whole. What a commit announces may begin only
 *           after it has returned TDM_OK: from then on the loss of either copy loses nothing.
 * Units     bytes. One caller at a time.
 */
#ifndef TANDEM_COPIES_H
#define TANDEM_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/flash.h>

/*
 * Says what `room` bytes are, and their sequence: TDM_OK a usable record, TOO_NEW one of a newer format version, anything
 * else no record. Sequences start at 1 and rise by 1 with every commit.
 */
typedef tdm_err (*tdm_copies_check)(const uint8_t *bytes, uint32_t room, uint32_t *sequence);

enum tdm_copies_found {
    TDM_COPIES_OK,    /* buf holds the newest record                                       */
    TDM_COPIES_EMPTY, /* never written, or its very first commit was cut                   */
    TDM_COPIES_LOST,  /* there was a record, and both copies are invalid                   */
};

struct tdm_copies {
    struct tdm_flash *flash;
    tdm_copies_check check;
    uint8_t *buf;  /* room bytes, the caller's */
    uint32_t room; /* of one copy: a multiple of the flash's prog_size */
    uint32_t sequence[2];
    bool is_valid[2];
    bool is_loaded; /* a commit needs a load before it, also after a commit that failed */
};

void tdm_copies_init(struct tdm_copies *c, struct tdm_flash *flash, tdm_copies_check check, uint8_t *buf,
                     uint32_t room);

/*
 * Finds the newest usable copy, and writes the other anew when that is older or unusable. IO when a read fails;
 * TOO_NEW when no copy is usable and one is of a newer version: nothing is written then, and no commit is possible.
 * BOUNDS when the flash is too small for two copies.
 */
TDM_MUST_USE tdm_err tdm_copies_load(struct tdm_copies *c, enum tdm_copies_found *found);
/* The same without writing anything, for those who only look; no commit is possible after it. */
TDM_MUST_USE tdm_err tdm_copies_peek(struct tdm_copies *c, enum tdm_copies_found *found);

/* The sequence that the record in buf must carry when it is committed next. */
uint32_t tdm_copies_next_sequence(const struct tdm_copies *c);
/* Commit what is in buf. STATE without a load before; CORRUPT when what was written does not read back. */
TDM_MUST_USE tdm_err tdm_copies_commit(struct tdm_copies *c);

#endif
