/* SPDX-License-Identifier: Apache-2.0 */
/* The judge on plain images: what it refuses and when, what it lets out, and that splits do not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#include <tandem/judge.h>

#include "support/judge_catch.h"

static const struct judge_facts open_facts = {.takes_host = true, .radio_chip = JUDGE_CHIP_UNKNOWN};

/* ---- accepted images ---- */

static const struct {
    const char *name;
    struct sample_spec spec;
} good[] = {
    {"radio only", {.chip = SAMPLE_H2}},
    {"radio only, C6", {.chip = SAMPLE_C6}},
    {"pair with an opaque host", {.host_size = 777}},
    {"pair with an opaque host of one byte", {.host_size = 1}},
    {"pair with an ESP host", {.host_size = 400, .host_is_esp = true}},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct judge_verdict v;
        sample_image_build(&image, &good[i].spec);
        for (size_t step = 1; step < 5000; step = step * 3 + 1) {
            if (judge_catch_run(&open_facts, image.len, step, &v) != TDM_OK)
                fail_msg("%s in steps of %zu: %s %s", good[i].name, step, judge.fault.code, judge.fault.what);
            judge_catch_expect_good(good[i].name, &v);
        }
        assert_int_equal(v.radio_chip, good[i].spec.chip ? good[i].spec.chip : SAMPLE_H2);
        assert_string_equal(v.rcp_project, "esp_ot_rcp");
        assert_string_equal(v.version, "openthread-esp32/1; esp32h2; x");
        assert_int_equal(v.host_is_esp, good[i].spec.host_is_esp);
        assert_string_equal(v.host_version, good[i].spec.host_is_esp ? "h1" : "");
        assert_false(v.is_signed);
    }
}

static void test_every_split(void **state)
{
    struct judge_verdict v;

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 300, .host_is_esp = true});
    for (size_t cut = 1; cut < image.len; cut++) {
        judge_catch_begin(&open_facts);
        if (judge_catch_feed(image.bytes, cut, cut) != TDM_OK ||
            judge_catch_feed(image.bytes + cut, image.len - cut, image.len) != TDM_OK ||
            judge_end(&judge, &v) != TDM_OK)
            fail_msg("split at %zu: %s %s", cut, judge.fault.code, judge.fault.what);
        judge_catch_expect_good("split", &v);
    }
}

/* ---- refused images ---- */

enum held { BEFORE_ACCEPT, AFTER_ACCEPT };

static struct judge_facts facts;

static void told_less(void)
{
    facts.told_length = image.len - 1;
}
static void told_more(void)
{
    facts.told_length = image.len + 1;
}
static void small_bundle_room(void)
{
    facts.bundle_room = image.bundle_len - 1;
}
static void small_host_room(void)
{
    facts.host_room = image.len - image.bundle_len - 1;
}
static void no_host_slots(void)
{
    facts.takes_host = false;
}
static void not_an_image(void)
{
    memcpy(image.bytes, "Error opening 'x' mode='r'", 26);
}
static void swapped_parts(void)
{
    uint8_t entry[12];
    memcpy(entry, image.bytes + 24, 12);
    memcpy(image.bytes + 24, image.bytes + 36, 12);
    memcpy(image.bytes + 36, entry, 12);
}
static void overlapping_parts(void)
{
    sample_put32(image.bytes + 36 + 8, (uint32_t)image.part_at[2] - 4);
}
static void args_tag_twice(void)
{
    sample_put32(image.bytes + image.part_at[1] + 8, 2);
}
static void args_overlap(void)
{
    sample_put32(image.bytes + image.part_at[1] + 12, 0x8000); /* the table's sector */
}
static void args_moved_bootloader(void)
{
    sample_put32(image.bytes + image.part_at[1] + 4, 0x1000);
}
static void small_flash(void)
{
    facts.radio_flash_size = 0x10000;
}
static void other_radio(void)
{
    facts.radio_chip = SAMPLE_C6;
}
static void unknown_chip(void)
{
    image.bytes[image.part_at[2] + 12] = 200;
    sample_image_mend(&image, 2);
}
static void bad_bootloader_magic(void)
{
    image.bytes[image.part_at[2]] = 0xe8;
}
/* Too short to name its chip. */
static void short_bootloader(void)
{
    uint32_t gone = (uint32_t)image.part_len[2] - 20;

    memmove(image.bytes + image.part_at[2] + 20, image.bytes + image.part_at[3], image.len - image.part_at[3]);
    image.len -= gone;
    sample_put32(image.bytes + 12 * 3 + 4, 20);
    for (unsigned tag = 3; tag <= 5; tag++)
        sample_put32(image.bytes + 12 * (tag + 1) + 8, (uint32_t)image.part_at[tag] - gone);
}
static void bad_bootloader_sum(void)
{
    image.bytes[image.part_at[2] + 40] ^= 1;
}
static void bad_table_offset(void)
{
    sample_put32(image.bytes + image.part_at[3] + 4, 0x20000);
}
static void small_partition(void)
{
    sample_put32(image.bytes + image.part_at[3] + 8, 0);
}
static void other_app_chip(void)
{
    image.bytes[image.part_at[4] + 12] = SAMPLE_C6;
    sample_image_mend(&image, 4);
}
static void bad_app_sum(void)
{
    image.bytes[image.part_at[4] + 300] ^= 1;
}
static void bad_app_digest(void)
{
    image.bytes[image.part_at[4] + 4] ^= 1; /* the entry address is in no segment */
}
static void short_app_inside(void)
{
    sample_put32(image.bytes + image.part_at[4] + 28, 4096); /* a segment longer than the file */
}
static void bad_host_digest(void)
{
    image.bytes[image.part_at[5] + 4] ^= 1;
}
static void one_byte_more(void)
{
    image.len++;
}
static void one_byte_less(void)
{
    image.len--;
}

