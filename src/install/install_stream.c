/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_stream.h"

#include <string.h>

#include "fetch/fetch.h"
#include "fetch/fetch_retry.h"
#include "install/install_facts.h"
#include "install/install_record.h"

tdm_err install_fail(struct install *in, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(&in->fault, err, code, what, 0);
}

tdm_err install_commit(struct install *in)
{
    tdm_err err = slot_store_commit(in->cfg.store, &in->record);
    return err == TDM_OK ? TDM_OK : install_fail(in, err, "record_not_writable", "the record cannot be written");
}

/* ---- from the judge into the slots ---- */

static tdm_err write_failed(struct install *in, tdm_err err)
{
    return install_fail(in, err, "slot_not_written", "a slot cannot be written");
}

static tdm_err begin_slot(struct install *in, struct tdm_flash *flash)
{
    tdm_err err = slot_writer_begin(&in->writer, flash, in->cfg.buf, in->cfg.buf_len);
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

static tdm_err end_slot(struct install *in)
{
    tdm_err err = slot_writer_end(&in->writer);
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

static tdm_err write_slot(struct install *in, const uint8_t *data, size_t len)
{
    tdm_err err = slot_writer_push(&in->writer, data, len);
    return err == TDM_OK ? TDM_OK : write_failed(in, err);
}

/* What an image with manifest is can be told from its front; a plain one is read through first. */
static tdm_err look_at_front(struct install *in, const struct judge_verdict *front)
{
    bool is_host = front->layout.kind == IMAGE_KIND_HOST;

    if (is_host && in->is_adopting)
        return install_fail(in, TDM_E_REFUSED, "host_image", "the image has no radio firmware");
    if (is_host && install_plan_host_alone(&in->record, &in->plan, &in->fault) != TDM_OK)
        return in->fault.err;
    if (!front->has_manifest)
        in->is_looking = in->may_look && install_may_be_running(&in->record, &in->plan, front);
    else if (install_is_running(&in->record, &in->plan, front->id))
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
    return err;
}

/* Step 1: from here on the older pair is given up, durably, before its slots are touched. */
static tdm_err on_accept(struct judge_output *port, const struct judge_verdict *front)
{
    struct install *in = ((struct install_output *)port)->in;

    in->total = front->layout.total_size;
    in->plan.kind = front->layout.host_size > 0 && !in->is_adopting ? SLOT_TRIAL_HOST : SLOT_TRIAL_RADIO;
    if (in->is_first && !in->has_freed)
        tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "first update: no radio firmware is stored to go back to", 0);
    tdm_err err = look_at_front(in, front);
    if (err != TDM_OK || in->is_looking)
        return err;
    err = keep_front(in, front);
    if (err == TDM_OK && !in->has_freed)
        err = free_slots(in);
    if (err != TDM_OK)
        return err;
    return begin_slot(in,
                      in->plan.is_host_alone ? in->cfg.host->slots[in->plan.host] : in->cfg.rcp_slots[in->plan.rcp]);
}

static tdm_err on_bundle(struct judge_output *port, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_output *)port)->in;
    return in->is_looking || in->plan.is_host_alone ? TDM_OK : write_slot(in, data, len);
}

static tdm_err on_host(struct judge_output *port, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_output *)port)->in;
    struct tdm_flash *flash = in->cfg.host->slots[in->plan.host];

    if (in->is_adopting || in->is_looking)
        return TDM_OK;
    if (in->writer.flash != flash) {
        tdm_err err = end_slot(in); /* of the bundle */
        if (err == TDM_OK)
            err = begin_slot(in, flash);
        if (err != TDM_OK)
            return err;
    }
    return write_slot(in, data, len);
}

/* ---- from the source into the judge ---- */

/* The start of the body, in case it is a page and no image. */
static void keep_page(struct install *in, const uint8_t *data, size_t len)
{
    size_t n = strlen(in->page);

    for (size_t i = 0; i < len && n < sizeof in->page - 1; i++) {
        bool is_text = data[i] >= ' ' && data[i] <= '~';
        if (is_text || (n > 0 && in->page[n - 1] != ' '))
            in->page[n++] = is_text ? (char)data[i] : ' ';
    }
    in->page[n] = '\0';
}

static void begin_judge(struct install *in)
{
    struct judge_facts facts = install_facts(in);

    facts.told_length = in->reply.has_length ? in->reply.length : 0;
    in->total = facts.told_length;
    judge_init(&in->judge, in->cfg.crypto, &facts, &in->output.port);
    in->has_begun = true;
}

static tdm_err on_body(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_body *)(void *)sink)->in;

    if (!in->has_begun)
        begin_judge(in);
    if (in->got < sizeof in->page)
        keep_page(in, data, len);
    in->got += len;
    if (judge_push(&in->judge, data, len) != TDM_OK)
        return tdm_fault_from(&in->fault, &in->judge.fault);
    in->has_all = in->judge.parser.trailing > 0; /* legal filler: who knows how much of it there is */
    return in->has_all ? TDM_E_CANCELLED : TDM_OK;
}

/* A page is told from an image by its first bytes, also when it is shorter than an image's first entry. */
static void settle_page(struct install *in)
{
    bool is_short = in->fault.err == TDM_E_TRUNCATED && in->got < 12 && in->page[0] != '\0';

    if (is_short) {
        tdm_fault_clear(&in->fault);
        (void)install_fail(in, TDM_E_FORMAT, "not_image", "not an OTA image");
    }
    if (strcmp(in->fault.code, "not_image") != 0)
        in->page[0] = '\0';
}

