/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_record.h"

#include <string.h>

static tdm_err step(struct slot_content *c, enum slot_event event, struct tdm_fault *fault)
{
    enum slot_state to;

    tdm_err err = slot_next((enum slot_state)c->state, event, &to);
    if (err != TDM_OK)
        return tdm_fault_set(fault, err, "bad_state", "the state of a slot does not allow it", c->state);
    c->state = (uint8_t)to;
    return TDM_OK;
}

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

static void clear_front(struct slot_record *rec)
{
    memset(&rec->front, 0, sizeof rec->front);
}

/* Everything that is staged; the pair to go back to stays. */
static tdm_err cancel_staged(struct slot_record *rec, struct tdm_fault *fault)
{
    tdm_err err = TDM_OK;

    clear_front(rec);
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
    if (err == TDM_OK && !plan->is_host_alone)
        err = free_content(&rec->rcp[plan->rcp], fault);
    if (err == TDM_OK && takes_host)
        err = free_content(&other->content, fault);
    if (err != TDM_OK)
        return err;
    if (takes_host || other->rcp == plan->rcp)
        drop_row(other);
    bool is_freed = rec->back.rcp == plan->rcp && !plan->is_host_alone;
    if (is_freed || (takes_host && rec->back.host == plan->host))
        slot_record_clear_back(rec);
    return TDM_OK;
}

_Static_assert(SLOT_BOARD_MAX == MANIFEST_COMPATIBLE_MAX, "the record keeps a board as a manifest names it");
_Static_assert(sizeof((struct slot_front *)0)->signers == sizeof((struct judge_verdict *)0)->signers,
               "the record keeps as many signers as an image can have");

/* An image of a host alone: its front lies in no slot. */
static void keep_front(struct slot_front *f, const struct judge_verdict *v)
{
    const struct manifest_side *host = &v->manifest.host;

    f->expires = v->manifest.expires;
    slot_text_set(f->compatible, sizeof f->compatible, v->manifest.compatible);
    f->family = host->family;
    f->chip = host->chip;
    f->revision_min = host->revision_min;
    f->revision_max = host->revision_max;
    memcpy(f->signers, v->signers, v->signer_count * sizeof f->signers[0]);
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
    tdm_err err = TDM_OK;

    clear_front(rec);
    if (plan->is_host_alone)
        keep_front(&rec->front, v);
    if (!plan->is_host_alone) {
        err = step(&rec->rcp[plan->rcp], SLOT_EV_WHOLE, fault);
        fill(&rec->rcp[plan->rcp], v, v->version, v->layout.bundle_size, v->bundle_digest);
    }
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

    bool is_proven = plan->is_back || plan->is_host_alone;
    tdm_err err = is_proven ? TDM_OK : step(&rec->rcp[plan->rcp], SLOT_EV_ARM, fault); /* GOOD it stays */
    if (err == TDM_OK && is_host)
        err = step(&rec->host[plan->host].content, SLOT_EV_ARM, fault);
    clear_front(rec);
    rec->trial.kind = plan->kind;
    rec->trial.to = (uint8_t)(is_host ? plan->host : plan->running);
    rec->trial.tries = INSTALL_STARTS - 1;
    rec->trial.is_back = plan->is_back;
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

bool install_record_pay_again(struct slot_record *rec)
{
    if (rec->trial.kind != SLOT_TRIAL_HOST || rec->trial.is_paid || rec->trial.tries == 0)
        return false;
    rec->trial.tries--;
    rec->trial.is_paid = true;
    return true;
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
