/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_stream.h"

#include <string.h>

#include "fetch/fetch.h"
#include "fetch/fetch_retry.h"
#include "install/install_digest.h"
#include "install/install_record.h"
#include "install/install_resume.h"
#include "install/install_spans.h"
#include "install/install_store.h"

#define FRONT_COUNT 8192u /* asked for first: more than the front of any image and the first firmware's head */

tdm_err install_fail(struct install *in, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(&in->fault, err, code, what, 0);
}

tdm_err install_commit(struct install *in)
{
    tdm_err err = slot_store_commit(in->cfg.store, &in->record);
    return err == TDM_OK ? TDM_OK : install_fail(in, err, "record_not_writable", "the record cannot be written");
}

/* ---- a page is no image ---- */

/* The start of the body, in case it is a page. */
static void keep_page(struct install *in, const uint8_t *data, size_t len)
{
    size_t n = strlen(in->page);

    for (size_t i = 0; i < len && n < sizeof in->page - 1; i++) {
        bool is_text = data[i] >= ' ' && data[i] <= '~';
        if (is_text || (n > 0 && in->page[n - 1] != ' '))
            in->page[n++] = (char)(is_text ? data[i] : ' ');
    }
    in->page[n] = '\0';
}

/* A page is told from an image by its first bytes, also when it is shorter than an image's first entry. */
static void settle_page(struct install *in)
{
    bool is_short = in->fault.err == TDM_E_TRUNCATED && in->at < 12 && in->page[0] != '\0';

    if (is_short) {
        tdm_fault_clear(&in->fault);
        (void)install_fail(in, TDM_E_FORMAT, "not_image", "not an OTA image");
    }
    if (strcmp(in->fault.code, "not_image") != 0)
        in->page[0] = '\0';
}

/* ---- from the source ---- */

static void begin_file(struct install *in)
{
    bool was_refused = in->has_begun; /* a part was asked for, and the whole file comes */

    in->is_whole = in->asks_whole || was_refused || !in->reply.has_ranges;
    in->length = in->reply.has_length ? in->reply.length : 0;
    memcpy(in->validator, in->reply.validator, sizeof in->validator);
    in->page[0] = '\0';
    install_store_begin(in);
}

/* A plain image has no digests: a part that does not name the file that was begun may be of another one. */
static tdm_err go_on_with_part(struct install *in)
{
    in->is_whole = false;
    in->wants_whole = !in->judge.verdict.has_manifest && strcmp(in->reply.validator, in->validator) != 0;
    return in->wants_whole ? TDM_E_CANCELLED : TDM_OK;
}

/* The first bytes of an answer: the part that was asked for, or the file from its beginning. */
static tdm_err look_at_answer(struct install *in)
{
    in->is_answered = true;
    if (in->has_begun && in->reply.start == in->at)
        return go_on_with_part(in);
    if (in->reply.start != 0)
        return install_fail(in, TDM_E_PEER, "wrong_range", "the server sends another part than was asked for");
    begin_file(in);
    return TDM_OK;
}

static bool is_accepted(const struct install *in)
{
    return in->has_begun && in->judge.is_accepted;
}

/* Is what comes next nothing that this answer has to bring? */
static bool is_enough(const struct install *in)
{
    if (in->judge.parser.trailing > 0) /* legal filler: who knows how much of it there is */
        return true;
    if (!is_accepted(in) || in->is_looking || in->at >= in->total)
        return false;
    if (in->is_whole)
        return install_rest_is_here(in, in->at);
    /* A part is taken to its end, and the connection stays; more than it is all of the file. */
    return in->at >= in->asked_to && install_span_at(in, in->at).flash != NULL;
}

static void has_come(struct install *in)
{
    in->reached = in->at > in->reached ? in->at : in->reached;
}

