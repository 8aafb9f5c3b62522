/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/reconcile_parts.h"

#include <string.h>

#include "reconcile/boot_table.h"
#include "reconcile/pair_edit.h"

static const struct tdm_fault tries_used_up = {TDM_E_TIMEOUT, "tries_used_up", "the new host did not prove itself", 0};
static const struct tdm_fault unknown_host = {TDM_E_STATE, "unknown_host",
                                              "the running host is not one that was proven", 0};
static const struct tdm_fault no_trial = {TDM_E_STATE, "no_trial", "no update is on trial", 0};
static const struct tdm_fault not_waiting = {TDM_E_STATE, "not_waiting",
                                             "the update has not passed its health gate in this start", 0};
static const struct tdm_fault nothing_to_go_back = {TDM_E_STATE, "nothing_to_go_back", "no other host is a proven one",
                                                    0};
static const struct tdm_fault by_operator = {TDM_E_CANCELLED, "operator", "the operator went back", 0};
static const struct tdm_fault no_bundle = {TDM_E_STATE, "no_bundle", "no bundle belongs to the running host", 0};
static const struct tdm_fault trial_pending = {TDM_E_STATE, "trial_pending", "an update is on trial", 0};

void reconcile_init(struct reconcile *r, const struct reconcile_config *cfg)
{
    memset(r, 0, sizeof *r);
    r->cfg = *cfg;
    tdm_fault_clear(&r->fault);
    tdm_fault_clear(&r->attempt);
    tdm_fault_clear(&r->bundle_fault);
    tdm_fault_clear(&r->settled);
}

tdm_err reconcile_commit(struct reconcile *r)
{
    tdm_err err = slot_store_commit(r->cfg.store, &r->record);

    if (err == TDM_OK)
        return TDM_OK;
    tdm_fault_clear(&r->fault); /* from here on this is what keeps the device from being proven */
    return tdm_fault_set(&r->fault, err, "record_not_writable", "the record cannot be written", 0);
}

void reconcile_degrade(struct reconcile *r, const struct tdm_fault *why)
{
    bool is_writable = r->fault.code == NULL || strcmp(r->fault.code, "record_not_writable") != 0;

    if (!is_writable)
        return;
    tdm_fault_clear(&r->fault);
    (void)tdm_fault_from(&r->fault, why);
    if (radio_degraded(&r->record, why->what) && reconcile_commit(r) != TDM_OK)
        return; /* the fault is now that of the record */
}

/* A device whose record cannot be used: nothing is written, selected or flashed, the radio is only asked. */
static tdm_err record_unusable(struct reconcile *r, tdm_err err, const char *code, const char *what)
{
    reconcile_ask(r);
    return tdm_fault_set(&r->fault, err, code, what, 0);
}

static tdm_err open_record(struct reconcile *r)
{
    enum slot_store_state state;

    tdm_err err = tdm_host_running(r->cfg.host, &r->running);
    if (err != TDM_OK)
        return record_unusable(r, err, "unknown_host", "which host slot runs cannot be told");
    err = slot_store_load(r->cfg.store, &r->record, &state);
    if (err != TDM_OK)
        return record_unusable(r, err, "record_unreadable", "the record cannot be read");
    if (state == SLOT_STORE_LOST)
        return record_unusable(r, TDM_E_CORRUPT, "record_lost", "both copies of the record are damaged");
    if (state == SLOT_STORE_EMPTY)
        slot_record_first(&r->record, r->running); /* not written before there is something to remember */
    r->is_half_flashed = !r->record.radio.is_known && r->record.radio.begun > 0;
    return TDM_OK;
}

static void settle(struct reconcile *r)
{
    tdm_err err = tdm_host_keep(r->cfg.host, r->running);
    if (err != TDM_OK)
        (void)tdm_fault_set(&r->settled, err, "select_failed", "the boot selector does not keep the running host",
                            (uint64_t)r->running);
}

static enum reconcile_outcome outcome_of(const struct slot_host_row *row)
{
    if (row->rcp == SLOT_RCP_NONE)
        return RECONCILE_UNMANAGED;
    return row->is_mixed ? RECONCILE_SUBSTITUTE : RECONCILE_OK;
}

