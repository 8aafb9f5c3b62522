/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/pair_edit.h"

#include <string.h>

#include <tandem/reconcile.h>

static void clear_trial(struct slot_record *rec, uint8_t tries)
{
    memset(&rec->trial, 0, sizeof rec->trial);
    rec->trial.kind = SLOT_TRIAL_NONE;
    rec->trial.tries = tries;
}

static bool is_named_by_good_row(const struct slot_record *rec, uint8_t rcp)
{
    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        if (rec->host[i].rcp == rcp && rec->host[i].content.state == SLOT_GOOD)
            return true;
    }
    return false;
}

/* A bundle follows its host into BAD, also one that was GOOD until the operator went back to it. */
static void condemn_bundle(struct slot_record *rec, uint8_t rcp)
{
    if (rcp != SLOT_RCP_NONE && !is_named_by_good_row(rec, rcp))
        rec->rcp[rcp].state = SLOT_BAD;
}

static tdm_err condemn_host(struct slot_record *rec, const char *reason)
{
    struct slot_host_row *row = &rec->host[rec->trial.to];
    enum slot_state bad;

    tdm_err err = slot_next(row->content.state, SLOT_EV_VERDICT, &bad);
    if (err != TDM_OK)
        return err;
    row->content.state = (uint8_t)bad;
    condemn_bundle(rec, row->rcp);
    slot_record_add_bad(rec, row->content.id, reason);
    clear_trial(rec, RECONCILE_RETURNS);
    return TDM_OK;
}

static void condemn_radio(struct slot_record *rec, const char *reason)
{
    struct slot_host_row *row = &rec->host[rec->trial.to];
    uint8_t failed = row->rcp;

    row->rcp = rec->back.rcp;
    row->is_mixed = rec->back.is_mixed;
    slot_text_set(row->pair_version, sizeof row->pair_version, rec->back.pair_version);
    if (failed != SLOT_RCP_NONE && failed != row->rcp) {
        condemn_bundle(rec, failed);
        slot_record_add_bad(rec, rec->rcp[failed].id, reason);
    }
    clear_trial(rec, 0);
}

/* What a trial is about: the host's image, or the bundle's when the host stays. */
static const struct slot_content *on_trial(const struct slot_record *rec)
{
    const struct slot_host_row *row = &rec->host[rec->trial.to];
    bool is_radio = rec->trial.kind == SLOT_TRIAL_RADIO && row->rcp < SLOT_RCP_SLOTS;

    return is_radio ? &rec->rcp[row->rcp] : &row->content;
}

tdm_err pair_condemn(struct slot_record *rec, const char *reason)
{
    const struct slot_content *about = on_trial(rec);
    char brief[SLOT_REASON_MAX + 1];
    tdm_err err = TDM_OK;

    slot_reason_set(brief, reason);
    if (rec->trial.kind == SLOT_TRIAL_RADIO)
        condemn_radio(rec, brief);
    else
        err = condemn_host(rec, brief);
    if (err != TDM_OK)
        return err;
    slot_record_clear_back(rec);
    (void)radio_reset_counters(rec); /* the commit is due either way */
    slot_record_set_result(rec, SLOT_RESULT_FAILED, about, reason);
    return TDM_OK;
}

/* Only signed words bind the router: the counter of anybody's image could lock it against all that come after. */
static void raise_floors(struct slot_record *rec, const struct slot_content *proven)
{
    if (!proven->is_signed)
        return;
    if (proven->counter > rec->counter_floor)
        rec->counter_floor = proven->counter;
    if (proven->issued > rec->time_floor)
        rec->time_floor = proven->issued;
}

tdm_err pair_prove(struct slot_record *rec)
{
    struct slot_host_row *row = &rec->host[rec->trial.to];
    const struct slot_content *about = on_trial(rec);
    enum slot_state host, bundle = SLOT_GOOD;

    tdm_err err = slot_next(row->content.state, SLOT_EV_PROVE, &host);
    if (err == TDM_OK && row->rcp != SLOT_RCP_NONE)
        err = slot_next(rec->rcp[row->rcp].state, SLOT_EV_PROVE, &bundle);
    if (err != TDM_OK)
        return err;
    row->content.state = (uint8_t)host;
    if (row->rcp != SLOT_RCP_NONE)
        rec->rcp[row->rcp].state = (uint8_t)bundle;
    raise_floors(rec, about);
    clear_trial(rec, 0);
    (void)radio_reset_counters(rec); /* the commit is due either way */
    slot_record_set_result(rec, SLOT_RESULT_OK, about, "");
    return TDM_OK;
}

bool pair_waits(struct slot_record *rec)
{
    bool was_said = rec->result.code == SLOT_RESULT_WAITING;

    slot_record_set_result(rec, SLOT_RESULT_WAITING, on_trial(rec), "");
    return !was_said;
}

/* What an earlier start has seen is no reason to confirm in this one. */
static void forget_waiting(struct slot_record *rec)
{
    if (rec->result.code == SLOT_RESULT_WAITING)
        slot_record_set_result(rec, SLOT_RESULT_NONE, NULL, "");
}

