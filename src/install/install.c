/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/install.h>

#include <string.h>

#include "install/install_facts.h"
#include "install/install_journal.h"
#include "install/install_record.h"
#include "install/install_replay.h"
#include "install/install_resume.h"
#include "install/install_stream.h"

void install_init(struct install *in, const struct install_config *cfg)
{
    memset(in, 0, sizeof *in);
    in->cfg = *cfg;
    tdm_fault_clear(&in->fault);
}

/* ---- before anything is written ---- */

static tdm_err load_record(struct install *in, enum tdm_host_slot running)
{
    enum slot_store_state state;

    tdm_err err = slot_store_load(in->cfg.store, &in->record, &state);
    if (err != TDM_OK)
        return install_fail(in, err, "record_unreadable", "the record cannot be read");
    if (state == SLOT_STORE_LOST)
        tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "the record was lost: starting a new one", 0);
    if (state != SLOT_STORE_OK)
        slot_record_first(&in->record, running);
    return TDM_OK;
}

/* Who runs, what starts next, and the record. */
static tdm_err look(struct install *in, enum tdm_host_slot *running, enum tdm_host_slot *next)
{
    bool is_final;

    tdm_fault_clear(&in->fault);
    tdm_err err = tdm_host_running(in->cfg.host, running);
    if (err == TDM_OK)
        err = tdm_host_next(in->cfg.host, next, &is_final);
    if (err != TDM_OK)
        return install_fail(in, err, "running_unknown", "which host slot runs, or is next, cannot be told");
    install_journal_open(&in->journal, in->cfg.journal, in->cfg.log);
    return load_record(in, *running);
}

/* A selector that a bootloader's fallback left open must be settled first: no pair is proven beside another start. */
static tdm_err plan(struct install *in, enum tdm_host_slot running, enum tdm_host_slot next)
{
    tdm_err err = install_plan_begin(&in->record, running, next, &in->plan, &in->fault);
    if (err != TDM_OK)
        return err;
    err = tdm_host_keep(in->cfg.host, running);
    return err == TDM_OK ? TDM_OK
                         : install_fail(in, err, "select_failed", "the boot selection does not keep the running host");
}

static tdm_err begin(struct install *in)
{
    enum tdm_host_slot running = TDM_HOST_A, next = TDM_HOST_A;

    tdm_err err = look(in, &running, &next);
    if (err == TDM_OK)
        err = plan(in, running, next);
    in->is_first = err == TDM_OK && !in->is_adopting && in->record.host[running].rcp == SLOT_RCP_NONE;
    return err;
}

/* ---- stage: steps 1 to 3 ---- */

/* Fetched, judged, written into the free slots and read back from the medium: all but the word of the record. */
static tdm_err store(struct install *in, const char *url, bool is_adopting)
{
    in->is_adopting = is_adopting;
    tdm_err err = begin(in);
    if (err == TDM_OK)
        err = install_stream_in(in, url);
    if (err != TDM_OK)
        return err;
    err = install_read_back(in);
    if (err == TDM_E_CORRUPT) /* or the same bytes would be kept for ever */
        install_resume_forget(in);
    return err;
}

/* What is whole is no unfinished download any more. */
static tdm_err commit_whole(struct install *in)
{
    tdm_err err = install_commit(in);

    if (err == TDM_OK)
        install_resume_forget(in);
    return err;
}

tdm_err install_stage(struct install *in, const char *url)
{
    tdm_err err = store(in, url, false);
    if (err == TDM_OK)
        err = install_record_staged(&in->record, &in->plan, &in->verdict, &in->fault);
    return err == TDM_OK ? commit_whole(in) : err;
}

/* ---- arm: steps 4 and 5 ---- */

static void describe_staged(struct install *in, const struct slot_content *bundle, const struct slot_host_row *row)
{
    struct judge_verdict *v = &in->verdict;
    bool is_host = in->plan.kind == SLOT_TRIAL_HOST;

    *v = (struct judge_verdict){.radio_chip = JUDGE_CHIP_UNKNOWN, .host_chip = JUDGE_CHIP_UNKNOWN};
    memcpy(v->id, is_host ? row->content.id : bundle->id, SLOT_ID_LEN);
    memcpy(v->bundle_digest, bundle->digest, SLOT_ID_LEN);
    v->layout.bundle_size = (uint32_t)bundle->length;
    if (!is_host)
        return;
    memcpy(v->host_digest, row->content.digest, SLOT_ID_LEN);
    v->layout.host_size = (uint32_t)row->content.length;
}

