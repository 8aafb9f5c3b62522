/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_recover: after a failure of the wire or the loader: back to one that answers, at a lower rate if need be.
 *
 * Used by   esprom_update, esprom_stream.   Uses  esprom_connect, esprom_flash (rate), esprom_link.
 * Bounds    the caller counts rounds and failures, and stops; one recovery is at most one session's connect.
 */
#ifndef TANDEM_ESPROM_RECOVER_H
#define TANDEM_ESPROM_RECOVER_H

#include <tandem/esprom.h>

/* What an update has come to so far. */
struct esprom_rounds {
    uint32_t least;             /* differing sectors, at the best */
    unsigned stalled, failures; /* rounds without progress at this rate; failures in all */
    struct tdm_fault last;
};

/* Is the engine's fault one that a recovery may overcome? */
bool esprom_may_heal(const struct esprom *e);

/*
 * Does the loader still answer? Then it is in no other state than one that was reset: SYNC does no harm in the midst of a
 * stream. An error is the port's, or of whoever stopped it.
 */
TDM_MUST_USE tdm_err esprom_look(struct esprom *e, bool *answers);

/*
 * The first failure at a place is met by SYNC; the next, or silence, by a reset and the next lower rate, which has its own
 * rounds: so the last one is reached before it is given up. Without lines a loader that answers is told to go slower; the
 * fault of one that is silent is the one of the round. What the port, or whoever stopped it, says goes through as it is.
 */
TDM_MUST_USE tdm_err esprom_recover(struct esprom *e, struct esprom_rounds *r);

#endif
