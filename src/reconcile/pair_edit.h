/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair_edit: what each event of the boot flow changes in the record. Pure; the caller commits.
 *
 * Used by   reconcile.   Uses  slot's types, boot_table.
 * A function that can fail leaves the record as it was: STATE when the slot table has no row for the event.
 * One that answers bool says whether anything changed, so that nothing is written when nothing is new.
 */
#ifndef TANDEM_RECONCILE_PAIR_EDIT_H
#define TANDEM_RECONCILE_PAIR_EDIT_H

#include <tandem/slot.h>

#include "reconcile/boot_table.h"

/* The commit of a boot step. reason: of a verdict, else not used. */
TDM_MUST_USE tdm_err pair_apply(struct slot_record *rec, enum tdm_host_slot running, enum boot_commit commit,
                                const char *reason);

/* A trial has failed: its image is refused from now on, and the pair to go back to is the only one. */
TDM_MUST_USE tdm_err pair_condemn(struct slot_record *rec, const char *reason);
/* A trial has passed its gate in this start, and waits for the operator. */
bool pair_waits(struct slot_record *rec);
/* A trial has been proven. */
TDM_MUST_USE tdm_err pair_prove(struct slot_record *rec);

void radio_begin(struct slot_record *rec); /* its content is unknown from the first erased sector on */
/* The same with the other bundle: what the own one had left is used up by that. */
void radio_begin_other(struct slot_record *rec);
/* The other bundle is right: the row follows it, so that the next install overwrites the one that fails. */
void pair_substitute(struct slot_record *rec, enum tdm_host_slot running, uint8_t rcp, const char *reason);
void radio_failed(struct slot_record *rec); /* it was flashed, or could not be, and is not right      */
void radio_holds(struct slot_record *rec, const uint8_t id[SLOT_ID_LEN]);

/*
 * The rate to flash at: the first time the configured one, or the lower one that worked when it was last flashed; after a
 * failure the one that the ROM begins with, since slow wires heal that way.
 */
uint32_t radio_rate(const struct slot_record *rec, uint32_t configured);
/*
 * A flash that is right ended at this rate. A lower one than configured is kept for the next flash; when that needs no help,
 * the one after it is at the configured rate again: wires are mended, and to try costs one reset.
 */
void radio_keep_rate(struct slot_record *rec, uint32_t configured, uint32_t reached, bool was_easy);

/* What the radio said when it was right. */
struct radio_proof {
    uint32_t text_crc;
    uint16_t api, least_host_api;
};
bool radio_proven(struct slot_record *rec, const struct radio_proof *proof);
bool radio_reset_counters(struct slot_record *rec);
bool radio_degraded(struct slot_record *rec, const char *reason);

#endif