static tdm_err on_body(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct install *in = ((struct install_body *)(void *)sink)->in;
    tdm_err err = in->is_answered ? TDM_OK : look_at_answer(in);

    in->fetched += len;
    if (err == TDM_OK && in->at < sizeof in->page)
        keep_page(in, data, len);
    if (err == TDM_OK)
        err = install_store_push(in, data, len);
    has_come(in);
    in->has_enough = in->wants_whole || (err == TDM_OK && is_enough(in));
    return in->has_enough ? TDM_E_CANCELLED : err;
}

static uint64_t room(const struct install *in)
{
    uint64_t limit = in->is_adopting ? 0 : in->cfg.rcp_slots[in->plan.rcp]->size;

    return limit > 0 && in->cfg.host->has_slots ? limit + in->cfg.host->slots[in->plan.host]->size : limit;
}

/* From in->at on; count 0: to the end. */
static tdm_err ask(struct install *in, uint64_t count)
{
    struct fetch f = {
        .source = in->cfg.source,
        .to = &in->body.sink,
        .log = in->cfg.log,
        .reply = &in->reply,
        .ask = {.from = in->at, .count = count},
        .total = &in->total,
        .limit = room(in),
    };

    if (in->at > 0) {
        f.ask.validator = in->validator;
        f.ask.length = in->length;
    }
    in->body = (struct install_body){.sink = {on_body}, .in = in};
    in->is_answered = in->has_enough = false;
    in->asked_to = count > 0 ? in->at + count : 0;
    tdm_err err = fetch_run(&f, in->url);
    if (err == TDM_OK || in->has_enough)
        return TDM_OK;
    (void)tdm_fault_from(&in->fault, &f.fault); /* unless the judge or a slot had one first */
    return tdm_fault_set(&in->fault, err, "fetch_failed", "the transfer failed", 0);
}

/* ---- from slots of this router ---- */

bool install_is_stopped(const struct install *in)
{
    return in->cfg.retry.is_stopped != NULL && in->cfg.retry.is_stopped();
}

