/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that change while a download goes on: what each answer brings is written down beforehand. No two files are ever
 * mixed, what is told at the end is true, and an attempt that need not fail does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_clock.h"
#include "support/install_world.h"

#define ANSWERS_MAX 6
#define CHUNK       500u
#define FRONT       8192u

enum style {
    PARTS,    /* the part that is asked for, of whatever lies there now: If-Range is not heeded */
    ALL_OF_IT /* each time, and it says that it has no parts                                   */
};

/* breaks_at: there the connection breaks; 0: never. No image: nobody may ask so often. */
struct answer {
    const struct sample_image *image;
    const char *validator;
    size_t breaks_at;
    enum style style;
};

static struct install_world w;
static struct fake_clock waits;
static struct sample_image runs, plain, twin, stated, new_host, host;
static struct answer answers[ANSWERS_MAX];
static size_t asked;
static void (*at_break)(void); /* or NULL */

static tdm_err send(const struct answer *a, size_t at, size_t end, struct tdm_sink *body, struct tdm_http_reply *reply)
{
    tdm_err err = TDM_OK;

    for (; at < end && err == TDM_OK; at += CHUNK) {
        bool is_broken = a->breaks_at > 0 && at >= a->breaks_at;
        if (is_broken && at_break != NULL)
            at_break();
        if (is_broken)
            return tdm_fault_set(&reply->fault, TDM_E_UNREACHABLE, "connection_broke", "the connection broke", 0);
        err = tdm_sink_push(body, a->image->bytes + at, end - at < CHUNK ? end - at : CHUNK);
    }
    return err;
}

static tdm_err get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                   struct tdm_http_reply *reply)
{
    (void)port, (void)url;
    assert_true(asked < ANSWERS_MAX && answers[asked].image != NULL);
    const struct answer *a = &answers[asked++];
    reply->has_length = true;
    reply->length = a->image->len;
    reply->has_ranges = a->style == PARTS;
    (void)snprintf(reply->validator, sizeof reply->validator, "%s", a->validator);
    if (a->style == ALL_OF_IT)
        return send(a, 0, a->image->len, body, reply);
    reply->start = ask->from;
    bool is_short = ask->count > 0 && ask->count < a->image->len - ask->from;
    return send(a, (size_t)ask->from, is_short ? (size_t)(ask->from + ask->count) : a->image->len, body, reply);
}

static int build(void **state)
{
    (void)state;
    sample_image_build(&runs, &(struct sample_spec){.app_size = 9000, .host_size = 5000, .seed = 1, .cells = 2});
    sample_image_build(&plain, &(struct sample_spec){.host_size = 14000, .seed = 2});
    assert_true(plain.bundle_len + 200 < FRONT);
    twin = plain; /* as long, with the same front, and no digest that would tell */
    twin.bytes[twin.part_at[5] + 100] ^= 0x55;
    twin.bytes[twin.len - 100] ^= 0x55;
    sample_image_build(&stated, &(struct sample_spec){.app_size = 9000, .host_size = 14000, .seed = 3, .cells = 2});
    sample_image_build(&host, &(struct sample_spec){.host_size = 15000, .seed = 6, .cells = 2, .is_host_only = true});
    new_host = runs;
    new_host.bytes[new_host.part_at[5] + 100] ^= 0x55;
    sample_image_restate(&new_host);
    return 0;
}

static int open_router(void **state)
{
    static const struct tdm_http_ops ops = {.get = get};

    struct slot_record rec;

    (void)state;
    world_open(&w, true);
    world_install_good(&w, &runs);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.radio.api = 5, rec.radio.least_host_api = 1; /* for the image of a host alone */
    world_store(&w, &rec);
    w.has_journal = true;
    w.source.port.ops = &ops;
    fake_clock_init(&waits, 0);
    memset(answers, 0, sizeof answers);
    asked = 0;
    at_break = NULL;
    return 0;
}

