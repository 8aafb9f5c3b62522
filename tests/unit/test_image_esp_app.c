/* SPDX-License-Identifier: Apache-2.0 */
/* ESP firmware files: the smallest real one, every split, truncation and byte of it, and descriptions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_chip.h"
#include "image/esp_app.h"
#include "image/esp_chip.h"

/* For an ESP32-H2: one RAM segment of 4 bytes, checksum, SHA-256 of the first 48 bytes (by the vendor's tool). */
static const uint8_t tiny[80] = {
    0xe9, 0x01, 0x02, 0x1f, 0xd0, 0xcf, 0x83, 0x40, 0xee, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00,
    0x00, 0x63, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xd0, 0xcf, 0x83, 0x40, 0x04, 0x00, 0x00, 0x00,
    0xaa, 0xaa, 0xaa, 0xaa, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xef,
    0xed, 0x39, 0xc1, 0xc0, 0xc8, 0x22, 0x80, 0x45, 0xa6, 0xbf, 0x7d, 0x37, 0xe3, 0x85, 0x1d, 0xec,
    0x1d, 0x25, 0x2f, 0x92, 0xba, 0x97, 0x67, 0x42, 0xa1, 0x23, 0xc1, 0x7d, 0x08, 0x33, 0x3c, 0x70,
};

static struct esp_app app;

static tdm_err check(const uint8_t *data, size_t len, size_t step, size_t *hashed)
{
    tdm_err err = TDM_OK;

    *hashed = 0;
    esp_app_init(&app);
    for (size_t at = 0; at < len && err == TDM_OK; at += step) {
        size_t n = 0;
        err = esp_app_push(&app, data + at, len - at < step ? len - at : step, &n);
        *hashed += n;
    }
    return err != TDM_OK ? err : esp_app_end(&app);
}

static void test_smallest_file(void **state)
{
    size_t hashed;
    (void)state;
    assert_int_equal(check(tiny, sizeof tiny, sizeof tiny, &hashed), TDM_OK);
    assert_int_equal(hashed, 48);
    assert_int_equal(app.info.chip_id, 16);
    assert_int_equal(app.info.segment_count, 1);
    assert_int_equal(app.info.revision_min, 0);
    assert_int_equal(app.info.revision_max, 99);
    assert_int_equal(app.info.kind, ESP_APP_PLAIN);
    assert_int_equal(app.info.image_size, 80);
    assert_true(app.info.has_digest);
    assert_memory_equal(app.info.digest, tiny + 48, 32);
    assert_true(esp_app_is_likely(tiny, sizeof tiny));
    assert_false(esp_app_is_likely(tiny, ESP_APP_HEADER_LEN - 1));
}

static void test_every_split(void **state)
{
    size_t hashed, a, b;
    (void)state;
    assert_int_equal(check(tiny, sizeof tiny, sizeof tiny, &hashed), TDM_OK);
    struct esp_app whole = app;
    for (size_t cut = 1; cut < sizeof tiny; cut++) {
        esp_app_init(&app);
        assert_int_equal(esp_app_push(&app, tiny, cut, &a), TDM_OK);
        assert_int_equal(esp_app_push(&app, tiny + cut, sizeof tiny - cut, &b), TDM_OK);
        assert_int_equal(esp_app_end(&app), TDM_OK);
        assert_int_equal(a + b, hashed);
        assert_memory_equal(&app.info, &whole.info, sizeof app.info);
    }
    assert_int_equal(check(tiny, sizeof tiny, 1, &hashed), TDM_OK);
    assert_int_equal(hashed, 48);
}

static void test_every_truncation(void **state)
{
    size_t hashed;
    (void)state;
    for (size_t len = 0; len < sizeof tiny; len++) {
        assert_int_equal(check(tiny, len, 7, &hashed), TDM_E_TRUNCATED);
        assert_string_equal(app.fault.code, "truncated");
    }
}

static void test_trailing_bytes_are_ignored(void **state)
{
    uint8_t longer[sizeof tiny + 100];
    size_t hashed;
    (void)state;
    memset(longer, 0xff, sizeof longer);
    memcpy(longer, tiny, sizeof tiny);
    assert_int_equal(check(longer, sizeof longer, 9, &hashed), TDM_OK);
    assert_int_equal(hashed, 48);
    assert_int_equal(app.info.image_size, 80);
}

/* A changed byte is either refused here, or it lies in what the digest covers or in the digest itself. */
static void test_every_byte(void **state)
{
    uint8_t changed[sizeof tiny];
    size_t hashed;
    (void)state;
    for (size_t at = 0; at < sizeof tiny; at++) {
        for (unsigned v = 0; v < 256; v++) {
            memcpy(changed, tiny, sizeof tiny);
            changed[at] = (uint8_t)v;
            tdm_err err = check(changed, sizeof changed, 5, &hashed);
            assert_true(err == TDM_OK || app.fault.code[0] != '\0');
            if (err == TDM_OK && v != tiny[at])
                assert_true(at < hashed || memcmp(app.info.digest, tiny + 48, 32) != 0 || !app.info.has_digest);
        }
    }
}

struct wrong {
    const char *name;
    size_t at;
    uint8_t value;
    const char *code;
    uint64_t fault_at;
};