static void add_signers(struct judge_verdict *v, const struct slot_front *front)
{
    static const uint8_t none[SLOT_KEY_ID_LEN];

    memcpy(v->signers, front->signers, sizeof v->signers);
    while (v->signer_count < SLOT_SIGNERS_MAX && memcmp(v->signers[v->signer_count], none, sizeof none) != 0)
        v->signer_count++;
}

/* Of an image of a host alone the record keeps all that there is beside the slot; its front lies nowhere. */
static void describe_host_alone(struct install *in, const struct slot_host_row *row)
{
    const struct slot_front *front = &in->record.front;
    struct judge_verdict *v = &in->verdict;
    struct manifest *m = &v->manifest;

    v->layout.kind = IMAGE_KIND_HOST;
    v->layout.bundle_size = 0;
    v->has_manifest = true;
    v->is_signed = row->content.is_signed;
    m->counter = row->content.counter;
    m->issued = row->content.issued;
    m->expires = front->expires;
    m->host = (struct manifest_side){.family = front->family,
                                     .chip = front->chip,
                                     .revision_min = front->revision_min,
                                     .revision_max = front->revision_max,
                                     .api = row->api,
                                     .least_api = row->least_radio_api};
    slot_text_set(m->pair_version, sizeof m->pair_version, row->pair_version);
    slot_text_set(m->compatible, sizeof m->compatible, front->compatible);
    slot_text_set(v->host_version, sizeof v->host_version, row->content.version);
    add_signers(v, front);
}

static tdm_err judge_host_alone(struct install *in, const struct slot_host_row *row)
{
    describe_host_alone(in, row);
    const struct judge_facts facts = install_facts(in);
    tdm_err err = judge_host_again(&facts, &in->verdict, &in->fault);
    return err == TDM_OK ? install_read_back(in) : err;
}

/* What the router demands may have grown since the image came in. */
static void keep_signed(struct install *in)
{
    if (!in->verdict.is_signed)
        return;
    in->record.rcp[in->plan.rcp].is_signed = true;
    if (in->plan.kind == SLOT_TRIAL_HOST)
        in->record.host[in->plan.host].content.is_signed = true;
}

/* The slots once more: they may have lain for days. */
static tdm_err judge_staged(struct install *in)
{
    const struct slot_content *bundle = &in->record.rcp[in->plan.rcp];
    const struct slot_host_row *row = &in->record.host[in->plan.host];

    if (bundle->length > UINT32_MAX || row->content.length > UINT32_MAX)
        return install_fail(in, TDM_E_FORMAT, "staged_differs", "the record states impossible lengths");
    describe_staged(in, bundle, row);
    if (in->plan.is_host_alone)
        return judge_host_alone(in, row);
    tdm_err err = install_read_back(in);
    if (err != TDM_OK)
        return err;
    keep_signed(in);
    if (in->verdict.has_manifest)
        slot_text_set(in->plan.pair_version, sizeof in->plan.pair_version, in->verdict.manifest.pair_version);
    return TDM_OK;
}

/* The switch was refused. Select first, then the record: the other order leaves a selected slot without a row. */
static tdm_err take_back(struct install *in, tdm_err err)
{
    (void)install_fail(in, err, "select_failed", "the boot selection did not take the new host slot");
    if (tdm_host_select(in->cfg.host, in->plan.running, TDM_SELECT_FINAL) != TDM_OK)
        return in->fault.err; /* the trial stands; the next boot settles it */
    if (install_record_cancel(&in->record, &in->plan, &in->fault) == TDM_OK && install_commit(in) != TDM_OK)
        tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "the cancelled trial could not be recorded", 0);
    return in->fault.err;
}

