/* SPDX-License-Identifier: Apache-2.0 */
/* Parts against what the manifest states: checks P1 to P4; stored bundles; images that another hand has signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/judge_rows.h"

static uint8_t *part(unsigned tag)
{
    return image.bytes + image.part_at[tag];
}

/* A firmware file changed by its maker: whole in itself, and stated as it is. */
static void rebuild(unsigned tag)
{
    sample_image_mend(&image, tag);
    sample_image_restate(&image);
}

/* ---- P1: flash arguments ---- */

static void args_changed(void)
{
    part(1)[5] ^= 0x10;
}
static void args_tag_twice(void)
{
    sample_put32(part(1) + 8, 2);
    sample_image_restate(&image);
}
static void args_overlap(void)
{
    sample_put32(part(1) + 12, 0x8000); /* the table's sector */
    sample_image_restate(&image);
}
static void args_moved_bootloader(void)
{
    sample_put32(part(1) + 4, 0x1000);
    sample_image_restate(&image);
}
static void least_flash_0x10000(void)
{
    sample_put32(stated(28), 0x10000); /* where the firmware begins */
}
static void least_flash_0x11000(void)
{
    sample_put32(stated(28), 0x11000); /* the sector behind its end */
}
static void unknown_radio_chip(void)
{
    facts.radio_chip = JUDGE_CHIP_UNKNOWN;
    sample_put16(stated(130), 200);
}

/* ---- P2: what the firmware files say ---- */

static void bootloader_for_c6(void)
{
    part(2)[12] = SAMPLE_C6;
    rebuild(2);
}
static void bootloader_without_magic(void)
{
    part(2)[0] = 0;
    sample_image_restate(&image);
}
static void bootloader_of_revision_1(void)
{
    sample_put16(part(2) + 15, 1);
    rebuild(2);
}
static void app_for_c6(void)
{
    part(4)[12] = SAMPLE_C6;
    rebuild(4);
}
static void app_of_revision_1(void)
{
    sample_put16(part(4) + 15, 1);
    rebuild(4);
}
static void app_of_revision_1_stated(void)
{
    app_of_revision_1();
    sample_put16(stated(132), 1);
}
static void app_up_to_revision_98(void)
{
    sample_put16(part(4) + 17, 98);
    rebuild(4);
}
static void app_up_to_revision_99(void)
{
    sample_put16(part(4) + 17, 99);
    rebuild(4);
}
static void host_for_c6(void)
{
    part(5)[12] = SAMPLE_C6;
    rebuild(5);
}
static void host_of_revision_1(void)
{
    sample_put16(part(5) + 15, 1);
    rebuild(5);
}
static void host_up_to_revision_98(void)
{
    sample_put16(part(5) + 17, 98);
    rebuild(5);
}
static void host_without_magic(void)
{
    part(5)[0] = 0;
    sample_image_restate(&image);
}
/* 20 bytes stated as an ESP file. */
static void host_too_short(void)
{
    sample_image_build(&image, &(struct sample_spec){.cells = 4, .host_size = 20, .is_host_only = true});
    sample_put16(stated(140), MANIFEST_HOST_ESP);
    sample_put16(stated(142), SAMPLE_S3);
    sample_put16(stated(146), 99);
}
/* An opaque file that happens to begin as firmware for another chip does. */
static void opaque_host_like_esp(void)
{
    memcpy(part(5), part(4), 100);
    part(5)[12] = SAMPLE_C6;
    sample_image_restate(&image);
}

/* ---- P3: digests; and what is wrong though rightly stated ---- */

static void bootloader_changed(void)
{
    part(2)[40] ^= 1;
}
static void table_changed(void)
{
    part(3)[4] ^= 1;
}
static void app_changed_early(void)
{
    part(4)[60] ^= 1;
}
static void app_changed_at_its_end(void)
{
    part(4)[image.part_len[4] - 1] ^= 1;
}
static void host_changed(void)
{
    part(5)[499] ^= 1;
}
static void host_changed_first(void)
{
    part(5)[0] ^= 0x10;
}
static void app_sum_wrong(void)
{
    part(4)[60] ^= 1;
    sample_image_restate(&image);
}
static void app_digest_wrong(void)
{
    part(4)[4] ^= 1; /* the entry address is in no segment */
    sample_image_restate(&image);
}
static void app_segments_wrong(void)
{
    part(4)[1] = 0;
    sample_image_restate(&image);
}
static void app_cut_short_inside(void)
{
    sample_put32(part(4) + 28, 4096);
    sample_image_restate(&image);
}
static void table_wrong(void)
{
    sample_put32(part(3) + 4, 0x20000);
    sample_image_restate(&image);
}

/* ---- P4: the end ---- */

static void one_byte_less(void)
{
    image.len--;
}
static void one_byte_more(void)
{
    image.len++;
}
static void front_cut(void)
{
    image.len = image.cells_at + 100;
}

#define GOOD TDM_OK, "", HELD

