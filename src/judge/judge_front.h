/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_front: what the front of an image decides, the front being its header table and part 0.
 *
 * Used by   judge.c.   Uses  manifest, judge_policy, crypto.
 * Order     that of docs/FORMAT.md: of a plain image T2, then what can be asked without a manifest; else M, G, F and J.
 *           Until the signatures were looked at nothing is believed but lengths.
 */
#ifndef TANDEM_JUDGE_FRONT_H
#define TANDEM_JUDGE_FRONT_H

#include <tandem/judge.h>

/* The version text is all of part 0. */
TDM_MUST_USE tdm_err judge_front_plain(struct judge *j);
/* bytes: all that stands behind the version text's NUL, as it lies in the parser's front. The image id is known then. */
TDM_MUST_USE tdm_err judge_front_manifest(struct judge *j, const uint8_t *bytes, size_t len);

#endif
