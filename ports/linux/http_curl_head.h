/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_head: what an answer's head says about the file and about the part of it that follows.
 *
 * Used by   http_curl_answer.c, line by line.   Uses  libcurl for dates alone.
 * Doubt     A field that stands there twice, or is longer than anybody's, is as good as none.
 * Validator RFC 9110, 13.1.5: a strong entity tag; without any entity tag the time of the last change, if the answer is
 *           HTTP_STRONG_S younger than that, so that no second change can have had the same time. Else there is none.
 * Memory    the struct is the caller's; begin() makes it ready for another head.
 */
#ifndef TANDEM_HTTP_CURL_HEAD_H
#define TANDEM_HTTP_CURL_HEAD_H

#include <tandem/http.h>

#define HTTP_STRONG_S 60

enum http_curl_field {
    FIELD_TAG,
    FIELD_CHANGED,
    FIELD_DATE,
    FIELD_RANGE,
    FIELD_RANGES,
    FIELD_TYPE,
    FIELD_ENCODING,
    FIELD_COUNT
};

struct http_curl_head {
    char value[FIELD_COUNT][TDM_HTTP_VALIDATOR_MAX]; /* "": not there, or not usable */
    bool is_seen[FIELD_COUNT];
};

void http_curl_head_begin(struct http_curl_head *h);
/* One line as it came, with or without its end. */
void http_curl_head_take(struct http_curl_head *h, const char *line, size_t len);

void http_curl_head_validator(const struct http_curl_head *h, char out[TDM_HTTP_VALIDATOR_MAX]);
bool http_curl_head_has_ranges(const struct http_curl_head *h);
bool http_curl_head_is_multipart(const struct http_curl_head *h);
/* In any way but "identity": also in two, and in one that is not understood. */
bool http_curl_head_is_encoded(const struct http_curl_head *h);

#endif
