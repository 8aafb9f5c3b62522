/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a manifest: the bytes of the samples, write(read(x)) = x over many of them, and what is not written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/manifest.h>

#include "support/sample_manifest.h"

static struct sample_manifest sample;
static struct manifest_frame frame;
static struct manifest m;
static struct tdm_fault fault;
static uint8_t written[5000];

static tdm_err read_sample(void)
{
    tdm_fault_clear(&fault);
    if (manifest_open(sample.b, sample.len, sample.digests, &frame, &fault) != TDM_OK)
        return fault.err;
    return manifest_read(&frame, sample.has_radio, sample.has_host, &m, &fault);
}

static tdm_err write_into(size_t cap, size_t *len)
{
    tdm_fault_clear(&fault);
    *len = cap;
    memset(written, 0xee, sizeof written);
    return manifest_write(&m, written, len, &fault);
}

static void expect_the_sample(void)
{
    size_t len;

    assert_int_equal(write_into(sizeof written, &len), TDM_OK);
    assert_int_equal(len, sample.len);
    assert_memory_equal(written, sample.b, len);
    assert_int_equal(written[len], 0xee);
}

static void test_samples(void **state)
{
    static const char extensions[] = "\1\0\2\0ab\2\0\3\0xyz\3\0\1\0q\11\0\0\0";
    (void)state;
    for (size_t kind = 0; kind < SAMPLE_KINDS; kind++) {
        sample_manifest_make(&sample, (enum sample_kind)kind);
        assert_int_equal(read_sample(), TDM_OK);
        expect_the_sample();
        sample_manifest_insert(&sample, extensions, sizeof extensions - 1);
        assert_int_equal(read_sample(), TDM_OK);
        expect_the_sample();
    }
}

/* Xorshift, 64 bits (Marsaglia 2003): the same rows in every run. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

static void draw_text(uint64_t *seed, const char *alphabet, char *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[draw(seed, strlen(alphabet))];
    out[len] = '\0';
}

static void draw_side(uint64_t *seed, size_t at, bool is_opaque)
{
    uint64_t least = draw(seed, 65535) + 1, api = least + draw(seed, 65536 - least), low = draw(seed, 65536);
    sample_manifest_set(&sample, at + 2, 2, is_opaque ? 0 : draw(seed, 65536));
    sample_manifest_set(&sample, at + 4, 2, is_opaque ? 0 : low);
    sample_manifest_set(&sample, at + 6, 2, is_opaque ? 0 : low + draw(seed, 65536 - low));
    sample_manifest_set(&sample, at + 8, 2, api);
    sample_manifest_set(&sample, at + 10, 2, least);
}

static void draw_extensions(uint64_t *seed)
{
    uint8_t extension[4 + 300];
    uint64_t type = 0;

    for (uint64_t left = draw(seed, 5); left > 0; left--) {
        size_t len = draw(seed, 300);
        type += draw(seed, 3) + 1;
        extension[0] = (uint8_t)type;
        extension[1] = (uint8_t)(type >> 8);
        extension[2] = (uint8_t)len;
        extension[3] = (uint8_t)(len >> 8);
        for (size_t i = 0; i < len; i++)
            extension[4 + i] = (uint8_t)draw(seed, 256);
        sample_manifest_insert(&sample, extension, 4 + len);
    }
}

/* Any manifest that keeps to the limits, all cells blank. */
static void draw_sample(uint64_t *seed)
{
    enum sample_kind kind = (enum sample_kind)draw(seed, SAMPLE_KINDS);
    char text[64];

    sample_manifest_make(&sample, kind);
    uint64_t issued = draw(seed, 253402300799) + 1;
    bool expires = issued < 253402300799 && draw(seed, 2);
    sample_manifest_set(&sample, 8, 8, issued);
    sample_manifest_set(&sample, 16, 8, expires ? issued + 1 + draw(seed, 253402300799 - issued) : 0);
    sample_manifest_set(&sample, 24, 4, draw(seed, 2147483648));
    draw_text(seed, "123456789", text, draw(seed, 9) + 1);
    memcpy(text + strlen(text), ".0.7-", 6);
    draw_text(seed, "abcXYZ-", text + strlen(text), draw(seed, 17) + 1);
    sample_manifest_text(&sample, 32, 32, text);
    draw_text(seed, "abc019", text, draw(seed, 30) + 1);
    memcpy(text + strlen(text), ",z", 3);
    draw_text(seed, "abc019._-", text + strlen(text), draw(seed, 31));
    sample_manifest_text(&sample, 64, 64, text);
    if (sample.has_radio) {
        sample_manifest_set(&sample, 28, 4, (draw(seed, 1048575) + 1) * 4096);
        draw_side(seed, 128, false);
    }
    if (sample.has_host)
        draw_side(seed, 140, kind == SAMPLE_OPAQUE_PAIR);
    for (size_t at = 152; at < sample.cells_at; at++)
        sample.b[at] = (uint8_t)draw(seed, 256);
    draw_extensions(seed);
    sample.b[6] = (uint8_t)(draw(seed, 8) + 1);
    sample.len = sample.cells_at + 80u * sample.b[6];
}