/* Nothing is decided: the next boot, or the operator, goes on from the record as it is. */
static void stop(struct reconcile *r, enum reconcile_outcome *outcome)
{
    *outcome = RECONCILE_STOPPED;
    if (reconcile_waits_for_hand(r))
        (void)tdm_fault_from(&r->fault, &r->attempt);
    (void)tdm_fault_set(&r->fault, TDM_E_CANCELLED, "stopped_by_operator", "stopped before it was proven", 0);
}

/* No trial is left: the running pair, as it is. */
static void conclude(struct reconcile *r, tdm_err radio, enum reconcile_outcome *outcome)
{
    *outcome = RECONCILE_DEGRADED;
    if (radio == TDM_E_CANCELLED)
        stop(r, outcome);
    else if (radio != TDM_OK)
        reconcile_degrade(r, &r->attempt);
    else if (r->settled.err != TDM_OK)
        (void)tdm_fault_from(&r->fault, &r->settled);
    else
        *outcome = outcome_of(&r->record.host[r->running]);
}

/* No verdict while tries are left: a new host starts again, which costs one; a radio update waits for the next start. */
static void put_off(struct reconcile *r, enum reconcile_outcome *outcome)
{
    (void)tdm_fault_from(&r->fault, &r->attempt);
    if (r->record.trial.kind == SLOT_TRIAL_HOST)
        *outcome = RECONCILE_RESTART;
}

static void make_radio_right(struct reconcile *r, enum reconcile_outcome *outcome)
{
    struct tdm_fault why;
    bool again = false;

    tdm_err err = reconcile_radio_right(r);
    if (r->record.trial.kind == SLOT_TRIAL_NONE) {
        conclude(r, err, outcome);
        return;
    }
    if (err == TDM_OK) {
        reconcile_end_trial(r, outcome, &again);
        if (r->was_confirmed)
            conclude(r, TDM_OK, outcome);
    } else if (err == TDM_E_CANCELLED || reconcile_waits_for_hand(r)) {
        stop(r, outcome); /* no verdict: the trial goes on with the next start */
    } else if (reconcile_is_portless(r) && r->record.trial.tries > 0) {
        put_off(r, outcome);
    } else if (r->fault.err == TDM_OK) { /* else the record could not be written: no verdict either */
        why = r->attempt;
        reconcile_go_back(r, &why, outcome, &again);
    }
    if (again) /* the same host keeps running: backwards, at once */
        conclude(r, reconcile_radio_right(r), outcome);
}

/* Before anything is done: what it will have been. False: nothing may be done. */
static bool commit_step(struct reconcile *r, struct boot_step *step)
{
    if (step->commit == BOOT_COMMIT_NOTHING)
        return true;
    if (pair_apply(&r->record, r->running, step->commit, tries_used_up.what) != TDM_OK) {
        step->then = BOOT_UNKNOWN_HOST;
        return true;
    }
    if (reconcile_commit(r) != TDM_OK)
        return false;
    if (step->commit == BOOT_COMMIT_VERDICT) {
        r->was_condemned = true;
        (void)tdm_fault_from(&r->fault, &tries_used_up);
    }
    return true;
}

static tdm_err take_step(struct reconcile *r, struct boot_step step, enum reconcile_outcome *outcome)
{
    enum tdm_host_slot to = (enum tdm_host_slot)r->record.trial.to;

    if (!commit_step(r, &step))
        return r->fault.err;
    switch (step.then) {
    case BOOT_SETTLE:
        settle(r);
        make_radio_right(r, outcome);
        break;
    case BOOT_RECONCILE:
        if (r->record.trial.kind != SLOT_TRIAL_HOST)
            settle(r); /* a radio is proven for the host that starts next */
        make_radio_right(r, outcome);
        break;
    case BOOT_SELECT_NEW:
        reconcile_switch(r, to, TDM_SELECT_TRIAL, outcome);
        break;
    case BOOT_SELECT_OLD:
        reconcile_return(r, outcome);
        break;
    case BOOT_CANNOT_GO_BACK:
        reconcile_ask(r);
        reconcile_cannot_go_back(r);
        break;
    case BOOT_UNKNOWN_HOST:
        reconcile_ask(r);
        reconcile_degrade(r, &unknown_host);
        break;
    }
    return r->fault.err;
}

