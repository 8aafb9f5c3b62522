/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_resume: what is left of a download that was cut, and what to leave for the next one.
 *
 * Used by   install_store, install_stream, install.c.   Uses  install_journal, crypto.
 * Rule      The journal claims, the slots' bytes prove. A claim counts when the record still has its slots WRITING, it is
 *           about the image whose front has just been judged, and the slots' bytes hash to what it says. So nothing hangs
 *           on the order in which the medium takes writes: what did not land is not believed.
 * Which     An image with manifest is known by its front, wherever it comes from. A plain one by its front, the address
 *           without user and password, the source's validator and the length.
 */
#ifndef TANDEM_INSTALL_RESUME_H
#define TANDEM_INSTALL_RESUME_H

#include <tandem/install.h>

/* Which download it is (install_name.c). Fills in->claim, all but the offset and the digests, from what the judge holds of the front. */
TDM_MUST_USE tdm_err install_resume_name(struct install *in, const struct judge_verdict *front);

/* So many of the image's first bytes are in the slots, proven just now. Ends early where the operator has had enough. */
uint64_t install_resume_find(struct install *in);

/* ---- while bytes go into the slots ---- */

/* How many of len bytes from in->at on may pass before the next claim is due. */
size_t install_resume_until(const struct install *in, size_t len);
/* in->at has moved: claim, if it is time. An error is the slot's. */
TDM_MUST_USE tdm_err install_resume_claim(struct install *in);
/* The download has stopped: what was claimed last survives a power cut too, as far as the storage allows. */
void install_resume_settle(struct install *in);

/* The slots are needed for something else, or are whole. */
void install_resume_forget(struct install *in);

#endif
