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

/* What was whole and welcome once may have been refused since, or the floor has risen over it. */
static tdm_err is_welcome(const struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    const struct slot_content *host = plan->kind == SLOT_TRIAL_HOST ? &rec->host[plan->host].content : NULL;
    const struct slot_content *bundle = &rec->rcp[plan->rcp];

    if ((host != NULL ? host : bundle)->counter < rec->counter_floor)
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
    if (rec->rcp[plan->rcp].state != SLOT_STAGED) /* what was freed meanwhile may have moved the target */
        plan->rcp = plan->rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    if (rec->rcp[plan->rcp].state != SLOT_STAGED)
        return say(fault, TDM_E_STATE, "nothing_staged", "nothing is staged");
    plan->kind = SLOT_TRIAL_RADIO;
    return is_welcome(rec, plan, fault);
}

static bool is_staged(const struct slot_record *rec)
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
    if (rec->trial.kind == SLOT_TRIAL_NONE && !is_staged(rec))
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
    struct slot_content kept = row->content;

    if (kept.state == SLOT_GOOD || kept.state == SLOT_STAGED)
        memset(&kept, 0, sizeof kept); /* EMPTY */
    *row = (struct slot_host_row){.content = kept, .rcp = SLOT_RCP_NONE};
}

/* EMPTY by the event, with nothing left of what it held. */
static tdm_err empty_content(struct slot_content *c, struct tdm_fault *fault)
{
    tdm_err err = step(c, SLOT_EV_CANCEL, fault);
    if (err == TDM_OK)
        *c = (struct slot_content){.state = c->state};
    return err;
}

static tdm_err empty_row(struct slot_host_row *row, struct tdm_fault *fault)
{
    tdm_err err = empty_content(&row->content, fault);
    if (err == TDM_OK)
        *row = (struct slot_host_row){.content = row->content, .rcp = SLOT_RCP_NONE};
    return err;
}

/* Everything that is staged; the pair to go back to stays. */
static tdm_err cancel_staged(struct slot_record *rec, struct tdm_fault *fault)
{
    tdm_err err = TDM_OK;

    for (int i = 0; i < TDM_HOST_SLOTS && err == TDM_OK; i++)
        if (rec->host[i].content.state == SLOT_STAGED)
            err = empty_row(&rec->host[i], fault);
    for (int i = 0; i < SLOT_RCP_SLOTS && err == TDM_OK; i++)
        if (rec->rcp[i].state == SLOT_STAGED)
            err = empty_content(&rec->rcp[i], fault);
    return err;
}

tdm_err install_record_free(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    struct slot_host_row *other = &rec->host[plan->host];
    bool takes_host = plan->kind == SLOT_TRIAL_HOST;

    tdm_err err =
        cancel_staged(rec, fault); /* else what is staged elsewhere would be armed in place of the new image */
    if (err == TDM_OK)
        err = free_content(&rec->rcp[plan->rcp], fault);
    if (err == TDM_OK && takes_host)
        err = free_content(&other->content, fault);
    if (err != TDM_OK)
        return err;
    if (takes_host || other->rcp == plan->rcp)
        drop_row(other);
    if (rec->back.rcp == plan->rcp || (takes_host && rec->back.host == plan->host))
        slot_record_clear_back(rec);
    return TDM_OK;
}

static void fill(struct slot_content *c, const struct judge_verdict *v, const char *version, uint64_t length,
                 const uint8_t *digest)
{
    memcpy(c->id, v->id, SLOT_ID_LEN);
    memcpy(c->digest, digest, SLOT_ID_LEN);
    slot_text_set(c->version, sizeof c->version, version);
    c->counter = v->has_manifest ? v->manifest.counter : 0;
    c->issued = v->has_manifest ? v->manifest.issued : 0;
    c->is_signed = v->is_signed;
    c->length = length;
}

/* Host firmware that names itself in no way the judge can read goes by the version of its image. */
static const char *host_version(const struct judge_verdict *v)
{
    return v->host_version[0] != '\0' || !v->has_manifest ? v->host_version : v->manifest.pair_version;
}