static int close_router(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static tdm_err stage_from(const char *url, uint32_t retries)
{
    world_begin(&w);
    w.install.cfg.retry = (struct fetch_retry){.clock = &waits.port, .retries = retries, .wait_ms = 1000};
    return install_stage(&w.install, url);
}

static tdm_err stage(uint32_t retries)
{
    return stage_from("test:image", retries);
}

static bool is_staged(const struct sample_image *image)
{
    const struct install_plan *plan = &w.install.plan;
    struct slot_record rec;

    return world_load(&w, &rec) == SLOT_STORE_OK && rec.rcp[plan->rcp].state == SLOT_STAGED &&
           rec.host[plan->host].content.state == SLOT_STAGED &&
           memcmp(w.rcp[plan->rcp].durable, image->bytes, image->bundle_len) == 0 &&
           memcmp(w.host_slots[plan->host].durable, image->bytes + image->bundle_len, image->len - image->bundle_len) ==
               0;
}

/* ---- two files ---- */

static const struct {
    const char *name;
    struct answer answers[ANSWERS_MAX];
    const struct sample_image *staged;
    size_t asked;
} mixtures[] = {
    {"plain, its parts tell the same tag", {{&plain, "\"one\"", 0, PARTS}, {&plain, "\"one\"", 0, PARTS}}, &plain, 2},
    {"plain, and a part that does not say of which file it is",
     {{&plain, "\"one\"", 0, PARTS}, {&twin, "", 0, PARTS}, {&twin, "", 0, ALL_OF_IT}},
     &twin,
     3},
    {"plain, and a part that tells a time where a tag was",
     {{&plain, "\"one\"", 0, PARTS}, {&twin, "Mon, 01 Jan 2024 00:00:00 GMT", 0, PARTS}, {&twin, "", 0, PARTS}},
     &twin,
     3},
    {"plain, broken, and the rest does not say of which file it is",
     {{&plain, "\"one\"", 0, PARTS}, {&plain, "\"one\"", 15000, PARTS}, {&twin, "", 0, PARTS}, {&twin, "", 0, PARTS}},
     &twin,
     4},
    {"stated, and parts that do not say of which file they are: its digests tell",
     {{&stated, "\"one\"", 0, PARTS}, {&stated, "", 0, PARTS}},
     &stated,
     2},
};

static void parts_of_two_files_are_not_mixed(void **state)
{
    for (size_t i = 0; i < sizeof mixtures / sizeof mixtures[0]; i++) {
        assert_int_equal(close_router(state) + open_router(state), 0);
        memcpy(answers, mixtures[i].answers, sizeof answers);
        tdm_err err = stage(2);
        if (err != TDM_OK || !is_staged(mixtures[i].staged) || asked != mixtures[i].asked)
            fail_msg("%s: %s, asked %zu times, staged as meant: %d", mixtures[i].name, tdm_err_name(err), asked,
                     is_staged(mixtures[i].staged));
    }
}

/* Is what came from the first address kept for the second? The validator is the same in each row. */
static const struct {
    const char *first, *second;
    bool is_kept;
} addresses[] = {
    {"https://example.org/a", "https://example.org/a", true},
    {"https://me:secret@example.org/a", "https://me:changed@example.org/a", true},
    {"https://example.org/a#one", "https://example.org/a#two", true},
    {"https://example.org/a", "https://example.org/b", false},
    {"https://example.org/a", "https://example.net/a", false},
    {"https://example.org/get?file=a", "https://example.org/get?file=a", true},
    {"https://example.org/get?file=a", "https://example.org/get?file=b", false},
    {"https://example.org/get?file=a", "https://example.org/get", false},
    {"/media/stick/a?b", "/media/stick/a?c", false},
};

static void a_plain_image_comes_from_one_address(void **state)
{
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        const struct sample_image *second = addresses[i].is_kept ? &plain : &twin;
        assert_int_equal(close_router(state) + open_router(state), 0);
        answers[0] = answers[1] = (struct answer){&plain, "\"one\"", 15000, PARTS};
        assert_int_equal(stage_from(addresses[i].first, 0), TDM_E_UNREACHABLE);
        answers[2] = answers[3] = (struct answer){second, "\"one\"", 0, PARTS};
        tdm_err err = stage_from(addresses[i].second, 0);
        if (err != TDM_OK || !is_staged(second) || (w.install.kept > 0) != addresses[i].is_kept)
            fail_msg("%s, then %s: %s, %u kept", addresses[i].first, addresses[i].second, tdm_err_name(err),
                     (unsigned)w.install.kept);
    }
}

/* ---- what follows a break ---- */

/* What is left of the part that broke lies on this router: that is no end of the file. */
static void a_whole_answer_breaks_where_the_running_pair_has_the_rest(void **state)
{
    (void)state;
    answers[0] = (struct answer){&new_host, "\"one\"", 9000, ALL_OF_IT};
    answers[1] = (struct answer){&new_host, "\"one\"", 0, PARTS};
    assert_int_equal(stage(1), TDM_OK);
    assert_int_equal(asked, 2);
    assert_true(w.install.copied > 0);
    assert_true(is_staged(&new_host));
}

static void the_running_bundle_goes_bad(void)
{
    struct fake_flash *bundle = &w.rcp[w.install.record.host[w.host.running].rcp];

    bundle->bad_off = 10000, bundle->bad_len = 1;
}

