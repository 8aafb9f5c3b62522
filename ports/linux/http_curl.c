/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "linux/tandem_linux.h"

#define REDIRECTS_MAX 5L

/* What is waited for; each has a time limit of its own. */
enum phase { CONNECTING, ASKING, RECEIVING };

struct transfer {
    CURL *curl;
    const struct http_curl_config *cfg;
    struct tdm_sink *body;
    struct tdm_http_reply *reply;
    uint64_t from;
    tdm_err sink_err;
    bool has_begun; /* the body */
    enum phase phase;
    uint64_t since_ms;
    char words[CURL_ERROR_SIZE];
};

static uint64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock always exists */
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* A foreign text as one printable line. */
static void keep_detail(struct tdm_http_reply *reply, const char *text, size_t len)
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

static tdm_err fail(struct transfer *t, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&t->reply->fault, err, code, what, at);
}

/* ---- what the library calls ---- */

/* 0 to go on. Every byte of an answer starts the stall time anew. */
static int check_time(struct transfer *t)
{
    static const struct {
        const char *code, *what;
    } late[] = {
        [CONNECTING] = {"connect_timeout", "no connection in time"},
        [ASKING] = {"first_byte_timeout", "connected, but no answer in time"},
        [RECEIVING] = {"stall_timeout", "the transfer stalled"},
    };
    const uint32_t limit[] = {t->cfg->connect_ms, t->cfg->first_byte_ms, t->cfg->stall_ms};

    if (now_ms() - t->since_ms < limit[t->phase])
        return 0;
    (void)fail(t, TDM_E_TIMEOUT, late[t->phase].code, late[t->phase].what, 0);
    return 1;
}

static void enter(struct transfer *t, enum phase phase)
{
    t->phase = phase;
    t->since_ms = now_ms();
}

/* Called about once a second and at every step of the transfer. */
static int on_tick(void *user, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up)
{
    struct transfer *t = user;
    curl_off_t connected_us = 0;

    (void)total, (void)done, (void)up_total, (void)up;
    if (t->phase == CONNECTING && curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK &&
        connected_us > 0)
        enter(t, ASKING); /* the handshake counts to it: a server of one client at a time makes us wait there */
    if (t->cfg->is_stopped != NULL && t->cfg->is_stopped()) {
        (void)fail(t, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0);
        return 1;
    }
    return check_time(t);
}

static size_t on_header(char *line, size_t one, size_t len, void *user)
{
    static const char encoding[] = "content-encoding:";
    struct transfer *t = user;

    (void)one;
    enter(t, RECEIVING);
    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        keep_detail(t->reply, line, len);
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

/* The answer's head is complete: note it and see whether its body is the file. */
static tdm_err begin_body(struct transfer *t)
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
    if (length >= 0) {
        t->reply->has_length = true;
        t->reply->length = t->from + (uint64_t)length;
    }
    if (status != (t->from > 0 ? 206 : 200))
        return fail(t, TDM_E_PEER, "http_status", "the server answered with an error status", (uint64_t)status);
    t->reply->detail[0] = '\0';
    return TDM_OK;
}

static size_t on_body(char *data, size_t one, size_t len, void *user)
{
    struct transfer *t = user;

    (void)one;
    enter(t, RECEIVING);
    if (begin_body(t) != TDM_OK)
        return 0;
    t->sink_err = tdm_sink_push(t->body, (const uint8_t *)data, len);
    return t->sink_err == TDM_OK ? len : 0;
}

/* ---- options ---- */

static bool has_scheme(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncasecmp(url, scheme, n) == 0 && strncmp(url + n, "://", 3) == 0;
}

static CURLcode set_protocols(CURL *c, bool with_http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    const char *names = with_http ? "https,http" : "https";
    CURLcode rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, names);
    return rc != CURLE_OK ? rc : curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, names);
#else
    long mask = with_http ? (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP) : (long)CURLPROTO_HTTPS;
    CURLcode rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS, mask);
    return rc != CURLE_OK ? rc : curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS, mask);
#endif
}

#define SET(option, value)                                                                                             \
    do {                                                                                                               \
        CURLcode set_rc = curl_easy_setopt(c, (option), (value));                                                      \
        if (set_rc != CURLE_OK)                                                                                        \
            return set_rc;                                                                                             \
    } while (0)

/*
 * Servers that close without a TLS goodbye are common, and newer libraries call that a failure of the transfer. Here an
 * image's own table says where it ends, so an end that comes too early is found whoever caused it.
 */
static CURLcode on_tls(CURL *c, void *tls, void *user)
{
    (void)c, (void)user;
    (void)SSL_CTX_set_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return CURLE_OK;
}

static CURLcode set_trust(CURL *c, const struct http_curl_config *cfg)
{
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
    if (cfg->ca_file == NULL || cfg->ca_file[0] == '\0')
        return CURLE_OK;
    SET(CURLOPT_CAINFO, cfg->ca_file);
    if (!cfg->use_system)
        SET(CURLOPT_CAPATH, NULL); /* the library's built-in folder would be trusted as well */
    return CURLE_OK;
}

static CURLcode set_request(CURL *c, struct transfer *t, const char *url, struct curl_slist *headers)
{
    SET(CURLOPT_URL, url);
    SET(CURLOPT_HTTPGET, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_USERAGENT, "tandem");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    SET(CURLOPT_PROXY, ""); /* whatever the environment says */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->cfg->connect_ms + (long)t->cfg->first_byte_ms);
    SET(CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->from);
    /* A server that starts with https must not lead us away from it. */
    return set_protocols(c, has_scheme(url, "http"));
}

