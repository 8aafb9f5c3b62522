/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_record.h"

#include <string.h>

static tdm_err say(struct tdm_fault *fault, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(fault, err, code, what, 0);
}

static tdm_err step(struct slot_content *c, enum slot_event event, struct tdm_fault *fault)
{
    enum slot_state to;

    tdm_err err = slot_next((enum slot_state)c->state, event, &to);
    if (err != TDM_OK)
        return tdm_fault_set(fault, err, "bad_state", "the state of a slot does not allow it", c->state);
    c->state = (uint8_t)to;
    return TDM_OK;
}

/* ---- plans ---- */

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

tdm_err install_plan_staged(const struct slot_record *rec, bool has_slots, struct install_plan *plan,
                            struct tdm_fault *fault)
{
    const struct slot_host_row *other = &rec->host[plan->host];

    if (has_slots && other->content.state == SLOT_STAGED && other->rcp < SLOT_RCP_SLOTS &&
        rec->rcp[other->rcp].state == SLOT_STAGED) {
        plan->kind = SLOT_TRIAL_HOST;
        plan->rcp = other->rcp;
        return TDM_OK;
    }
    if (rec->rcp[plan->rcp].state != SLOT_STAGED)
        return say(fault, TDM_E_STATE, "nothing_staged", "nothing is staged");
    plan->kind = SLOT_TRIAL_RADIO;
    return TDM_OK;
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

    if (row->rcp >= SLOT_RCP_SLOTS || !slot_id_equal(rec->rcp[row->rcp].id, id))
        return false;
    return plan->kind == SLOT_TRIAL_RADIO || slot_id_equal(row->content.id, id);
}

/* ---- commits ---- */

static tdm_err free_content(struct slot_content *c, struct tdm_fault *fault)
{
    struct slot_content freed = {.state = c->state};

    tdm_err err = step(&freed, SLOT_EV_FREE, fault);
    if (err == TDM_OK)
        *c = freed;
    return err;
}

/* A row that names the freed bundle is no pair any more. */
static void drop_row(struct slot_host_row *row)
{
    if (row->content.state == SLOT_GOOD || row->content.state == SLOT_STAGED)
        memset(&row->content, 0, sizeof row->content); /* EMPTY */
    row->rcp = SLOT_RCP_NONE;
    row->is_mixed = false;
}

tdm_err install_record_free(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    struct slot_host_row *other = &rec->host[plan->host];
    bool takes_host = plan->kind == SLOT_TRIAL_HOST;

    tdm_err err = free_content(&rec->rcp[plan->rcp], fault);
    if (err == TDM_OK && takes_host)
        err = free_content(&other->content, fault);
    if (err != TDM_OK)
        return err;
    if (takes_host || other->rcp == plan->rcp)
        drop_row(other);
    if (rec->back.rcp == plan->rcp || (takes_host && rec->back.host == plan->host)) {
        rec->back.host = SLOT_HOST_NONE;
        rec->back.rcp = SLOT_RCP_NONE;
    }
    return TDM_OK;
}

static void fill(struct slot_content *c, const struct judge_verdict *v, const char *version, uint64_t length,
                 const uint8_t *digest)
{
    memcpy(c->id, v->id, SLOT_ID_LEN);
    memcpy(c->digest, digest, SLOT_ID_LEN);
    slot_text_set(c->version, sizeof c->version, version);
    c->counter = 0; /* a plain image states none */
    c->length = length;
}

tdm_err install_record_staged(struct slot_record *rec, const struct install_plan *plan, const struct judge_verdict *v,
                              struct tdm_fault *fault)
{
    struct slot_host_row *row = &rec->host[plan->host];

    tdm_err err = step(&rec->rcp[plan->rcp], SLOT_EV_WHOLE, fault);
    fill(&rec->rcp[plan->rcp], v, v->version, v->layout.bundle_size, v->bundle_digest);
    if (err != TDM_OK || plan->kind != SLOT_TRIAL_HOST)
        return err;
    err = step(&row->content, SLOT_EV_WHOLE, fault);
    fill(&row->content, v, v->host_version, v->layout.host_size, v->host_digest);
    row->rcp = plan->rcp;
    row->is_mixed = false;
    return err;
}

tdm_err install_record_trial(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    bool is_host = plan->kind == SLOT_TRIAL_HOST;
    struct slot_host_row *row = &rec->host[plan->running];

    tdm_err err = step(&rec->rcp[plan->rcp], SLOT_EV_ARM, fault);
    if (err == TDM_OK && is_host)
        err = step(&rec->host[plan->host].content, SLOT_EV_ARM, fault);
    rec->trial.kind = plan->kind;
    rec->trial.to = (uint8_t)(is_host ? plan->host : plan->running);
    rec->trial.tries = INSTALL_STARTS - 1;
    rec->trial.is_paid = is_host; /* the restart to come; a radio trial goes on without one */
    rec->back.host = (uint8_t)plan->running;
    rec->back.rcp = row->rcp;
    rec->radio.begun = rec->radio.failed = 0;
    if (!is_host) {
        row->rcp = plan->rcp;
        row->is_mixed = false;
    }
    return err;
}

tdm_err install_record_cancel(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    struct slot_content *rcp = &rec->rcp[plan->rcp];
    struct slot_host_row *row = &rec->host[plan->host];

    tdm_err err = step(rcp, SLOT_EV_CANCEL, fault);
    if (err == TDM_OK && plan->kind == SLOT_TRIAL_HOST)
        err = step(&row->content, SLOT_EV_CANCEL, fault);
    if (err != TDM_OK)
        return err;
    *rcp = (struct slot_content){.state = rcp->state};
    if (plan->kind == SLOT_TRIAL_HOST)
        *row = (struct slot_host_row){.content.state = row->content.state, .rcp = SLOT_RCP_NONE};
    memset(&rec->trial, 0, sizeof rec->trial);
    rec->back.host = SLOT_HOST_NONE;
    rec->back.rcp = SLOT_RCP_NONE;
    return TDM_OK;
}

tdm_err install_record_adopt(struct slot_record *rec, const struct install_plan *plan, const struct judge_verdict *v,
                             struct tdm_fault *fault)
{
    static const enum slot_event events[] = {SLOT_EV_WHOLE, SLOT_EV_ARM, SLOT_EV_PROVE};
    struct slot_content *c = &rec->rcp[plan->rcp];

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        tdm_err err = step(c, events[i], fault);
        if (err != TDM_OK)
            return err;
    }
    fill(c, v, v->version, v->layout.bundle_size, v->bundle_digest);
    rec->host[plan->running].rcp = plan->rcp;
    rec->host[plan->running].is_mixed = false;
    rec->radio.is_known = false; /* so the next boot compares or flashes */
    memset(rec->radio.holds, 0, sizeof rec->radio.holds);
    return TDM_OK;
}
