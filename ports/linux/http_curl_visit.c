/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_visit.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http_curl_page.h"
#include "http_curl_trust.h"

#define REDIRECT_BODY_MAX 65536u
#define STATUS_LOG_IN     511 /* a network says so for itself */

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

/* Called about once a second and at every step of the transfer. */
static int on_tick(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    struct http_curl_visit *t = user;
    curl_off_t connected_us = 0;

    (void)total, (void)done, (void)up_total, (void)up;
    if (t->pace.phase == CONNECTING && curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK &&
        connected_us > 0)
        http_curl_pace_enter(
            &t->pace, ASKING,
            http_curl_now_ms()); /* the handshake counts to it: a server of one client at a time makes us wait there */
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
    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        http_curl_keep_detail(t->reply, line, len);
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
    t->reply->status = (int)status;
    if (http_curl_tls_blame(&t->tls, CURLE_OK, (int)status, &t->reply->fault))
        return t->reply->fault.err;
    if (status == STATUS_LOG_IN)
        return fail(t, TDM_E_PEER, "captive_portal", "the network wants somebody to log in first", (uint64_t)status);
    return fail(t, TDM_E_PEER, "http_status", "the server answered with an error status", (uint64_t)status);
}

/* The answer's head is complete: note it and see whether its body is the file. */
static tdm_err begin_body(struct http_curl_visit *t)
{
    long status = 0;
    curl_off_t length = -1;

    if (t->has_begun)
        return TDM_OK;
    t->has_begun = true;
    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
        curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) != CURLE_OK)
        return fail(t, TDM_E_BUG, "bug", "the HTTP library does not tell its state", 0);
    t->reply->status = (int)status;
    t->is_redirect = status >= 300 && status < 400;
    if (t->is_redirect)
        return TDM_OK;
    if (length >= 0) {
        t->reply->has_length = true;
        t->reply->length = t->from + (uint64_t)length;
    }
    if (status != (t->from > 0 ? 206 : 200))
        return fail_status(t, status);
    t->reply->detail[0] = '\0';
    return TDM_OK;
}

/* A page for people who cannot be redirected. */
static size_t pass_over(struct http_curl_visit *t, size_t len)
{
    if (len > REDIRECT_BODY_MAX - t->passed_over) {
        (void)fail(t, TDM_E_PEER, "bad_redirect", "the server redirects with more words than are read", 0);
        return 0;
    }
    t->passed_over += len;
    return len;
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

static size_t on_body(char *data, size_t one, size_t len, void *user)
{
    struct http_curl_visit *t = user;

    (void)one;
    take(t, len);
    if (t->tls.asked_renegotiation) /* and was told no; there are servers that go on as if nothing had been said */
        (void)http_curl_tls_blame(&t->tls, CURLE_RECV_ERROR, 0, &t->reply->fault);
    if (t->tls.asked_renegotiation || begin_body(t) != TDM_OK)
        return 0;
    if (t->is_redirect)
        return pass_over(t, len);
    if (!t->has_come && is_page(t, data, len))
        return 0;
    t->has_come = true;
    t->sink_err = tdm_sink_push(t->body, (const uint8_t *)data, len);
    return t->sink_err == TDM_OK ? len : 0;
}

/* ---- options ---- */

static CURLcode set_protocols(CURL *c, bool with_http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, with_http ? "https,http" : "https");
#else
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS,
                            with_http ? (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP) : (long)CURLPROTO_HTTPS);
#endif
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        CURLcode set_rc = curl_easy_setopt(c, (option), (value));                                                      \
        if (set_rc != CURLE_OK)                                                                                        \
            return set_rc;                                                                                             \
    } while (0)

/* What is for the server that the operator named, and for no other that it points to. */
static CURLcode set_secrets(CURL *c, struct http_curl_visit *t)
{
    bool has_certificate = t->cfg->client_certificate != NULL && t->cfg->client_certificate[0] != '\0';

    if (strcmp(t->first.origin, t->url.origin) != 0)
        return CURLE_OK;
    if (t->first.user[0] != '\0' || t->first.password[0] != '\0') {
        SET(CURLOPT_USERNAME, t->first.user);
        SET(CURLOPT_PASSWORD, t->first.password);
    }
    if (t->cfg->insecure_tls) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (has_certificate) {
        SET(CURLOPT_SSLCERT, t->cfg->client_certificate);
        SET(CURLOPT_SSLKEY, http_curl_trust_key_file(t->cfg));
        t->tls.has_certificate = true;
    }
    return CURLE_OK;
}

