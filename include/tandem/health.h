/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: port to what the router's owner knows about its health and Tandem cannot: the user's own check.
 *
 * Implemented by  ports/linux/health_command.c (a command), tests.   Called by  reconcile, once per health gate.
 *
 * Contract  check: TDM_OK: healthy. Anything else is not, with err, code and text in `why`. It comes back by a deadline of
 *           its own, whatever happens, and may be asked again at the next start.
 */
#ifndef TANDEM_HEALTH_H
#define TANDEM_HEALTH_H

#include <tandem/err.h>

struct tdm_health;

struct tdm_health_ops {
    tdm_err (*check)(struct tdm_health *h, struct tdm_fault *why);
};

struct tdm_health {
    const struct tdm_health_ops *ops;
};

/* h NULL: nobody is to be asked, which is healthy. */
TDM_MUST_USE tdm_err tdm_health_check(struct tdm_health *h, struct tdm_fault *why);

#endif
