/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_answer.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_curl_page.h"
#include "http_curl_setup.h"

#define HEAD_MAX          131072u /* with a link of 8 KiB in it, much more than any needs */
#define REDIRECT_BODY_MAX 65536u
#define HOLD_SPARE_MS     100u /* a wait that was too long may be made good for so much */
#define STATUS_LOG_IN     511  /* a network says so for itself */

static tdm_err fail(struct http_curl_visit *t, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&t->reply->fault, err, code, what, at);
}

static void take(struct http_curl_visit *t, size_t len)
{
    http_curl_pace_take(&t->pace, len, http_curl_now_ms());
}

/*
 * There is a connection, new or kept: the handshake still to come counts to the answer. A server of one client at a time makes
 * us wait in it.
 */
static bool is_connected(const struct http_curl_visit *t)
{
    curl_off_t connected_us = 0, asking_us = 0; /* a kept connection has no first time */
    CURL *c = t->curl;

    return t->tls->has_begun ||
           (curl_easy_getinfo(c, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK && connected_us > 0) ||
           (curl_easy_getinfo(c, CURLINFO_PRETRANSFER_TIME_T, &asking_us) == CURLE_OK && asking_us > 0);
}

/* Called about once a second and at every step of the transfer. */
static int on_tick(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    struct http_curl_visit *t = user;

    (void)total, (void)done, (void)up_total, (void)up;
    if (t->pace.phase == CONNECTING && is_connected(t)) {
        http_curl_pace_enter(&t->pace, ASKING, http_curl_now_ms());
        http_curl_setup_handshake(t->curl, t->cfg);
    }
    if (t->cfg->is_stopped != NULL && t->cfg->is_stopped()) {
        (void)fail(t, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0);
        return 1;
    }
    return http_curl_pace_check(&t->pace, t->cfg, t->ends_ms, http_curl_now_ms(), &t->reply->fault) == TDM_OK ? 0 : 1;
}

/* Those before the answer proper, and what follows a body in chunks, count like its own. */
static size_t on_header(char *line, size_t one, size_t len, void *user)
{
    struct http_curl_visit *t = user;

    (void)one;
    take(t, 0);
    if (len > HEAD_MAX - t->head_len) {
        (void)fail(t, TDM_E_PEER, "long_head", "the server sends a head longer than any is", HEAD_MAX);
        return 0;
    }
    t->head_len += len;
    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        http_curl_keep_detail(t->reply, line, len);
        http_curl_head_begin(&t->head);
    } else {
        http_curl_head_take(&t->head, line, len);
    }
    return len;
}

static tdm_err fail_status(struct http_curl_visit *t, long status)
{
    curl_off_t after_s = 0;

    t->reply->status = (int)status;
    if (curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &after_s) == CURLE_OK && after_s > 0)
        t->reply->retry_after_s = after_s < UINT32_MAX ? (uint32_t)after_s : UINT32_MAX;
    if (http_curl_tls_blame(t->tls, CURLE_OK, (int)status, &t->reply->fault))
        return t->reply->fault.err;
    if (status == STATUS_LOG_IN)
        return fail(t, TDM_E_PEER, "captive_portal", "the network wants somebody to log in first", (uint64_t)status);
    return fail(t, TDM_E_PEER, "http_status", "the server answered with an error status", (uint64_t)status);
}

/* The file, or the part of it that was asked for? */
static tdm_err judge_answer(struct http_curl_visit *t)
{
    int status = t->reply->status;

    http_curl_head_validator(&t->head, t->reply->validator);
    t->reply->has_ranges = http_curl_head_has_ranges(&t->head);
    if (status != 200 && (!tdm_http_is_part(t->ask) || (status != 206 && status != 416)))
        return fail_status(t, status);
    if (status != 416 && http_curl_head_is_encoded(&t->head))
        return fail(t, TDM_E_PEER, "encoded_body", "the server compresses the file although asked not to", 0);
    if (http_curl_range_judge(t->ask, &t->head, t->reply, &t->part) == TDM_OK)
        return TDM_OK;
    const char *range = t->head.value[FIELD_RANGE];
    if (range[0] != '\0')
        http_curl_keep_detail(t->reply, range, strlen(range));
    return t->reply->fault.err;
}

/* An answer on a connection that was there before: what its handshake had shown counts. */
static void recall_handshake(struct http_curl_visit *t)
{
    long fresh = 1;

    if (curl_easy_getinfo(t->curl, CURLINFO_NUM_CONNECTS, &fresh) == CURLE_OK && fresh == 0)
        t->tls->asked_certificate = t->tls->was_asked;
}

/* The others of these numbers say something else, with an address or without. */
static bool leads_on(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The answer's head is complete: note it and see whether its body is the file. */
static tdm_err begin_body(struct http_curl_visit *t)
{
    long status = 0;
    curl_off_t length = -1;

    if (t->has_begun)
        return TDM_OK;
    t->has_begun = true;
    recall_handshake(t);
    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
        curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) != CURLE_OK)
        return fail(t, TDM_E_BUG, "bug", "the HTTP library does not tell its state", 0);
    t->reply->status = (int)status;
    t->is_redirect = leads_on(status);
    if (t->is_redirect)
        return TDM_OK;
    if (length >= 0) {
        t->reply->has_length = true;
        t->reply->length = (uint64_t)length;
    }
    tdm_err err = judge_answer(t);
    if (err == TDM_OK)
        t->reply->detail[0] = '\0';
    return err;
}