static tdm_err run_fetch(struct install *in, const char *url)
{
    uint64_t limit = in->is_adopting ? 0 : in->cfg.rcp_slots[in->plan.rcp]->size;

    if (limit > 0 && in->cfg.host->has_slots)
        limit += in->cfg.host->slots[in->plan.host]->size;
    struct fetch f = {
        .source = in->cfg.source,
        .to = &in->body.sink,
        .log = in->cfg.log,
        .reply = &in->reply,
        .total = &in->total,
        .limit = limit,
    };
    tdm_err err = fetch_run(&f, url);
    if (err == TDM_OK || in->has_all)
        return TDM_OK;
    (void)tdm_fault_from(&in->fault, &f.fault); /* unless the judge or a slot had one first */
    return tdm_fault_set(&in->fault, err, "fetch_failed", "the transfer failed", 0);
}

static tdm_err end_judge(struct install *in)
{
    if (!in->has_begun)
        return install_fail(in, TDM_E_TRUNCATED, "truncated", "nothing came: the body is empty");
    if (judge_end(&in->judge, &in->verdict) != TDM_OK)
        return tdm_fault_from(&in->fault, &in->judge.fault);
    return TDM_OK;
}

static tdm_err run_once(struct install *in, const char *url, bool may_look)
{
    in->has_begun = in->has_all = in->is_looking = false;
    in->may_look = may_look;
    in->got = in->total = 0;
    in->page[0] = '\0';
    in->body = (struct install_body){.sink = {on_body}, .in = in};
    in->output = (struct install_output){{on_accept, on_bundle, on_host}, in};

    tdm_err err = run_fetch(in, url);
    if (err == TDM_OK)
        err = end_judge(in);
    else if (in->has_begun)
        judge_drop(&in->judge);
    if (err == TDM_OK && !in->is_looking)
        err = end_slot(in);
    settle_page(in);
    return in->fault.err != TDM_OK ? in->fault.err : err;
}

/* From the first byte each time, as often and wherever it is worth it. */
static tdm_err run(struct install *in, const char *url, bool may_look)
{
    static const struct fetch_retry once = {.retries = 0};
    const struct install_plan plan = in->plan;
    struct fetch_tour tour;

    fetch_tour_begin(&tour, in->cfg.is_source_once ? &once : &in->cfg.retry, url, in->cfg.log);
    tdm_err err = run_once(in, url, may_look);
    while (err != TDM_OK) {
        err = fetch_tour_next(&tour, &in->reply, &in->fault);
        if (err != TDM_OK)
            break;
        tdm_fault_clear(&in->fault);
        if (!in->has_freed)
            in->plan = plan;
        err = run_once(in, fetch_tour_url(&tour), may_look);
    }
    in->attempts = tour.attempts;
    in->place = tour.place;
    return err;
}

/*
 * A plain image's id is known at its end only. One that may be what runs is read through first and not stored, so that
 * fetching the same image again and again does not cost the pair to go back to.
 */
tdm_err install_stream_in(struct install *in, const char *url)
{
    in->has_freed = false;
    tdm_err err = run(in, url, !in->cfg.is_source_once);
    if (err != TDM_OK || !in->is_looking)
        return err;
    if (install_is_running(&in->record, &in->plan, in->verdict.id))
        return install_fail(in, TDM_E_STATE, "already_installed", "this image is what runs already");
    return run(in, url, false);
}

/* ---- from the slots into the judge ---- */

static tdm_err on_stored(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_body *)(void *)sink)->in;

    in->got += len;
    tdm_log_progress(in->cfg.log, TDM_PHASE_VERIFY, "slots", in->got, in->total);
    return judge_push(&in->judge, data, len);
}

static tdm_err replay(struct install *in, struct tdm_flash *flash, uint64_t length)
{
    tdm_err err = slot_replay(flash, length, in->cfg.buf, in->cfg.buf_len, &in->body.sink);
    if (err == TDM_OK)
        return TDM_OK;
    (void)tdm_fault_from(&in->fault, &in->judge.fault);
    return install_fail(in, err, "slot_not_read", "a slot cannot be read back");
}

static tdm_err stream_back(struct install *in, uint64_t bundle_size, uint64_t host_size, bool has_host,
                           struct judge_verdict *out)
{
    struct judge_facts facts = install_facts(in);

    in->got = 0;
    in->total = bundle_size + (has_host ? host_size : 0);
    in->body = (struct install_body){.sink = {on_stored}, .in = in};
    judge_init(&in->judge, in->cfg.crypto, &facts, NULL);
    tdm_err err = replay(in, in->cfg.rcp_slots[in->plan.rcp], bundle_size);
    if (err == TDM_OK && has_host)
        err = replay(in, in->cfg.host->slots[in->plan.host], host_size);
    if (err != TDM_OK) {
        judge_drop(&in->judge);
        return err;
    }
    err = has_host ? judge_end(&in->judge, out) : judge_end_bundle(&in->judge, out);
    return err == TDM_OK ? TDM_OK : tdm_fault_from(&in->fault, &in->judge.fault);
}

tdm_err install_stream_back(struct install *in, uint64_t bundle_size, uint64_t host_size, struct judge_verdict *out)
{
    return stream_back(in, bundle_size, host_size, in->plan.kind == SLOT_TRIAL_HOST, out);
}

tdm_err install_stream_bundle(struct install *in, uint64_t size, struct judge_verdict *out)
{
    return stream_back(in, size, 0, false, out);
}
