/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reconcile_parts: how the files of this room call each other. From top to bottom: reconcile.c (the boot flow),
 * reconcile_trial.c (confirm, verdict), reconcile_radio.c (is it right, and what next), reconcile_ask.c (who is it),
 * reconcile_flash.c (compare and write regions), reconcile_bundle.c (the stored bundle, judged).
 */
#ifndef TANDEM_RECONCILE_PARTS_H
#define TANDEM_RECONCILE_PARTS_H

#include <tandem/reconcile.h>

/* Commit r->record. A failure is kept in r->fault: after it nothing may be done that the commit would have announced. */
TDM_MUST_USE tdm_err reconcile_commit(struct reconcile *r);

/* No proof is possible: the reason goes into the fault and, when the record can be written, into the record. */
void reconcile_degrade(struct reconcile *r, const struct tdm_fault *why);

/* Why the radio is not right. */
static inline tdm_err reconcile_fail(struct reconcile *r, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&r->attempt, err, code, what, at);
}

/* Ask the radio; r->radio_answers and r->radio, or why not in r->attempt. */
void reconcile_ask(struct reconcile *r);
void reconcile_ask_once(struct reconcile *r); /* where silence changes nothing */
/* With every reset that there is, if need be. hears_rom: when it says then that there is no firmware, none is waited for. */
void reconcile_ask_all(struct reconcile *r, bool hears_rom);
void reconcile_ask_after_reset(struct reconcile *r); /* that was just made: its firmware may not be up */

/* Make the radio right for the running row. TDM_OK: it is. Else why not is in r->attempt. */
TDM_MUST_USE tdm_err reconcile_radio_right(struct reconcile *r);
/* What that would cost, in r->cost, without writing anything. Why that is not known is in r->attempt. */
TDM_MUST_USE tdm_err reconcile_radio_predict(struct reconcile *r);
/* Why it is not: all of it is flashed, and there are no lines to start it with. */
bool reconcile_waits_for_hand(const struct reconcile *r);

/* Why it is not: the port to it is not there, or went away. */
bool reconcile_is_portless(const struct reconcile *r);
/* Why it is not: the operator stopped it. */
bool reconcile_is_stopped(const struct reconcile *r);

/* The health gate. TDM_OK, or why not. */
TDM_MUST_USE tdm_err reconcile_gate(struct reconcile *r, struct tdm_fault *why);
/* Its part about the radio that last answered. */
bool reconcile_radio_fits(const struct reconcile *r, struct tdm_fault *why);

/* The trial's radio is right: gate, then confirm or wait; it cannot be had: go back. Both fill the outcome unless the
 * radio is to be reconciled once more (backwards), which *again says. */
void reconcile_end_trial(struct reconcile *r, enum reconcile_outcome *outcome, bool *again);
/* Steps 10 and 11. An error of the selector is kept in *why, and nothing was committed then. */
void reconcile_confirm(struct reconcile *r, struct tdm_fault *why);
void reconcile_go_back(struct reconcile *r, const struct tdm_fault *why, enum reconcile_outcome *outcome, bool *again);
/* Away from a refused host: to the other one if it is proven, else degraded. */
void reconcile_return(struct reconcile *r, enum reconcile_outcome *outcome);
void reconcile_cannot_go_back(struct reconcile *r);
/* Switch and say that a restart is due. A switch that fails is bounded by what the record counts. */
void reconcile_switch(struct reconcile *r, enum tdm_host_slot to, enum tdm_select how, enum reconcile_outcome *outcome);

/* Judge the bundle in an RCP slot from its medium, whole; layout and version text are known after TDM_OK. */
TDM_MUST_USE tdm_err reconcile_bundle_load(struct reconcile *r, uint8_t slot);

/* Both go through the ROM and leave the radio running its firmware. Why they failed is in r->attempt. */
TDM_MUST_USE tdm_err reconcile_regions_compare(struct reconcile *r, bool *is_equal);
TDM_MUST_USE tdm_err reconcile_regions_predict(struct reconcile *r, uint32_t baud);
TDM_MUST_USE tdm_err reconcile_regions_write(struct reconcile *r, uint32_t baud);

/* Reset the radio into its firmware, and hear from its ROM whether it has any. Why it has none is in *fault. */
TDM_MUST_USE tdm_err reconcile_start_firmware(struct reconcile *r, struct tdm_fault *fault);

#endif
