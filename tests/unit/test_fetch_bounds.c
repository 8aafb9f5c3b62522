/* SPDX-License-Identifier: Apache-2.0 */
/* The thin fetch: what it counts, where it cuts off, whose error it hands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fetch/fetch.h"

/* A source of `len` bytes in pieces of 100, with ranges or without, which may fail at its end. */
struct source {
    struct tdm_http port;
    size_t len;
    tdm_err end;
    bool has_ranges;
};

static tdm_err get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                   struct tdm_http_reply *reply)
{
    static const uint8_t piece[100];
    struct source *s = (struct source *)port;
    tdm_err err = TDM_OK;

    assert_string_equal(url, "x");
    reply->start = s->has_ranges ? ask->from : 0;
    for (size_t at = reply->start; at < s->len && err == TDM_OK; at += sizeof piece)
        err = tdm_sink_push(body, piece, s->len - at < sizeof piece ? s->len - at : sizeof piece);
    return err != TDM_OK || s->end == TDM_OK ? err : tdm_fault_set(&reply->fault, s->end, "broken", "it broke", 7);
}

struct target {
    struct tdm_sink sink;
    size_t got, stops_at;
};

static tdm_err push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct target *t = (struct target *)sink;
    (void)data;
    t->got += len;
    return t->stops_at > 0 && t->got >= t->stops_at ? TDM_E_CANCELLED : TDM_OK;
}

static uint64_t shown;

static void on_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    (void)log, (void)what;
    assert_int_equal(phase, TDM_PHASE_FETCH);
    assert_int_equal(total, 12345);
    assert_true(done > shown);
    shown = done;
}

static const struct {
    const char *name;
    size_t len, limit, stops_at;
    tdm_err end, want;
    const char *code;
    size_t got;
    uint64_t from;
    bool has_ranges;
    size_t came, last; /* bytes that the source sent; the last position that was shown */
} rows[] = {
    {"whole", 950, 0, 0, TDM_OK, TDM_OK, "", 950, 0, false, 950, 950},
    {"exactly the limit", 950, 950, 0, TDM_OK, TDM_OK, "", 950, 0, false, 950, 950},
    {"one byte over the limit", 951, 950, 0, TDM_OK, TDM_E_NO_ROOM, "too_long", 900, 0, false, 951, 900},
    {"empty", 0, 1, 0, TDM_OK, TDM_OK, "", 0, 0, false, 0, 0},
    {"the source breaks", 300, 0, 0, TDM_E_UNREACHABLE, TDM_E_UNREACHABLE, "broken", 300, 0, false, 300, 300},
    {"the sink stops", 950, 0, 250, TDM_OK, TDM_E_CANCELLED, "", 300, 0, false, 300, 200},
    {"a part up to the limit", 950, 950, 0, TDM_OK, TDM_OK, "", 350, 600, true, 350, 950},
    {"a part one byte over the limit", 951, 950, 0, TDM_OK, TDM_E_NO_ROOM, "too_long", 300, 600, true, 351, 900},
    {"a part beyond the limit", 1950, 950, 0, TDM_OK, TDM_E_NO_ROOM, "too_long", 0, 1000, true, 100, 0},
    {"a part of a source that has none", 950, 950, 0, TDM_OK, TDM_OK, "", 950, 600, false, 950, 950},
};

static void test_rows(void **state)
{
    static const uint64_t total = 12345;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tdm_http_ops ops = {.get = get};
        struct source source = {{&ops}, rows[i].len, rows[i].end, rows[i].has_ranges};
        struct target target = {.sink = {push}, .stops_at = rows[i].stops_at};
        struct tdm_log log = {.progress = on_progress};
        struct tdm_http_reply reply;
        struct fetch f = {.source = &source.port,
                          .to = &target.sink,
                          .log = &log,
                          .reply = &reply,
                          .ask = {.from = rows[i].from},
                          .total = &total,
                          .limit = rows[i].limit};
        shown = 0;
        tdm_err err = fetch_run(&f, "x");
        if (err != rows[i].want || strcmp(f.fault.code, rows[i].code) != 0 || target.got != rows[i].got ||
            f.got != rows[i].came || shown != rows[i].last)
            fail_msg("%s: %s, code \"%s\", %zu bytes", rows[i].name, tdm_err_name(err), f.fault.code, target.got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
