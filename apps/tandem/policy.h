/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what this router demands of an image, from its configuration: keys, board, host chip, clock.
 *
 * Used by   ota download, ota apply, rcp adopt (policy_load); ota status (the keys alone).   Uses  keys_openssl, wall_clock.
 * Memory    the struct belongs to the command, and lives as long as what it has filled.
 */
#ifndef TANDEM_POLICY_H
#define TANDEM_POLICY_H

#include <tandem/install.h>

#include "app.h"
#include "linux/keys_openssl.h"

struct policy {
    struct keys_list keys;
    struct judge_trust trust;
    char names[CONFIG_TEXT_MAX]; /* [device] compatible, cut into words */
    const char *compatible[JUDGE_COMPATIBLE_MAX];
    struct install_policy install;
};

/* The whole policy; a configuration that is wrong anywhere is refused. Reported failures give the exit number. */
int policy_load(struct app *app, struct policy *p);

/* The keys alone, with `why` instead of a report; p->keys.file then says which file or folder. */
TDM_MUST_USE tdm_err policy_load_keys(const struct config *cfg, struct policy *p, struct tdm_fault *why);

#endif
