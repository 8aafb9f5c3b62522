/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trialdog: the hardware watchdog through a trial: a new pair that hangs costs a try, not a walk to the router.
 *
 * Used by   boot.   Uses  ports/linux/hw_watchdog, status.
 * It listens where progress is told: whoever makes progress is alive.
 */
#ifndef TANDEM_TRIALDOG_H
#define TANDEM_TRIALDOG_H

#include "device.h"
#include "linux/hw_watchdog.h"

struct trialdog {
    struct tdm_log port;
    struct tdm_log *to;
    struct watchdog dog;
};

/* The log that the flow is to use: with a trial pending and [boot] watchdog set, one that feeds it. */
struct tdm_log *trialdog_begin(struct trialdog *t, struct app *app, struct device *dev);
/* restarts: the machine is on its way down; a restart that hangs is made by the watchdog. */
void trialdog_end(struct trialdog *t, bool restarts);

#endif
