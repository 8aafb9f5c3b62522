/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_record.h"

#include <string.h>

static tdm_err say(struct tdm_fault *fault, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(fault, err, code, what, 0);
}

/* The slot that the running row does not name. When it names none, the one that is not in the radio. */
static uint8_t rcp_target(const struct slot_record *rec, enum tdm_host_slot running)
{
    uint8_t named = rec->host[running].rcp;

    if (named != SLOT_RCP_NONE)
        return named == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    bool r1_runs = rec->radio.is_known && slot_id_equal(rec->radio.holds, rec->rcp[SLOT_R1].id);
    return r1_runs ? SLOT_R0 : SLOT_R1;
}

tdm_err install_plan_begin(const struct slot_record *rec, enum tdm_host_slot running, enum tdm_host_slot next,
                           struct install_plan *plan, struct tdm_fault *fault)
{
    *plan = (struct install_plan){.running = running, .host = tdm_host_other(running)};
    plan->rcp = rcp_target(rec, running);
    if (rec->trial.kind != SLOT_TRIAL_NONE)
        return say(fault, TDM_E_STATE, "trial_pending", "an update is on trial");
    if (next != running)
        return say(fault, TDM_E_STATE, "restart_pending", "the next start will boot the other host slot");
    if (rec->host[running].content.state != SLOT_GOOD)
        return say(fault, TDM_E_STATE, "host_not_proven", "the running host is not proven");
    return TDM_OK;
}

/* What the switch would bring in; a bundle that stays is no step back. */
static bool is_below_floor(const struct slot_record *rec, const struct install_plan *plan)
{
    bool is_new_bundle = plan->rcp != rec->host[plan->running].rcp;
    bool is_old_host = plan->kind == SLOT_TRIAL_HOST && rec->host[plan->host].content.counter < rec->counter_floor;

    return is_old_host || (is_new_bundle && rec->rcp[plan->rcp].counter < rec->counter_floor);
}

/* What was whole and welcome once may have been refused since, or the floor has risen over it. */
static tdm_err is_welcome(const struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    const struct slot_content *host = plan->kind == SLOT_TRIAL_HOST ? &rec->host[plan->host].content : NULL;
    const struct slot_content *bundle = &rec->rcp[plan->rcp];

    if (is_below_floor(rec, plan))
        return say(fault, TDM_E_REFUSED, "below_floor", "the image is below this router's security counter");
    if (slot_record_bad_reason(rec, bundle->id) != NULL ||
        (host != NULL && slot_record_bad_reason(rec, host->id) != NULL))
        return say(fault, TDM_E_REFUSED, "known_bad", "this image has failed on this router before");
    return TDM_OK;
}

tdm_err install_plan_staged(const struct slot_record *rec, bool has_slots, struct install_plan *plan,
                            struct tdm_fault *fault)
{
    const struct slot_host_row *other = &rec->host[plan->host];

    if (has_slots && other->content.state == SLOT_STAGED && other->rcp < SLOT_RCP_SLOTS &&
        rec->rcp[other->rcp].state == SLOT_STAGED) {
        plan->kind = SLOT_TRIAL_HOST;
        plan->rcp = other->rcp;
        return is_welcome(rec, plan, fault);
    }
    if (has_slots && other->content.state == SLOT_STAGED) {
        if (install_plan_host_alone(rec, plan, fault) != TDM_OK)
            return fault->err;
        return other->rcp == plan->rcp
                   ? is_welcome(rec, plan, fault)
                   : say(fault, TDM_E_STATE, "bundle_changed", "the radio's bundle is another one now");
    }
    if (rec->rcp[plan->rcp].state != SLOT_STAGED) /* what was freed meanwhile may have moved the target */
        plan->rcp = plan->rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    if (rec->rcp[plan->rcp].state != SLOT_STAGED)
        return say(fault, TDM_E_STATE, "nothing_staged", "nothing is staged");
    plan->kind = SLOT_TRIAL_RADIO;
    return is_welcome(rec, plan, fault);
}

tdm_err install_plan_host_alone(const struct slot_record *rec, struct install_plan *plan, struct tdm_fault *fault)
{
    uint8_t rcp = rec->host[plan->running].rcp;

    if (rcp >= SLOT_RCP_SLOTS || rec->rcp[rcp].state != SLOT_GOOD)
        return say(fault, TDM_E_STATE, "no_bundle", "no radio bundle of the running host is stored");
    plan->kind = SLOT_TRIAL_HOST;
    plan->is_host_alone = true;
    plan->rcp = rcp;
    return TDM_OK;
}

bool install_is_staged(const struct slot_record *rec)
{
    bool host =
        rec->host[TDM_HOST_A].content.state == SLOT_STAGED || rec->host[TDM_HOST_B].content.state == SLOT_STAGED;

    return host || rec->rcp[SLOT_R0].state == SLOT_STAGED || rec->rcp[SLOT_R1].state == SLOT_STAGED;
}

/* A radio trial needs no restart, so only the radio tells whether it has begun. */
static bool is_radio_touched(const struct slot_record *rec, uint8_t rcp)
{
    bool holds_new = rec->radio.is_known && slot_id_equal(rec->radio.holds, rec->rcp[rcp].id);

    return rec->radio.begun > 0 || holds_new;
}