/* As if armed now: this start is the first of those granted. */
static tdm_err find_trial(struct slot_record *rec, enum tdm_host_slot running)
{
    enum tdm_host_slot other = tdm_host_other(running);
    struct slot_host_row *row = &rec->host[running];
    struct slot_content *bundle = row->rcp != SLOT_RCP_NONE ? &rec->rcp[row->rcp] : NULL;
    enum slot_state state;

    tdm_err err = slot_next(row->content.state, SLOT_EV_ARM, &state);
    if (err != TDM_OK)
        return err;
    row->content.state = (uint8_t)state;
    if (bundle != NULL && bundle->state == SLOT_STAGED)
        bundle->state = SLOT_TRIAL;
    memset(&rec->front, 0, sizeof rec->front); /* nobody will ask for it any more */
    clear_trial(rec, RECONCILE_STARTS - 1);
    rec->trial.kind = SLOT_TRIAL_HOST;
    rec->trial.to = (uint8_t)running;
    slot_record_clear_back(rec);
    if (rec->host[other].content.state == SLOT_GOOD) {
        rec->back.host = (uint8_t)other;
        rec->back.rcp = rec->host[other].rcp;
        rec->back.is_mixed = rec->host[other].is_mixed;
        slot_text_set(rec->back.pair_version, sizeof rec->back.pair_version, rec->host[other].pair_version);
    }
    (void)radio_reset_counters(rec); /* the commit is due either way */
    return TDM_OK;
}

tdm_err pair_apply(struct slot_record *rec, enum tdm_host_slot running, enum boot_commit commit, const char *reason)
{
    if (commit != BOOT_COMMIT_NOTHING)
        forget_waiting(rec);
    switch (commit) {
    case BOOT_COMMIT_NOTHING:
        break;
    case BOOT_COMMIT_PAID_USED:
        rec->trial.is_paid = false;
        break;
    case BOOT_COMMIT_TRY_USED:
        rec->trial.tries--;
        break;
    case BOOT_COMMIT_TRY_PREPAID:
        rec->trial.tries--;
        rec->trial.is_paid = true;
        break;
    case BOOT_COMMIT_VERDICT:
        return pair_condemn(rec, reason);
    case BOOT_COMMIT_TRIAL_FOUND:
        return find_trial(rec, running);
    }
    return TDM_OK;
}

static void forget_proof(struct slot_record *rec)
{
    rec->radio.text_crc = 0;
    rec->radio.api = rec->radio.least_host_api = 0;
}

void radio_begin(struct slot_record *rec)
{
    rec->radio.is_known = false;
    forget_proof(rec);
    if (rec->radio.begun < UINT8_MAX)
        rec->radio.begun++;
}

void radio_begin_other(struct slot_record *rec)
{
    if (rec->radio.failed < RECONCILE_FAILED_MAX)
        rec->radio.failed = RECONCILE_FAILED_MAX;
    radio_begin(rec);
}

void pair_substitute(struct slot_record *rec, enum tdm_host_slot running, uint8_t rcp, const char *reason)
{
    struct slot_host_row *row = &rec->host[running];

    row->rcp = rcp;
    row->is_mixed = true;
    (void)radio_reset_counters(rec); /* the commit is due either way */
    slot_record_set_result(rec, SLOT_RESULT_SUBSTITUTE, &rec->rcp[rcp], reason);
}

void radio_failed(struct slot_record *rec)
{
    if (rec->radio.failed < UINT8_MAX)
        rec->radio.failed++;
}

void radio_holds(struct slot_record *rec, const uint8_t id[SLOT_ID_LEN])
{
    if (!slot_id_equal(rec->radio.holds, id))
        forget_proof(rec); /* of another bundle */
    rec->radio.is_known = true;
    memcpy(rec->radio.holds, id, SLOT_ID_LEN);
}

uint32_t radio_rate(const struct slot_record *rec, uint32_t configured)
{
    if (rec->radio.failed > 0)
        return ESPROM_BAUD_START;
    return rec->radio.baud != 0 && rec->radio.baud < configured ? rec->radio.baud : configured;
}

void radio_keep_rate(struct slot_record *rec, uint32_t configured, uint32_t reached, bool was_easy)
{
    bool is_done = reached >= configured || (was_easy && rec->radio.failed == 0);

    rec->radio.baud = is_done ? 0 : reached;
}

bool radio_reset_counters(struct slot_record *rec)
{
    bool changed = rec->radio.begun != 0 || rec->radio.failed != 0;

    rec->radio.begun = 0;
    rec->radio.failed = 0;
    return changed;
}

bool radio_proven(struct slot_record *rec, const struct radio_proof *proof)
{
    bool changed = radio_reset_counters(rec);

    if (rec->radio.text_crc != proof->text_crc || rec->radio.api != proof->api ||
        rec->radio.least_host_api != proof->least_host_api)
        changed = true;
    rec->radio.text_crc = proof->text_crc;
    rec->radio.api = proof->api;
    rec->radio.least_host_api = proof->least_host_api;
    if (rec->result.code == SLOT_RESULT_DEGRADED) {
        slot_record_set_result(rec, SLOT_RESULT_NONE, NULL, "");
        changed = true;
    }
    return changed;
}

bool radio_degraded(struct slot_record *rec, const char *reason)
{
    char brief[SLOT_REASON_MAX + 1];

    slot_reason_set(brief, reason);
    bool was_said = rec->result.code == SLOT_RESULT_DEGRADED && strcmp(rec->result.reason, brief) == 0;
    if (!was_said)
        slot_record_set_result(rec, SLOT_RESULT_DEGRADED, NULL, reason);
    return !was_said;
}
