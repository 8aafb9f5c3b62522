/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_policy: what the device's own facts say of an image whose front is believed. Checks J of docs/FORMAT.md.
 *
 * Used by   judge.c, judge_front.c.   Uses  base/semver.
 * Pure      facts and verdict in, answer out. A fact that is not stated leaves its check out; nothing in the image can.
 */
#ifndef TANDEM_JUDGE_POLICY_H
#define TANDEM_JUDGE_POLICY_H

#include <tandem/judge.h>

/* J1 to J10 of an image with manifest; manifest_at: its offset in the file. */
TDM_MUST_USE tdm_err judge_policy_check(const struct judge_facts *f, const struct judge_verdict *v,
                                        uint64_t manifest_at, struct tdm_fault *fault);

/* What a plain image can be asked at its front: the counter, which is 0, and J10. */
TDM_MUST_USE tdm_err judge_policy_check_plain(const struct judge_facts *f, const struct judge_verdict *v,
                                              struct tdm_fault *fault);

/* J1 and J2, which a plain image is asked at its end, when its id is known. */
TDM_MUST_USE tdm_err judge_policy_check_id(const struct judge_facts *f, const struct judge_verdict *v,
                                           struct tdm_fault *fault);

/* Check F6: do a radio and a host of these numbers speak with each other? */
bool judge_policy_do_speak(const struct judge_half *radio, const struct judge_half *host);

#endif
