/* SPDX-License-Identifier: Apache-2.0 */
/* The last rung of the ladder: a proven pair whose own bundle cannot be had, and the other one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair_world.h"

#define A  TDM_HOST_A
#define R0 SLOT_R0
#define R1 SLOT_R1

static const char own_text[] = "openthread-esp32/own; esp32h2; x", other_text[] = "openthread-esp32/other; esp32h2; x";
static struct pair_world w;
static struct sample_image own_image, mute_image, other_image, next_image;

/* Row A names r0, which holds `own`; r1 holds the other bundle, proven before. The radio's flash is empty. */
static struct slot_record open_with(const struct sample_image *own)
{
    pair_open(&w, true);
    pair_radio_on(&w);
    world_serve(&w.router, &other_image);
    assert_int_equal(install_adopt(&w.router.install, "test:image"), TDM_OK);
    world_serve(&w.router, own);
    world_begin(&w.router);
    assert_int_equal(install_stage(&w.router.install, "test:image"), TDM_OK);
    struct slot_record rec = pair_load(&w);
    rec.rcp[R0].state = SLOT_GOOD;
    rec.host[A].rcp = R0;
    return rec;
}

static void rot(uint8_t slot, const struct sample_image *s)
{
    w.router.rcp[slot].mem[s->part_at[4] + 400] ^= 4;
    w.router.rcp[slot].durable[s->part_at[4] + 400] ^= 4;
}

static void nothing(struct slot_record *rec)
{
    (void)rec;
}
static void own_rots(struct slot_record *rec)
{
    (void)rec;
    rot(R0, &own_image);
}
static void own_rots_but_runs(struct slot_record *rec)
{
    own_rots(rec);
    pair_plant(&w, &own_image);
    pair_radio_on(&w);
    rec->radio.is_known = true;
    memcpy(rec->radio.holds, rec->rcp[R0].id, SLOT_ID_LEN);
}
static void both_rot(struct slot_record *rec)
{
    own_rots(rec);
    rot(R1, &other_image);
}
static void other_is_bad(struct slot_record *rec)
{
    rec->rcp[R1].state = SLOT_BAD;
}
static void other_is_staged(struct slot_record *rec)
{
    rec->rcp[R1].state = SLOT_STAGED;
}
static void floor_rose(struct slot_record *rec)
{
    rec->counter_floor = 1;
    rec->rcp[R0].counter = 1;
}
static void other_failed_since(struct slot_record *rec)
{
    slot_record_add_bad(rec, rec->rcp[R1].id, "test");
}
static void eight_begun(struct slot_record *rec)
{
    rec->radio.begun = 8;
}
static void ten_begun(struct slot_record *rec)
{
    rec->radio.begun = 10;
}
static void other_failed_twice(struct slot_record *rec)
{
    rec->radio.failed = 5;
}

static const struct row {
    const char *name;
    const struct sample_image *own;
    void (*set)(struct slot_record *rec);
    uint32_t host_api, rots;
    enum reconcile_outcome outcome;
    unsigned begun, failed; /* afterwards */
    const char *runs;
} rows[] = {
    {"own bundle rotten", &own_image, own_rots, 0, 0, RECONCILE_SUBSTITUTE, 0, 0, other_text},
    {"own firmware never answers", &mute_image, nothing, 0, 0, RECONCILE_SUBSTITUTE, 0, 0, other_text},
    {"cut eight times in its own flash", &own_image, eight_begun, 0, 0, RECONCILE_SUBSTITUTE, 0, 0, other_text},
    {"its API fits", &mute_image, nothing, 4, 0, RECONCILE_SUBSTITUTE, 0, 0, other_text},
    {"its API does not fit", &mute_image, nothing, 3, 0, RECONCILE_DEGRADED, 4, 3, other_text},
    {"own bundle rotten, and in the radio", &own_image, own_rots_but_runs, 0, 0, RECONCILE_OK, 0, 0, own_text},
    {"both bundles rotten", &own_image, both_rot, 0, 0, RECONCILE_DEGRADED, 0, 0, "no-image"},
    {"no flash works", &own_image, nothing, 0, PAIR_FOREVER, RECONCILE_DEGRADED, 5, 5, "no-image"},
    {"the other bundle is refused", &mute_image, other_is_bad, 0, 0, RECONCILE_DEGRADED, 3, 3, "other-app"},
    {"the other bundle is not proven", &mute_image, other_is_staged, 0, 0, RECONCILE_DEGRADED, 3, 3, "other-app"},
    {"the other bundle is below the floor", &mute_image, floor_rose, 0, 0, RECONCILE_DEGRADED, 3, 3, "other-app"},
    {"the other image failed since", &mute_image, other_failed_since, 0, 0, RECONCILE_DEGRADED, 3, 3, "other-app"},
    {"ten flashes begun", &own_image, ten_begun, 0, 0, RECONCILE_DEGRADED, 10, 0, "no-image"},
    {"the other one failed twice", &own_image, other_failed_twice, 0, 0, RECONCILE_DEGRADED, 0, 5, "no-image"},
};