static void test_what_is_read_is_written(void **state)
{
    uint64_t seed = 4;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        draw_sample(&seed);
        if (read_sample() != TDM_OK)
            fail_msg("manifest %d: %s at %d", i, fault.what, (int)fault.at);
        expect_the_sample();
    }
}

/* tests/data/manifest: images by another hand. Their manifests are read, written, and signed again with the same cell. */
static void test_images_in_tests_data(void **state)
{
    static const struct {
        const char *name;
        size_t at, len, digests; /* of what stands behind the NUL: behind the table and 68 bytes of text, or none */
    } rows[] = {{"pair", 84 + 69, 323 + 160, 5}, {"radio", 72 + 69, 291 + 160, 4}, {"host", 36 + 1, 195 + 160, 1}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static uint8_t bytes[5000];
        struct manifest_cell cell;
        char path[300];
        size_t len;
        (void)snprintf(path, sizeof path, "%s/manifest/%s.bin", TANDEM_TEST_DATA, rows[i].name);
        FILE *in = fopen(path, "rb");
        assert_non_null(in);
        assert_true(fread(bytes, 1, sizeof bytes, in) > rows[i].at + rows[i].len);
        assert_int_equal(fclose(in), 0);
        tdm_fault_clear(&fault);
        assert_int_equal(manifest_open(bytes + rows[i].at, rows[i].len, rows[i].digests, &frame, &fault), TDM_OK);
        assert_int_equal(manifest_check_cells(&frame, &fault), TDM_OK);
        assert_int_equal(frame.used_cells, 1);
        assert_int_equal(manifest_read(&frame, i != 2, i != 1, &m, &fault), TDM_OK);
        assert_string_equal(m.pair_version, "1.4.0");
        assert_string_equal(m.compatible, "acme,br-s3-h2");
        assert_int_equal(m.counter, 6);
        assert_true(m.issued == 1784812007 && m.expires == 4102444800);
        assert_int_equal(m.label_len, 7);
        assert_memory_equal(m.label, "example", 7);
        assert_int_equal(write_into(sizeof written, &len), TDM_OK);
        assert_int_equal(len, rows[i].len);
        manifest_cell_get(&frame, 0, &cell);
        assert_memory_equal(cell.key_id, "\x5a\x7a\x78\xcc\xa4\xa0\xf4\x20", 8);
        assert_int_equal(manifest_add_cell(written, len, rows[i].digests, &cell, &fault), TDM_OK);
        assert_memory_equal(written, bytes + rows[i].at, len);
    }
}

static void test_bytes_behind_a_text_are_not_written(void **state)
{
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    assert_int_equal(read_sample(), TDM_OK);
    memset(m.pair_version + 11, 'x', sizeof m.pair_version - 11);
    memset(m.compatible + 12, 'x', sizeof m.compatible - 12);
    expect_the_sample();
}

static void test_every_room(void **state)
{
    size_t len;
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    assert_int_equal(read_sample(), TDM_OK);
    for (size_t cap = 0; cap < sample.len; cap++) {
        assert_int_equal(write_into(cap, &len), TDM_E_NO_ROOM);
        assert_int_equal(len, 0);
        assert_int_equal(written[cap], 0xee);
    }
    assert_int_equal(write_into(sample.len, &len), TDM_OK);
}

