/* SPDX-License-Identifier: Apache-2.0 */
/* When a transfer is given up, by a clock that the test turns; and what counts as a web page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "linux/http_curl_pace.h"
#include "linux/http_curl_page.h"

#define STEPS_MAX 12

/* One thing that happens at a time; the limits are looked at after each. */
struct step {
    uint64_t at_ms;
    char what;  /* 'c' connected, 'h' a line of the head, 'b' bytes, 'w' they are written, '.' nothing, 0 the end */
    size_t len; /* of 'w': milliseconds until at_ms */
};

/* connect 10 s, first byte 30 s, stall 20 s, all of it 300 s; at least 1000 bytes a second over 60 s */
static const struct {
    const char *name;
    struct step steps[STEPS_MAX];
    const char *code; /* after the last step, and after no other */
} rows[] = {
    {"a connection just in time", {{9999, '.', 0}}, ""},
    {"no connection", {{9999, '.', 0}, {10000, '.', 0}}, "connect_timeout"},
    {"an answer just in time", {{9000, 'c', 0}, {38999, '.', 0}}, ""},
    {"no answer", {{9000, 'c', 0}, {38999, '.', 0}, {39000, '.', 0}}, "first_byte_timeout"},
    {"a pause just in time", {{1, 'c', 0}, {2, 'h', 0}, {20001, '.', 0}}, ""},
    {"a stall behind the head", {{1, 'c', 0}, {2, 'h', 0}, {20002, '.', 0}}, "stall_timeout"},
    {"a stall in the body", {{1, 'c', 0}, {2, 'b', 500000}, {20001, '.', 0}, {20002, '.', 0}}, "stall_timeout"},
    {"bytes start the pause anew", {{1, 'c', 0}, {2, 'b', 500000}, {20001, 'b', 1}, {40000, '.', 0}}, ""},
    {"drops of bytes",
     {{1, 'c', 0}, {2, 'b', 9}, {19000, 'b', 9}, {38000, 'b', 9}, {57000, 'b', 9}, {60002, '.', 0}},
     "too_slow"},
    {"a head without an end",
     {{1, 'c', 0}, {2, 'h', 0}, {19000, 'h', 0}, {38000, 'h', 0}, {57000, 'h', 0}, {60002, '.', 0}},
     "too_slow"},
    {"just as fast as it must be",
     {{1, 'c', 0}, {2, 'h', 0}, {19000, 'b', 1}, {38000, 'b', 1}, {57000, 'b', 59998}, {60002, '.', 0}},
     ""},
    {"one byte too few",
     {{1, 'c', 0}, {2, 'h', 0}, {19000, 'b', 1}, {38000, 'b', 1}, {57000, 'b', 59997}, {60002, '.', 0}},
     "too_slow"},
    {"what came in the span before does not count",
     {{1, 'c', 0},
      {2, 'b', 900000},
      {19000, 'b', 1},
      {38000, 'b', 1},
      {57000, 'b', 1},
      {60002, 'b', 1},
      {79000, 'b', 1},
      {98000, 'b', 1},
      {117000, 'b', 1},
      {120001, '.', 0},
      {120002, '.', 0}},
     "too_slow"},
    {"storage that stalls", {{1, 'c', 0}, {2, 'b', 1}, {50002, 'w', 50000}, {70001, '.', 0}}, ""},
    {"storage that stalls, and then the server",
     {{1, 'c', 0}, {2, 'b', 1}, {50002, 'w', 50000}, {70001, '.', 0}, {70002, '.', 0}},
     "stall_timeout"},
    {"storage that is slow",
     {{1, 'c', 0},
      {2, 'b', 9},
      {80002, 'w', 80000},
      {99000, 'b', 9},
      {118000, 'b', 9},
      {137000, 'b', 9},
      {140001, '.', 0}},
     ""},
    {"slow storage, and drops of bytes",
     {{1, 'c', 0},
      {2, 'b', 9},
      {80002, 'w', 80000},
      {99000, 'b', 9},
      {118000, 'b', 9},
      {137000, 'b', 9},
      {140002, '.', 0}},
     "too_slow"},
    {"storage counts for the end of all", {{1, 'c', 0}, {2, 'b', 9}, {300000, 'w', 299998}}, "deadline"},
    {"waiting for an answer is not slow", {{1, 'c', 0}, {30000, '.', 0}}, ""},
    {"the end of all", {{1, 'c', 0}, {299999, 'b', 9999999}, {300000, 'b', 1}}, "deadline"},
};