/* The connection broke before; but it is not what fails now, and no further attempt can mend it. */
static void what_fails_here_is_not_blamed_on_the_last_answer(void **state)
{
    (void)state;
    answers[0] = (struct answer){&new_host, "\"one\"", 9000, ALL_OF_IT};
    at_break = the_running_bundle_goes_bad;
    assert_int_equal(stage(3), TDM_E_IO);
    assert_string_equal(w.install.fault.code, "slot_not_read");
    assert_int_equal(w.install.attempts, 2);
    assert_int_equal(w.install.reply.fault.err, TDM_OK);
}

/* What the first address has sent is not there from before, although the second one goes on from it. */
static void what_this_order_fetched_was_not_there_before(void **state)
{
    static const char *const mirrors[] = {"test:mirror"};

    (void)state;
    answers[0] = (struct answer){&stated, "\"one\"", 0, PARTS};
    answers[1] = (struct answer){&stated, "\"one\"", 21000, PARTS};
    answers[2] = answers[3] = (struct answer){&stated, "\"two\"", 0, PARTS};
    world_begin(&w);
    w.install.cfg.retry = (struct fetch_retry){.clock = &waits.port, .mirrors = mirrors, .mirror_count = 1};
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_true(is_staged(&stated));
    assert_true(w.install.kept > 0);
    assert_int_equal(w.install.had, 0);
    assert_in_range(w.install.fetched, stated.len, stated.len + FRONT + 4096 + CHUNK);
}

static void what_was_copied_counts_once(void **state)
{
    static const char *const mirrors[] = {"test:mirror"};

    (void)state;
    answers[0] = answers[2] = answers[3] = (struct answer){&new_host, "\"one\"", 0, PARTS};
    answers[1] = (struct answer){&new_host, "\"one\"", new_host.len - 1000, PARTS};
    world_begin(&w);
    w.install.cfg.retry = (struct fetch_retry){.clock = &waits.port, .mirrors = mirrors, .mirror_count = 1};
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_true(is_staged(&new_host));
    assert_int_equal(w.install.copied, new_host.bundle_len - FRONT);
    assert_int_equal(w.install.had, 0);
}

/* ---- what was kept turns out to be wrong ---- */

static tdm_err order(const struct sample_image *image, size_t breaks_at)
{
    asked = 0;
    for (size_t i = 0; i < 4; i++)
        answers[i] = (struct answer){image, "\"one\"", breaks_at, PARTS};
    return stage(0);
}

/* Its digest is asked only at the end of its part: damaged once on its way, and cut before that. */
static void kept_bytes_that_the_judge_refuses_are_fetched_anew(void **state)
{
    static struct sample_image damaged;

    (void)state;
    damaged = stated;
    damaged.bytes[9000] ^= 1;
    assert_int_equal(order(&damaged, 13000), TDM_E_UNREACHABLE);
    assert_true(w.install.left > 9000 && damaged.bundle_len > 13000);
    assert_int_equal(order(&stated, 0), TDM_OK);
    assert_true(is_staged(&stated));
    assert_int_equal(w.install.kept, 0);
}

/* The judge sees what is asked for first from the source, and not what is kept of it: reading back tells. */
static void damage_in_what_is_asked_for_first_is_not_kept_for_ever(void **state)
{
    static struct sample_image damaged;

    (void)state;
    damaged = host;
    damaged.bytes[5000] ^= 1;
    assert_int_equal(order(&damaged, host.len - 1000), TDM_E_UNREACHABLE);
    assert_true(w.install.left > FRONT);
    assert_int_equal(order(&host, 0), TDM_E_CORRUPT);
    assert_string_equal(w.install.fault.code, "staged_differs");
    assert_int_equal(order(&host, 0), TDM_OK);
    assert_int_equal(w.install.kept, 0);
    assert_memory_equal(w.host_slots[w.install.plan.host].durable, host.bytes + host.part_at[5], host.part_len[5]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_router, close_router)
    const struct CMUnitTest tests[] = {
        TEST(parts_of_two_files_are_not_mixed),
        TEST(a_plain_image_comes_from_one_address),
        TEST(a_whole_answer_breaks_where_the_running_pair_has_the_rest),
        TEST(what_fails_here_is_not_blamed_on_the_last_answer),
        TEST(what_this_order_fetched_was_not_there_before),
        TEST(what_was_copied_counts_once),
        TEST(kept_bytes_that_the_judge_refuses_are_fetched_anew),
        TEST(damage_in_what_is_asked_for_first_is_not_kept_for_ever),
    };
    return cmocka_run_group_tests(tests, build, NULL);
}
