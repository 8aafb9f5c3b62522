/* SPDX-License-Identifier: Apache-2.0 */
/* The order of all checks, every split, every bit, every truncation of an image with a manifest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/judge_rows.h"

static uint8_t *part(unsigned tag)
{
    return image.bytes + image.part_at[tag];
}

/* ---- the order: of two things that are wrong, the earlier one is the answer ---- */

static void nine_cells(void)
{
    *stated(6) = 9;
}
static void told_more(void)
{
    facts.told_length = image.len + 9;
}
static void high_s(void)
{
    sample_key_flip_s(sample_image_cell(&image, 0) + 16);
}
static void other_r(void)
{
    sample_image_cell(&image, 0)[40] ^= 1;
}
static void two_wanted(void)
{
    trust.threshold = 2;
}
static void bad_counter(void)
{
    sample_put32(stated(24), 0x80000000u);
}
static void bad_version(void)
{
    *stated(32) = 'x';
}
static void bad_family(void)
{
    sample_put16(stated(128), 2);
}
static void halves_unable(void)
{
    sample_put16(stated(138), 12);
    sample_put16(stated(136), 12);
}
static uint8_t id[TDM_SHA256_LEN];
static void it_is_bad(void)
{
    sample_image_id(&image, id);
    facts.bad_ids = (const uint8_t(*)[TDM_SHA256_LEN])id;
    facts.bad_count = 1;
}
static void another_was_shown(void)
{
    static const uint8_t other[TDM_SHA256_LEN];
    facts.shown_id = other;
}
static void other_board(void)
{
    facts.compatible_count = 1;
}
static void other_host(void)
{
    facts.host_chip = 2;
}
static void other_radio(void)
{
    facts.radio_chip = SAMPLE_C6;
}
static void host_api_low(void)
{
    facts.host.api = 1;
}
static void high_floor(void)
{
    facts.counter_floor = 6;
}
static void expired(void)
{
    facts.now = UINT64_MAX;
    sample_put32(stated(16), JUDGE_NOW);
}
static void newer_runs(void)
{
    facts.pair_version = "2.0.0";
}
static void small_room(void)
{
    facts.bundle_room = 1;
}

static void args_changed(void)
{
    part(1)[5] ^= 0x10;
}
static void args_overlap(void)
{
    sample_put32(part(1) + 12, 0x8000); /* the table's sector */
    sample_image_restate(&image);
}
static void bootloader_for_c6(void)
{
    part(2)[12] = SAMPLE_C6;
    sample_image_mend(&image, 2);
    sample_image_restate(&image);
}
static void table_changed(void)
{
    part(3)[4] ^= 1;
}
static void one_byte_more(void)
{
    image.len++;
}

#define SPOILS true

/* In the order of docs/FORMAT.md. Those that spoil are done to the signed image. */
static const struct {
    const char *id;
    void (*make)(void);
    bool spoils;
    const char *code;
} ordered[] = {
    {"M2", nine_cells, SPOILS, "bad_manifest"},
    {"M3", told_more, false, "wrong_length"},
    {"G1", high_s, SPOILS, "bad_cells"},
    {"G2", other_r, SPOILS, "bad_signature"},
    {"G3", two_wanted, false, "too_few_signatures"},
    {"F1", bad_counter, false, "bad_manifest"},
    {"F2", bad_version, false, "bad_manifest"},
    {"F3", bad_family, false, "too_new"},
    {"F6", halves_unable, false, "api_mismatch"},
    {"J1", it_is_bad, SPOILS, "known_bad"},
    {"J2", another_was_shown, false, "not_the_one_shown"},
    {"J3", other_board, false, "wrong_board"},
    {"J4", other_host, false, "wrong_host"},
    {"J5", other_radio, false, "wrong_radio"},
    {"J6", host_api_low, false, "api_mismatch"},
    {"J7", high_floor, false, "counter_too_low"},
    {"J8", expired, false, "expired"},
    {"J9", newer_runs, false, "downgrade"},
    {"J10", small_room, false, "no_room"},
    {"P1 digest", args_changed, SPOILS, "bad_digest"},
    {"P1", args_overlap, false, "bad_flash_args"},
    {"P2", bootloader_for_c6, false, "wrong_chip_inside"},
    {"P3", table_changed, SPOILS, "bad_digest"},
    {"P4", one_byte_more, SPOILS, "trailing_bytes"},
};