/* Reading's own rules hold for what is written; that they are asked at all is shown by one field of each check. */
static void test_what_is_not_written(void **state)
{
    static const struct {
        const char *name;
        enum sample_kind kind;
        size_t member, size;
        uint64_t value;
        tdm_err err;
        size_t at;
    } rows[] = {
#define MEMBER(name) offsetof(struct manifest, name), sizeof m.name
        {"no cells", SAMPLE_PAIR, MEMBER(cell_count), 0, TDM_E_FORMAT, 6},
        {"9 cells", SAMPLE_PAIR, MEMBER(cell_count), 9, TDM_E_FORMAT, 6},
        {"255 cells", SAMPLE_PAIR, MEMBER(cell_count), 255, TDM_E_FORMAT, 6},
        {"counter", SAMPLE_PAIR, MEMBER(counter), 2147483648, TDM_E_FORMAT, 24},
        {"expires", SAMPLE_PAIR, MEMBER(expires), 1, TDM_E_FORMAT, 16},
        {"pair version", SAMPLE_PAIR, MEMBER(pair_version[0]), 'v', TDM_E_FORMAT, 32},
        {"compatible", SAMPLE_PAIR, MEMBER(compatible[0]), 'A', TDM_E_FORMAT, 64},
        {"flash size", SAMPLE_PAIR, MEMBER(least_flash), 1, TDM_E_FORMAT, 28},
        {"flash size without radio", SAMPLE_HOST, MEMBER(least_flash), 4096, TDM_E_FORMAT, 28},
        {"radio API", SAMPLE_PAIR, MEMBER(radio.api), 0, TDM_E_FORMAT, 136},
        {"radio family", SAMPLE_PAIR, MEMBER(radio.family), 2, TDM_E_TOO_NEW, 128},
        {"radio chip without family", SAMPLE_HOST, MEMBER(radio.chip), 13, TDM_E_FORMAT, 128},
        {"host family", SAMPLE_PAIR, MEMBER(host.family), 3, TDM_E_TOO_NEW, 140},
        {"opaque host with a chip", SAMPLE_PAIR, MEMBER(host.family), 2, TDM_E_FORMAT, 142},
        {"one digest too few", SAMPLE_PAIR, MEMBER(digest_count), 4, TDM_E_FORMAT, 152},
        {"no digests", SAMPLE_PAIR, MEMBER(digest_count), 0, TDM_E_FORMAT, 152},
        {"2^32 digests", SAMPLE_PAIR, MEMBER(digest_count), 0x100000000, TDM_E_FORMAT, 152},
        {"no radio block beside its digests", SAMPLE_PAIR, MEMBER(radio.family), 0, TDM_E_FORMAT, 152},
        {"no host block beside its digest", SAMPLE_HOST, MEMBER(host.family), 0, TDM_E_FORMAT, 152},
    };
    size_t len;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample_manifest_make(&sample, rows[i].kind);
        assert_int_equal(read_sample(), TDM_OK);
        memcpy((uint8_t *)&m + rows[i].member, &rows[i].value,
               rows[i].size); /* little-endian, as all that build this */
        tdm_err err = write_into(sizeof written, &len);
        if (err != rows[i].err || (err != TDM_OK && fault.at != rows[i].at))
            fail_msg("%s: %d at %d (%s)", rows[i].name, err, (int)fault.at, fault.what);
        assert_int_equal(len == 0, err != TDM_OK);
    }
}

static void test_no_parts_at_all(void **state)
{
    size_t len;
    (void)state;
    sample_manifest_make(&sample, SAMPLE_HOST);
    assert_int_equal(read_sample(), TDM_OK);
    m.host.family = 0;
    m.digest_count = 0;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    assert_int_equal(fault.at, 152);
}

static void test_texts_without_end(void **state)
{
    size_t len;
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    assert_int_equal(read_sample(), TDM_OK);
    memset(m.pair_version + 10, 'x', sizeof m.pair_version - 10);
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    assert_int_equal(fault.at, 32);
    assert_int_equal(read_sample(), TDM_OK);
    memset(m.compatible + 11, 'x', sizeof m.compatible - 11);
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    assert_int_equal(fault.at, 64);
}

static void test_extensions_that_are_not_written(void **state)
{
    static const uint8_t critical[] = {1, 0x80, 0, 0}, label_again[] = {1, 0, 0, 0}, open_end[] = {3, 0, 2, 0, 1};
    static char long_text[65536];
    size_t len;
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    assert_int_equal(read_sample(), TDM_OK);
    m.label = long_text;
    m.label_len = sizeof long_text;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    m.label_len = sizeof long_text - 1;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_NO_ROOM);
    m.label_len = 0;
    m.notes_url_len = sizeof long_text;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    m.notes_url_len = 0;
    assert_int_equal(write_into(sizeof written, &len), TDM_OK);
    assert_int_equal(len, sample.len + 4);
    m.others = critical;
    m.others_len = sizeof critical;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_TOO_NEW);
    m.others = label_again;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    m.others = open_end;
    m.others_len = sizeof open_end;
    assert_int_equal(write_into(sizeof written, &len), TDM_E_FORMAT);
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_what_is_read_is_written),
        cmocka_unit_test(test_images_in_tests_data),
        cmocka_unit_test(test_bytes_behind_a_text_are_not_written),
        cmocka_unit_test(test_every_room),
        cmocka_unit_test(test_what_is_not_written),
        cmocka_unit_test(test_no_parts_at_all),
        cmocka_unit_test(test_texts_without_end),
        cmocka_unit_test(test_extensions_that_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
