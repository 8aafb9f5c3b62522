/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_replay: what lies in the slots, read from the medium once more and judged.
 *
 * Used by   install.c.   Uses  slot, judge, install_digest.
 * Codes     staged_differs, stored_differs (CORRUPT): the medium has other bytes than were stored. slot_not_read. Else the
 *           judge's: these very bytes were stored, and are not welcome any more.
 */
#ifndef TANDEM_INSTALL_REPLAY_H
#define TANDEM_INSTALL_REPLAY_H

#include <tandem/install.h>

/* The slots that in->plan names must hold what in->verdict says, which is then the judge's of what was read. */
TDM_MUST_USE tdm_err install_read_back(struct install *in);

/* The same for the older pair: bundle and host may come from two images, so each is held against its own digest. */
TDM_MUST_USE tdm_err install_read_older(struct install *in);

#endif