static enum reconcile_outcome start(uint32_t host_api)
{
    enum reconcile_outcome outcome;

    (void)fake_host_restart(&w.router.host);
    pair_begin(&w);
    w.flow.cfg.host_api = host_api;
    tdm_err err = reconcile_boot(&w.flow, &outcome);
    assert_int_equal(err, w.flow.fault.err);
    return outcome;
}

static void one_row(const struct row *row)
{
    struct slot_record rec = open_with(row->own);
    bool follows = row->outcome == RECONCILE_SUBSTITUTE;

    row->set(&rec);
    world_store(&w.router, &rec);
    w.rots = row->rots;
    enum reconcile_outcome outcome = start(row->host_api);
    rec = pair_load(&w);
    if (outcome != row->outcome || w.flow.was_substituted != follows)
        fail_msg("%s: outcome %d, fault %s", row->name, (int)outcome, w.flow.fault.code);
    if (rec.radio.begun != row->begun || rec.radio.failed != row->failed)
        fail_msg("%s: begun %d, failed %d", row->name, rec.radio.begun, rec.radio.failed);
    if (rec.host[A].rcp != (follows ? R1 : R0) || rec.host[A].is_mixed != follows)
        fail_msg("%s: the row names r%d, mixed %d", row->name, rec.host[A].rcp, rec.host[A].is_mixed);
    if ((rec.result.code == SLOT_RESULT_SUBSTITUTE) != follows || (follows && rec.result.reason[0] == '\0'))
        fail_msg("%s: result %d, reason \"%s\"", row->name, rec.result.code, rec.result.reason);
    if (strcmp(pair_radio_runs(&w), row->runs) != 0)
        fail_msg("%s: the radio runs %s", row->name, pair_radio_runs(&w));

    /* The next start says the same, and flashes nothing. */
    uint64_t erased = w.radio_flash.sectors_erased;
    for (int i = 0; i < 2; i++) {
        outcome = start(row->host_api);
        if (outcome != row->outcome || w.radio_flash.sectors_erased != erased)
            fail_msg("%s: start %d more: outcome %d, %d sectors erased", row->name, i + 1, (int)outcome,
                     (int)(w.radio_flash.sectors_erased - erased));
    }
    pair_close(&w);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        one_row(&rows[i]);
}

/* The working bundle is the running row's now, so the install takes the place of the one that failed. */
static void an_install_after_it_overwrites_the_failing_bundle(void **state)
{
    struct slot_record rec = open_with(&mute_image);
    bool needs_restart;

    (void)state;
    world_store(&w.router, &rec);
    assert_int_equal(start(0), RECONCILE_SUBSTITUTE);
    world_serve(&w.router, &next_image);
    world_begin(&w.router);
    assert_int_equal(install_stage(&w.router.install, "test:image"), TDM_OK);
    assert_int_equal(w.router.install.plan.rcp, R0);
    assert_int_equal(install_arm(&w.router.install, &needs_restart), TDM_OK);
    assert_int_equal(start(0), RECONCILE_OK);
    rec = pair_load(&w);
    assert_int_equal(rec.host[A].rcp, R0);
    assert_false(rec.host[A].is_mixed);
    pair_close(&w);
}

/* Cut at every operation: afterwards the substitute, at the latest when the machine has started once more. */
static void a_cut_at_every_step(void **state)
{
    bool was_cut = true;

    (void)state;
    for (uint64_t at = 1; was_cut; at++) {
        struct slot_record rec = open_with(&own_image);
        own_rots(&rec);
        world_store(&w.router, &rec);
        w.router.power.cut_at = w.router.power.ops + at;
        enum reconcile_outcome outcome = start(0);
        was_cut = w.router.power.is_off;
        if (was_cut) {
            pair_power_on(&w);
            outcome = start(0);
        }
        rec = pair_load(&w);
        if (outcome != RECONCILE_SUBSTITUTE || rec.host[A].rcp != R1 || strcmp(pair_radio_runs(&w), other_text) != 0)
            fail_msg("cut at %d: outcome %d, the radio runs %s", (int)at, (int)outcome, pair_radio_runs(&w));
        pair_close(&w);
    }
}

static int build_images(void **state)
{
    (void)state;
    pair_build(&own_image, own_text, own_text, 0, 1);
    pair_build(&mute_image, own_text, NULL, 0, 2);
    pair_build(&other_image, other_text, other_text, 0, 3);
    pair_build(&next_image, own_text, own_text, 0, 4);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(an_install_after_it_overwrites_the_failing_bundle),
        cmocka_unit_test(a_cut_at_every_step),
    };
    return cmocka_run_group_tests(tests, build_images, NULL);
}
