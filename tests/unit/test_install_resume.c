/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A download that is cut and ordered again: what is kept, what is believed and what is not, and what the source has to send.
 * A killed program leaves what it wrote; a power cut leaves what was synced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "install/install_journal.h"
#include "support/install_world.h"

#define CLAIM 4096u
#define SYNC  8192u
#define FRONT 8192u
#define CHUNK 500u

static struct install_world w;
static struct sample_image first, plain, stated, resigned, other, radio, host;

static int build(void **state)
{
    struct sample_key key;

    (void)state;
    sample_image_build(&first, &(struct sample_spec){.host_size = 5000, .seed = 1, .cells = 1});
    sample_image_build(&plain, &(struct sample_spec){.app_size = 10000, .host_size = 14000, .seed = 2});
    sample_image_build(&stated, &(struct sample_spec){.app_size = 10000, .host_size = 14000, .seed = 3, .cells = 2});
    sample_image_build(&other, &(struct sample_spec){.app_size = 10000, .host_size = 14000, .seed = 4, .cells = 2});
    sample_image_build(&radio, &(struct sample_spec){.app_size = 12000, .seed = 5, .cells = 2});
    sample_image_build(&host, &(struct sample_spec){.host_size = 15000, .seed = 6, .cells = 2, .is_host_only = true});
    resigned = stated;
    sample_key_make(&key, 1);
    sample_image_sign(&resigned, &key); /* the same id, other bytes */
    sample_key_free(&key);
    return 0;
}

static void open_router(void)
{
    struct slot_record rec;

    world_open(&w, true);
    world_install_good(&w, &first);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.radio.api = 5, rec.radio.least_host_api = 1; /* for images of a host alone */
    world_store(&w, &rec);
    w.has_journal = true;
    w.source.chunk = CHUNK;
    w.source.has_ranges = w.source.tells_length = true;
    w.source.validator = "\"one\"";
}

/* One order, in a program of its own. */
static tdm_err order(const struct sample_image *image, size_t breaks_at)
{
    world_serve(&w, image);
    w.source.breaks_at = breaks_at;
    w.source.sent = 0;
    world_begin(&w);
    return install_stage(&w.install, "test:image");
}

static void expect_whole(const struct sample_image *image, const char *name)
{
    const struct install_plan *plan = &w.install.plan;
    struct slot_record rec;
    size_t host_at = image->bundle_len;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    bool has_bundle = !plan->is_host_alone, has_host = plan->kind == SLOT_TRIAL_HOST;
    if (has_bundle && (rec.rcp[plan->rcp].state != SLOT_STAGED ||
                       memcmp(w.rcp[plan->rcp].durable, image->bytes, image->bundle_len) != 0))
        fail_msg("%s: the bundle is not whole", name);
    if (plan->is_host_alone)
        host_at = image->part_at[5];
    if (has_host && (rec.host[plan->host].content.state != SLOT_STAGED ||
                     memcmp(w.host_slots[plan->host].durable, image->bytes + host_at, image->len - host_at) != 0))
        fail_msg("%s: the host is not whole", name);
    if (!has_host && rec.host[tdm_host_other(w.host.running)].content.state == SLOT_STAGED)
        fail_msg("%s: another image would be armed", name);
}

/* ---- what may lie between two orders ---- */

static void nothing(void)
{
}

static void power_cut(void)
{
    w.power.unsynced = FAKE_LOST;
    world_reboot(&w);
}

static void spoil(struct fake_flash *f, uint64_t at)
{
    uint8_t byte = (uint8_t)~f->mem[at];
    fake_flash_plant(f, at, &byte, 1);
}

static void journal_torn(void)
{
    for (int i = 0; i < INSTALL_JOURNAL_PLACES; i++)
        spoil(&w.journal, (uint64_t)i * 4096 + 100);
}

static void latest_torn(void)
{
    spoil(&w.journal, 2 * 4096 + 100);
}

static void bundle_altered(void)
{
    spoil(&w.rcp[w.install.plan.rcp], 700);
}

static void host_altered(void)
{
    spoil(&w.host_slots[w.install.plan.host], 5000);
}

static void another_file(void)
{
    w.source.validator = "\"two\"";
}

static void no_validator(void)
{
    w.source.validator = NULL;
}

static void no_ranges(void)
{
    w.source.has_ranges = false;
}

