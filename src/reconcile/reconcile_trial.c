/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a trial, one way or the other. */
#include "reconcile/pair_edit.h"
#include "reconcile/reconcile_parts.h"

void reconcile_switch(struct reconcile *r, enum tdm_host_slot to, enum tdm_select how, enum reconcile_outcome *outcome)
{
    tdm_log_progress(r->cfg.log, TDM_PHASE_SWITCH, "host slot", 0, 1);
    if (tdm_host_select(r->cfg.host, to, how) != TDM_OK)
        /* The restart goes on: whoever starts next finds the record as it is, and every start is counted. */
        tdm_log_note(r->cfg.log, TDM_LOG_WARNING, "the boot selector did not take the switch to slot", to);
    *outcome = RECONCILE_RESTART;
}

/* No restart is caused, but the old host is selected, in case the selector obeys again: then the next start leaves this. */
void reconcile_cannot_go_back(struct reconcile *r)
{
    static const struct tdm_fault why = {TDM_E_STATE, "cannot_go_back",
                                         "a refused host runs, and the other one cannot be started", 0};
    enum tdm_host_slot old = tdm_host_other(r->running);

    if (r->record.host[old].content.state == SLOT_GOOD && tdm_host_select(r->cfg.host, old, TDM_SELECT_FINAL) == TDM_OK)
        tdm_log_note(r->cfg.log, TDM_LOG_WARNING, "the next start will be of the proven host in slot", old);
    reconcile_degrade(r, &why);
}

void reconcile_return(struct reconcile *r, enum reconcile_outcome *outcome)
{
    enum tdm_host_slot old = tdm_host_other(r->running);

    if (r->record.host[old].content.state == SLOT_GOOD)
        reconcile_switch(r, old, TDM_SELECT_FINAL, outcome);
    else /* whatever that slot holds was never proven: better a refused host than none */
        reconcile_cannot_go_back(r);
}

void reconcile_go_back(struct reconcile *r, const struct tdm_fault *why, enum reconcile_outcome *outcome, bool *again)
{
    bool is_host = r->record.trial.kind == SLOT_TRIAL_HOST;
    enum tdm_host_slot to = (enum tdm_host_slot)r->record.trial.to;
    struct tdm_fault bad = *why;

    *again = false;
    bad.err = pair_condemn(&r->record, why->what);
    if (bad.err != TDM_OK) {
        bad.code = "unknown_host";
        bad.what = "the record does not show the trial's host on trial";
        reconcile_degrade(r, &bad);
        return;
    }
    if (reconcile_commit(r) != TDM_OK)
        return;
    r->was_condemned = true;
    (void)tdm_fault_from(&r->fault, why); /* the trial's failure is what is told */
    if (is_host && to == r->running)
        reconcile_return(r, outcome);
    else
        *again = true;
}

/*
 * The gate fails. A new host gets what is left of its starts, since a network may come up late; a radio that does not
 * fit its host, or a trial that needs no start, gains nothing by that.
 */
static void gate_failed(struct reconcile *r, const struct tdm_fault *why, enum reconcile_outcome *outcome, bool *again)
{
    struct tdm_fault unfit;

    if (r->record.trial.kind == SLOT_TRIAL_RADIO || r->record.trial.tries == 0 || !reconcile_radio_fits(r, &unfit)) {
        reconcile_go_back(r, why, outcome, again);
        return;
    }
    (void)tdm_fault_from(&r->fault, why);
    *outcome = RECONCILE_RESTART;
}

void reconcile_confirm(struct reconcile *r, struct tdm_fault *why)
{
    static const struct tdm_fault not_on_trial = {TDM_E_STATE, "unknown_host",
                                                  "the record does not show a pair on trial", 0};

    tdm_log_progress(r->cfg.log, TDM_PHASE_SWITCH, "confirm", 0, 1);
    tdm_err err =
        r->record.trial.kind == SLOT_TRIAL_HOST ? tdm_host_select(r->cfg.host, r->running, TDM_SELECT_FINAL) : TDM_OK;
    if (err != TDM_OK) {
        (void)tdm_fault_set(why, err, "select_failed", "the boot selector did not confirm the host", 0);
        return;
    }
    if (pair_prove(&r->record) != TDM_OK) {
        reconcile_degrade(r, &not_on_trial);
        return;
    }
    if (reconcile_commit(r) == TDM_OK)
        r->was_confirmed = true;
}

void reconcile_end_trial(struct reconcile *r, enum reconcile_outcome *outcome, bool *again)
{
    struct tdm_fault why;

    *again = false;
    if (reconcile_gate(r, &why) == TDM_OK && r->cfg.waits_for_operator) {
        if (!pair_waits(&r->record) || reconcile_commit(r) == TDM_OK)
            *outcome = RECONCILE_WAITING;
        return;
    }
    if (why.err == TDM_OK)
        reconcile_confirm(r, &why);
    if (why.err != TDM_OK)
        gate_failed(r, &why, outcome, again);
}