/* The trial is recorded: the one switch. A radio alone needs none. */
static tdm_err switch_to(struct install *in, bool *needs_restart)
{
    if (in->plan.kind != SLOT_TRIAL_HOST)
        return TDM_OK;
    tdm_log_progress(in->cfg.log, TDM_PHASE_SWITCH, "boot selection", 0, 1);
    tdm_err err = tdm_host_select(in->cfg.host, in->plan.host, TDM_SELECT_TRIAL);
    if (err != TDM_OK)
        return take_back(in, err);
    tdm_log_progress(in->cfg.log, TDM_PHASE_SWITCH, "boot selection", 1, 1);
    *needs_restart = true;
    return TDM_OK;
}

/* The plan is judged: record the trial, then switch. */
static tdm_err arm(struct install *in, bool *needs_restart)
{
    tdm_err err = install_record_trial(&in->record, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = install_commit(in);
    return err == TDM_OK ? switch_to(in, needs_restart) : err;
}

tdm_err install_arm(struct install *in, bool *needs_restart)
{
    *needs_restart = false;
    in->is_adopting = false;
    tdm_err err = begin(in);
    if (err == TDM_OK)
        err = install_plan_staged(&in->record, in->cfg.host->has_slots, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = judge_staged(in);
    return err == TDM_OK ? arm(in, needs_restart) : err;
}

/* ---- cancel ---- */

/* Its slots stay WRITING, which nobody uses; what is forgotten is only how to go on. */
static bool drop_download(struct install *in)
{
    uint64_t bytes, total;
    bool is_left = in->journal.flash != NULL && strcmp(in->fault.code, "nothing_staged") == 0 &&
                   install_has_kept(in->journal.flash, &in->record, &bytes, &total);

    if (!is_left)
        return false;
    install_resume_forget(in);
    tdm_fault_clear(&in->fault);
    return in->has_dropped = true;
}

tdm_err install_cancel(struct install *in)
{
    enum tdm_host_slot running = TDM_HOST_A, next = TDM_HOST_A;

    tdm_err err = look(in, &running, &next);
    if (err == TDM_OK)
        err = install_plan_cancel(&in->record, running, &in->plan, &in->fault);
    if (err != TDM_OK)
        return drop_download(in) ? TDM_OK : err;
    /* The selection first: the other order leaves a selected slot without a row. */
    if (in->plan.kind == SLOT_TRIAL_HOST || next != running)
        err = tdm_host_select(in->cfg.host, running, TDM_SELECT_FINAL);
    if (err != TDM_OK)
        return install_fail(in, err, "select_failed", "the boot selection does not come back to the running host");
    err = install_record_take_back(&in->record, &in->plan, &in->fault);
    return err == TDM_OK ? install_commit(in) : err;
}

/* ---- back ---- */

/* The order was cut behind its commit: nothing has started yet, so what is left of it is the switch. */
static tdm_err back_again(struct install *in, enum tdm_host_slot running, bool *needs_restart)
{
    tdm_err err = install_plan_back_again(&in->record, running, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = install_read_older(in);
    if (err == TDM_OK && install_record_pay_again(&in->record))
        err = install_commit(in);
    return err == TDM_OK ? switch_to(in, needs_restart) : err;
}

tdm_err install_back(struct install *in, bool *needs_restart)
{
    enum tdm_host_slot running = TDM_HOST_A, next = TDM_HOST_A;

    *needs_restart = false;
    in->is_first = false;
    in->is_adopting = true; /* a bundle's header may name a host part that lies elsewhere */
    tdm_err err = look(in, &running, &next);
    if (err == TDM_OK && in->record.trial.kind != SLOT_TRIAL_NONE)
        return back_again(in, running, needs_restart);
    if (err == TDM_OK)
        err = plan(in, running, next);
    if (err == TDM_OK)
        err = install_plan_back(&in->record, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = install_read_older(in);
    return err == TDM_OK ? arm(in, needs_restart) : err;
}

/* ---- adopt ---- */

tdm_err install_adopt(struct install *in, const char *url)
{
    tdm_err err = store(in, url, true);
    if (err == TDM_OK)
        err = install_record_adopt(&in->record, &in->plan, &in->verdict, &in->fault);
    return err == TDM_OK ? commit_whole(in) : err;
}
