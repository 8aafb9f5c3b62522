/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_range: a part is asked for; what has come?
 *
 * Used by   http_curl_answer.c.   Uses  http_curl_head.
 * Asks      with Range and, where the file that is gone on with is known by a validator, with If-Range: a server of ranges
 *           then sends the whole of another file instead of the middle of it.
 * Judges    by Content-Range alone, and compares what else the answer tells of the file with what was told earlier: there
 *           are servers that send ranges and have never heard of If-Range.
 * Faults    include/tandem/http.h, "Parts".
 */
#ifndef TANDEM_HTTP_CURL_RANGE_H
#define TANDEM_HTTP_CURL_RANGE_H

#include "http_curl_head.h"

#define HTTP_RANGE_MAX 48

/* The value of Range, without its unit: "5-", "0-99". */
void http_curl_range_write(const struct tdm_http_ask *ask, char out[HTTP_RANGE_MAX]);

struct http_curl_range {
    bool is_part, has_total; /* !is_part: there is no such part */
    uint64_t first, last, total;
};

/* The value of Content-Range; false: this is none. */
bool http_curl_range_read(const char *text, struct http_curl_range *out);

/* What a good answer is to bring: room bytes are pushed, more is a lie; fewer than wanted is no end of the file. */
struct http_curl_part {
    uint64_t room, wanted;
};

/*
 * After the head of an answer with status 200, 206 or 416, when the reply knows the length of a whole body and the
 * validator. Fills in the rest of it; a fault where nothing of the body may be pushed.
 */
TDM_MUST_USE tdm_err http_curl_range_judge(const struct tdm_http_ask *ask, const struct http_curl_head *head,
                                           struct tdm_http_reply *reply, struct http_curl_part *out);

#endif