#define PAIR                                                                                                           \
    {                                                                                                                  \
        .host_size = 500                                                                                               \
    }
#define ESP_PAIR                                                                                                       \
    {                                                                                                                  \
        .host_size = 500, .host_is_esp = true                                                                          \
    }
#define RADIO                                                                                                          \
    {                                                                                                                  \
        .host_size = 0                                                                                                 \
    }

static const struct {
    const char *name;
    struct sample_spec spec;
    void (*spoil)(void);
    tdm_err err;
    const char *code;
    enum held when;
} bad[] = {
    {"error page", PAIR, not_an_image, TDM_E_FORMAT, "not_image", BEFORE_ACCEPT},
    {"parts out of order", PAIR, swapped_parts, TDM_E_FORMAT, "bad_header", BEFORE_ACCEPT},
    {"parts that overlap", PAIR, overlapping_parts, TDM_E_FORMAT, "bad_header", BEFORE_ACCEPT},
    {"told length short", PAIR, told_less, TDM_E_TRUNCATED, "truncated", BEFORE_ACCEPT},
    {"told length long", PAIR, told_more, TDM_E_FORMAT, "trailing_bytes", BEFORE_ACCEPT},
    {"bundle too large", PAIR, small_bundle_room, TDM_E_NO_ROOM, "no_room", BEFORE_ACCEPT},
    {"host part too large", PAIR, small_host_room, TDM_E_NO_ROOM, "no_room", BEFORE_ACCEPT},
    {"host without slots", PAIR, no_host_slots, TDM_E_REFUSED, "host_has_no_slots", BEFORE_ACCEPT},
    {"no manifest behind the text", {.manifest_size = 400}, NULL, TDM_E_FORMAT, "bad_manifest", BEFORE_ACCEPT},
    {"flash arguments: tag twice", PAIR, args_tag_twice, TDM_E_FORMAT, "bad_flash_args", BEFORE_ACCEPT},
    {"flash arguments: overlap", PAIR, args_overlap, TDM_E_FORMAT, "bad_flash_args", BEFORE_ACCEPT},
    {"flash arguments: bootloader", PAIR, args_moved_bootloader, TDM_E_FORMAT, "bad_flash_args", BEFORE_ACCEPT},
    {"radio's flash too small", PAIR, small_flash, TDM_E_FORMAT, "bad_flash_args", BEFORE_ACCEPT},
    {"another radio chip", PAIR, other_radio, TDM_E_MISMATCH, "wrong_radio", BEFORE_ACCEPT},
    {"unknown radio chip", PAIR, unknown_chip, TDM_E_UNSUPPORTED, "unknown_chip", BEFORE_ACCEPT},
    {"bootloader magic", PAIR, bad_bootloader_magic, TDM_E_FORMAT, "bad_firmware", BEFORE_ACCEPT},
    {"bootloader without a chip", PAIR, short_bootloader, TDM_E_FORMAT, "bad_firmware", BEFORE_ACCEPT},
    {"bootloader checksum", PAIR, bad_bootloader_sum, TDM_E_FORMAT, "bad_checksum", AFTER_ACCEPT},
    {"table: app elsewhere", PAIR, bad_table_offset, TDM_E_FORMAT, "bad_partition_table", AFTER_ACCEPT},
    {"table: app too small", PAIR, small_partition, TDM_E_FORMAT, "bad_partition_table", AFTER_ACCEPT},
    {"firmware for another chip", PAIR, other_app_chip, TDM_E_FORMAT, "wrong_chip_inside", AFTER_ACCEPT},
    {"firmware checksum", PAIR, bad_app_sum, TDM_E_FORMAT, "bad_checksum", AFTER_ACCEPT},
    {"firmware digest", RADIO, bad_app_digest, TDM_E_CORRUPT, "bad_digest", AFTER_ACCEPT},
    {"firmware cut short inside", RADIO, short_app_inside, TDM_E_FORMAT, "bad_firmware", AFTER_ACCEPT},
    {"host digest", ESP_PAIR, bad_host_digest, TDM_E_CORRUPT, "bad_digest", AFTER_ACCEPT},
    {"truncated by a byte", PAIR, one_byte_less, TDM_E_TRUNCATED, "truncated", AFTER_ACCEPT},
    {"a byte behind a pair", PAIR, one_byte_more, TDM_E_FORMAT, "trailing_bytes", AFTER_ACCEPT},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct judge_verdict v;
        facts = open_facts;
        sample_image_build(&image, &bad[i].spec);
        if (bad[i].spoil != NULL)
            bad[i].spoil();
        for (size_t step = 1; step < 9000; step = step * 20 + 1) {
            tdm_err err = judge_catch_run(&facts, image.len, step, &v);
            if (err != bad[i].err || strcmp(judge.fault.code, bad[i].code) != 0)
                fail_msg("%s: answered %s %s (%s)", bad[i].name, tdm_err_name(err), judge.fault.code, judge.fault.what);
            if ((caught.accepts > 0) != (bad[i].when == AFTER_ACCEPT))
                fail_msg("%s: %s", bad[i].name, caught.accepts ? "accepted too early" : "refused too early");
        }
    }
}

