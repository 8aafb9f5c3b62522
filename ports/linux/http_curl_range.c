/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void http_curl_range_write(const struct tdm_http_ask *ask, char out[HTTP_RANGE_MAX])
{
    uint64_t last = ask->count > INT64_MAX - ask->from ? INT64_MAX : ask->from + ask->count - 1;

    if (ask->count == 0)
        (void)snprintf(out, HTTP_RANGE_MAX, "%" PRIu64 "-", ask->from);
    else
        (void)snprintf(out, HTTP_RANGE_MAX, "%" PRIu64 "-%" PRIu64, ask->from, last);
}

/* ---- Content-Range ---- */

/* Up to 18 digits: no overflow, and more than any file has. */
static bool take_number(const char **text, uint64_t *out)
{
    size_t n = strspn(*text, "0123456789");

    *out = 0;
    for (size_t i = 0; i < n && n <= 18; i++)
        *out = *out * 10 + (uint64_t)((*text)[i] - '0');
    *text += n;
    return n > 0 && n <= 18;
}

static bool take_sign(const char **text, char sign)
{
    bool is_there = **text == sign;

    *text += is_there;
    return is_there;
}

bool http_curl_range_read(const char *text, struct http_curl_range *out)
{
    *out = (struct http_curl_range){.is_part = false};
    if (strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6 + strspn(text + 6, " ");
    out->is_part = *text != '*';
    if (out->is_part && (!take_number(&text, &out->first) || !take_sign(&text, '-') ||
                         !take_number(&text, &out->last) || out->first > out->last))
        return false;
    text += !out->is_part;
    if (!take_sign(&text, '/'))
        return false;
    out->has_total = *text != '*';
    if (out->has_total && !take_number(&text, &out->total))
        return false;
    text += !out->has_total;
    return *text == '\0' && (!out->is_part || !out->has_total || out->last < out->total);
}

/* ---- what has come ---- */

static tdm_err fail(struct tdm_http_reply *reply, tdm_err err, const char *code, const char *what)
{
    return tdm_fault_set(&reply->fault, err, code, what, (uint64_t)reply->status);
}

static bool is_tag(const char *validator)
{
    return validator[0] == '"';
}

/* Only what is certain: two entity tags, two times, two lengths. */
static bool is_other(const struct tdm_http_ask *ask, const struct tdm_http_reply *reply)
{
    const char *asked = ask->validator != NULL ? ask->validator : "";
    bool is_comparable = asked[0] != '\0' && reply->validator[0] != '\0' && is_tag(asked) == is_tag(reply->validator);

    return (is_comparable && strcmp(asked, reply->validator) != 0) ||
           (ask->length > 0 && reply->has_length && ask->length != reply->length);
}

static tdm_err judge_part(const struct tdm_http_ask *ask, const struct http_curl_head *head,
                          struct tdm_http_reply *reply, struct http_curl_part *out)
{
    struct http_curl_range r;

    reply->has_length = false;
    if (http_curl_head_is_multipart(head))
        return fail(reply, TDM_E_PEER, "multipart_range", "the server sends one part as if it were several");
    if (!http_curl_range_read(head->value[FIELD_RANGE], &r) || !r.is_part)
        return fail(reply, TDM_E_PEER, "range_missing", "the server sends a part, and does not say which");
    reply->has_length = r.has_total;
    reply->length = r.total;
    reply->has_ranges = true;
    reply->is_changed = is_other(ask, reply);
    if (reply->is_changed)
        return fail(reply, TDM_E_PEER, "range_of_other_file", "the server sends a part of another file than was begun");
    uint64_t most = r.has_total ? r.total - r.first : INT64_MAX;
    out->room = r.last - r.first + 1;
    out->wanted = ask->count > 0 && ask->count < most ? ask->count : r.has_total ? most : out->room;
    if (r.first != ask->from || (ask->count > 0 && out->room > ask->count))
        return fail(reply, TDM_E_PEER, "wrong_range", "the server sends another part than was asked for");
    reply->start = r.first;
    return TDM_OK;
}

/* A part of a file that is too short for it; of an empty one the part from its beginning is nothing, and that is well. */
static tdm_err judge_nothing(const struct tdm_http_ask *ask, const struct http_curl_head *head,
                             struct tdm_http_reply *reply, struct http_curl_part *out)
{
    struct http_curl_range r;
    bool is_told = http_curl_range_read(head->value[FIELD_RANGE], &r) && !r.is_part && r.has_total;

    reply->has_length = is_told;
    reply->length = is_told ? r.total : 0;
    reply->is_changed = is_other(ask, reply);
    *out = (struct http_curl_part){.room = 0, .wanted = 0};
    if (ask->from == 0 && is_told && r.total == 0)
        return TDM_OK;
    if (ask->from > 0 && (!is_told || r.total <= ask->from))
        return fail(reply, TDM_E_PEER, "range_beyond_end", "the file ends before the part that is asked for");
    return fail(reply, TDM_E_PEER, "range_refused", "the server refuses a part that its file has");
}

tdm_err http_curl_range_judge(const struct tdm_http_ask *ask, const struct http_curl_head *head,
                              struct tdm_http_reply *reply, struct http_curl_part *out)
{
    *out = (struct http_curl_part){.room = UINT64_MAX, .wanted = 0};
    if (reply->status == 206)
        return judge_part(ask, head, reply, out);
    if (reply->status == 416)
        return judge_nothing(ask, head, reply, out);
    reply->is_changed = is_other(ask, reply);
    return TDM_OK;
}