static void cancelled(void)
{
    world_begin(&w);
    assert_int_equal(install_cancel(&w.install), TDM_OK);
    assert_true(w.install.has_dropped);
}

static void slots_taken(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.rcp[w.install.plan.rcp].state = SLOT_EMPTY;
    world_store(&w, &rec);
}

/* By a program that had no journal: the claims of the one before are still there. */
static void another_staged(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    struct slot_host_row *row = &rec.host[tdm_host_other(w.host.running)];
    row->content.state = SLOT_STAGED;
    row->rcp = rec.host[w.host.running].rcp;
    world_store(&w, &rec);
}

static void no_journal(void)
{
    w.has_journal = false;
}

static void newer_journal(void)
{
    uint8_t bytes[INSTALL_JOURNAL_LEN];

    memcpy(bytes, w.journal.mem, sizeof bytes);
    bytes[4] = 2; /* a later version, whole: its sum is right */
    uint32_t len = bytes[6] | (uint32_t)bytes[7] << 8, crc = 0xffffffffu;
    for (uint32_t i = 0; i < len - 4; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    sample_put32(bytes + len - 4, ~crc);
    fake_flash_plant(&w.journal, 0, bytes, sizeof bytes);
}

enum keeps { NOTHING, SYNCED, LATEST, HALF_THE_BUNDLE };

/* stop: where the first transfer breaks. The second one comes to its end. */
static const struct row {
    const char *name;
    const struct sample_image *first, *second;
    size_t stop;
    void (*between)(void);
    enum keeps keeps;
} rows[] = {
    {"stated, killed in the bundle", &stated, &stated, 9000, nothing, LATEST},
    {"stated, killed in the host", &stated, &stated, 21000, nothing, LATEST},
    {"stated, killed at the seam", &stated, &stated, 11500, nothing, LATEST},
    {"plain, killed in the bundle", &plain, &plain, 9000, nothing, LATEST},
    {"plain, killed in the host", &plain, &plain, 21000, nothing, LATEST},
    {"radio, killed", &radio, &radio, 12500, nothing, LATEST},
    {"host alone, killed", &host, &host, 12000, nothing, LATEST},
    {"stated, power cut in the bundle", &stated, &stated, 9000, power_cut, SYNCED},
    {"stated, power cut in the host", &stated, &stated, 23000, power_cut, SYNCED},
    {"plain, power cut in the host", &plain, &plain, 23000, power_cut, SYNCED},
    {"host alone, power cut", &host, &host, 14000, power_cut, SYNCED},
    {"no claim can be read", &stated, &stated, 21000, journal_torn, NOTHING},
    {"the newest claim is torn", &stated, &stated, 23000, latest_torn, SYNCED},
    {"a byte of the bundle has changed", &stated, &stated, 21000, bundle_altered, NOTHING},
    {"a byte of the host has changed", &stated, &stated, 21000, host_altered, HALF_THE_BUNDLE},
    {"another image", &stated, &other, 21000, nothing, NOTHING},
    {"another image, as long", &plain, &stated, 21000, nothing, NOTHING},
    {"the same id, signed since", &stated, &resigned, 21000, nothing, NOTHING},
    {"plain, another validator", &plain, &plain, 21000, another_file, NOTHING},
    {"stated, another validator", &stated, &stated, 21000, another_file, LATEST},
    {"plain, no validator any more", &plain, &plain, 21000, no_validator, NOTHING},
    {"stated, no validator any more", &stated, &stated, 21000, no_validator, LATEST},
    {"no ranges any more", &stated, &stated, 21000, no_ranges, NOTHING},
    {"cancelled", &stated, &stated, 21000, cancelled, NOTHING},
    {"the record has other plans", &stated, &stated, 21000, slots_taken, NOTHING},
    {"another image is staged", &radio, &radio, 12500, another_staged, NOTHING},
    {"no journal any more", &stated, &stated, 21000, no_journal, NOTHING},
    {"a journal of a later version", &stated, &stated, 21000, newer_journal, NOTHING},
};

/* How much may be missing of what had come. */
static bool is_kept(const struct row *r, uint64_t came, uint64_t kept)
{
    switch (r->keeps) {
    case LATEST:
        return kept <= came && came - kept < CLAIM + CHUNK;
    case SYNCED:
        return kept > 0 && kept <= came && came - kept < SYNC + CLAIM;
    case HALF_THE_BUNDLE:
        return kept > 0 && kept <= r->first->bundle_len + CLAIM;
    default:
        return kept == 0;
    }
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        open_router();
        if (order(r->first, r->stop) != TDM_E_UNREACHABLE)
            fail_msg("%s: the first order ended with %s", r->name, w.install.fault.code);
        uint64_t came = w.install.at;
        r->between();
        tdm_err err = order(r->second, 0);
        if (err != TDM_OK)
            fail_msg("%s: %s %s", r->name, w.install.fault.code, w.install.fault.what);
        const struct install *in = &w.install;
        if (!is_kept(r, came, in->kept))
            fail_msg("%s: %u bytes had come, %u are kept", r->name, (unsigned)came, (unsigned)in->kept);
        assert_int_equal(in->had, in->kept);
        assert_int_equal(in->fetched, w.source.sent);
        if (in->fetched > in->total - in->kept + FRONT + CHUNK)
            fail_msg("%s: %u bytes fetched, %u kept", r->name, (unsigned)in->fetched, (unsigned)in->kept);
        expect_whole(r->second, r->name);
        uint64_t bytes, total;
        struct slot_record rec;
        assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
        assert_false(w.has_journal && install_has_kept(&w.journal.port, &rec, &bytes, &total));
        world_close(&w);
    }
}

