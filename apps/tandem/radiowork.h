/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radiowork: the boot flow's engine set up from this router's ports, and its outcome as a result.
 *
 * Used by   boot, rcp update, rcp probe, ota download.   Uses  reconcile, device, status.
 */
#ifndef TANDEM_RADIOWORK_H
#define TANDEM_RADIOWORK_H

#include <tandem/reconcile.h>

#include "device.h"

/* Without lines: how long somebody who has just typed a command may take to find the radio's buttons. */
#define RADIOWORK_HAND_MS 60000u

/*
 * Stand-ins for what could not be opened: a port that nobody is at the other end of, no lines. A start of the machine
 * goes on without a radio, since a new pair that cannot reach its radio must go back.
 */
void radiowork_stand_in(struct device *dev);

void radiowork_init(struct app *app, struct device *dev, struct reconcile *flow);

/* A radio that answers, and no sign of a reset: what is wrong is then neither its power nor its TX. */
const struct tdm_fault *radiowork_blame(const struct tdm_fault *fault, bool radio_answers, bool is_wired);

/* What was found, what was done, and the failure if there is one; returns the exit number. */
int radiowork_report(struct app *app, const struct reconcile *flow, enum reconcile_outcome outcome, tdm_err err);

/* What reconcile_predict found. */
int radiowork_report_prediction(struct app *app, const struct reconcile *flow, tdm_err err);

/* The same of a flow that left the radio alone. */
int radiowork_report_unasked(struct app *app, const struct reconcile *flow, enum reconcile_outcome outcome,
                             tdm_err err);

#endif
