/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: the results of the past, a ring in a small flash region of its own.
 *
 * Used by   the commands, after each that may have had a result.   Uses  flash.
 * Memory    the caller owns every struct; nothing is allocated.
 * Places    one erase block an entry, the place follows from the entry's number: so there is no state but the entries.
 *           The oldest is overwritten.
 * Power     A cut in the middle of an append costs the entry that was overwritten and the new one, never another. The
 *           record of the pair holds the last result with its number: who appends looks there, and so nothing is lost
 *           that a later append does not make good.
 */
#ifndef TANDEM_HISTORY_H
#define TANDEM_HISTORY_H

#include <stdint.h>

#include <tandem/err.h>
#include <tandem/flash.h>

#define HISTORY_ID_LEN   32
#define HISTORY_TEXT_MAX 47

struct history_entry {
    uint32_t number; /* rises by one with every result; 0 is none */
    uint8_t code;    /* enum slot_result                           */
    uint64_t time;   /* seconds since 1970, 0: nobody knew         */
    uint8_t id[HISTORY_ID_LEN];
    char version[HISTORY_TEXT_MAX + 1], reason[HISTORY_TEXT_MAX + 1];
};

/* How many entries there may be. */
uint32_t history_places(const struct tdm_flash *flash);
/* NOT_FOUND: no entry lies there, or none that is whole. */
TDM_MUST_USE tdm_err history_get(struct tdm_flash *flash, uint32_t place, struct history_entry *out);
/* The entry of this number. */
TDM_MUST_USE tdm_err history_find(struct tdm_flash *flash, uint32_t number, struct history_entry *out);
/* In place of the oldest. NO_ROOM when the region has no place at all. */
TDM_MUST_USE tdm_err history_append(struct tdm_flash *flash, const struct history_entry *entry);

#endif
