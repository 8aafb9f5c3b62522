/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "http_curl_token.h"
#include "http_curl_trust.h"
#include "http_curl_visit.h"
#include "linux/tandem_linux.h"

#define REDIRECTS_MAX 5

static tdm_err fail(struct http_curl_visit *t, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(&t->reply->fault, err, code, what, 0);
}

static bool has_scheme(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncasecmp(url, scheme, n) == 0 && strncmp(url + n, "://", 3) == 0;
}

/* Never from https to anything less. The secrets that the new address brings along are neither used nor shown. */
static tdm_err follow(struct http_curl_visit *t)
{
    struct tdm_fault unused = {TDM_OK, NULL, NULL, 0};
    bool was_https = t->url.is_https, is_read = http_curl_url_read(&t->url, t->next, &unused) == TDM_OK;
    const char *shown = is_read ? t->url.text : t->next;

    http_curl_keep_detail(t->reply, shown, strcspn(shown, is_read ? "?#" : ":/?#@")); /* a signed link is a key */
    if (!has_scheme(t->next, "https") && (was_https || !has_scheme(t->next, "http")))
        return fail(t, TDM_E_REFUSED, "bad_redirect", "the server points to an address without https");
    if (!is_read)
        return fail(t, TDM_E_PEER, "bad_redirect", "the server points to something that is no address");
    return TDM_OK;
}

static tdm_err travel(struct http_curl_visit *t)
{
    tdm_err err = http_curl_visit(t);

    for (int i = 0; err == TDM_OK && t->is_redirect; i++) {
        err = follow(t);
        if (err == TDM_OK && i == REDIRECTS_MAX)
            return fail(t, TDM_E_PEER, "too_many_redirects", "the server points on and on");
        if (err == TDM_OK)
            err = http_curl_visit(t);
    }
    return err;
}

static tdm_err check_url(const struct http_curl *h, const char *url, struct tdm_http_reply *reply)
{
    if (has_scheme(url, "https") || (has_scheme(url, "http") && h->cfg.allow_http))
        return TDM_OK;
    if (has_scheme(url, "http"))
        return tdm_fault_set(&reply->fault, TDM_E_REFUSED, "plain_http", "http:// protects nothing on its way", 0);
    return tdm_fault_set(&reply->fault, TDM_E_REFUSED, "bad_scheme", "only https:// URLs are fetched", 0);
}

/* The files of both ends, before anybody connects. */
static tdm_err open_files(struct http_curl_visit *t)
{
    const char *file = "";
    tdm_err err = http_curl_trust_check_pins(t->cfg->pins, &t->reply->fault);

    if (err == TDM_OK)
        err = http_curl_trust_check_client(t->cfg, &file, &t->reply->fault);
    if (err == TDM_OK)
        err = http_curl_token_read(t->cfg, &t->first, t->token, &file, &t->reply->fault);
    if (err == TDM_OK) {
        t->trust = http_curl_trust_open(t->cfg, &file, &t->reply->fault);
        err = t->reply->fault.err;
    }
    if (err != TDM_OK)
        http_curl_keep_detail(t->reply, file, strlen(file));
    return err;
}

static tdm_err open_line(struct http_curl *h, struct http_curl_visit *t)
{
    if (h->line == NULL)
        h->line = http_curl_line_open();
    t->line = h->line;
    return h->line != NULL ? TDM_OK : fail(t, TDM_E_IO, "no_memory", "no memory for a transfer");
}

static tdm_err curl_get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                        struct tdm_http_reply *reply)
{
    struct http_curl *h = (struct http_curl *)port; /* port is its first member */
    struct http_curl_visit t = {.cfg = &h->cfg, .body = body, .reply = reply, .ask = ask, .ends_ms = h->ends_ms};

    tdm_err err = check_url(h, url, reply);
    if (err == TDM_OK)
        err = http_curl_url_read(&t.first, url, &reply->fault);
    if (err == TDM_OK)
        err = open_files(&t);
    t.url = t.first;
    if (err == TDM_OK)
        err = open_line(h, &t);
    if (err == TDM_OK)
        err = travel(&t);
    X509_STORE_free(t.trust); /* takes NULL */
    OPENSSL_cleanse(t.token, sizeof t.token);
    return err;
}

void http_curl_init(struct http_curl *h, const struct http_curl_config *cfg)
{
    static const struct tdm_http_ops ops = {.get = curl_get};
    h->port.ops = &ops;
    h->cfg = *cfg;
    h->line = NULL;
    h->ends_ms = cfg->deadline_ms > 0 ? http_curl_now_ms() + cfg->deadline_ms : 0;
}

void http_curl_close(struct http_curl *h)
{
    http_curl_hang_up(h->line);
    h->line = NULL;
}
