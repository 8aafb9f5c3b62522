/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a file, by the words of RFC 9110 (14.1 to 14.4, 13.1.5) alone: what is asked, what a head tells, what is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "linux/http_curl_range.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- Range ---- */

static void test_asked(void **state)
{
    static const struct {
        uint64_t from, count;
        const char *text;
    } rows[] = {
        {0, 1, "0-0"},
        {0, 4096, "0-4095"},
        {5, 0, "5-"},
        {4294967296, 4294967296, "4294967296-8589934591"},
        {INT64_MAX, INT64_MAX, "9223372036854775807-9223372036854775807"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[HTTP_RANGE_MAX];
        http_curl_range_write(&(struct tdm_http_ask){.from = rows[i].from, .count = rows[i].count}, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* ---- Content-Range ---- */

static void test_content_range(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        struct http_curl_range want;
    } rows[] = {
        {"bytes 0-0/1", true, {true, true, 0, 0, 1}},
        {"bytes 5-9/10", true, {true, true, 5, 9, 10}},
        {"Bytes 5-9/*", true, {true, false, 5, 9, 0}},
        {"bytes */10", true, {false, true, 0, 0, 10}},
        {"bytes */*", true, {false, false, 0, 0, 0}},
        {"bytes 5-999999999999999999/*", true, {true, false, 5, 999999999999999999, 0}},
        {"", false, {0}},
        {"bytes", false, {0}},
        {"bytes ", false, {0}},
        {"bytes=5-9/10", false, {0}},
        {"items 5-9/10", false, {0}},
        {"bytes 9-5/10", false, {0}},
        {"bytes 5-10/10", false, {0}},
        {"bytes 5-9", false, {0}},
        {"bytes 5-9/", false, {0}},
        {"bytes 5-/10", false, {0}},
        {"bytes -9/10", false, {0}},
        {"bytes 5-9/10 ", false, {0}},
        {"bytes 5-9/10, 11-12/20", false, {0}},
        {"bytes +5-9/10", false, {0}},
        {"bytes 5-9/-10", false, {0}},
        {"bytes 0x5-9/10", false, {0}},
        {"bytes 5-18446744073709551616/*", false, {0}},
        {"bytes 00000000000000000005-9/10", false, {0}},
        {"bytes **/10", false, {0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_curl_range r;
        bool is_good = http_curl_range_read(rows[i].text, &r);
        const struct http_curl_range *w = &rows[i].want;
        if (is_good != rows[i].is_good ||
            (is_good && (r.is_part != w->is_part || r.has_total != w->has_total || r.first != w->first ||
                         r.last != w->last || r.total != w->total)))
            fail_msg("\"%s\"", rows[i].text);
    }
}

/* ---- heads ---- */

static void read_head(struct http_curl_head *h, const char *const *lines)
{
    http_curl_head_begin(h);
    for (int i = 0; lines[i] != NULL; i++)
        http_curl_head_take(h, lines[i], strlen(lines[i]));
}

#define NOON "Sun, 22 Nov 2026 12:00:00 GMT"
#define LONG_TEXT                                                                                                      \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789012345"

static void test_validators(void **state)
{
    static const struct {
        const char *name, *lines[4], *want;
    } rows[] = {
        {"nothing", {"Server: x\r\n"}, ""},
        {"a tag", {"ETag: \"a-1\"\r\n"}, "\"a-1\""},
        {"a tag as HTTP/2 writes it", {"etag:\"a-1\""}, "\"a-1\""},
        {"an empty tag", {"ETag: \"\"\r\n"}, "\"\""},
        {"a tag before a time", {"Last-Modified: " NOON "\r\n", "ETag: \"t\"\r\n"}, "\"t\""},
        {"a weak tag", {"ETag: W/\"a\"\r\n"}, ""},
        {"a weak tag and an old time",
         {"ETag: W/\"a\"\r\n", "Last-Modified: " NOON "\r\n", "Date: Sun, 22 Nov 2026 13:00:00 GMT\r\n"},
         ""},
        {"no quotes", {"ETag: a\r\n"}, ""},
        {"a quote in the middle", {"ETag: \"a\"b\"\r\n"}, ""},
        {"one quote", {"ETag: \"\r\n"}, ""},
        {"two tags", {"ETag: \"a\"\r\n", "ETag: \"b\"\r\n"}, ""},
        {"the longest tag", {"ETag: \"" LONG_TEXT "\"\r\n"}, ""},
        {"control characters", {"ETag: \"a\x01\"\r\n"}, ""},
        {"letters of other alphabets", {"ETag: \"\xc3\xa4\"\r\n"}, ""},
        {"an old time", {"Last-Modified: " NOON "\r\n", "Date: Sun, 22 Nov 2026 12:01:00 GMT\r\n"}, NOON},
        {"a young time", {"Last-Modified: " NOON "\r\n", "Date: Sun, 22 Nov 2026 12:00:59 GMT\r\n"}, ""},
        {"a time to come", {"Last-Modified: " NOON "\r\n", "Date: Sun, 22 Nov 2026 11:00:00 GMT\r\n"}, ""},
        {"a server without a clock", {"Last-Modified: " NOON "\r\n"}, ""},
        {"no time", {"Last-Modified: yesterday\r\n", "Date: Sun, 22 Nov 2026 12:01:00 GMT\r\n"}, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_curl_head h;
        char out[TDM_HTTP_VALIDATOR_MAX];
        read_head(&h, rows[i].lines);
        http_curl_head_validator(&h, out);
        if (strcmp(out, rows[i].want) != 0)
            fail_msg("%s: %s", rows[i].name, out);
    }
}

static void test_a_new_head_forgets_the_last_one(void **state)
{
    struct http_curl_head h;
    char out[TDM_HTTP_VALIDATOR_MAX];

    (void)state;
    read_head(&h, (const char *const[]){"ETag: \"hint\"", "Accept-Ranges: bytes", NULL});
    assert_true(http_curl_head_has_ranges(&h));
    read_head(&h, (const char *const[]){"ETag: \"file\"", "Accept-Ranges: none", NULL});
    http_curl_head_validator(&h, out);
    assert_string_equal(out, "\"file\"");
    assert_false(http_curl_head_has_ranges(&h));
}

/* ---- answers ---- */

static const struct answer {
    const char *name;
    struct tdm_http_ask ask;
    int status;
    int64_t body; /* bytes, as the head tells; -1: it does not */
    const char *lines[4];
    const char *code; /* "": taken */
    uint64_t start, room, wanted;
    int64_t length; /* of the file; -1: not known */
    bool is_changed;
} answers[] = {
    /* the part that was asked for */
    {"a part", {5, 5, "\"a\"", 20}, 206, 5, {"Content-Range: bytes 5-9/20", "ETag: \"a\""}, "", 5, 5, 5, 20, false},
    {"to the end", {5, 0, NULL, 0}, 206, 15, {"Content-Range: bytes 5-19/20"}, "", 5, 15, 15, 20, false},
    {"the front", {0, 4, NULL, 0}, 206, 4, {"Content-Range: bytes 0-3/20"}, "", 0, 4, 4, 20, false},
    {"a front longer than the file", {0, 99, NULL, 0}, 206, 20, {"Content-Range: bytes 0-19/20"}, "", 0, 20, 20, 20, 0},
    {"of a file of unknown length", {5, 5, NULL, 20}, 206, 5, {"Content-Range: bytes 5-9/*"}, "", 5, 5, 5, -1, false},
    {"without a length of the body", {5, 5, NULL, 0}, 206, -1, {"Content-Range: bytes 5-9/20"}, "", 5, 5, 5, 20, false},
    {"only some of it", {5, 5, NULL, 0}, 206, 2, {"Content-Range: bytes 5-6/20"}, "", 5, 2, 5, 20, false},
    {"only some of the end", {5, 0, NULL, 0}, 206, 2, {"Content-Range: bytes 5-6/20"}, "", 5, 2, 15, 20, false},
    {"no tag any more", {5, 5, "\"a\"", 0}, 206, 5, {"Content-Range: bytes 5-9/20"}, "", 5, 5, 5, 20, false},
    {"a tag where a time was",
     {5, 5, NOON, 0},
     206,
     5,
     {"Content-Range: bytes 5-9/20", "ETag: \"a\""},
     "",
     5,
     5,
     5,
     20,
     false},
    /* all of it */
    {"no ranges", {5, 5, "\"a\"", 20}, 200, 20, {"ETag: \"a\""}, "", 0, UINT64_MAX, 0, 20, false},
    {"no ranges, and not much to say", {5, 5, "\"a\"", 20}, 200, -1, {NULL}, "", 0, UINT64_MAX, 0, -1, false},
    {"another file, by its tag", {5, 5, "\"a\"", 20}, 200, 20, {"ETag: \"b\""}, "", 0, UINT64_MAX, 0, 20, true},
    {"another file, by its length", {5, 5, NULL, 20}, 200, 21, {NULL}, "", 0, UINT64_MAX, 0, 21, true},
    {"another file, by its time",
     {5, 5, "Sun, 22 Nov 2026 11:00:00 GMT", 20},
     200,
     20,
     {"Last-Modified: " NOON, "Date: Mon, 23 Nov 2026 12:00:00 GMT"},
     "",
     0,
     UINT64_MAX,
     0,
     20,
     true},
    /* neither */
    {"no Content-Range", {5, 5, NULL, 0}, 206, 5, {NULL}, "range_missing", 0, 0, 0, -1, false},
    {"two of them",
     {5, 5, NULL, 0},
     206,
     5,
     {"Content-Range: bytes 5-9/20", "Content-Range: bytes 5-9/20"},
     "range_missing",
     0,
     0,
     0,
     -1,
     false},
    {"one that says nothing", {5, 5, NULL, 0}, 206, 5, {"Content-Range: bytes */20"}, "range_missing", 0, 0, 0, -1, 0},
    {"another beginning", {5, 5, NULL, 0}, 206, 5, {"Content-Range: bytes 4-8/20"}, "wrong_range", 0, 0, 0, 20, false},
    {"the whole as a part", {5, 0, NULL, 0}, 206, 20, {"Content-Range: bytes 0-19/20"}, "wrong_range", 0, 0, 0, 20, 0},
    {"one byte more", {5, 5, NULL, 0}, 206, 6, {"Content-Range: bytes 5-10/20"}, "wrong_range", 0, 0, 0, 20, false},
    {"of a longer file",
     {5, 5, NULL, 20},
     206,
     5,
     {"Content-Range: bytes 5-9/21"},
     "range_of_other_file",
     0,
     0,
     0,
     21,
     1},
    {"of another tag",
     {5, 5, "\"a\"", 0},
     206,
     5,
     {"Content-Range: bytes 5-9/20", "ETag: \"b\""},
     "range_of_other_file",
     0,
     0,
     0,
     20,
     true},
    {"several",
     {5, 5, NULL, 0},
     206,
     99,
     {"Content-Type: multipart/byteranges; boundary=x"},
     "multipart_range",
     0,
     0,
     0,
     -1,
     false},
    {"several, with a range",
     {5, 5, NULL, 0},
     206,
     99,
     {"Content-Type: Multipart/ByteRanges; boundary=x", "Content-Range: bytes 5-9/20"},
     "multipart_range",
     0,
     0,
     0,
     -1,
     0},
    /* nothing */
    {"the file is shorter",
     {5, 5, NULL, 0},
     416,
     99,
     {"Content-Range: bytes */5"},
     "range_beyond_end",
     0,
     0,
     0,
     5,
     false},
    {"shorter than it was", {5, 5, NULL, 20}, 416, 99, {"Content-Range: bytes */5"}, "range_beyond_end", 0, 0, 0, 5, 1},
    {"shorter, length not told", {5, 5, NULL, 20}, 416, 99, {NULL}, "range_beyond_end", 0, 0, 0, -1, false},
    {"not shorter at all",
     {5, 5, NULL, 0},
     416,
     99,
     {"Content-Range: bytes */20"},
     "range_refused",
     0,
     0,
     0,
     20,
     false},
    {"no front", {0, 5, NULL, 0}, 416, 99, {"Content-Range: bytes */20"}, "range_refused", 0, 0, 0, 20, false},
    {"the front of nothing", {0, 5, NULL, 0}, 416, 99, {"Content-Range: bytes */0"}, "", 0, 0, 0, 0, false},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct answer *a = &answers[i];
        struct tdm_http_reply r = {.status = a->status, .has_length = a->body >= 0, .length = (uint64_t)a->body};
        struct http_curl_head h;
        struct http_curl_part part;

        tdm_fault_clear(&r.fault);
        read_head(&h, a->lines);
        http_curl_head_validator(&h, r.validator);
        tdm_err err = http_curl_range_judge(&a->ask, &h, &r, &part);
        if (strcmp(r.fault.code, a->code) != 0 || (err == TDM_OK) != (a->code[0] == '\0') || r.start != a->start)
            fail_msg("%s: code \"%s\", start %u", a->name, r.fault.code, (unsigned)r.start);
        if (r.has_length != (a->length >= 0) || (r.has_length && r.length != (uint64_t)a->length))
            fail_msg("%s: %d length %u", a->name, r.has_length, (unsigned)r.length);
        if (r.is_changed != a->is_changed)
            fail_msg("%s: changed %d", a->name, r.is_changed);
        if (err == TDM_OK && (part.room != a->room || part.wanted != a->wanted))
            fail_msg("%s: room %u, wanted %u", a->name, (unsigned)part.room, (unsigned)part.wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked),      cmocka_unit_test(test_content_range),
        cmocka_unit_test(test_validators), cmocka_unit_test(test_a_new_head_forgets_the_last_one),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