static const struct judge_row rows[] = {
    {"P1 flash arguments changed", PAIR, NULL, args_changed, TDM_E_CORRUPT, "bad_digest", HELD},
    {"P1 tag twice", PAIR, args_tag_twice, NULL, TDM_E_FORMAT, "bad_flash_args", HELD},
    {"P1 overlap", PAIR, args_overlap, NULL, TDM_E_FORMAT, "bad_flash_args", HELD},
    {"P1 bootloader moved", PAIR, args_moved_bootloader, NULL, TDM_E_FORMAT, "bad_flash_args", HELD},
    {"P1 past the stated flash", PAIR, least_flash_0x10000, NULL, TDM_E_FORMAT, "bad_flash_args", HELD},
    {"P1 just within the stated flash", PAIR, least_flash_0x11000, NULL, GOOD},
    {"P1 a chip without a known layout", PAIR, unknown_radio_chip, NULL, TDM_E_UNSUPPORTED, "unknown_chip", HELD},

    {"P2 bootloader for another chip", PAIR, bootloader_for_c6, NULL, TDM_E_FORMAT, "wrong_chip_inside", HELD},
    {"P2 bootloader that is none", PAIR, bootloader_without_magic, NULL, TDM_E_FORMAT, "wrong_chip_inside", HELD},
    {"P2 the bootloader's revision is not asked", PAIR, bootloader_of_revision_1, NULL, GOOD},
    {"P2 firmware for another chip", PAIR, app_for_c6, NULL, TDM_E_FORMAT, "wrong_chip_inside", LATE},
    {"P2 firmware demands a newer revision", PAIR, app_of_revision_1, NULL, TDM_E_FORMAT, "wrong_chip_inside", LATE},
    {"P2 firmware demands the stated revision", PAIR, app_of_revision_1_stated, NULL, GOOD},
    {"P2 firmware demands an older revision", PAIR, app_up_to_revision_98, NULL, TDM_E_FORMAT, "wrong_chip_inside",
     LATE},
    {"P2 firmware goes as far as stated", PAIR, app_up_to_revision_99, NULL, GOOD},
    {"P2 host for another chip", ESP_PAIR, host_for_c6, NULL, TDM_E_FORMAT, "wrong_chip_inside", LATE},
    {"P2 host demands a newer revision", ESP_PAIR, host_of_revision_1, NULL, TDM_E_FORMAT, "wrong_chip_inside", LATE},
    {"P2 host demands an older revision", ESP_PAIR, host_up_to_revision_98, NULL, TDM_E_FORMAT, "wrong_chip_inside",
     LATE},
    {"P2 ESP host that is none", ESP_PAIR, host_without_magic, NULL, TDM_E_FORMAT, "wrong_chip_inside", LATE},
    {"P2 host only, for another chip", ESP_HOST, host_for_c6, NULL, TDM_E_FORMAT, "wrong_chip_inside", HELD},
    {"P2 host only, too short", ESP_HOST, host_too_short, NULL, TDM_E_FORMAT, "wrong_chip_inside", HELD},
    {"P2 an opaque host is not read", PAIR, opaque_host_like_esp, NULL, GOOD},
    {"P2 ESP pair", ESP_PAIR, NULL, NULL, GOOD},
    {"P2 ESP host alone", ESP_HOST, NULL, NULL, GOOD},
    {"P2 opaque host alone", HOST, NULL, NULL, GOOD},
    {"P2 radio alone", RADIO, NULL, NULL, GOOD},

    {"P3 bootloader changed", PAIR, NULL, bootloader_changed, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 table changed", PAIR, NULL, table_changed, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 firmware changed", PAIR, NULL, app_changed_early, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 firmware's last byte changed", RADIO, NULL, app_changed_at_its_end, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 host changed in its last byte", PAIR, NULL, host_changed, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 host changed in its first byte", HOST, NULL, host_changed_first, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 checksum wrong as stated", PAIR, app_sum_wrong, NULL, TDM_E_FORMAT, "bad_checksum", LATE},
    {"P3 firmware's own digest wrong as stated", PAIR, app_digest_wrong, NULL, TDM_E_CORRUPT, "bad_digest", LATE},
    {"P3 no segments as stated", PAIR, app_segments_wrong, NULL, TDM_E_FORMAT, "bad_firmware", LATE},
    {"P3 cut short inside as stated", PAIR, app_cut_short_inside, NULL, TDM_E_FORMAT, "bad_firmware", LATE},
    {"P3 partition table wrong as stated", PAIR, table_wrong, NULL, TDM_E_FORMAT, "bad_partition_table", LATE},

    {"P4 a byte short", PAIR, NULL, one_byte_less, TDM_E_TRUNCATED, "truncated", LATE},
    {"P4 a byte more", PAIR, NULL, one_byte_more, TDM_E_FORMAT, "trailing_bytes", LATE},
    {"P4 a byte more, radio only", RADIO, NULL, one_byte_more, TDM_E_FORMAT, "trailing_bytes", LATE},
    {"P4 a byte more, host only", HOST, NULL, one_byte_more, TDM_E_FORMAT, "trailing_bytes", LATE},
    {"P4 a byte short, host only", HOST, NULL, one_byte_less, TDM_E_TRUNCATED, "truncated", LATE},
    {"P4 ends among the cells", PAIR, NULL, front_cut, TDM_E_TRUNCATED, "truncated", HELD},
};

static void parts_are_what_is_stated(void **state)
{
    (void)state;
    judge_rows_run(rows, sizeof rows / sizeof rows[0]);
}

/* ---- stored bundles: identity is the caller's, so neither keys nor clock are asked ---- */

static tdm_err judge_bundle(const struct judge_facts *f, size_t len, struct judge_verdict *v)
{
    judge_init(&judge, &judge_crypto.port, f, NULL);
    tdm_err err = judge_catch_feed(image.bytes, len, 100);
    if (err == TDM_OK)
        return judge_end_bundle(&judge, v);
    judge_drop(&judge);
    return err;
}

static void expired(void)
{
    facts.now = UINT64_MAX;
    sample_put32(stated(16), JUDGE_NOW);
}

static void a_stored_bundle(void **state)
{
    const struct judge_facts few = {.takes_host = true, .radio_chip = SAMPLE_H2, .radio_flash_size = 0x200000};
    uint8_t want[TDM_SHA256_LEN];
    struct judge_verdict v;

    (void)state;
    judge_rows_build(ESP_PAIR, expired);
    sample_image_id(&image, want);
    assert_int_equal(judge_bundle(&few, image.bundle_len, &v), TDM_OK);
    assert_memory_equal(v.id, want, sizeof want);
    assert_false(v.is_signed);
    assert_int_equal(v.manifest.counter, 5);
    assert_int_equal(judge_bundle(&few, image.bundle_len - 1, &v), TDM_E_TRUNCATED);
    assert_int_equal(judge_bundle(&few, image.bundle_len + 1, &v), TDM_E_TRUNCATED);
    part(5)[0] ^= 1; /* the host part is elsewhere: nothing is said of it here */
    assert_int_equal(judge_bundle(&few, image.bundle_len, &v), TDM_OK);
    part(4)[99] ^= 1;
    assert_int_equal(judge_bundle(&few, image.bundle_len, &v), TDM_E_CORRUPT);
    assert_string_equal(judge.fault.code, "bad_digest");
    part(4)[99] ^= 1;
    part(3)[99] ^= 1;
    assert_int_equal(judge_bundle(&few, image.bundle_len, &v), TDM_E_CORRUPT);
}

static void a_stored_bundle_and_its_host(void **state)
{
    struct judge_verdict v;

    (void)state;
    judge_rows_build(PAIR, NULL);
    judge_init(&judge, &judge_crypto.port, &facts, NULL);
    assert_int_equal(judge_catch_feed(image.bytes, image.bundle_len, 512), TDM_OK);
    assert_int_equal(judge_catch_feed(part(5), image.part_len[5], 512), TDM_OK);
    assert_int_equal(judge_end(&judge, &v), TDM_OK);
    assert_true(v.is_signed);
}

/* ---- images that another hand has made and signed ---- */

static const struct tdm_key published_key = {
    .id = {0x5a, 0x7a, 0x78, 0xcc, 0xa4, 0xa0, 0xf4, 0x20},
    .point = {0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
              0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
              0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
              0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99},
};

/* The worked example's id, as docs/FORMAT.md prints it. */
static const uint8_t example_id[TDM_SHA256_LEN] = {0x46, 0x88, 0x22, 0x36, 0xc9, 0x80, 0xe6, 0xb4, 0x66, 0x0e, 0xc9,
                                                   0x75, 0x4a, 0xae, 0x9d, 0xd2, 0x98, 0x61, 0x4a, 0x09, 0xca, 0x1d,
                                                   0xf4, 0xe7, 0xb7, 0xe1, 0x16, 0x5a, 0xa8, 0x34, 0x82, 0x2e};

static void load(const char *name)
{
    char path[300];

    (void)snprintf(path, sizeof path, "%s/manifest/%s", TANDEM_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    image.len = fread(image.bytes, 1, sizeof image.bytes, file);
    assert_int_equal(fclose(file), 0);
}

static void images_from_another_hand(void **state)
{
    static const char *const names[] = {"pair.bin", "radio.bin", "host.bin"};
    static const char *const boards[] = {"acme,br-s3-h2"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct judge_verdict v;
        judge_rows_build(ESP_PAIR, NULL);
        load(names[i]);
        trust = (struct judge_trust){.keys = &published_key, .count = 1, .threshold = 1};
        facts.compatible = boards;
        facts.compatible_count = 1;
        facts.now = 1784812007;
        if (judge_catch_run(&facts, image.len, 7, &v) != TDM_OK)
            fail_msg("%s: %s %s", names[i], judge.fault.code, judge.fault.what);
        assert_true(v.is_signed);
        assert_int_equal(v.manifest.counter, 6);
        assert_string_equal(v.manifest.pair_version, "1.4.0");
        if (i == 0)
            assert_memory_equal(v.id, example_id, sizeof example_id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_what_is_stated),
        cmocka_unit_test(a_stored_bundle),
        cmocka_unit_test(a_stored_bundle_and_its_host),
        cmocka_unit_test(images_from_another_hand),
    };
    return cmocka_run_group_tests(tests, judge_rows_set_up, judge_rows_tear_down);
}
