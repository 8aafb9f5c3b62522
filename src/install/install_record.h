/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_record: what an install does to the record, one function per commit. Pure: no ports.
 *
 * Used by   install.c.   Uses  slot, judge (verdicts).
 * Changes go through the state table of src/slot; a change that it has no row for is refused with code bad_state, and
 * the record is then not to be committed.
 *
 * code               why an install does not begin
 * trial_pending      a pair is on trial: its fallback must not be overwritten
 * restart_pending    the next start would boot the other slot: whatever it is, somebody wants it
 * host_not_proven    the running host is not GOOD
 * already_installed  this image is what runs
 * nothing_staged     there is nothing to switch to, or to take back
 * trial_running      what was armed runs already: too late to take it back as if nothing had been
 * nothing_to_go_back there is no older pair, or it is not proven any more
 * back_has_no_bundle the older host's radio firmware was never stored
 * below_floor        what is stored has a lower security counter than one that was proven
 * no_bundle          a host alone can only be replaced when the bundle it is to work with is stored
 * known_bad          what is stored has failed since
 */
#ifndef TANDEM_INSTALL_RECORD_H
#define TANDEM_INSTALL_RECORD_H

#include <tandem/install.h>

/* Is this the time to begin? Fills plan.running, .host and .rcp; the kind is known when the image's front is. */
TDM_MUST_USE tdm_err install_plan_begin(const struct slot_record *rec, enum tdm_host_slot running,
                                        enum tdm_host_slot next, struct install_plan *plan, struct tdm_fault *fault);

/* The same for what is staged already; fills the kind too. */
TDM_MUST_USE tdm_err install_plan_staged(const struct slot_record *rec, bool has_slots, struct install_plan *plan,
                                         struct tdm_fault *fault);

/* An image of a host alone: the new row names the running row's bundle, and no RCP slot is filled. */
TDM_MUST_USE tdm_err install_plan_host_alone(const struct slot_record *rec, struct install_plan *plan,
                                             struct tdm_fault *fault);

/* What there is to take back. kind NONE: slots that are staged and were never armed. */
TDM_MUST_USE tdm_err install_plan_cancel(const struct slot_record *rec, enum tdm_host_slot running,
                                         struct install_plan *plan, struct tdm_fault *fault);

/* The rollback that is under way, when its pair has yet to start: arming it may be repeated. */
TDM_MUST_USE tdm_err install_plan_back_again(const struct slot_record *rec, enum tdm_host_slot running,
                                             struct install_plan *plan, struct tdm_fault *fault);
/* The older pair, when it may run again. */
TDM_MUST_USE tdm_err install_plan_back(const struct slot_record *rec, struct install_plan *plan,
                                       struct tdm_fault *fault);

/* Is anything? */
bool install_is_staged(const struct slot_record *rec);

/* May this be the image that runs? All that a plain image's front can tell: lengths and version text. */
bool install_may_be_running(const struct slot_record *rec, const struct install_plan *plan,
                            const struct judge_verdict *front);

/* Does the running pair come from this very image? */
bool install_is_running(const struct slot_record *rec, const struct install_plan *plan, const uint8_t *id);

TDM_MUST_USE tdm_err install_record_free(struct slot_record *rec, const struct install_plan *plan,
                                         struct tdm_fault *fault);
TDM_MUST_USE tdm_err install_record_staged(struct slot_record *rec, const struct install_plan *plan,
                                           const struct judge_verdict *v, struct tdm_fault *fault);
TDM_MUST_USE tdm_err install_record_trial(struct slot_record *rec, const struct install_plan *plan,
                                          struct tdm_fault *fault);
/* The start that arming it again will cause: who causes one has paid for it. False: it is paid already. */
bool install_record_pay_again(struct slot_record *rec);
/* Of one that was armed. */
TDM_MUST_USE tdm_err install_record_cancel(struct slot_record *rec, const struct install_plan *plan,
                                           struct tdm_fault *fault);
/* On the operator's word, with its result: whatever install_plan_cancel found. */
TDM_MUST_USE tdm_err install_record_take_back(struct slot_record *rec, const struct install_plan *plan,
                                              struct tdm_fault *fault);
/* The operator vouches for a bundle: it is GOOD without a trial, and the running host's. */
TDM_MUST_USE tdm_err install_record_adopt(struct slot_record *rec, const struct install_plan *plan,
                                          const struct judge_verdict *v, struct tdm_fault *fault);

#endif
