/* SPDX-License-Identifier: Apache-2.0 */
/* After which failure a download is tried again, where, and after what wait: by a clock that moves only when waited on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fetch/fetch_retry.h"
#include "support/fake_clock.h"
#include "support/fake_log.h"

/* ---- causes ---- */

#define SERVER(err, code, at, after)                                                                                   \
    {                                                                                                                  \
        {err, code, "", at}, true, false, after                                                                        \
    }
#define JUDGE(err, code, told)                                                                                         \
    {                                                                                                                  \
        {err, code, "", 0}, false, told, 0                                                                             \
    }

struct failure {
    struct tdm_fault fault;
    bool is_servers, has_length;
    uint32_t retry_after_s;
};

static const struct {
    struct failure f;
    enum fetch_next next;
} causes[] = {
    {SERVER(TDM_E_UNREACHABLE, "connection_broke", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_UNREACHABLE, "no_connection", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_UNREACHABLE, "no_such_host", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_UNREACHABLE, "tls_failed", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TIMEOUT, "connect_timeout", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TIMEOUT, "first_byte_timeout", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TIMEOUT, "stall_timeout", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TIMEOUT, "too_slow", 0, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TIMEOUT, "deadline", 0, 0), FETCH_END},
    {SERVER(TDM_E_PEER, "http_status", 408, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 429, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 500, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 502, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 503, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 503, 300), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 503, 301), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 504, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "http_status", 400, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 401, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 403, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 404, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 410, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "http_status", 501, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "proxy_refused", 503, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "proxy_refused", 407, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "captive_portal", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "encoded_body", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "long_head", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_PEER, "range_beyond_end", 416, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "range_refused", 416, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "range_of_other_file", 206, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "range_missing", 206, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "wrong_range", 206, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "multipart_range", 206, 0), FETCH_AGAIN},
    {SERVER(TDM_E_PEER, "long_range", 206, 0), FETCH_AGAIN},
    {SERVER(TDM_E_TRUST, "certificate_expired", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_REFUSED, "tls_too_old", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_REFUSED, "plain_http", 0, 0), FETCH_END},
    {SERVER(TDM_E_FORMAT, "bad_url", 0, 0), FETCH_END},
    {SERVER(TDM_E_NOT_FOUND, "no_such_file", 0, 0), FETCH_ELSEWHERE},
    {SERVER(TDM_E_CANCELLED, "stopped_by_operator", 0, 0), FETCH_END},
    {JUDGE(TDM_E_TRUNCATED, "truncated", false), FETCH_AGAIN},
    {JUDGE(TDM_E_TRUNCATED, "truncated", true), FETCH_ELSEWHERE},
    {JUDGE(TDM_E_FORMAT, "not_image", false), FETCH_ELSEWHERE},
    {JUDGE(TDM_E_CORRUPT, "bad_digest", false), FETCH_ELSEWHERE},
    {JUDGE(TDM_E_REFUSED, "downgrade", false), FETCH_END},
    {JUDGE(TDM_E_TRUST, "unsigned", false), FETCH_END},
    {JUDGE(TDM_E_MISMATCH, "changed_on_server", false), FETCH_END},
    {JUDGE(TDM_E_STATE, "already_installed", false), FETCH_END},
    {JUDGE(TDM_E_IO, "slot_not_written", false), FETCH_END},
    {JUDGE(TDM_E_NO_ROOM, "no_room", false), FETCH_END},
};

static struct tdm_http_reply reply_of(const struct failure *f)
{
    struct tdm_http_reply reply = {.has_length = f->has_length, .retry_after_s = f->retry_after_s};

    tdm_fault_clear(&reply.fault);
    if (f->is_servers)
        reply.fault = f->fault;
    return reply;
}

static void test_causes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        const struct tdm_http_reply reply = reply_of(&causes[i].f);
        enum fetch_next next = fetch_after(&causes[i].f.fault, &reply);
        bool is_range = strstr(causes[i].f.fault.code, "range") != NULL;
        if (next != causes[i].next || fetch_begins_anew(&reply) != is_range)
            fail_msg("%s %u: %d", causes[i].f.fault.code, (unsigned)causes[i].f.fault.at, next);
    }
}