static void fill_row(struct slot_host_row *row, const struct judge_verdict *v)
{
    fill(&row->content, v, host_version(v), v->layout.host_size, v->host_digest);
    slot_text_set(row->pair_version, sizeof row->pair_version, v->has_manifest ? v->manifest.pair_version : "");
    row->api = v->has_manifest ? v->manifest.host.api : 0;
    row->least_radio_api = v->has_manifest ? v->manifest.host.least_api : 0;
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
    fill_row(row, v);
    row->rcp = plan->rcp;
    row->is_mixed = false;
    return err;
}

tdm_err install_record_trial(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    bool is_host = plan->kind == SLOT_TRIAL_HOST;
    struct slot_host_row *row = &rec->host[plan->running];
    bool is_to_mixed = plan->is_back && rec->back.is_mixed;

    tdm_err err = plan->is_back ? TDM_OK : step(&rec->rcp[plan->rcp], SLOT_EV_ARM, fault); /* GOOD it stays */
    if (err == TDM_OK && is_host)
        err = step(&rec->host[plan->host].content, SLOT_EV_ARM, fault);
    rec->trial.kind = plan->kind;
    rec->trial.to = (uint8_t)(is_host ? plan->host : plan->running);
    rec->trial.tries = INSTALL_STARTS - 1;
    rec->trial.is_paid = is_host; /* the restart to come; a radio trial goes on without one */
    rec->back.host = (uint8_t)plan->running;
    rec->back.rcp = row->rcp;
    rec->back.is_mixed = row->is_mixed;
    slot_text_set(rec->back.pair_version, sizeof rec->back.pair_version, row->pair_version);
    rec->radio.begun = rec->radio.failed = 0;
    if (!is_host) {
        row->rcp = plan->rcp;
        row->is_mixed = is_to_mixed;
        slot_text_set(row->pair_version, sizeof row->pair_version, plan->pair_version);
    }
    return err;
}

tdm_err install_record_cancel(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    tdm_err err = TDM_OK;

    if (rec->rcp[plan->rcp].state != SLOT_GOOD) /* an armed rollback: the bundle is proven all the same */
        err = empty_content(&rec->rcp[plan->rcp], fault);
    if (err == TDM_OK && plan->kind == SLOT_TRIAL_HOST)
        err = empty_row(&rec->host[plan->host], fault);
    if (err != TDM_OK)
        return err;
    if (plan->kind == SLOT_TRIAL_RADIO) {
        struct slot_host_row *row = &rec->host[plan->running];
        row->rcp = rec->back.rcp;
        row->is_mixed = rec->back.is_mixed;
        slot_text_set(row->pair_version, sizeof row->pair_version, rec->back.pair_version);
    }
    memset(&rec->trial, 0, sizeof rec->trial);
    slot_record_clear_back(rec);
    return TDM_OK;
}

/* What a cancelled update was: its host's image, or its bundle's when it had none. */
static struct slot_content cancelled(const struct slot_record *rec, const struct install_plan *plan)
{
    if (plan->kind != SLOT_TRIAL_NONE)
        return plan->kind == SLOT_TRIAL_HOST ? rec->host[plan->host].content : rec->rcp[plan->rcp];
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        if (rec->host[i].content.state == SLOT_STAGED)
            return rec->host[i].content;
    return rec->rcp[rec->rcp[SLOT_R0].state == SLOT_STAGED ? SLOT_R0 : SLOT_R1];
}

tdm_err install_record_take_back(struct slot_record *rec, const struct install_plan *plan, struct tdm_fault *fault)
{
    struct slot_content about = cancelled(rec, plan);

    tdm_err err = plan->kind == SLOT_TRIAL_NONE ? cancel_staged(rec, fault) : install_record_cancel(rec, plan, fault);
    if (err == TDM_OK)
        slot_record_set_result(rec, SLOT_RESULT_CANCELLED, &about, "");
    return err;
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
    if (rec->radio.flash_size == 0) /* its ROM was never asked: until then the operator's word counts */
        rec->radio.chip = v->radio_chip;
    rec->radio.is_known = false; /* so the next boot compares or flashes */
    rec->radio.api = rec->radio.least_host_api = 0;
    memset(rec->radio.holds, 0, sizeof rec->radio.holds);
    return TDM_OK;
}
