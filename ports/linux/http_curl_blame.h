/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_blame: a transfer failed; the fault and the words that tell why.
 *
 * Used by   http_curl_visit.c.   Uses  libcurl, http_curl_tls.
 * Words     of others: where we were led to (up to its query: a signed link is a key), the certificate in question, the
 *           library's own.
 */
#ifndef TANDEM_HTTP_CURL_BLAME_H
#define TANDEM_HTTP_CURL_BLAME_H

#include "http_curl_visit.h"

/* The fault that is there already, else the one that rc stands for. */
TDM_MUST_USE tdm_err http_curl_blame(struct http_curl_visit *t, CURLcode rc);

#endif