/* A page for people who cannot be redirected, or about a file that is empty. */
static size_t pass_over(struct http_curl_visit *t, size_t len)
{
    if (len > REDIRECT_BODY_MAX - t->passed_over) {
        (void)fail(t, TDM_E_PEER, "bad_redirect", "the server has more to say about it than is read", 0);
        return 0;
    }
    t->passed_over += len;
    return len;
}

/*
 * The speed limit: as long as these bytes may take, nothing more is read. The library's own limit lets a megabyte pass at a
 * time and is silent after that, which looks like a stall.
 */
static bool hold_back(struct http_curl_visit *t, size_t len)
{
    const struct timespec step = {.tv_nsec = 10000000};
    uint64_t spare = (http_curl_now_ms() - HOLD_SPARE_MS) * 1000;

    if (t->cfg->max_speed == 0)
        return true;
    t->free_us = (t->free_us > spare ? t->free_us : spare) + (uint64_t)len * 1000000 / t->cfg->max_speed;
    for (; http_curl_now_ms() * 1000 < t->free_us; (void)nanosleep(&step, NULL)) {
        take(t, 0); /* nobody stalls but we */
        if (on_tick(t, 0, 0, 0, 0) != 0)
            return false;
    }
    take(t, 0);
    return true;
}

static bool is_page(struct http_curl_visit *t, const char *data, size_t len)
{
    size_t n = 0;

    if (!http_curl_page_is(data, len))
        return false;
    const char *title = http_curl_page_title(data, len, &n);
    http_curl_keep_detail(t->reply, title, n);
    (void)fail(t, TDM_E_PEER, "captive_portal", "a web page came instead of an image", 0);
    return true;
}

static void push(struct http_curl_visit *t, const char *data, size_t len)
{
    uint64_t began_ms = http_curl_now_ms();

    t->sink_err = tdm_sink_push(t->body, (const uint8_t *)data, len);
    http_curl_pace_busy(&t->pace, began_ms, http_curl_now_ms());
}

/* Into the sink; what goes on behind the part that was announced is cut off. */
static size_t pass_on(struct http_curl_visit *t, const char *data, size_t len)
{
    size_t good = len < t->part.room ? len : (size_t)t->part.room;

    t->part.room -= good;
    t->part.wanted -= good < t->part.wanted ? good : t->part.wanted;
    t->has_come = true;
    if (good > 0)
        push(t, data, good);
    if (t->sink_err != TDM_OK || !hold_back(t, good))
        return 0;
    if (good < len)
        (void)fail(t, TDM_E_PEER, "long_range", "more comes than the part that the server announced", 0);
    return good;
}

static size_t on_body(char *data, size_t one, size_t len, void *user)
{
    struct http_curl_visit *t = user;

    (void)one;
    take(t, len);
    if (t->tls->asked_renegotiation) /* and was told no; there are servers that go on as if nothing had been said */
        (void)http_curl_tls_blame(t->tls, CURLE_RECV_ERROR, 0, &t->reply->fault);
    if (t->tls->asked_renegotiation || begin_body(t) != TDM_OK)
        return 0;
    if (t->is_redirect || t->reply->status == 416)
        return pass_over(t, len);
    if (!t->has_come && t->reply->start == 0 && is_page(t, data, len))
        return 0;
    return pass_on(t, data, len);
}

/* ---- the library's callbacks ---- */

CURLcode http_curl_answer_set(CURL *c, struct http_curl_visit *t)
{
    HTTP_CURL_SET(CURLOPT_ERRORBUFFER, t->words);
    HTTP_CURL_SET(CURLOPT_WRITEFUNCTION, on_body);
    HTTP_CURL_SET(CURLOPT_WRITEDATA, t);
    HTTP_CURL_SET(CURLOPT_HEADERFUNCTION, on_header);
    HTTP_CURL_SET(CURLOPT_HEADERDATA, t);
    HTTP_CURL_SET(CURLOPT_XFERINFOFUNCTION, on_tick);
    HTTP_CURL_SET(CURLOPT_XFERINFODATA, t);
    HTTP_CURL_SET(CURLOPT_NOPROGRESS, 0L);
    return CURLE_OK;
}

/* A part may end before it should and look well: nobody had told how long the body is, or it told of less. */
tdm_err http_curl_answer_end(struct http_curl_visit *t)
{
    tdm_err err = begin_body(t); /* an empty body never came to on_body() */

    if (err == TDM_OK && !t->is_redirect && t->part.wanted > 0)
        err = fail(t, TDM_E_UNREACHABLE, "connection_broke", "the part ended before all of it had come", 0);
    return err;
}
