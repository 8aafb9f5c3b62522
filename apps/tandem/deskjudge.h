/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deskjudge: an image file before the judge that routers run, without a router: no slots, no radio, no floors.
 *
 * Used by   image verify, image sign.   Uses  judge, filework.
 * Failures  are reported here, as a command does; the exit number is returned.
 */
#ifndef TANDEM_DESKJUDGE_H
#define TANDEM_DESKJUDGE_H

#include <tandem/judge.h>

#include "app.h"

/* Facts of a desk: every one that only a device knows is left open. */
struct judge_facts deskjudge_facts(void);

int deskjudge_ask(struct app *app, const char *path, struct tdm_crypto *crypto, const struct judge_facts *facts,
                  struct judge_verdict *verdict);

#endif
