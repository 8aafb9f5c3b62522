/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_visit: one request to one server, from the connection to the end of its answer.
 *
 * Used by   http_curl.c, once for each step of a chain of redirects.   Uses  libcurl, http_curl_{setup,answer,blame}.
 * Memory    the struct is the caller's, {0} but for what it sets. What a visit leaves open is its connection, in the line, where
 *           the next visit to the same server finds it: by the same configuration, which is what it was judged by.
 * Faults    in reply->fault, with others' words in reply->detail.
 */
#ifndef TANDEM_HTTP_CURL_VISIT_H
#define TANDEM_HTTP_CURL_VISIT_H

#include "http_curl_pace.h"
#include "http_curl_range.h"
#include "http_curl_tls.h"
#include "http_curl_token.h"
#include "http_curl_url.h"
#include "linux/tandem_linux.h"

struct http_curl_line {
    CURL *easy;
    struct http_curl_tls tls; /* of its only connection */
};

/* NULL: no memory. The line goes on living after a visit, and ends with http_curl_hang_up(). */
struct http_curl_line *http_curl_line_open(void);
void http_curl_hang_up(struct http_curl_line *line); /* takes NULL */

struct http_curl_visit {
    /* set by the caller */
    const struct http_curl_config *cfg;
    struct tdm_sink *body;
    struct tdm_http_reply *reply;
    const struct tdm_http_ask *ask;
    uint64_t ends_ms;                /* of http_curl_now_ms(): no longer than that; 0: no end */
    struct http_curl_url first, url; /* the one that the operator gave, and the one to visit */
    X509_STORE *trust;
    struct http_curl_line *line;
    char token[HTTP_TOKEN_MAX]; /* for the first one's server alone, or "" */

    /* after the visit */
    bool is_redirect; /* TDM_OK, no byte was pushed, and next is where the server points to */
    char next[HTTP_URL_MAX];

    /* during it */
    CURL *curl;
    struct http_curl_tls *tls;
    tdm_err sink_err;
    bool has_begun; /* the body */
    struct http_curl_head head;
    struct http_curl_part part; /* what is still to come of it */
    size_t head_len, passed_over;
    bool has_come; /* a first byte of it, for the sink */
    struct http_curl_pace pace;
    uint64_t free_us; /* when the speed limit lets more be read */
    char words[CURL_ERROR_SIZE];
};

TDM_MUST_USE tdm_err http_curl_visit(struct http_curl_visit *t);

/* Since some time or other. */
uint64_t http_curl_now_ms(void);

/* A foreign text as the one printable line that is kept of it. */
void http_curl_keep_detail(struct tdm_http_reply *reply, const char *text, size_t len);

#endif
