/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_store.h"

#include <string.h>

#include "install/install_digest.h"
#include "install/install_facts.h"
#include "install/install_record.h"
#include "install/install_resume.h"
#include "install/install_spans.h"
#include "install/install_stream.h"

/* ---- into a slot ---- */

static tdm_err write_failed(struct install *in, tdm_err err)
{
    return install_fail(in, err, "slot_not_written", "a slot cannot be written");
}

static tdm_err end_slot(struct install *in)
{
    tdm_err err = in->writer.flash != NULL ? slot_writer_end(&in->writer) : TDM_OK;
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

static tdm_err begin_slot(struct install *in, struct tdm_flash *flash, uint64_t at)
{
    tdm_err err = end_slot(in); /* of the bundle */
    if (err != TDM_OK)
        return err;
    err = slot_writer_begin_at(&in->writer, flash, at, in->cfg.buf, install_half_buf(in));
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

/* base: where the slot's first byte stands in the image. What is kept is there already. */
static tdm_err store(struct install *in, struct tdm_flash *flash, uint64_t base, const uint8_t *data, size_t len)
{
    uint64_t from = in->stored, kept = in->kept > from ? in->kept - from : 0;

    in->stored += len;
    if (kept >= len)
        return TDM_OK;
    tdm_err err = in->writer.flash == flash ? TDM_OK : begin_slot(in, flash, from + kept - base);
    if (err != TDM_OK)
        return err;
    err = slot_writer_push(&in->writer, data + kept, len - (size_t)kept);
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

static tdm_err on_bundle(struct judge_output *port, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_output *)port)->in;

    if (in->is_looking || in->plan.is_host_alone)
        return TDM_OK;
    return store(in, in->cfg.rcp_slots[in->plan.rcp], 0, data, len);
}

static tdm_err on_host(struct judge_output *port, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_output *)port)->in;

    if (in->is_adopting || in->is_looking)
        return TDM_OK;
    return store(in, in->cfg.host->slots[in->plan.host], in->claim.host_at, data, len);
}

/* ---- the front ---- */

/* What an image with manifest is can be told from its front; a plain one is read through first. */
static tdm_err look_at_front(struct install *in, const struct judge_verdict *front)
{
    bool is_host = front->layout.kind == IMAGE_KIND_HOST;

    if (is_host && in->is_adopting)
        return install_fail(in, TDM_E_REFUSED, "host_image", "the image has no radio firmware");
    if (is_host && install_plan_host_alone(&in->record, &in->plan, &in->fault) != TDM_OK)
        return in->fault.err;
    if (front->has_manifest && install_is_running(&in->record, &in->plan, front->id))
        return install_fail(in, TDM_E_STATE, "already_installed", "this image is what runs already");
    return TDM_OK;
}

/* A second attempt goes into slots that were given up for the image of the first. */
static tdm_err keep_front(struct install *in, const struct judge_verdict *v)
{
    struct install_front now = {.bundle_size = v->layout.bundle_size, .host_size = v->layout.host_size};
    struct install_front *first = &in->front;

    if (v->has_manifest)
        memcpy(now.id, v->id, sizeof now.id);
    slot_text_set(now.version, sizeof now.version, v->version);
    if (!in->has_freed) {
        *first = now;
        return TDM_OK;
    }
    bool is_same = now.bundle_size == first->bundle_size && now.host_size == first->host_size &&
                   memcmp(now.id, first->id, sizeof now.id) == 0 && strcmp(now.version, first->version) == 0;
    return is_same ? TDM_OK
                   : install_fail(in, TDM_E_MISMATCH, "changed_on_server", "another image than the one that was begun");
}

static tdm_err free_slots(struct install *in)
{
    tdm_err err = install_record_free(&in->record, &in->plan, &in->fault);
    if (err == TDM_OK)
        err = install_commit(in);
    in->has_freed = true; /* or nobody knows */
    if (err == TDM_OK)
        install_resume_forget(in);
    return err;
}

