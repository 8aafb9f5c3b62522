/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_journal: claims about a download, kept in a small flash region of their own.
 *
 * Used by   install_resume, the fuzzer.   Uses  flash, base (the frame of every small record).
 * Places    two for claims that are synced, by turns, and one for those that are not: a power cut that tears one of these
 *           leaves the synced ones as they were. One erase block each. docs/FORMAT.md has the bytes.
 * Trust     none: install_resume asks the slots.
 * Failure   a journal that cannot be read or written, or that a later version wrote, is left alone from then on: an
 *           update does without.
 */
#ifndef TANDEM_INSTALL_JOURNAL_H
#define TANDEM_INSTALL_JOURNAL_H

#include <tandem/install.h>

/* flash: NULL for none. Finds out where to go on; log (or NULL) is told when it is of no use. */
void install_journal_open(struct install_journal *j, struct tdm_flash *flash, struct tdm_log *log);

/* What lies in this place. NOT_FOUND: no claim, or none that is whole. TOO_NEW: one of a later version. */
TDM_MUST_USE tdm_err install_journal_get(struct tdm_flash *flash, uint32_t place, uint32_t *sequence,
                                         struct install_claim *out);

/* The newest claim of this kind is replaced. The caller has synced what a synced one says. */
TDM_MUST_USE tdm_err install_journal_put(struct install_journal *j, const struct install_claim *claim, bool is_synced);

/* No claim is left, durably. */
TDM_MUST_USE tdm_err install_journal_clear(struct install_journal *j);

#endif