static CURLcode set_trust(CURL *c, struct http_curl_visit *t)
{
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (t->cfg->pins != NULL && t->cfg->pins[0] != '\0')
        SET(CURLOPT_PINNEDPUBLICKEY, t->cfg->pins);
    CURLcode rc = set_secrets(c, t);
    return rc != CURLE_OK ? rc : http_curl_tls_set(c, &t->tls);
}

/* A proxy is the environment's business, as everywhere: https_proxy, all_proxy, no_proxy. */
static CURLcode set_request(CURL *c, struct http_curl_visit *t, struct curl_slist *headers)
{
    SET(CURLOPT_URL, t->url.text);
    SET(CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_USERAGENT, "tandem");
    SET(CURLOPT_FOLLOWLOCATION, 0L); /* we do: each step is checked like the first */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->cfg->connect_ms + (long)t->cfg->first_byte_ms);
    SET(CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->from);
    return set_protocols(c, !t->url.is_https);
}

static CURLcode set_callbacks(CURL *c, struct http_curl_visit *t)
{
    SET(CURLOPT_ERRORBUFFER, t->words);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_tick);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
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
    const char *about = is_pin ? t->tls.pin : rc == CURLE_PEER_FAILED_VERIFICATION ? t->tls.about : "";

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
        {CURLE_OPERATION_TIMEDOUT, TDM_E_TIMEOUT, "connect_timeout", "no connection in time"},
        {CURLE_RANGE_ERROR, TDM_E_UNSUPPORTED, "no_ranges", "the server cannot send a part of a file"},
        {CURLE_SSL_CONNECT_ERROR, TDM_E_UNREACHABLE, "tls_failed", "no TLS connection could be agreed on"},
        {CURLE_COULDNT_RESOLVE_PROXY, TDM_E_UNREACHABLE, "no_such_proxy", "the proxy's name is not known"},
    };

    long proxy_status = 0;

    if (t->reply->fault.err != TDM_OK)
        return t->reply->fault.err;
    keep_words(t, rc);
    if (curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &proxy_status) == CURLE_OK && proxy_status >= 300)
        return fail_proxy(t, proxy_status);
    if (http_curl_tls_blame(&t->tls, rc, t->reply->status, &t->reply->fault))
        return t->reply->fault.err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rc == rc)
            return fail(t, rows[i].err, rows[i].code, rows[i].what, 0);
    }
    return fail(t, TDM_E_UNREACHABLE, "transfer_failed", "the transfer failed", (uint64_t)rc);
}

/* ---- the visit ---- */

static tdm_err perform(struct http_curl_visit *t, struct curl_slist *headers)
{
    CURL *c = t->curl;
    CURLcode rc = set_trust(c, t);

    if (rc == CURLE_OK)
        rc = set_request(c, t, headers);
    if (rc == CURLE_OK)
        rc = set_callbacks(c, t);
    if (rc != CURLE_OK || !http_curl_tls_is_ours())
        return fail(t, TDM_E_UNSUPPORTED, "http_library", "the HTTP library lacks something we need", (uint64_t)rc);
    http_curl_pace_begin(&t->pace, http_curl_now_ms());
    rc = curl_easy_perform(c);
    if (t->sink_err != TDM_OK)
        return t->sink_err;
    return rc == CURLE_OK ? begin_body(t) /* an empty body never came to on_body() */ : fail_transfer(t, rc);
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

/* One request to one server, with a handle of its own, so that nothing of the last one is left in it. */
tdm_err http_curl_visit(struct http_curl_visit *t)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
    tdm_err err;

    t->has_begun = t->has_come = t->is_redirect = false;
    t->words[0] = '\0';
    t->passed_over = 0;
    t->reply->status = 0;
    t->tls = (struct http_curl_tls){.trust = t->trust};
    t->curl = curl_easy_init();
    if (t->curl == NULL || headers == NULL)
        err = fail(t, TDM_E_IO, "no_memory", "no memory for a transfer", 0);
    else
        err = perform(t, headers);
    if (err == TDM_OK && t->is_redirect)
        err = take_next(t);
    curl_easy_cleanup(t->curl); /* both take NULL */
    curl_slist_free_all(headers);
    return err;
}