/* The slots are this download's already, or become so: then the older pair is given up, durably, before they are touched. */
static tdm_err take_slots(struct install *in, const struct judge_verdict *front)
{
    tdm_err err = keep_front(in, front);

    if (err != TDM_OK)
        return err;
    in->synced = in->kept;
    if (!in->has_freed || in->had > in->kept)
        in->had = in->kept;
    in->stored = in->plan.is_host_alone ? in->claim.host_at : 0; /* its front lies nowhere */
    if (in->kept > 0) {
        in->has_freed = true;
        tdm_log_note(in->cfg.log, TDM_LOG_INFO, "going on with the download; bytes that are there", in->kept);
    }
    return in->has_freed ? TDM_OK : free_slots(in);
}

/* Of a plain image only the source can say that two parts are of one file. */
static bool is_of_no_use_in_parts(const struct install *in, const struct judge_verdict *front)
{
    return !front->has_manifest && !in->is_whole && in->validator[0] == '\0';
}

static tdm_err on_accept(struct judge_output *port, const struct judge_verdict *front)
{
    struct install *in = ((struct install_output *)port)->in;

    in->total = front->layout.total_size;
    in->plan.kind = front->layout.host_size > 0 && !in->is_adopting ? SLOT_TRIAL_HOST : SLOT_TRIAL_RADIO;
    in->wants_whole = is_of_no_use_in_parts(in, front);
    if (in->wants_whole)
        return TDM_E_CANCELLED;
    if (in->is_first && !in->has_freed)
        tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "first update: no radio firmware is stored to go back to", 0);
    tdm_err err = look_at_front(in, front);
    if (err == TDM_OK)
        err = install_resume_name(in, front);
    if (err != TDM_OK)
        return err;
    in->kept = install_resume_find(in);
    if (install_is_stopped(in)) /* perhaps in the middle of that: what is there stays */
        return install_fail(in, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator");
    in->left = in->kept;
    in->is_looking =
        in->kept == 0 && !front->has_manifest && in->may_look && install_may_be_running(&in->record, &in->plan, front);
    if (in->is_looking)
        return TDM_OK;
    err = take_slots(in, front);
    if (err == TDM_OK)
        install_find_copies(in, front);
    return err;
}

/* ---- the judge ---- */

void install_store_begin(struct install *in)
{
    install_store_drop(in);
    if (!in->has_freed)
        in->plan = in->begun;
    in->is_looking = in->wants_whole = false;
    in->at = in->stored = in->kept = 0;
    memset(in->copies, 0, sizeof in->copies);
    memset(&in->writer, 0, sizeof in->writer);
    struct judge_facts facts = install_facts(in);
    facts.told_length = in->length;
    in->total = facts.told_length;
    in->output = (struct install_output){{on_accept, on_bundle, on_host}, in};
    judge_init(&in->judge, in->cfg.crypto, &facts, &in->output.port);
    in->has_begun = true;
}

tdm_err install_store_push(struct install *in, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t part = install_resume_until(in, len);
        in->at += part;
        tdm_err err = judge_push(&in->judge, data, part);
        if (err != TDM_OK)
            return in->wants_whole ? TDM_E_CANCELLED : tdm_fault_from(&in->fault, &in->judge.fault);
        err = install_resume_claim(in);
        if (err != TDM_OK)
            return err;
        data += part;
        len -= part;
    }
    return TDM_OK;
}

tdm_err install_store_end(struct install *in)
{
    if (!in->has_begun)
        return install_fail(in, TDM_E_TRUNCATED, "truncated", "nothing came: the body is empty");
    in->has_begun = false;
    if (judge_end(&in->judge, &in->verdict) != TDM_OK)
        return tdm_fault_from(&in->fault, &in->judge.fault);
    return in->is_looking ? TDM_OK : end_slot(in);
}

void install_store_drop(struct install *in)
{
    if (in->has_begun)
        judge_drop(&in->judge);
    in->has_begun = false;
}