/* A check that says nothing about this kind of image cannot stand in its order. */
static bool is_asked(enum judge_sample what, size_t i)
{
    const char *only = what == RADIO ? "F6 J4" : "J6";
    return strstr(only, ordered[i].id) == NULL;
}

static void check_pair(enum judge_sample what, size_t a, size_t b)
{
    const size_t both[] = {a, b};
    struct judge_verdict v;

    judge_rows_build(what, NULL); /* facts and image; the changes are signed below */
    memset(sample_image_cell(&image, 0), 0, 80);
    for (size_t i = 0; i < 2; i++) {
        if (!ordered[both[i]].spoils)
            ordered[both[i]].make();
    }
    sample_image_sign(&image, &sample_keys[0]);
    for (size_t i = 2; i-- > 0;) { /* what lies behind first: a frame that is broken hides where things are */
        if (ordered[both[i]].spoils)
            ordered[both[i]].make();
    }
    tdm_err err = judge_catch_run(&facts, image.len, image.len, &v);
    if (err == TDM_OK || strcmp(judge.fault.code, ordered[a].code) != 0)
        fail_msg("%s before %s: answered %s (%s)", ordered[a].id, ordered[b].id, judge.fault.code, judge.fault.what);
}

static void the_first_that_fails_is_the_answer(void **state)
{
    static const enum judge_sample kinds[] = {ESP_PAIR, RADIO};
    unsigned pairs = 0;

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t b = 1; b < sizeof ordered / sizeof ordered[0]; b++) {
            for (size_t a = 0; a < b; a++) {
                if (!is_asked(kinds[k], a) || !is_asked(kinds[k], b))
                    continue;
                check_pair(kinds[k], a, b);
                pairs++;
            }
        }
    }
    assert_true(pairs > 450);
}

/* ---- splits and bits ---- */

static void every_split(void **state)
{
    struct judge_verdict v;

    (void)state;
    judge_rows_build(ESP_PAIR, NULL);
    for (size_t cut = 1; cut < image.len; cut++) {
        judge_catch_begin(&facts);
        if (judge_catch_feed(image.bytes, cut, cut) != TDM_OK ||
            judge_catch_feed(image.bytes + cut, image.len - cut, image.len) != TDM_OK ||
            judge_end(&judge, &v) != TDM_OK)
            fail_msg("split at %zu: %s %s", cut, judge.fault.code, judge.fault.what);
        judge_catch_expect_good("split", &v);
    }
}

static void expect_refused(size_t at, unsigned bit, bool is_held)
{
    struct judge_verdict v;

    image.bytes[at] ^= (uint8_t)(1u << bit);
    if (judge_catch_run(&facts, image.len, image.len, &v) == TDM_OK)
        fail_msg("bit %u of byte %zu: accepted", bit, at);
    if (is_held && caught.accepts > 0)
        fail_msg("bit %u of byte %zu: a byte came out", bit, at);
    image.bytes[at] ^= (uint8_t)(1u << bit);
}

/* Of the front and the flash arguments every bit; behind them one bit of every byte. */
static void every_bit(void **state)
{
    size_t held;

    (void)state;
    judge_rows_build(ESP_PAIR, NULL);
    held = image.part_at[2];
    for (size_t at = 0; at < image.len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            if (at < held || bit == at % 8)
                expect_refused(at, bit, at < held);
        }
    }
}

static void every_truncation(void **state)
{
    struct judge_verdict v;

    (void)state;
    judge_rows_build(PAIR, NULL);
    for (size_t len = 0; len < image.len; len++) {
        tdm_err err = judge_catch_run(&facts, len, 500, &v);
        if (err != TDM_E_TRUNCATED)
            fail_msg("%zu bytes: answered %s", len, tdm_err_name(err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_fails_is_the_answer),
        cmocka_unit_test(every_split),
        cmocka_unit_test(every_bit),
        cmocka_unit_test(every_truncation),
    };
    return cmocka_run_group_tests(tests, judge_rows_set_up, judge_rows_tear_down);
}
