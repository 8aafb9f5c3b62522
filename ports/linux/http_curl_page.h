/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_page: a web page where a file was asked for, as networks answer that want people to log in first.
 *
 * Used by   http_curl_answer.c.   Uses  nothing.
 * Careful   only what begins as HTML does counts as a page; no image begins so. Any other wrong body is the judge's.
 */
#ifndef TANDEM_HTTP_CURL_PAGE_H
#define TANDEM_HTTP_CURL_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Do these first bytes of a body begin a page? A beginning cut short counts from its second character on. */
bool http_curl_page_is(const char *data, size_t len);

/* The page's title, else its first words. The text lies in data and has *out_len characters, of whatever kind. */
const char *http_curl_page_title(const char *data, size_t len, size_t *out_len);

#endif