tdm_err reconcile_boot(struct reconcile *r, enum reconcile_outcome *outcome)
{
    *outcome = RECONCILE_DEGRADED;
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    return take_step(r, boot_decide(&r->record, r->running), outcome);
}

tdm_err reconcile_armed(struct reconcile *r, enum reconcile_outcome *outcome)
{
    *outcome = RECONCILE_DEGRADED;
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    if (r->record.trial.kind != SLOT_TRIAL_RADIO || r->record.trial.to != (uint8_t)r->running)
        return tdm_fault_set(&r->fault, TDM_E_STATE, "nothing_armed", "no radio update waits to be proven", 0);
    settle(r);
    make_radio_right(r, outcome);
    return r->fault.err;
}

tdm_err reconcile_radio(struct reconcile *r, enum reconcile_outcome *outcome)
{
    *outcome = RECONCILE_DEGRADED;
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    if (r->record.trial.kind != SLOT_TRIAL_NONE)
        return tdm_fault_from(&r->fault, &trial_pending);
    if (r->record.host[r->running].content.state != SLOT_GOOD)
        return tdm_fault_from(&r->fault, &unknown_host);
    if (radio_reset_counters(&r->record) && reconcile_commit(r) != TDM_OK)
        return r->fault.err;
    settle(r);
    conclude(r, reconcile_radio_right(r), outcome);
    return r->fault.err;
}

tdm_err reconcile_predict(struct reconcile *r)
{
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    if (r->record.trial.kind != SLOT_TRIAL_NONE)
        return tdm_fault_from(&r->fault, &trial_pending);
    if (r->record.host[r->running].rcp == SLOT_RCP_NONE)
        return tdm_fault_from(&r->fault, &no_bundle);
    return reconcile_radio_predict(r) == TDM_OK ? TDM_OK : tdm_fault_from(&r->fault, &r->attempt);
}

/* ---- the operator's word on a trial ---- */

tdm_err reconcile_accept(struct reconcile *r, enum reconcile_outcome *outcome)
{
    struct tdm_fault why;

    *outcome = RECONCILE_DEGRADED;
    tdm_fault_clear(&why);
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    if (r->record.trial.kind == SLOT_TRIAL_NONE)
        return tdm_fault_from(&r->fault, &no_trial);
    if (r->record.trial.to != (uint8_t)r->running || r->record.result.code != SLOT_RESULT_WAITING)
        return tdm_fault_from(&r->fault, &not_waiting);
    *outcome = RECONCILE_WAITING;
    if (r->record.trial.kind == SLOT_TRIAL_RADIO)
        settle(r); /* as in the start that proved it: confirming a host is a selection of its own */
    reconcile_confirm(r, &why);
    (void)tdm_fault_from(&r->fault, &why);
    if (r->was_confirmed)
        conclude(r, TDM_OK, outcome);
    return r->fault.err;
}

static bool can_go_back(const struct reconcile *r)
{
    bool is_here = r->record.trial.to == (uint8_t)r->running;

    return r->record.trial.kind == SLOT_TRIAL_RADIO || !is_here ||
           r->record.host[tdm_host_other(r->running)].content.state == SLOT_GOOD;
}

tdm_err reconcile_refuse(struct reconcile *r, enum reconcile_outcome *outcome)
{
    bool again;

    *outcome = RECONCILE_DEGRADED;
    if (open_record(r) != TDM_OK)
        return r->fault.err;
    if (r->record.trial.kind == SLOT_TRIAL_NONE)
        return tdm_fault_from(&r->fault, &no_trial);
    if (!can_go_back(r))
        return tdm_fault_from(&r->fault, &nothing_to_go_back);
    reconcile_go_back(r, &by_operator, outcome, &again);
    if (strcmp(r->fault.code, by_operator.code) == 0)
        tdm_fault_clear(&r->fault); /* as wanted, so it is no failure; what fails from here on is one */
    if (again) {
        settle(r);
        conclude(r, reconcile_radio_right(r), outcome);
    }
    return r->fault.err;
}
