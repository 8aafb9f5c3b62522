/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_curl_answer.h"
#include "http_curl_blame.h"
#include "http_curl_setup.h"

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

static tdm_err perform(struct http_curl_visit *t, struct curl_slist *headers)
{
    CURL *c = t->curl;
    CURLcode rc = http_curl_setup(c, t, headers);

    if (rc == CURLE_OK)
        rc = http_curl_answer_set(c, t);
    if (rc != CURLE_OK || !http_curl_tls_is_ours())
        return fail(t, TDM_E_UNSUPPORTED, "http_library", "the HTTP library lacks something we need", (uint64_t)rc);
    http_curl_pace_begin(&t->pace, http_curl_now_ms());
    rc = curl_easy_perform(c);
    if (t->sink_err != TDM_OK)
        return t->sink_err;
    return rc == CURLE_OK ? http_curl_answer_end(t) : http_curl_blame(t, rc);
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
    t->head_len = t->passed_over = 0;
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