static CURLcode set_callbacks(CURL *c, struct transfer *t)
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

/* The verifier's word, as the HTTP library hands it on. It checks the name first, and until then says "unspecified". */
static tdm_err fail_certificate(struct transfer *t)
{
    long verdict = 0;

    if (curl_easy_getinfo(t->curl, CURLINFO_SSL_VERIFYRESULT, &verdict) != CURLE_OK)
        verdict = -1;
    switch (verdict) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
        return fail(t, TDM_E_TRUST, "wrong_name", "the server's certificate is for another name", 0);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return fail(t, TDM_E_TRUST, "certificate_not_yet_valid", "the server's certificate is not yet valid", 0);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return fail(t, TDM_E_TRUST, "certificate_expired", "the server's certificate has expired", 0);
    default:
        return fail(t, TDM_E_TRUST, "untrusted_certificate", "the server's certificate is not trusted here", 0);
    }
}

static tdm_err fail_protocol(struct transfer *t)
{
    long status = 0;

    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 300 && status < 400)
        return fail(t, TDM_E_REFUSED, "bad_redirect", "the server points to an address without https", 0);
    return fail(t, TDM_E_PEER, "not_http", "the answer is not HTTP", 0);
}

static tdm_err fail_transfer(struct transfer *t, CURLcode rc)
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
        {CURLE_PARTIAL_FILE, TDM_E_UNREACHABLE, "connection_broke", "the connection broke in mid-transfer"},
        {CURLE_GOT_NOTHING, TDM_E_UNREACHABLE, "connection_broke", "the connection closed without an answer"},
        {CURLE_SEND_ERROR, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_RECV_ERROR, TDM_E_UNREACHABLE, "connection_broke", "the connection broke"},
        {CURLE_OPERATION_TIMEDOUT, TDM_E_TIMEOUT, "connect_timeout", "no connection in time"},
        {CURLE_RANGE_ERROR, TDM_E_UNSUPPORTED, "no_ranges", "the server cannot send a part of a file"},
        {CURLE_SSL_CONNECT_ERROR, TDM_E_UNREACHABLE, "tls_failed", "no TLS connection could be agreed on"},
        {CURLE_TOO_MANY_REDIRECTS, TDM_E_PEER, "too_many_redirects", "the server points on and on"},
        {CURLE_SSL_CACERT_BADFILE, TDM_E_TRUST, "bad_trust_file", "the file of trusted certificates is unusable"},
    };

    if (t->reply->fault.err != TDM_OK)
        return t->reply->fault.err;
    keep_detail(t->reply, t->words[0] != '\0' ? t->words : curl_easy_strerror(rc), CURL_ERROR_SIZE);
    if (rc == CURLE_PEER_FAILED_VERIFICATION)
        return fail_certificate(t);
    if (rc == CURLE_UNSUPPORTED_PROTOCOL)
        return fail_protocol(t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rc == rc)
            return fail(t, rows[i].err, rows[i].code, rows[i].what, 0);
    }
    return fail(t, TDM_E_UNREACHABLE, "transfer_failed", "the transfer failed", (uint64_t)rc);
}

/* ---- the port ---- */

static tdm_err run(struct transfer *t, const char *url, struct curl_slist *headers)
{
    CURL *c = t->curl;
    CURLcode rc = set_trust(c, t->cfg);

    if (rc == CURLE_OK)
        rc = set_request(c, t, url, headers);
    if (rc == CURLE_OK)
        rc = set_callbacks(c, t);
    if (rc != CURLE_OK)
        return fail(t, TDM_E_UNSUPPORTED, "http_library", "the HTTP library lacks something we need", (uint64_t)rc);
    enter(t, CONNECTING);
    rc = curl_easy_perform(c);
    if (t->sink_err != TDM_OK)
        return t->sink_err;
    return rc == CURLE_OK ? begin_body(t) /* an empty body never came to on_body() */ : fail_transfer(t, rc);
}

static tdm_err check_url(const struct http_curl *h, const char *url, struct tdm_http_reply *reply)
{
    if (has_scheme(url, "https") || (has_scheme(url, "http") && h->cfg.allow_http))
        return TDM_OK;
    if (has_scheme(url, "http"))
        return tdm_fault_set(&reply->fault, TDM_E_REFUSED, "plain_http", "http:// protects nothing on its way", 0);
    return tdm_fault_set(&reply->fault, TDM_E_REFUSED, "bad_scheme", "only https:// URLs are fetched", 0);
}

static tdm_err curl_get(struct tdm_http *port, const char *url, uint64_t from, struct tdm_sink *body,
                        struct tdm_http_reply *reply)
{
    struct http_curl *h = (struct http_curl *)port; /* port is its first member */
    struct transfer t = {.cfg = &h->cfg, .body = body, .reply = reply, .from = from};

    tdm_err err = check_url(h, url, reply);
    if (err != TDM_OK)
        return err;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: identity");
    t.curl = curl_easy_init();
    if (t.curl == NULL || headers == NULL)
        err = fail(&t, TDM_E_IO, "no_memory", "no memory for a transfer", 0);
    else
        err = run(&t, url, headers);
    curl_easy_cleanup(t.curl); /* both take NULL */
    curl_slist_free_all(headers);
    return err;
}

void http_curl_init(struct http_curl *h, const struct http_curl_config *cfg)
{
    static const struct tdm_http_ops ops = {.get = curl_get};
    h->port.ops = &ops;
    h->cfg = *cfg;
}