/* Wherever it is cut and however often: it comes to its end, and each cut costs no more than a claim and the front. */
static void cut_again_and_again(void **state)
{
    static const struct sample_image *const images[] = {&stated, &plain, &radio, &host};

    (void)state;
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        const struct sample_image *s = images[i];
        open_router();
        uint64_t sent = 0;
        unsigned cuts = 0;
        for (size_t at = CHUNK; at + CHUNK < s->len; at += CHUNK, cuts++) {
            assert_int_equal(order(s, at), TDM_E_UNREACHABLE);
            sent += w.source.sent;
        }
        assert_int_equal(order(s, 0), TDM_OK);
        sent += w.source.sent;
        expect_whole(s, "at last");
        assert_true(sent <= s->len + cuts * (uint64_t)(FRONT + CLAIM + CHUNK));
        world_close(&w);
    }
}

/* The programs between are killed at each write and each sync of storage, which may have happened wholly, half or not. */
static void the_power_goes_at_every_operation(void **state)
{
    (void)state;
    for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
        for (int unsynced = 0; unsynced < FAKE_UNSYNCED_COUNT; unsynced++) {
            bool was_cut = true;
            for (uint64_t at = 1; was_cut; at++) {
                open_router();
                fake_power_on(&w.power);
                w.power.cut_at = at, w.power.tear = (enum fake_tear)tear;
                w.power.unsynced = (enum fake_unsynced)unsynced;
                tdm_err err = order(&stated, 0);
                was_cut = w.power.is_off;
                assert_true(was_cut || err == TDM_OK);
                if (was_cut && err == TDM_OK) /* in the journal, behind the record's commit */
                    assert_int_equal(w.install.left, 0);
                world_reboot(&w);
                err = order(&stated, 0);
                if (err != TDM_OK)
                    fail_msg("cut at %u: then %s", (unsigned)at, w.install.fault.code);
                expect_whole(&stated, "after a cut");
                world_close(&w);
            }
        }
    }
}

/* ---- within one order ---- */

static void a_file_that_changes_between_two_parts(void **state)
{
    (void)state;
    open_router();
    w.source.breaks_at = 0;
    world_serve(&w, &plain);
    world_begin(&w);
    w.source.gets = 0;
    w.source.changes_at = 2; /* with the second request: another validator, so all of it comes */
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_int_equal(w.source.gets, 2);
    assert_int_equal(w.install.fetched, plain.len + FRONT);
    expect_whole(&plain, "changed");
    world_close(&w);
}

/* It sends all of it each time: then what is kept is of no use, and nothing is tried for ever. */
static void a_source_that_promises_ranges_and_has_none(void **state)
{
    (void)state;
    open_router();
    assert_int_equal(order(&stated, 21000), TDM_E_UNREACHABLE);
    assert_true(w.install.left > 0);
    w.source.has_no_middle = true;
    w.source.gets = 0;
    assert_int_equal(order(&stated, 0), TDM_OK);
    assert_int_equal(w.source.gets, 2);
    assert_int_equal(w.install.kept, 0);
    expect_whole(&stated, "no ranges");
    world_close(&w);
}