static void test_trailing_behind_radio_is_legal(void **state)
{
    struct judge_verdict v;
    uint8_t id[32];

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.chip = SAMPLE_H2});
    (void)SHA256(image.bytes, image.len, id);
    facts = open_facts;
    facts.told_length = image.len + 5;
    assert_int_equal(judge_catch_run(&facts, image.len + 5, 1000, &v), TDM_OK);
    assert_memory_equal(v.id, id, 32);
    assert_int_equal(caught.bundle_len, image.len);
}

static void test_known_bad(void **state)
{
    uint8_t ids[2][TDM_SHA256_LEN] = {{1}, {0}};
    struct judge_verdict v;

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 50});
    (void)SHA256(image.bytes, image.len, ids[1]);
    facts = open_facts;
    facts.bad_ids = (const uint8_t(*)[TDM_SHA256_LEN])ids;
    facts.bad_count = 1;
    assert_int_equal(judge_catch_run(&facts, image.len, 999, &v), TDM_OK);
    facts.bad_count = 2;
    assert_int_equal(judge_catch_run(&facts, image.len, 999, &v), TDM_E_REFUSED);
    assert_string_equal(judge.fault.code, "known_bad");
}

static void test_stored_bundle(void **state)
{
    static const uint8_t zero[32];
    struct judge_verdict v;
    uint8_t digest[32];

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 50});
    (void)SHA256(image.bytes, image.bundle_len, digest);
    judge_catch_begin(&open_facts);
    assert_int_equal(judge_catch_feed(image.bytes, image.bundle_len, 512), TDM_OK);
    assert_int_equal(judge_end_bundle(&judge, &v), TDM_OK);
    assert_memory_equal(v.bundle_digest, digest, 32);
    assert_memory_equal(v.id, zero, 32);

    judge_catch_begin(&open_facts);
    assert_int_equal(judge_catch_feed(image.bytes, image.bundle_len - 1, 512), TDM_OK);
    assert_int_equal(judge_end_bundle(&judge, &v), TDM_E_TRUNCATED);
}

static void test_every_truncation(void **state)
{
    struct judge_verdict v;

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 100});
    for (size_t len = 0; len < image.len; len++) {
        tdm_err err = judge_catch_run(&open_facts, len, 4096, &v);
        if (err != TDM_E_TRUNCATED)
            fail_msg("cut at %zu: %s %s", len, tdm_err_name(err), judge.fault.code);
    }
}

/* A changed byte is either refused or makes another image; never the same one. */
static void test_every_byte(void **state)
{
    struct judge_verdict v;
    uint8_t id[32];

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 20, .app_size = 4});
    (void)SHA256(image.bytes, image.len, id);
    for (size_t at = 0; at < image.len; at++) {
        image.bytes[at] ^= 0x40;
        if (judge_catch_run(&open_facts, image.len, 4096, &v) == TDM_OK && memcmp(v.id, id, 32) == 0)
            fail_msg("a change of byte %zu went unseen", at);
        image.bytes[at] ^= 0x40;
    }
}

static void test_output_stops_it(void **state)
{
    struct judge_verdict v;

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.host_size = 20});
    caught.answer = TDM_E_IO;
    assert_int_equal(judge_catch_run(&open_facts, image.len, 100, &v), TDM_E_IO);
    caught.answer = TDM_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_trailing_behind_radio_is_legal),
        cmocka_unit_test(test_known_bad),
        cmocka_unit_test(test_stored_bundle),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_output_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
