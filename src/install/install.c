/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/install.h>

#include <string.h>

#include "install/install_record.h"
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

static tdm_err begin(struct install *in)
{
    enum tdm_host_slot running, next;
    bool is_final;

    tdm_fault_clear(&in->fault);
    tdm_err err = tdm_host_running(in->cfg.host, &running);
    if (err == TDM_OK)
        err = tdm_host_next(in->cfg.host, &next, &is_final);
    if (err != TDM_OK)
        return install_fail(in, err, "running_unknown", "which host slot runs, or is next, cannot be told");
    err = load_record(in, running);
    if (err == TDM_OK)
        err = install_plan_begin(&in->record, running, next, &in->plan, &in->fault);
    return err;
}

/* ---- stage: steps 1 to 3 ---- */

/* What lies on the medium must be what came through the judge. */
static tdm_err read_back(struct install *in, const struct judge_verdict *meant)
{
    struct judge_verdict seen;

    tdm_err err = install_stream_back(in, meant->layout.bundle_size, meant->layout.host_size, &seen);
    if (err != TDM_OK)
        return err;
    bool is_same = memcmp(seen.bundle_digest, meant->bundle_digest, TDM_SHA256_LEN) == 0 &&
                   (in->plan.kind != SLOT_TRIAL_HOST || memcmp(seen.id, meant->id, TDM_SHA256_LEN) == 0);
    return is_same ? TDM_OK
                   : install_fail(in, TDM_E_CORRUPT, "staged_differs", "what was stored is not what was received");
}

tdm_err install_stage(struct install *in, const char *url)
{
    in->is_adopting = false;
    tdm_err err = begin(in);
    if (err == TDM_OK)
        err = install_stream_in(in, url);
    if (err == TDM_OK)
        err = read_back(in, &in->verdict);
    if (err == TDM_OK)
        err = install_record_staged(&in->record, &in->plan, &in->verdict, &in->fault);
    return err == TDM_OK ? install_commit(in) : err;
}

/* ---- arm: steps 4 and 5 ---- */

/* The slots once more: they may have lain for days. */
static tdm_err judge_staged(struct install *in)
{
    const struct slot_content *bundle = &in->record.rcp[in->plan.rcp];
    const struct slot_content *host = &in->record.host[in->plan.host].content;
    struct judge_verdict meant = {.layout = {.bundle_size = (uint32_t)bundle->length}};

    if (bundle->length > UINT32_MAX || host->length > UINT32_MAX)
        return install_fail(in, TDM_E_FORMAT, "staged_differs", "the record states impossible lengths");
    if (slot_record_bad_reason(&in->record, bundle->id) != NULL)
        return install_fail(in, TDM_E_REFUSED, "known_bad", "this image has failed on this router before");
    memcpy(meant.id, bundle->id, SLOT_ID_LEN);
    memcpy(meant.bundle_digest, bundle->digest, SLOT_ID_LEN);
    if (in->plan.kind == SLOT_TRIAL_HOST)
        meant.layout.host_size = (uint32_t)host->length;
    return read_back(in, &meant);
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

tdm_err install_arm(struct install *in, bool *needs_restart)
{
    *needs_restart = false;
    in->is_adopting = false;
    tdm_err err = begin(in);
    if (err == TDM_OK)
        err = install_plan_staged(&in->record, in->cfg.host->has_slots, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = judge_staged(in);
    if (err == TDM_OK)
        err = install_record_trial(&in->record, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = install_commit(in);
    if (err != TDM_OK || in->plan.kind != SLOT_TRIAL_HOST)
        return err;
    tdm_log_progress(in->cfg.log, TDM_PHASE_SWITCH, "boot selection", 0, 1);
    err = tdm_host_select(in->cfg.host, in->plan.host, TDM_SELECT_TRIAL);
    if (err != TDM_OK)
        return take_back(in, err);
    tdm_log_progress(in->cfg.log, TDM_PHASE_SWITCH, "boot selection", 1, 1);
    *needs_restart = true;
    return TDM_OK;
}

/* ---- adopt ---- */

tdm_err install_adopt(struct install *in, const char *url)
{
    in->is_adopting = true;
    tdm_err err = begin(in);
    if (err == TDM_OK)
        err = install_stream_in(in, url);
    if (err == TDM_OK)
        err = read_back(in, &in->verdict);
    if (err == TDM_OK)
        err = install_record_adopt(&in->record, &in->plan, &in->verdict, &in->fault);
    return err == TDM_OK ? install_commit(in) : err;
}