static void a_plain_image_without_a_validator_comes_whole(void **state)
{
    (void)state;
    open_router();
    w.source.validator = NULL;
    assert_int_equal(order(&plain, 0), TDM_OK);
    assert_true(w.install.fetched <= plain.len + FRONT);
    assert_true(w.install.is_whole);
    expect_whole(&plain, "no validator");
    assert_int_equal(order(&plain, 0), TDM_OK);
    world_close(&w);
}

static void what_is_installed_costs_the_front(void **state)
{
    static struct sample_image large;

    (void)state;
    sample_image_build(&large, &(struct sample_spec){.app_size = 9000, .host_size = 14000, .seed = 8, .cells = 1});
    open_router();
    world_install_good(&w, &large);
    assert_int_equal(order(&large, 0), TDM_E_STATE);
    assert_string_equal(w.install.fault.code, "already_installed");
    assert_true(w.source.sent <= FRONT);
    w.source.has_ranges = false;
    assert_int_equal(order(&large, 0), TDM_E_STATE);
    assert_true(w.source.sent <= FRONT);
    world_close(&w);
}

static unsigned looks, enough_at;

static bool has_had_enough(void)
{
    return ++looks >= enough_at;
}

/* Each time the program asks whether to stop: what was kept stays, and none of it is fetched twice. */
static void stopped_while_what_is_kept_is_proven_and_judged(void **state)
{
    unsigned stops = 0;

    (void)state;
    open_router();
    assert_int_equal(order(&stated, 21000), TDM_E_UNREACHABLE);
    uint64_t left = w.install.left;
    world_serve(&w, &stated);
    for (enough_at = 1;; enough_at++, stops++) {
        w.source.sent = 0;
        w.source.breaks_at = 21000; /* behind what is kept: so the last order ends too */
        world_begin(&w);
        w.install.cfg.retry.is_stopped = has_had_enough;
        looks = 0;
        tdm_err err = install_stage(&w.install, "test:image");
        if (err == TDM_E_UNREACHABLE)
            break;
        assert_int_equal(err, TDM_E_CANCELLED);
        assert_string_equal(w.install.fault.code, "stopped_by_operator");
        assert_int_equal(w.install.left, left);
        assert_true(w.source.sent <= FRONT);
    }
    assert_true(stops > 3);
    assert_int_equal(order(&stated, 0), TDM_OK);
    assert_int_equal(w.install.kept, left);
    expect_whole(&stated, "stopped");
    world_close(&w);
}

/* ---- a journal that fails ---- */

static void a_journal_that_fails_stops_nothing(void **state)
{
    (void)state;
    open_router();
    w.journal.prog_err = TDM_E_IO;
    unsigned warnings = w.warnings;
    assert_int_equal(order(&stated, 21000), TDM_E_UNREACHABLE);
    assert_int_equal(w.install.left, 0);
    assert_int_equal(w.warnings, warnings + 1);
    assert_int_equal(order(&stated, 0), TDM_OK);
    expect_whole(&stated, "journal fails");
    world_close(&w);
}

/* What the judge has refused whole is not gone on with for ever. */
static void a_damaged_image_leaves_nothing(void **state)
{
    static struct sample_image bad;

    (void)state;
    bad = stated;
    bad.bytes[9500] ^= 1; /* in the radio's firmware */
    open_router();
    assert_int_equal(order(&bad, 9800), TDM_E_UNREACHABLE);
    assert_true(w.install.left > 0);
    assert_int_equal(order(&bad, 0), TDM_E_CORRUPT);
    assert_int_equal(w.install.left, 0);
    assert_int_equal(order(&stated, 0), TDM_OK);
    assert_int_equal(w.install.kept, 0);
    expect_whole(&stated, "sound again");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(cut_again_and_again),
        cmocka_unit_test(the_power_goes_at_every_operation),
        cmocka_unit_test(a_file_that_changes_between_two_parts),
        cmocka_unit_test(a_source_that_promises_ranges_and_has_none),
        cmocka_unit_test(a_plain_image_without_a_validator_comes_whole),
        cmocka_unit_test(what_is_installed_costs_the_front),
        cmocka_unit_test(stopped_while_what_is_kept_is_proven_and_judged),
        cmocka_unit_test(a_journal_that_fails_stops_nothing),
        cmocka_unit_test(a_damaged_image_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, build, NULL);
}
