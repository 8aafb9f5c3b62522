/* SPDX-License-Identifier: Apache-2.0 */
/* An install whose download is tried again: what is begun anew, what stays, and a file that changes in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/fake_clock.h"
#include "support/install_world.h"

#define ATTEMPTS_MAX 5

/* What each attempt meets: an image, cut off by a broken connection after so many bytes (0: whole). */
struct attempt {
    const struct sample_image *image;
    size_t breaks_at;
};

static struct install_world w;
static struct sample_image first, second, other, with_id, other_id;
static struct fake_clock waits;
static struct attempt plan[ATTEMPTS_MAX];
static unsigned gets;

static tdm_err get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                   struct tdm_http_reply *reply)
{
    const struct attempt *a = &plan[gets++];
    tdm_err err = TDM_OK;

    (void)port;
    (void)url;
    (void)ask; /* a source without ranges */
    assert_non_null(a->image);
    for (size_t at = 0; at < a->image->len && err == TDM_OK; at += 50) {
        if (a->breaks_at > 0 && at >= a->breaks_at)
            return tdm_fault_set(&reply->fault, TDM_E_UNREACHABLE, "connection_broke", "the connection broke", 0);
        err = tdm_sink_push(body, a->image->bytes + at, a->image->len - at < 50 ? a->image->len - at : 50);
    }
    return err;
}

static int open_router(void **state)
{
    static const struct tdm_http_ops ops = {.get = get};

    (void)state;
    world_open(&w, true);
    sample_image_build(&first, &(struct sample_spec){.host_size = 5000, .seed = 1});
    sample_image_build(&second, &(struct sample_spec){.host_size = 6000, .seed = 2});
    sample_image_build(&other, &(struct sample_spec){.host_size = 6001, .seed = 2});
    sample_image_build(&with_id, &(struct sample_spec){.host_size = 6000, .seed = 3, .cells = 2});
    sample_image_build(&other_id, &(struct sample_spec){.host_size = 6000, .seed = 4, .cells = 2});
    world_install_good(&w, &first);
    w.source.port.ops = &ops;
    fake_clock_init(&waits, 0);
    memset(plan, 0, sizeof plan);
    gets = 0;
    return 0;
}

static int close_router(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static tdm_err stage(uint32_t retries)
{
    world_begin(&w);
    w.install.cfg.retry = (struct fetch_retry){.clock = &waits.port, .retries = retries, .wait_ms = 1000};
    return install_stage(&w.install, "test:image");
}

static void expect_staged(const struct sample_image *image)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_STAGED);
    assert_int_equal(rec.host[TDM_HOST_A].content.length, image->len - image->bundle_len);
    assert_true(world_is_whole(&w.rcp[SLOT_R0], &rec.rcp[SLOT_R0]));
    assert_true(world_is_whole(&w.host_slots[TDM_HOST_A], &rec.host[TDM_HOST_A].content));
    assert_true(world_is_whole(&w.rcp[SLOT_R1], &rec.rcp[SLOT_R1])); /* of the pair that runs */
}

static void test_broken_anywhere_and_whole_the_next_time(void **state)
{
    (void)state;
    for (size_t at = 1; at + 50 < second.len; at += 500) {
        assert_int_equal(close_router(NULL) + open_router(NULL), 0);
        plan[0] = (struct attempt){&second, at};
        plan[1] = (struct attempt){&second, 0};
        if (stage(1) != TDM_OK || w.install.attempts != 2)
            fail_msg("broken at %zu: %s", at, w.install.fault.code);
        expect_staged(&second);
    }
}

static void test_the_slots_are_given_up_once(void **state)
{
    (void)state;
    plan[0] = plan[1] = plan[2] = (struct attempt){&second, 6000};
    plan[3] = (struct attempt){&second, 0};
    uint64_t syncs = w.record.progs;
    plan[0].breaks_at = 0; /* what one attempt writes into the record */
    assert_int_equal(stage(0), TDM_OK);
    uint64_t once = w.record.progs - syncs;

    assert_int_equal(close_router(NULL) + open_router(NULL), 0);
    plan[0] = plan[1] = plan[2] = (struct attempt){&second, 6000};
    plan[3] = (struct attempt){&second, 0};
    syncs = w.record.progs;
    assert_int_equal(stage(3), TDM_OK);
    assert_int_equal(gets, 4);
    assert_int_equal(w.record.progs - syncs, once);
    expect_staged(&second);
}

static void test_given_up_after_the_last(void **state)
{
    struct slot_record rec;

    (void)state;
    plan[0] = plan[1] = plan[2] = (struct attempt){&second, 6000};
    assert_int_equal(stage(2), TDM_E_UNREACHABLE);
    assert_string_equal(w.install.fault.code, "connection_broke");
    assert_int_equal(gets, 3);
    assert_int_equal(w.install.attempts, 3);
    assert_in_range(waits.passed_ms, 1500, 3000);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_WRITING);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_GOOD);
    assert_true(world_is_whole(&w.rcp[SLOT_R1], &rec.rcp[SLOT_R1]));
}

static const struct {
    const char *name;
    const struct sample_image *before, *after;
    size_t breaks_at; /* the first attempt */
    bool is_refused;
} changes[] = {
    {"the same", &second, &second, 6000, false},
    {"another size", &second, &other, 6000, true},
    {"another id", &with_id, &other_id, 6000, true},
    {"a manifest where none was", &second, &with_id, 6000, true},
    {"changed before the slots were given up", &second, &other, 50, false},
};

static void test_a_file_that_changes_in_between(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(close_router(NULL) + open_router(NULL), 0);
        plan[0] = (struct attempt){changes[i].before, changes[i].breaks_at};
        plan[1] = (struct attempt){changes[i].after, 0};
        tdm_err err = stage(3);
        const char *code = w.install.fault.err == TDM_OK ? "" : w.install.fault.code;
        if (err != (changes[i].is_refused ? TDM_E_MISMATCH : TDM_OK) ||
            strcmp(code, changes[i].is_refused ? "changed_on_server" : "") != 0 || gets != 2)
            fail_msg("%s: %s \"%s\", asked %u times", changes[i].name, tdm_err_name(err), code, gets);
        if (err == TDM_OK)
            expect_staged(changes[i].after);
    }
}

static void test_what_can_be_had_once_is_asked_for_once(void **state)
{
    (void)state;
    plan[0] = (struct attempt){&second, 6000};
    world_begin(&w);
    w.install.cfg.retry = (struct fetch_retry){.clock = &waits.port, .retries = 4, .wait_ms = 1000};
    w.install.cfg.is_source_once = true;
    assert_int_equal(install_stage(&w.install, "-"), TDM_E_UNREACHABLE);
    assert_int_equal(gets, 1);

    plan[1] = (struct attempt){&first, 0}; /* may be what runs; but it cannot be read twice, so it is stored */
    world_begin(&w);
    w.install.cfg.is_source_once = true;
    assert_int_equal(install_stage(&w.install, "-"), TDM_OK);
    assert_int_equal(gets, 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_router, close_router)
    const struct CMUnitTest tests[] = {
        TEST(test_broken_anywhere_and_whole_the_next_time),
        TEST(test_the_slots_are_given_up_once),
        TEST(test_given_up_after_the_last),
        TEST(test_a_file_that_changes_in_between),
        TEST(test_what_can_be_had_once_is_asked_for_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
