/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_page.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a byte order mark and blanks. */
static size_t first_word(const char *data, size_t len)
{
    size_t at = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (at < len && is_blank(data[at]))
        at++;
    return at;
}

bool http_curl_page_is(const char *data, size_t len)
{
    static const char *const begins[] = {"<!doctype html", "<html", "<head>", "<body"};
    size_t at = first_word(data, len), left = len - at;

    for (size_t i = 0; i < sizeof begins / sizeof begins[0] && left >= 2; i++) {
        size_t n = strlen(begins[i]);
        if (strncasecmp(data + at, begins[i], left < n ? left : n) == 0)
            return true;
    }
    return false;
}

static size_t find(const char *data, size_t len, const char *what)
{
    size_t n = strlen(what);

    for (size_t at = 0; at + n <= len; at++) {
        if (strncasecmp(data + at, what, n) == 0)
            return at;
    }
    return len;
}

const char *http_curl_page_title(const char *data, size_t len, size_t *out_len)
{
    static const char opens[] = "<title>";
    size_t at = find(data, len, opens);
    bool has_title = at < len;

    at = has_title ? at + sizeof opens - 1 : 0;
    at += first_word(data + at, len - at);
    *out_len = has_title ? find(data + at, len - at, "</") : len - at;
    return data + at;
}
