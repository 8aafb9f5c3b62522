/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_pace: is a transfer still worth waiting for?
 *
 * Used by   http_curl_answer.c, http_curl_visit.c.   Uses  nothing: the time is an argument, in milliseconds of any clock
 *           that only goes on.
 * Limits    of each phase: a connection, an answer's beginning, a pause between two pieces of it. Of the answer as a
 *           whole: bytes of the file in a span of time, so that drops of them, or headers without an end, do not count as
 *           going on. Of everything: the end of the time for the whole download.
 * Memory    the struct is the caller's.
 */
#ifndef TANDEM_HTTP_CURL_PACE_H
#define TANDEM_HTTP_CURL_PACE_H

#include <tandem/err.h>

#include "linux/tandem_linux.h"

/* What is waited for; each has a time limit of its own. */
enum http_curl_phase { CONNECTING, ASKING, RECEIVING };

struct http_curl_pace {
    enum http_curl_phase phase;
    uint64_t since_ms; /* this phase began, or the last piece came */
    uint64_t span_ms;  /* the span of the minimum speed began      */
    uint64_t bytes;    /* of the file, in this span                */
};

void http_curl_pace_begin(struct http_curl_pace *p, uint64_t now_ms);
void http_curl_pace_enter(struct http_curl_pace *p, enum http_curl_phase phase, uint64_t now_ms);
/* A piece of the answer: a line of its head (len 0), or bytes of its body. */
void http_curl_pace_take(struct http_curl_pace *p, size_t len, uint64_t now_ms);

/* For so long nothing could come, as we did something else with what had: storage may be slower than any network. */
void http_curl_pace_busy(struct http_curl_pace *p, uint64_t from_ms, uint64_t now_ms);

/* TIMEOUT, with the code of the limit that was passed. ends_ms: 0 for no end. */
TDM_MUST_USE tdm_err http_curl_pace_check(struct http_curl_pace *p, const struct http_curl_config *cfg,
                                          uint64_t ends_ms, uint64_t now_ms, struct tdm_fault *why);

#endif
