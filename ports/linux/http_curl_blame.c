/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_blame.h"

#include <stdio.h>
#include <string.h>

static tdm_err fail(struct http_curl_visit *t, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&t->reply->fault, err, code, what, at);
}

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
    bool is_secret =
        strchr(t->words, '@') != NULL; /* a proxy's address that cannot be read is quoted with its password */
    const char *words = t->words[0] != '\0' && !is_secret ? t->words : curl_easy_strerror(rc);
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

tdm_err http_curl_blame(struct http_curl_visit *t, CURLcode rc)
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