static tdm_err on_here(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    const struct install_body *body = (struct install_body *)(void *)sink;
    struct install *in = body->in;

    if (install_is_stopped(in))
        return install_fail(in, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator");
    tdm_err err = install_store_push(in, data, len);
    if (!body->is_kept && in->at > in->reached)
        in->copied += in->at - in->reached < len ? in->at - in->reached : len;
    has_come(in);
    tdm_log_progress(in->cfg.log, TDM_PHASE_VERIFY, body->is_kept ? "kept bytes" : "running pair", in->at, in->total);
    return err;
}

static tdm_err take_here(struct install *in, const struct install_span *span)
{
    in->body = (struct install_body){.sink = {on_here}, .in = in, .is_kept = span->is_kept};
    in->has_enough = true; /* or the answer broke: its end was not the file's */
    tdm_err err = slot_replay_part(span->flash, span->at, span->at + (span->end - in->at), install_read_buf(in),
                                   install_half_buf(in), &in->body.sink);
    return err == TDM_OK ? TDM_OK : install_fail(in, err, "slot_not_read", "a slot cannot be read");
}

/* ---- all of it ---- */

static bool is_over(const struct install *in)
{
    bool has_ended = in->is_whole && !in->has_enough;
    return !in->has_begun || has_ended || (is_accepted(in) && in->at >= in->total);
}

static tdm_err next_span(struct install *in)
{
    if (in->wants_whole) {
        install_store_drop(in);
        in->wants_whole = false;
        in->asks_whole = true;
        in->at = 0;
    }
    if (!is_accepted(in))
        return ask(in, in->asks_whole ? 0 : FRONT_COUNT);
    struct install_span span = install_span_at(in, in->at);
    return span.flash != NULL ? take_here(in, &span) : ask(in, span.end - in->at);
}

static tdm_err run_spans(struct install *in)
{
    uint64_t before;
    tdm_err err;

    do {
        before = in->at;
        err = next_span(in);
    } while (err == TDM_OK && (in->wants_whole || (!is_over(in) && in->at != before)));
    return err;
}

/* Did the transfer break, and nothing else, in a file that is known again? */
static bool is_alive(const struct install *in)
{
    bool is_known = in->validator[0] != '\0' || in->judge.verdict.has_manifest;

    return is_accepted(in) && in->judge.fault.err == TDM_OK && in->writer.err == TDM_OK && is_known &&
           in->reply.fault.err != TDM_OK && !in->reply.is_changed;
}

/* What the judge has refused as a whole is not gone on with. */
static bool is_refused(const struct install *in)
{
    const struct tdm_fault *f = &in->judge.fault;
    bool is_ours = f->err == TDM_OK || f->err == TDM_E_TRUNCATED || strcmp(f->code, "not_stored") == 0 ||
                   strcmp(f->code, "hash_failed") == 0;

    return in->judge.is_accepted && !in->is_looking && !is_ours && strcmp(in->fault.code, f->code) == 0;
}

static tdm_err run_once(struct install *in)
{
    if (!in->is_alive) {
        install_store_drop(in);
        in->at = in->length = in->total = 0;
        in->page[0] = in->validator[0] = '\0';
    }
    in->is_alive = false;
    in->reply.fault.err = TDM_OK; /* of the attempt before */
    tdm_err err = run_spans(in);
    if (err == TDM_OK)
        err = install_store_end(in);
    settle_page(in);
    err = in->fault.err != TDM_OK ? in->fault.err : err;
    if (err == TDM_OK)
        return TDM_OK;
    in->asks_whole = in->asks_whole || fetch_begins_anew(&in->reply);
    in->is_alive = is_alive(in) && !in->asks_whole;
    if (is_refused(in))
        install_resume_forget(in);
    return err;
}

/* Bytes of an earlier answer may be what the judge refuses: then once more, and nothing is kept for it. */
static tdm_err run_place(struct install *in)
{
    tdm_err err = run_once(in);
    bool is_of_bytes = err == TDM_E_CORRUPT || err == TDM_E_FORMAT;

    if (!is_of_bytes || in->kept == 0 || !is_refused(in))
        return err;
    tdm_log_note(in->cfg.log, TDM_LOG_WARNING, "what was kept is not as the image states: all of it is fetched", 0);
    tdm_fault_clear(&in->fault);
    return run_once(in);
}

/* As often and wherever it is worth it; with another address from the front on again. */
static tdm_err run_tour(struct install *in, const char *url)
{
    static const struct fetch_retry once = {.retries = 0};
    struct fetch_tour tour;

    fetch_tour_begin(&tour, in->cfg.is_source_once ? &once : &in->cfg.retry, url, in->cfg.log);
    in->url = url;
    tdm_err err = run_place(in);
    while (err != TDM_OK) {
        err = fetch_tour_next(&tour, &in->reply, &in->fault);
        if (err != TDM_OK)
            break;
        tdm_fault_clear(&in->fault);
        const char *next = fetch_tour_url(&tour);
        in->is_alive = in->is_alive && strcmp(next, in->url) == 0;
        in->asks_whole = in->asks_whole && strcmp(next, in->url) == 0;
        in->url = next;
        err = run_place(in);
    }
    in->attempts = tour.attempts;
    in->place = tour.place;
    return err;
}

static tdm_err run(struct install *in, const char *url, bool may_look)
{
    in->may_look = may_look;
    in->asks_whole = in->is_alive = false;
    tdm_err err = run_tour(in, url);
    if (err != TDM_OK && in->has_freed)
        install_resume_settle(in);
    install_store_drop(in);
    return err;
}

/*
 * A plain image's id is known at its end only. One that may be what runs is read through first and not stored, so that
 * fetching the same image again and again does not cost the pair to go back to.
 */
tdm_err install_stream_in(struct install *in, const char *url)
{
    in->has_freed = false;
    in->fetched = in->left = in->had = in->copied = in->reached = 0;
    in->begun = in->plan;
    tdm_err err = run(in, url, !in->cfg.is_source_once);
    if (err != TDM_OK || !in->is_looking)
        return err;
    if (install_is_running(&in->record, &in->plan, in->verdict.id))
        return install_fail(in, TDM_E_STATE, "already_installed", "this image is what runs already");
    return run(in, url, false);
}