/* ---- waits ---- */

static void test_waits_double_up_to_a_minute_half_by_chance(void **state)
{
    static const uint32_t full[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};

    (void)state;
    for (uint32_t round = 1; round <= sizeof full / sizeof full[0]; round++) {
        uint32_t least = UINT32_MAX, most = 0;
        for (uint32_t seed = 0; seed < 2000; seed++) {
            uint32_t ms = fetch_wait_ms(1000, round, seed);
            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        if (least < full[round - 1] / 2 || most > full[round - 1])
            fail_msg("round %u: %u to %u", round, least, most);
        if (most - least < full[round - 1] * 45 / 100) /* and not all at once */
            fail_msg("round %u: only %u to %u", round, least, most);
    }
    assert_int_equal(fetch_wait_ms(0, 3, 7), 0);
    assert_in_range(fetch_wait_ms(UINT32_MAX, 1, 7), 30000, 60000);
    assert_in_range(fetch_wait_ms(1, UINT32_MAX, 7), 30000, 60000);
}

/* ---- tours ---- */

static const struct failure broke = SERVER(TDM_E_UNREACHABLE, "connection_broke", 0, 0);
static const struct failure missing = SERVER(TDM_E_PEER, "http_status", 404, 0);
static const struct failure busy_7s = SERVER(TDM_E_PEER, "http_status", 503, 7);
static const struct failure busy_90s = SERVER(TDM_E_PEER, "http_status", 503, 90);
static const struct failure busy_long = SERVER(TDM_E_PEER, "http_status", 503, 4000);
static const struct failure unsigned_one = JUDGE(TDM_E_TRUST, "unsigned", false);

#define ASKED_MAX 12

/* Places are called a, b, c; each fails in its one way. */
static const struct {
    const char *name;
    const struct failure *at[3];
    size_t mirrors;
    uint32_t retries, deadline_ms;
    const char *asked;
    uint64_t least_ms, most_ms; /* waited in all */
} tours[] = {
    {"no retries", {&broke}, 0, 0, 0, "a", 0, 0},
    {"once more", {&broke}, 0, 1, 0, "aa", 500, 1000},
    {"four times more", {&broke}, 0, 4, 0, "aaaaa", 7500, 15000},
    {"a missing file is asked for once", {&missing}, 0, 4, 0, "a", 0, 0},
    {"mirrors in turn, without a wait", {&missing, &missing, &missing}, 2, 4, 0, "abc", 0, 0},
    {"a round is all of them", {&broke, &broke, &broke}, 2, 1, 0, "abcabc", 500, 1000},
    {"who lacks the file is left out", {&broke, &missing, &broke}, 2, 2, 0, "abcacac", 1500, 3000},
    {"the first one too", {&missing, &broke}, 1, 2, 0, "abbb", 1500, 3000},
    {"the server's wait is longer", {&busy_7s}, 0, 2, 0, "aaa", 14000, 14000},
    {"the longest of the waits asked for", {&busy_7s, &busy_90s}, 1, 1, 0, "abab", 90000, 90000},
    {"a wait too long is not waited", {&busy_long}, 0, 4, 0, "a", 0, 0},
    {"nor a mirror's, but others are asked", {&busy_long, &broke}, 1, 1, 0, "abb", 500, 1000},
    {"no wait beyond the end", {&busy_7s}, 0, 4, 10000, "aa", 7000, 7000},
    {"what is ours ends it, mirrors or not", {&unsigned_one, &broke}, 1, 4, 0, "a", 0, 0},
};

static void run_tour(size_t i)
{
    static const char *const mirrors[] = {"b", "c"};
    struct fake_clock clock;
    struct fake_log log;
    struct fetch_tour t;
    char asked[ASKED_MAX + 1] = "";
    tdm_err err = TDM_OK;

    fake_clock_init(&clock, UINT32_MAX - 900); /* it wraps meanwhile */
    fake_log_init(&log);
    const struct fetch_retry cfg = {.clock = &clock.port,
                                    .mirrors = mirrors,
                                    .mirror_count = tours[i].mirrors,
                                    .retries = tours[i].retries,
                                    .wait_ms = 1000,
                                    .deadline_ms = tours[i].deadline_ms,
                                    .seed = 1};
    fetch_tour_begin(&t, &cfg, "a", &log.port);
    while (err == TDM_OK && strlen(asked) < ASKED_MAX) {
        (void)strcat(asked, fetch_tour_url(&t));
        const struct failure *f = tours[i].at[asked[strlen(asked) - 1] - 'a'];
        const struct tdm_http_reply reply = reply_of(f);
        struct tdm_fault fault = f->fault;
        err = fetch_tour_next(&t, &reply, &fault);
        assert_true(err == TDM_OK || err == f->fault.err);
    }
    if (strcmp(asked, tours[i].asked) != 0 || t.attempts != strlen(asked) || clock.passed_ms < tours[i].least_ms ||
        clock.passed_ms > tours[i].most_ms)
        fail_msg("%s: %s, %u ms", tours[i].name, asked, (unsigned)clock.passed_ms);
}

static void test_tours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tours / sizeof tours[0]; i++)
        run_tour(i);
}