static const struct wrong wrong[] = {
    {"no magic", 0, 0xe8, "bad_firmware", 0},          {"no segment", 1, 0, "bad_firmware", 1},
    {"17 segments", 1, 17, "bad_firmware", 1},         {"digest flag 2", 23, 2, "bad_firmware", 23},
    {"segment of 5 bytes", 28, 5, "bad_firmware", 28}, {"segment of 16 MiB", 31, 1, "bad_firmware", 28},
    {"checksum", 47, 0xee, "bad_checksum", 47},        {"segment byte", 33, 0xab, "bad_checksum", 47},
};

static void test_wrong_files(void **state)
{
    uint8_t changed[sizeof tiny];
    size_t hashed, n;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        print_message("  %s\n", wrong[i].name);
        memcpy(changed, tiny, sizeof tiny);
        changed[wrong[i].at] = wrong[i].value;
        assert_int_equal(check(changed, sizeof changed, 1, &hashed), TDM_E_FORMAT);
        assert_string_equal(app.fault.code, wrong[i].code);
        assert_int_equal(app.fault.at, wrong[i].fault_at);
        assert_int_equal(esp_app_push(&app, tiny, 1, &n), TDM_E_FORMAT);
        assert_int_equal(n, 0);
    }
}

static void test_segment_of_exactly_16_mib(void **state)
{
    static const uint8_t length[4] = {0, 0, 0, 1};
    uint8_t changed[sizeof tiny];
    size_t hashed;
    (void)state;
    memcpy(changed, tiny, sizeof tiny);
    memcpy(changed + 28, length, sizeof length);
    assert_int_equal(check(changed, sizeof changed, 80, &hashed), TDM_E_FORMAT);
    assert_string_equal(app.fault.what, "segment of 16 MiB or more");
}

/* One segment of `len` bytes that begins with `desc`, no digest. */
static size_t firmware(uint8_t *out, uint16_t max_revision, const uint8_t *desc, size_t desc_len, size_t len)
{
    size_t n = 32 + len;
    uint8_t sum = 0xef;

    memcpy(out, tiny, 32);
    out[17] = (uint8_t)max_revision;
    out[18] = (uint8_t)(max_revision >> 8);
    out[23] = 0;
    out[28] = (uint8_t)len;
    out[29] = (uint8_t)(len >> 8);
    memset(out + 32, 0, len);
    memcpy(out + 32, desc, desc_len);
    for (size_t i = 0; i < len; i++)
        sum ^= out[32 + i];
    while (n % 16 != 15)
        out[n++] = 0;
    out[n++] = sum;
    return n;
}

static void test_application_description(void **state)
{
    uint8_t file[512], desc[256] = {0x32, 0x54, 0xcd, 0xab};
    size_t hashed;
    (void)state;
    memset(desc + 16, 'v', 32); /* fills its field: no NUL */
    memcpy(desc + 48, "esp_ot_rcp", 10);
    desc[20] = 0x1b; /* an escape in the version */
    memcpy(desc + 112, "v5.5", 4);
    size_t len = firmware(file, 0, desc, sizeof desc, 260);
    assert_int_equal(check(file, len, 13, &hashed), TDM_OK);
    assert_int_equal(hashed, len);
    assert_int_equal(app.info.kind, ESP_APP_APPLICATION);
    assert_string_equal(app.info.version, "vvvv?vvvvvvvvvvvvvvvvvvvvvvvvvvv");
    assert_string_equal(app.info.project, "esp_ot_rcp");
    assert_string_equal(app.info.idf_version, "v5.5");
    assert_int_equal(app.info.revision_max, 65535);
    assert_false(app.info.has_digest);

    len = firmware(file, 0, desc, 252, 252); /* too short to hold the description */
    assert_int_equal(check(file, len, 13, &hashed), TDM_OK);
    assert_int_equal(app.info.kind, ESP_APP_PLAIN);
}

static void test_bootloader_description(void **state)
{
    uint8_t file[512], desc[80] = {0x50};
    size_t hashed;
    (void)state;
    size_t len = firmware(file, 99, desc, sizeof desc, 96); /* the magic alone is one byte: no description */
    assert_int_equal(check(file, len, 13, &hashed), TDM_OK);
    assert_int_equal(app.info.kind, ESP_APP_PLAIN);

    memcpy(desc + 8, "v5.5-dev", 8);
    memcpy(desc + 40, "Jul 23 2026 13:06:47", 20);
    len = firmware(file, 99, desc, sizeof desc, 96);
    assert_int_equal(check(file, len, 13, &hashed), TDM_OK);
    assert_int_equal(app.info.kind, ESP_APP_BOOTLOADER);
    assert_string_equal(app.info.idf_version, "v5.5-dev");
    assert_string_equal(app.info.version, "");
}

static void test_chip_facts_agree(void **state)
{
    const struct esprom_chip *there;
    (void)state;
    for (size_t i = 0; (there = esprom_chip_at(i)) != NULL; i++) {
        const struct esp_chip *here = esp_chip_by_id(there->id);
        assert_non_null(here);
        assert_string_equal(here->name, there->name);
        assert_int_equal(here->bootloader_offset, there->bootloader_offset);
    }
    assert_null(esp_chip_by_id(0xffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest_file),
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_trailing_bytes_are_ignored),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_segment_of_exactly_16_mib),
        cmocka_unit_test(test_application_description),
        cmocka_unit_test(test_bootloader_description),
        cmocka_unit_test(test_chip_facts_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