tdm_err install_plan_cancel(const struct slot_record *rec, enum tdm_host_slot running, struct install_plan *plan,
                            struct tdm_fault *fault)
{
    const struct slot_host_row *row = &rec->host[rec->trial.to];
    bool runs = rec->trial.to == (uint8_t)running;

    *plan = (struct install_plan){.kind = rec->trial.kind, .running = running, .rcp = row->rcp};
    plan->host = (enum tdm_host_slot)rec->trial.to;
    if (rec->trial.kind == SLOT_TRIAL_NONE && rec->host[running].content.state != SLOT_GOOD)
        return say(fault, TDM_E_STATE, "host_not_proven", "the running host is not proven");
    if (rec->trial.kind == SLOT_TRIAL_NONE && !install_is_staged(rec))
        return say(fault, TDM_E_STATE, "nothing_staged", "nothing is staged");
    if (rec->trial.kind != SLOT_TRIAL_NONE && row->rcp >= SLOT_RCP_SLOTS)
        return say(fault, TDM_E_STATE, "bad_state", "the trial has no bundle");
    if ((rec->trial.kind == SLOT_TRIAL_HOST && runs) ||
        (rec->trial.kind == SLOT_TRIAL_RADIO && is_radio_touched(rec, row->rcp)))
        return say(fault, TDM_E_STATE, "trial_running", "the update runs already");
    return TDM_OK;
}

static bool is_back_whole(const struct slot_record *rec, enum tdm_host_slot running)
{
    const struct slot_host_row *row = &rec->host[rec->back.host];

    if (rec->rcp[rec->back.rcp].state != SLOT_GOOD)
        return false;
    if (rec->back.host == (uint8_t)running)
        return rec->back.rcp != row->rcp;
    return row->content.state == SLOT_GOOD && row->rcp == rec->back.rcp;
}

tdm_err install_plan_back(const struct slot_record *rec, struct install_plan *plan, struct tdm_fault *fault)
{
    if (rec->back.host >= TDM_HOST_SLOTS)
        return say(fault, TDM_E_STATE, "nothing_to_go_back", "there is no older pair to go back to");
    if (rec->back.rcp >= SLOT_RCP_SLOTS)
        return say(fault, TDM_E_STATE, "back_has_no_bundle", "the older pair's radio firmware was never stored");
    if (!is_back_whole(rec, plan->running))
        return say(fault, TDM_E_STATE, "nothing_to_go_back", "the older pair is not a proven one any more");
    plan->kind = rec->back.host == (uint8_t)plan->running ? SLOT_TRIAL_RADIO : SLOT_TRIAL_HOST;
    plan->host = tdm_host_other(plan->running);
    plan->rcp = rec->back.rcp;
    plan->is_back = true;
    slot_text_set(plan->pair_version, sizeof plan->pair_version, rec->back.pair_version);
    return is_welcome(rec, plan, fault);
}

bool install_is_back_armed(const struct slot_record *rec, enum tdm_host_slot running)
{
    bool is_here = rec->trial.to == (uint8_t)running;

    if (!rec->trial.is_back || rec->host[rec->trial.to].rcp >= SLOT_RCP_SLOTS)
        return false;
    if (rec->trial.kind == SLOT_TRIAL_HOST)
        return !is_here && (rec->trial.is_paid || rec->trial.tries > 0);
    return rec->trial.kind == SLOT_TRIAL_RADIO && is_here && rec->result.code != SLOT_RESULT_WAITING;
}

tdm_err install_plan_back_again(const struct slot_record *rec, enum tdm_host_slot running, struct install_plan *plan,
                                struct tdm_fault *fault)
{
    bool is_host = rec->trial.kind == SLOT_TRIAL_HOST;

    if (!install_is_back_armed(rec, running))
        return say(fault, TDM_E_STATE, "trial_pending", "an update is on trial");
    *plan = (struct install_plan){.kind = rec->trial.kind, .running = running, .is_back = true};
    plan->host = is_host ? (enum tdm_host_slot)rec->trial.to : tdm_host_other(running);
    plan->rcp = rec->host[rec->trial.to].rcp;
    return is_welcome(rec, plan, fault);
}

bool install_may_be_running(const struct slot_record *rec, const struct install_plan *plan,
                            const struct judge_verdict *front)
{
    const struct slot_host_row *row = &rec->host[plan->running];
    char text[SLOT_VERSION_MAX + 1];

    if (row->rcp >= SLOT_RCP_SLOTS || rec->rcp[row->rcp].length != front->layout.bundle_size)
        return false;
    slot_text_set(text, sizeof text, front->version);
    if (strcmp(rec->rcp[row->rcp].version, text) != 0)
        return false;
    return plan->kind == SLOT_TRIAL_RADIO || row->content.length == front->layout.host_size;
}

bool install_is_running(const struct slot_record *rec, const struct install_plan *plan, const uint8_t *id)
{
    const struct slot_host_row *row = &rec->host[plan->running];

    if (plan->is_host_alone)
        return slot_id_equal(row->content.id, id);
    if (row->rcp >= SLOT_RCP_SLOTS || !slot_id_equal(rec->rcp[row->rcp].id, id))
        return false;
    return plan->kind == SLOT_TRIAL_RADIO || slot_id_equal(row->content.id, id);
}