static void test_a_wait_that_is_asked_for_is_waited_once(void **state)
{
    struct fake_clock clock;
    struct fake_log log;
    struct fetch_tour t;
    const struct failure *const fails[] = {&busy_90s, &broke};

    (void)state;
    fake_clock_init(&clock, 0);
    fake_log_init(&log);
    const struct fetch_retry cfg = {.clock = &clock.port, .retries = 2, .wait_ms = 1000};
    fetch_tour_begin(&t, &cfg, "a", &log.port);
    for (size_t i = 0; i < 2; i++) {
        const struct tdm_http_reply reply = reply_of(fails[i]);
        struct tdm_fault fault = fails[i]->fault;
        assert_int_equal(fetch_tour_next(&t, &reply, &fault), TDM_OK);
    }
    assert_in_range(clock.passed_ms, 91000, 92000);
}

static unsigned looks;

static bool stops_at_the_third_look(void)
{
    return ++looks >= 3;
}

static void test_a_wait_can_be_stopped(void **state)
{
    struct fake_clock clock;
    struct fake_log log;
    struct fetch_tour t;
    const struct tdm_http_reply reply = reply_of(&busy_90s);
    struct tdm_fault fault = busy_90s.fault;

    (void)state;
    looks = 0;
    fake_clock_init(&clock, 0);
    fake_log_init(&log);
    const struct fetch_retry cfg = {
        .clock = &clock.port, .retries = 1, .wait_ms = 1000, .is_stopped = stops_at_the_third_look};
    fetch_tour_begin(&t, &cfg, "a", &log.port);
    assert_int_equal(fetch_tour_next(&t, &reply, &fault), TDM_E_CANCELLED);
    assert_string_equal(fault.code, "stopped_by_operator");
    assert_int_equal(clock.passed_ms, 2 * FETCH_LOOK_MS);
}

static void test_without_a_clock_there_is_one_round(void **state)
{
    static const char *const mirrors[] = {"b"};
    const struct fetch_retry cfg = {.mirrors = mirrors, .mirror_count = 1, .retries = 4, .wait_ms = 1};
    const struct tdm_http_reply reply = reply_of(&broke);
    struct tdm_fault fault = broke.fault;
    struct fake_log log;
    struct fetch_tour t;

    (void)state;
    fake_log_init(&log);
    fetch_tour_begin(&t, &cfg, "a", &log.port);
    assert_int_equal(fetch_tour_next(&t, &reply, &fault), TDM_OK);
    assert_string_equal(fetch_tour_url(&t), "b");
    assert_int_equal(fetch_tour_next(&t, &reply, &fault), TDM_E_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_waits_double_up_to_a_minute_half_by_chance),
        cmocka_unit_test(test_tours),
        cmocka_unit_test(test_a_wait_that_is_asked_for_is_waited_once),
        cmocka_unit_test(test_a_wait_can_be_stopped),
        cmocka_unit_test(test_without_a_clock_there_is_one_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
