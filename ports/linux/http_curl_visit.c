/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_curl_page.h"
#include "http_curl_setup.h"
#include "http_curl_trust.h"

#define REDIRECT_BODY_MAX 65536u
#define HOLD_SPARE_MS     100u /* a wait that was too long may be made good for so much */
#define STATUS_LOG_IN     511  /* a network says so for itself */

uint64_t http_curl_now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock always exists */
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

void http_curl_keep_detail(struct tdm_http_reply *reply, const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && n < sizeof reply->detail - 1 && text[n] != '\0' && text[n] != '\r' && text[n] != '\n') {
        reply->detail[n] = text[n];
        if (reply->detail[n] < ' ' || reply->detail[n] > '~')
            reply->detail[n] = '?';
        n++;
    }
    reply->detail[n] = '\0';
}

static tdm_err fail(struct http_curl_visit *t, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&t->reply->fault, err, code, what, at);
}

/* ---- what the library calls ---- */

static void take(struct http_curl_visit *t, size_t len)
{
    http_curl_pace_take(&t->pace, len, http_curl_now_ms());
}

/*
 * There is a connection, new or kept: the handshake still to come counts to the answer. A server of one client at a time makes
 * us wait in it.
 */
static bool is_connected(CURL *c)
{
    curl_off_t connected_us = 0, asking_us = 0; /* a kept connection has no first time */

    return (curl_easy_getinfo(c, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK && connected_us > 0) ||
           (curl_easy_getinfo(c, CURLINFO_PRETRANSFER_TIME_T, &asking_us) == CURLE_OK && asking_us > 0);
}

/* Called about once a second and at every step of the transfer. */
static int on_tick(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    struct http_curl_visit *t = user;

    (void)total, (void)done, (void)up_total, (void)up;
    if (t->pace.phase == CONNECTING && is_connected(t->curl))
        http_curl_pace_enter(&t->pace, ASKING, http_curl_now_ms());
    if (t->cfg->is_stopped != NULL && t->cfg->is_stopped()) {
        (void)fail(t, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0);
        return 1;
    }
    return http_curl_pace_check(&t->pace, t->cfg, t->ends_ms, http_curl_now_ms(), &t->reply->fault) == TDM_OK ? 0 : 1;
}

static size_t on_header(char *line, size_t one, size_t len, void *user)
{
    static const char encoding[] = "content-encoding:";
    struct http_curl_visit *t = user;

    (void)one;
    take(t, 0);
    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        http_curl_keep_detail(t->reply, line, len);
        http_curl_head_begin(&t->head);
    } else {
        http_curl_head_take(&t->head, line, len);
    }
    if (len < sizeof encoding || strncasecmp(line, encoding, sizeof encoding - 1) != 0)
        return len;
    const char *value = line + sizeof encoding - 1;
    while (*value == ' ')
        value++;
    if (strncasecmp(value, "identity", 8) == 0)
        return len;
    (void)fail(t, TDM_E_PEER, "encoded_body", "the server compresses the file although asked not to", 0);
    return 0;
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
    t->is_redirect = status >= 300 && status < 400;
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
    t->free_us = (t->free_us > spare ? t->free_us : spare) + len * 1000000 / t->cfg->max_speed;
    for (; http_curl_now_ms() * 1000 < t->free_us; (void)nanosleep(&step, NULL)) {
        if (on_tick(t, 0, 0, 0, 0) != 0)
            return false;
    }
    http_curl_pace_take(&t->pace, 0, http_curl_now_ms()); /* nobody stalled but we */
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

/* Into the sink; what goes on behind the part that was announced is cut off. */
static size_t pass_on(struct http_curl_visit *t, const char *data, size_t len)
{
    size_t good = len < t->part.room ? len : (size_t)t->part.room;

    t->part.room -= good;
    t->part.wanted -= good < t->part.wanted ? good : t->part.wanted;
    t->has_come = true;
    if (good > 0)
        t->sink_err = tdm_sink_push(t->body, (const uint8_t *)data, good);
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

static CURLcode set_callbacks(CURL *c, struct http_curl_visit *t)
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

/* ---- failures ---- */

/* Up to its query: a signed link is a key. */
static int shown_length(const char *url)
{
    size_t n = strcspn(url, "?#");
    return n < 100 ? (int)n : 100;
}

/* What others say about it: of whom, the certificate in question, the library's words. */
static void keep_words(struct http_curl_visit *t, CURLcode rc)
{
    char text[TDM_HTTP_DETAIL_MAX * 2];
    bool is_led_away = strcmp(t->first.text, t->url.text) != 0;
    const char *words = t->words[0] != '\0' ? t->words : curl_easy_strerror(rc);
    bool is_pin = rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
    const char *about = is_pin ? t->tls->pin : rc == CURLE_PEER_FAILED_VERIFICATION ? t->tls->about : "";

    int n = snprintf(text, sizeof text, "%s%.*s%s%s%s%.200s", is_led_away ? "redirected to " : "",
                     is_led_away ? shown_length(t->url.text) : 0, t->url.text, is_led_away ? ": " : "", words,
                     about[0] != '\0' ? ": " : "", about);
    http_curl_keep_detail(t->reply, text, n > 0 && (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static tdm_err fail_proxy(struct http_curl_visit *t, long status)
{
    return fail(t, TDM_E_PEER, "proxy_refused", "the proxy does not connect us to the server", (uint64_t)status);
}

static tdm_err fail_transfer(struct http_curl_visit *t, CURLcode rc)
{
    static const struct row {
        CURLcode rc;
        tdm_err err;
        const char *code, *what;
    } rows[] = {
        {CURLE_URL_MALFORMAT, TDM_E_FORMAT, "bad_url", "this is not a URL"},
        {CURLE_COULDNT_RESOLVE_HOST, TDM_E_UNREACHABLE, "no_such_host", "the host's name is not known"},
        {CURLE_COULDNT_CONNECT, TDM_E_UNREACHABLE, "no_connection", "nothing answers there"},
        {CURLE_WEIRD_SERVER_REPLY, TDM_E_PEER, "not_http", "the answer is not HTTP"},
        {CURLE_UNSUPPORTED_PROTOCOL, TDM_E_PEER, "not_http", "the answer is not HTTP"},
        {CURLE_PARTIAL_FILE, TDM_E_UNREACHABLE, "connection_broke", "the connection broke in mid-transfer"},
        {CURLE_GOT_NOTHING, TDM_E_UNREACHABLE, "connection_broke", "the connection closed without an answer"},
        {CURLE_SEND_ERROR, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_RECV_ERROR, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_HTTP2, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_HTTP2_STREAM, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_OPERATION_TIMEDOUT, TDM_E_TIMEOUT, "connect_timeout", "no connection in time"},
        {CURLE_SSL_CONNECT_ERROR, TDM_E_UNREACHABLE, "tls_failed", "no TLS connection could be agreed on"},
        {CURLE_COULDNT_RESOLVE_PROXY, TDM_E_UNREACHABLE, "no_such_proxy", "the proxy's name is not known"},
    };

    long proxy_status = 0;

    if (t->reply->fault.err != TDM_OK)
        return t->reply->fault.err;
    keep_words(t, rc);
    if (curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status) == CURLE_OK && proxy_status >= 300)
        return fail_proxy(t, proxy_status);
    if (http_curl_tls_blame(t->tls, rc, t->reply->status, &t->reply->fault))
        return t->reply->fault.err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rc == rc)
            return fail(t, rows[i].err, rows[i].code, rows[i].what, 0);
    }
    return fail(t, TDM_E_UNREACHABLE, "transfer_failed", "the transfer failed", (uint64_t)rc);
}

/* ---- the visit ---- */

/* A part may end before it should and look well: nobody had told how long the body is, or it told of less. */
static tdm_err end_body(struct http_curl_visit *t)
{
    tdm_err err = begin_body(t); /* an empty body never came to on_body() */

    if (err == TDM_OK && !t->is_redirect && t->part.wanted > 0)
        err = fail(t, TDM_E_UNREACHABLE, "connection_broke", "the part ended before all of it had come", 0);
    return err;
}

static tdm_err perform(struct http_curl_visit *t, struct curl_slist *headers)
{
    CURL *c = t->curl;
    CURLcode rc = http_curl_setup(c, t, headers);

    if (rc == CURLE_OK)
        rc = set_callbacks(c, t);
    if (rc != CURLE_OK || !http_curl_tls_is_ours())
        return fail(t, TDM_E_UNSUPPORTED, "http_library", "the HTTP library lacks something we need", (uint64_t)rc);
    http_curl_pace_begin(&t->pace, http_curl_now_ms());
    rc = curl_easy_perform(c);
    if (t->sink_err != TDM_OK)
        return t->sink_err;
    return rc == CURLE_OK ? end_body(t) : fail_transfer(t, rc);
}

/* Where to go on; a redirect without a place to go is an answer like any other error. */
static tdm_err take_next(struct http_curl_visit *t)
{
    char *next = NULL;

    if (curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK || next == NULL)
        return fail(t, TDM_E_PEER, "http_status", "the server answered with an error status",
                    (uint64_t)t->reply->status);
    int n = snprintf(t->next, sizeof t->next, "%s", next);
    if (n < 0 || (size_t)n >= sizeof t->next)
        return fail(t, TDM_E_PEER, "bad_redirect", "the server points to a longer address than is followed", 0);
    return TDM_OK;
}

/* What no option of the library says. A tag or a time that there is no longer makes the server send the whole file. */
static struct curl_slist *list_headers(const struct tdm_http_ask *ask)
{
    char line[TDM_HTTP_VALIDATOR_MAX + 16];
    struct curl_slist *first = curl_slist_append(NULL, "Accept-Encoding: identity"), *all = first;

    if (first != NULL && tdm_http_is_part(ask) && ask->validator != NULL && ask->validator[0] != '\0') {
        (void)snprintf(line, sizeof line, "If-Range: %s", ask->validator);
        all = curl_slist_append(first, line);
    }
    if (all == NULL)
        curl_slist_free_all(first);
    return all;
}

/* All is forgotten but the connection, and whether its server had asked for a certificate. */
static void forget(struct http_curl_visit *t)
{
    bool was_asked = t->line->tls.asked_certificate;

    curl_easy_reset(t->line->easy);
    t->line->tls = (struct http_curl_tls){.trust = t->trust, .was_asked = was_asked};
    t->curl = t->line->easy;
    t->tls = &t->line->tls;
    t->has_begun = t->has_come = t->is_redirect = false;
    t->words[0] = '\0';
    t->passed_over = 0;
    t->reply->status = 0;
    http_curl_head_begin(&t->head);
    t->part = (struct http_curl_part){.room = UINT64_MAX};
}

/* One request to one server; nothing of it is left in the handle afterwards but the connection. */
tdm_err http_curl_visit(struct http_curl_visit *t)
{
    struct curl_slist *headers = list_headers(t->ask);
    tdm_err err;

    forget(t);
    if (headers == NULL)
        err = fail(t, TDM_E_IO, "no_memory", "no memory for a transfer", 0);
    else
        err = perform(t, headers);
    if (err == TDM_OK && t->is_redirect)
        err = take_next(t);
    curl_easy_reset(t->curl);
    curl_slist_free_all(headers); /* takes NULL */
    t->tls->trust = NULL;
    return err;
}

/* ---- the line ---- */

struct http_curl_line *http_curl_line_open(void)
{
    struct http_curl_line *line = calloc(1, sizeof *line);

    if (line != NULL)
        line->easy = curl_easy_init();
    if (line != NULL && line->easy != NULL)
        return line;
    free(line);
    return NULL;
}

void http_curl_hang_up(struct http_curl_line *line)
{
    if (line == NULL)
        return;
    curl_easy_cleanup(line->easy); /* says goodbye by what is noted in line->tls */
    free(line);
}