static void run(size_t i)
{
    const struct http_curl_config cfg = {
        .connect_ms = 10000, .first_byte_ms = 30000, .stall_ms = 20000, .min_speed = 1000, .min_speed_ms = 60000};
    struct http_curl_pace p;
    struct tdm_fault why;

    tdm_fault_clear(&why);
    http_curl_pace_begin(&p, 0);
    for (size_t k = 0; k < STEPS_MAX && rows[i].steps[k].what != 0; k++) {
        const struct step *s = &rows[i].steps[k];
        if (why.err != TDM_OK)
            fail_msg("%s: %s before step %zu", rows[i].name, why.code, k);
        if (s->what == 'c')
            http_curl_pace_enter(&p, ASKING, s->at_ms);
        else if (s->what == 'w')
            http_curl_pace_busy(&p, s->at_ms - s->len, s->at_ms);
        else if (s->what != '.')
            http_curl_pace_take(&p, s->len, s->at_ms);
        if (http_curl_pace_check(&p, &cfg, 300000, s->at_ms, &why) != why.err)
            fail_msg("%s: an answer that is not the fault", rows[i].name);
    }
    if (strcmp(why.code, rows[i].code) != 0 || (why.err != TDM_OK && why.err != TDM_E_TIMEOUT))
        fail_msg("%s: \"%s\"", rows[i].name, why.code);
}

static void test_pace(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        run(i);
}

static void test_any_speed_and_no_end(void **state)
{
    const struct http_curl_config cfg = {.connect_ms = 10000, .first_byte_ms = 30000, .stall_ms = 20000};
    struct http_curl_pace p;
    struct tdm_fault why;

    (void)state;
    tdm_fault_clear(&why);
    http_curl_pace_begin(&p, 0);
    for (uint64_t now = 0; now < 1000000000; now += 19999) {
        http_curl_pace_take(&p, 1, now);
        assert_int_equal(http_curl_pace_check(&p, &cfg, 0, now + 19998, &why), TDM_OK);
    }
}

static void test_pages(void **state)
{
    static const struct {
        const char *data;
        bool is;
        const char *title;
    } pages[] = {
        {"<!DOCTYPE html><html><head><title>Hotel</title>", true, "Hotel"},
        {"<html><body>Log in", true, "<html><body>Log in"},
        {"\r\n\t <HTML><TITLE>\n Welcome</TITLE>", true, "Welcome"},
        {"\xef\xbb\xbf<html>", true, "<html>"},
        {"<head><title>cut of", true, "cut of"},
        {"<!", true, "<!"},
        {"<", false, NULL},
        {"", false, NULL},
        {"<?xml version=\"1.0\"?>", false, NULL},
        {"Error opening 'nope'", false, NULL},
        {"see <html>", false, NULL},
        {"\xff", false, NULL},
        {"{\"error\": 1}", false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        size_t len = strlen(pages[i].data), n = 0;
        if (http_curl_page_is(pages[i].data, len) != pages[i].is)
            fail_msg("\"%s\"", pages[i].data);
        if (!pages[i].is)
            continue;
        const char *title = http_curl_page_title(pages[i].data, len, &n);
        if (n != strlen(pages[i].title) || memcmp(title, pages[i].title, n) != 0)
            fail_msg("\"%s\" is called \"%.*s\"", pages[i].data, (int)n, title);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_any_speed_and_no_end),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
