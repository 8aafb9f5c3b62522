/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_answer: what one server answers to one request, line by line and piece by piece, as the library hears it.
 *
 * Used by   http_curl_visit.c.   Uses  libcurl, http_curl_{pace,range,page,tls}.
 * Head      noted, and judged before the first byte of a body: a file, a part of it, a redirect, or an error.
 * Body      into the visit's sink, as fast as the configuration lets it.
 * Faults    in reply->fault; an error of the sink stays in the visit's sink_err.
 */
#ifndef TANDEM_HTTP_CURL_ANSWER_H
#define TANDEM_HTTP_CURL_ANSWER_H

#include "http_curl_visit.h"

/* Make the handle call us. */
CURLcode http_curl_answer_set(CURL *c, struct http_curl_visit *t);

/* The transfer ended well: was that all of it? An answer without a body is judged here. */
TDM_MUST_USE tdm_err http_curl_answer_end(struct http_curl_visit *t);

#endif
