/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_head.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[FIELD_COUNT] = {
    [FIELD_TAG] = "etag:",
    [FIELD_CHANGED] = "last-modified:",
    [FIELD_DATE] = "date:",
    [FIELD_RANGE] = "content-range:",
    [FIELD_RANGES] = "accept-ranges:",
    [FIELD_TYPE] = "content-type:",
    [FIELD_ENCODING] = "content-encoding:",
};

void http_curl_head_begin(struct http_curl_head *h)
{
    *h = (struct http_curl_head){.is_seen = {false}};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Printable, without blanks around it, or "". */
static void keep(char out[TDM_HTTP_VALIDATOR_MAX], const char *text, size_t len)
{
    out[0] = '\0';
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    while (len > 0 && is_blank(*text))
        text++, len--;
    if (len >= TDM_HTTP_VALIDATOR_MAX)
        return;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

void http_curl_head_take(struct http_curl_head *h, const char *line, size_t len)
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        size_t n = strlen(names[i]);
        if (len < n || strncasecmp(line, names[i], n) != 0)
            continue;
        if (h->is_seen[i])
            h->value[i][0] = '\0';
        else
            keep(h->value[i], line + n, len - n);
        h->is_seen[i] = true;
        return;
    }
}

static bool is_strong_tag(const char *tag)
{
    size_t len = strlen(tag);
    return len >= 2 && tag[0] == '"' && strchr(tag + 1, '"') == tag + len - 1;
}

static bool is_strong_date(const struct http_curl_head *h)
{
    time_t changed = curl_getdate(h->value[FIELD_CHANGED], NULL), now = curl_getdate(h->value[FIELD_DATE], NULL);
    return changed >= 0 && now >= 0 && now - changed >= HTTP_STRONG_S;
}

void http_curl_head_validator(const struct http_curl_head *h, char out[TDM_HTTP_VALIDATOR_MAX])
{
    const char *text = "";

    if (h->is_seen[FIELD_TAG])
        text = is_strong_tag(h->value[FIELD_TAG]) ? h->value[FIELD_TAG] : "";
    else if (is_strong_date(h))
        text = h->value[FIELD_CHANGED];
    (void)snprintf(out, TDM_HTTP_VALIDATOR_MAX, "%s", text);
}

bool http_curl_head_has_ranges(const struct http_curl_head *h)
{
    return strcasecmp(h->value[FIELD_RANGES], "bytes") == 0;
}

bool http_curl_head_is_multipart(const struct http_curl_head *h)
{
    static const char type[] = "multipart/byteranges";
    return strncasecmp(h->value[FIELD_TYPE], type, sizeof type - 1) == 0;
}

bool http_curl_head_is_encoded(const struct http_curl_head *h)
{
    return h->is_seen[FIELD_ENCODING] && strcasecmp(h->value[FIELD_ENCODING], "identity") != 0;
}
