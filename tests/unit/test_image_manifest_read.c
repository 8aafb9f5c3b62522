/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a manifest: every field, and a row for each limit of checks M1, M2 and F1 to F5 in docs/FORMAT.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/manifest.h>

#include "support/sample_manifest.h"

static struct sample_manifest sample;
static struct manifest_frame frame;
static struct manifest m;
static struct tdm_fault fault;

/* Which stage refused: 'M' opening, 'G' the cells, 'F' the fields, 0 none. */
static char judge(void)
{
    uint8_t *exact = test_malloc(sample.len); /* its end is the sanitizer's */
    char stage = 0;

    memcpy(exact, sample.b, sample.len);
    tdm_fault_clear(&fault);
    if (manifest_open(exact, sample.len, sample.digests, &frame, &fault) != TDM_OK)
        stage = 'M';
    else if (manifest_check_cells(&frame, &fault) != TDM_OK)
        stage = 'G';
    else if (manifest_read(&frame, sample.has_radio, sample.has_host, &m, &fault) != TDM_OK)
        stage = 'F';
    test_free(exact);
    return stage;
}

static void expect(const char *name, const char *check, const char *code, size_t at)
{
    char stage = judge();
    tdm_err err = !code ? TDM_OK : strcmp(code, "too_new") == 0 ? TDM_E_TOO_NEW : TDM_E_FORMAT;

    if (stage != (code ? check[0] : 0) || fault.err != err || strcmp(fault.code, code ? code : "") != 0)
        fail_msg("%s %s: stage %c, %d, \"%s\" (%s)", check, name, stage ? stage : '-', fault.err, fault.code,
                 fault.what);
    if (code && fault.at != at)
        fail_msg("%s %s: at %d, not at %d", check, name, (int)fault.at, (int)at);
}

static void expect_side(const struct manifest_side *s, const uint16_t want[6])
{
    assert_int_equal(s->family, want[0]);
    assert_int_equal(s->chip, want[1]);
    assert_int_equal(s->revision_min, want[2]);
    assert_int_equal(s->revision_max, want[3]);
    assert_int_equal(s->api, want[4]);
    assert_int_equal(s->least_api, want[5]);
}

static void test_every_field(void **state)
{
    static const struct {
        enum sample_kind kind;
        uint32_t flash;
        uint16_t radio[6], host[6];
    } rows[] = {
        {SAMPLE_PAIR, 0x400000, {1, 13, 1, 2, 9, 5}, {1, 9, 3, 104, 8, 7}},
        {SAMPLE_RADIO, 0x400000, {1, 13, 1, 2, 9, 5}, {0}},
        {SAMPLE_HOST, 0, {0}, {1, 9, 3, 104, 8, 7}},
        {SAMPLE_OPAQUE_PAIR, 0x400000, {1, 13, 1, 2, 9, 5}, {2, 0, 0, 0, 8, 7}},
    };
    (void)state;
    for (size_t i = 0; i < SAMPLE_KINDS; i++) {
        sample_manifest_make(&sample, rows[i].kind);
        sample_manifest_sign(&sample, 0, 7, 8, 9);
        tdm_fault_clear(&fault);
        assert_int_equal(manifest_open(sample.b, sample.len, sample.digests, &frame, &fault), TDM_OK);
        assert_int_equal(frame.signed_len, sample.cells_at);
        assert_int_equal(frame.cell_count, 2);
        assert_int_equal(manifest_check_cells(&frame, &fault), TDM_OK);
        assert_int_equal(frame.used_cells, 1);
        assert_int_equal(manifest_read(&frame, sample.has_radio, sample.has_host, &m, &fault), TDM_OK);
        assert_int_equal(m.cell_count, 2);
        assert_true(m.issued == 1700000000 && m.expires == 1800000000);
        assert_int_equal(m.counter, 41);
        assert_int_equal(m.least_flash, rows[i].flash);
        assert_string_equal(m.pair_version, "2.3.4-rc.1");
        assert_string_equal(m.compatible, "acme,gate-1");
        expect_side(&m.radio, rows[i].radio);
        expect_side(&m.host, rows[i].host);
        assert_int_equal(m.digest_count, sample.digests);
        for (size_t d = 0; d < sample.digests; d++) {
            assert_int_equal(m.digests[d][0], 0xa0 + d);
            assert_int_equal(m.digests[d][31], 0xa0 + d);
        }
        assert_null(m.label);
        assert_null(m.notes_url);
        assert_null(m.others);
    }
}

#define BAD  "bad_manifest"
#define NEW  "too_new"
#define FINE NULL

struct row {
    const char *check, *name;
    enum sample_kind kind;
    size_t at, size; /* the field that is set, before it is read */
    uint64_t value;
    const char *code;
    size_t fault_at;
};

static const struct row rows[] = {
    {"M1", "magic of a key set", SAMPLE_PAIR, 0, 4, 0x4b44549a, BAD, 0},
    {"M1", "other bytes behind the NUL", SAMPLE_PAIR, 0, 4, 0, BAD, 0},
    {"M1", "format 0", SAMPLE_PAIR, 4, 2, 0, BAD, 4},
    {"M1", "format 2", SAMPLE_PAIR, 4, 2, 2, NEW, 4},
    {"M1", "format 256", SAMPLE_PAIR, 4, 2, 256, NEW, 4},
    {"M1", "format 65535", SAMPLE_PAIR, 4, 2, 65535, NEW, 4},
    {"M2", "reserved 1", SAMPLE_PAIR, 7, 1, 1, BAD, 7},
    {"M2", "reserved 255", SAMPLE_PAIR, 7, 1, 255, BAD, 7},
    {"M2", "no cells", SAMPLE_PAIR, 6, 1, 0, BAD, 6},
    {"M2", "9 cells", SAMPLE_PAIR, 6, 1, 9, BAD, 6},
    {"M2", "255 cells", SAMPLE_PAIR, 6, 1, 255, BAD, 6},
    {"M2", "one cell more than fits", SAMPLE_PAIR, 6, 1, 3, BAD, 6},

    {"F1", "counter 0", SAMPLE_PAIR, 24, 4, 0, FINE, 0},
    {"F1", "counter at its limit", SAMPLE_PAIR, 24, 4, 2147483647, FINE, 0},
    {"F1", "counter one past", SAMPLE_PAIR, 24, 4, 2147483648, BAD, 24},
    {"F1", "counter 2^32-1", SAMPLE_PAIR, 24, 4, 0xffffffff, BAD, 24},
    {"F1", "issued 1", SAMPLE_PAIR, 8, 8, 1, FINE, 0},
    {"F1", "issued just before expiry", SAMPLE_PAIR, 8, 8, 1799999999, FINE, 0},
    {"F1", "issued at expiry", SAMPLE_PAIR, 8, 8, 1800000000, BAD, 16},
    {"F1", "issued after expiry", SAMPLE_PAIR, 8, 8, 1800000001, BAD, 16},
    {"F1", "expires without issued", SAMPLE_PAIR, 8, 8, 0, BAD, 16},
    {"F1", "issued past the last year", SAMPLE_PAIR, 8, 8, 253402300800, BAD, 8},
    {"F1", "issued 2^64-1", SAMPLE_PAIR, 8, 8, UINT64_MAX, BAD, 8},
    {"F1", "never expires", SAMPLE_PAIR, 16, 8, 0, FINE, 0},
    {"F1", "expires at the limit", SAMPLE_PAIR, 16, 8, 253402300799, FINE, 0},
    {"F1", "expires one past", SAMPLE_PAIR, 16, 8, 253402300800, BAD, 16},
    {"F1", "expires 2^64-1", SAMPLE_PAIR, 16, 8, UINT64_MAX, BAD, 16},
    {"F1", "expires one after issued", SAMPLE_PAIR, 16, 8, 1700000001, FINE, 0},
    {"F1", "expires 1", SAMPLE_PAIR, 16, 8, 1, BAD, 16},

    {"F3", "no radio block beside radio parts", SAMPLE_PAIR, 128, 2, 0, BAD, 128},
    {"F3", "the same, radio only", SAMPLE_RADIO, 128, 2, 0, BAD, 128},
    {"F3", "radio family 2", SAMPLE_PAIR, 128, 2, 2, NEW, 128},
    {"F3", "radio family 65535", SAMPLE_PAIR, 128, 2, 65535, NEW, 128},
    {"F3", "radio family beside no radio parts", SAMPLE_HOST, 128, 2, 1, BAD, 128},
    {"F3", "radio chip beside no radio parts", SAMPLE_HOST, 130, 2, 13, BAD, 128},
    {"F3", "least revision beside no radio parts", SAMPLE_HOST, 132, 2, 1, BAD, 128},
    {"F3", "greatest revision beside no radio parts", SAMPLE_HOST, 134, 2, 65535, BAD, 128},
    {"F3", "radio API beside no radio parts", SAMPLE_HOST, 136, 2, 1, BAD, 128},
    {"F3", "least host API beside no radio parts", SAMPLE_HOST, 138, 2, 1, BAD, 128},
    {"F3", "flash size beside no radio parts", SAMPLE_HOST, 28, 4, 4096, BAD, 28},
    {"F3", "any radio chip", SAMPLE_PAIR, 130, 2, 65535, FINE, 0},
    {"F3", "radio chip 0", SAMPLE_PAIR, 130, 2, 0, FINE, 0},
    {"F3", "revisions 2 to 2", SAMPLE_PAIR, 132, 2, 2, FINE, 0},
    {"F3", "revisions 3 to 2", SAMPLE_PAIR, 132, 2, 3, BAD, 132},
    {"F3", "revisions 1 to 0", SAMPLE_PAIR, 134, 2, 0, BAD, 132},
    {"F3", "no greatest revision", SAMPLE_PAIR, 134, 2, 65535, FINE, 0},
    {"F3", "radio API 0", SAMPLE_PAIR, 136, 2, 0, BAD, 136},
    {"F3", "radio API is the least", SAMPLE_PAIR, 136, 2, 5, FINE, 0},
    {"F3", "radio API below its least", SAMPLE_PAIR, 136, 2, 4, BAD, 138},
    {"F3", "radio API 65535", SAMPLE_PAIR, 136, 2, 65535, FINE, 0},
    {"F3", "least host API 0", SAMPLE_PAIR, 138, 2, 0, BAD, 138},
    {"F3", "least host API 1", SAMPLE_PAIR, 138, 2, 1, FINE, 0},
    {"F3", "least host API 65535", SAMPLE_PAIR, 138, 2, 65535, BAD, 138},
    {"F3", "flash size 0", SAMPLE_PAIR, 28, 4, 0, BAD, 28},
    {"F3", "flash size 1", SAMPLE_PAIR, 28, 4, 1, BAD, 28},
    {"F3", "flash size 2048", SAMPLE_PAIR, 28, 4, 2048, BAD, 28},
    {"F3", "flash size 6144", SAMPLE_PAIR, 28, 4, 6144, BAD, 28},
    {"F3", "flash size 4095", SAMPLE_PAIR, 28, 4, 4095, BAD, 28},
    {"F3", "flash size 4096", SAMPLE_PAIR, 28, 4, 4096, FINE, 0},
    {"F3", "flash size 4097", SAMPLE_PAIR, 28, 4, 4097, BAD, 28},
    {"F3", "greatest flash size", SAMPLE_PAIR, 28, 4, 0xfffff000, FINE, 0},
    {"F3", "flash size 2^32-1", SAMPLE_PAIR, 28, 4, 0xffffffff, BAD, 28},

    {"F4", "no host block beside a host part", SAMPLE_PAIR, 140, 2, 0, BAD, 140},
    {"F4", "the same, host only", SAMPLE_HOST, 140, 2, 0, BAD, 140},
    {"F4", "host family 3", SAMPLE_PAIR, 140, 2, 3, NEW, 140},
    {"F4", "host family 65535", SAMPLE_HOST, 140, 2, 65535, NEW, 140},
    {"F4", "host family beside no host part", SAMPLE_RADIO, 140, 2, 2, BAD, 140},
    {"F4", "host chip beside no host part", SAMPLE_RADIO, 142, 2, 9, BAD, 140},
    {"F4", "least revision beside no host part", SAMPLE_RADIO, 144, 2, 1, BAD, 140},
    {"F4", "greatest revision beside no host part", SAMPLE_RADIO, 146, 2, 1, BAD, 140},
    {"F4", "host API beside no host part", SAMPLE_RADIO, 148, 2, 1, BAD, 140},
    {"F4", "least radio API beside no host part", SAMPLE_RADIO, 150, 2, 1, BAD, 140},
    {"F4", "chip of an opaque host", SAMPLE_OPAQUE_PAIR, 142, 2, 9, BAD, 142},
    {"F4", "greatest revision of an opaque host", SAMPLE_OPAQUE_PAIR, 146, 2, 65535, BAD, 144},
    {"F4", "both revisions of an opaque host", SAMPLE_OPAQUE_PAIR, 144, 4, 0x00010001, BAD, 144},
    {"F4", "API of an opaque host", SAMPLE_OPAQUE_PAIR, 148, 2, 0, BAD, 148},
    {"F4", "host chip becomes opaque", SAMPLE_PAIR, 140, 2, 2, BAD, 142},
    {"F4", "revisions 104 to 104", SAMPLE_PAIR, 144, 2, 104, FINE, 0},
    {"F4", "revisions 105 to 104", SAMPLE_PAIR, 144, 2, 105, BAD, 144},
    {"F4", "host API 0", SAMPLE_HOST, 148, 2, 0, BAD, 148},
    {"F4", "host API is the least", SAMPLE_PAIR, 148, 2, 7, FINE, 0},
    {"F4", "host API below its least", SAMPLE_PAIR, 148, 2, 6, BAD, 150},
    {"F4", "least radio API 0", SAMPLE_PAIR, 150, 2, 0, BAD, 150},
    {"F4", "least radio API one past", SAMPLE_PAIR, 150, 2, 9, BAD, 150},
};

static void test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample_manifest_make(&sample, rows[i].kind);
        sample_manifest_set(&sample, rows[i].at, rows[i].size, rows[i].value);
        expect(rows[i].name, rows[i].check, rows[i].code, rows[i].fault_at);
    }
}

/* The first wrong thing in the order of the checks is the answer, wherever it lies. */
static void test_order_of_checks(void **state)
{
    static const struct {
        size_t at;
        const char *check;
        const char *code;
    } wrongs[] = {{140, "F4", NEW}, {128, "F3", NEW}, {64, "F2", BAD}, {32, "F2", BAD},
                  {27, "F1", BAD},  {7, "M2", BAD},   {4, "M1", NEW},  {0, "M1", BAD}};
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    sample_manifest_insert(&sample, "stray", 5);
    expect("stray bytes", "F5", BAD, 312);
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        sample.b[wrongs[i].at] = 0xff;
        expect("the earlier check", wrongs[i].check, wrongs[i].code, wrongs[i].at == 27 ? 24 : wrongs[i].at);
    }
}

#define X30 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *name;
    size_t at, size;
    const char *text;
    const char *code;
} texts[] = {
    {"shortest version", 32, 32, "0.0.0", FINE},
    {"31 bytes", 32, 32, "1.4.0-abcdefghijklmnopqrstuvwxy", FINE},
    {"32 bytes: no end", 32, 32, "1.4.0-abcdefghijklmnopqrstuvwxyz", BAD},
    {"no version", 32, 32, "", BAD},
    {"two numbers", 32, 32, "1.4", BAD},
    {"leading zero", 32, 32, "01.4.0", BAD},
    {"build part", 32, 32, "1.4.0+x", BAD},
    {"leading zero in the pre-release", 32, 32, "1.4.0-01", BAD},
    {"number too large", 32, 32, "1000000000.0.0", BAD},
    {"shortest compatible", 64, 64, "a,b", FINE},
    {"digits first", 64, 64, "0,9", FINE},
    {"every other byte", 64, 64, "a._-z0,b._-z9", FINE},
    {"63 bytes", 64, 64, "v," X30 X30 "x", FINE},
    {"64 bytes: no end", 64, 64, "v," X30 X30 "xx", BAD},
    {"no compatible", 64, 64, "", BAD},
    {"capitals", 64, 64, "Acme,gate", BAD},
    {"capital board", 64, 64, "acme,Gate", BAD},
    {"no comma", 64, 64, "acme-gate", BAD},
    {"another sign for the comma", 64, 64, "acme+gate", BAD},
    {"two commas", 64, 64, "acme,gate,1", BAD},
    {"no vendor", 64, 64, ",gate", BAD},
    {"no board", 64, 64, "acme,", BAD},
    {"pattern", 64, 64, "*", BAD},
    {"pattern as board", 64, 64, "acme,*", BAD},
    {"vendor begins with a dot", 64, 64, ".acme,gate", BAD},
    {"board begins with a dash", 64, 64, "acme,-gate", BAD},
    {"board begins with a low line", 64, 64, "acme,_gate", BAD},
    {"space", 64, 64, "acme, gate", BAD},
    {"beyond ASCII", 64, 64, "acme,g\xc3\xa4te", BAD},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sample_manifest_make(&sample, SAMPLE_PAIR);
        sample_manifest_text(&sample, texts[i].at, texts[i].size, texts[i].text);
        expect(texts[i].name, "F2", texts[i].code, texts[i].at);
    }
}

/* What follows the field would end the text: without radio parts it is a zero. */
static void test_text_as_long_as_its_field(void **state)
{
    (void)state;
    sample_manifest_make(&sample, SAMPLE_HOST);
    sample_manifest_text(&sample, 64, 64, "v," X30 X30 "xx");
    expect("64 bytes: no end", "F2", BAD, 64);
}

/* No byte may hide behind a text's end. */
static void test_zero_fill(void **state)
{
    (void)state;
    for (size_t at = 32; at < 128; at++) {
        size_t field = at < 64 ? 32 : 64, nul = at < 64 ? 32 + 10 : 64 + 11;
        if (at <= nul)
            continue; /* the text itself, and what would make it one byte longer */
        sample_manifest_make(&sample, SAMPLE_PAIR);
        sample.b[at] = 'x';
        expect("byte behind the end", "F2", BAD, field);
    }
}

#define EXTENSION(bytes) bytes, sizeof bytes - 1

static const struct {
    const char *name, *bytes;
    size_t len;
    const char *code;
    size_t at;
} extensions[] = {
    {"none", EXTENSION(""), FINE, 0},
    {"label", EXTENSION("\1\0\5\0label"), FINE, 0},
    {"empty label", EXTENSION("\1\0\0\0"), FINE, 0},
    {"label, URL", EXTENSION("\1\0\1\0a\2\0\2\0bc"), FINE, 0},
    {"unknown, may be ignored", EXTENSION("\3\0\1\0a"), FINE, 0},
    {"highest that may be ignored", EXTENSION("\377\177\1\0a"), FINE, 0},
    {"one stray byte", EXTENSION("\1"), BAD, 312},
    {"three stray bytes", EXTENSION("\1\0\0"), BAD, 312},
    {"stray bytes behind a label", EXTENSION("\1\0\1\0axyz"), BAD, 317},
    {"one byte too long", EXTENSION("\1\0\2\0a"), BAD, 312},
    {"length 65535", EXTENSION("\1\0\377\377a"), BAD, 312},
    {"second too long", EXTENSION("\1\0\1\0a\2\0\1\0"), BAD, 317},
    {"type 0", EXTENSION("\0\0\1\0a"), BAD, 312},
    {"zeros", EXTENSION("\0\0\0\0"), BAD, 312},
    {"equal types", EXTENSION("\1\0\1\0a\1\0\1\0b"), BAD, 317},
    {"falling types", EXTENSION("\2\0\1\0a\1\0\1\0b"), BAD, 317},
    {"unknown critical", EXTENSION("\1\200\1\0a"), NEW, 312},
    {"lowest critical", EXTENSION("\0\200\0\0"), NEW, 312},
    {"highest critical behind a label", EXTENSION("\1\0\1\0a\377\377\0\0"), NEW, 317},
    {"critical past the end", EXTENSION("\1\200\2\0a"), BAD, 312},
};

static void test_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        sample_manifest_make(&sample, SAMPLE_PAIR);
        sample_manifest_insert(&sample, extensions[i].bytes, extensions[i].len);
        expect(extensions[i].name, "F5", extensions[i].code, extensions[i].at);
    }
}

static void test_texts_of_extensions(void **state)
{
    static const char three[] = "\1\0\2\0ab\2\0\3\0xyz\3\0\1\0q\11\0\0\0";
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    sample_manifest_insert(&sample, three, sizeof three - 1);
    tdm_fault_clear(&fault);
    assert_int_equal(manifest_open(sample.b, sample.len, sample.digests, &frame, &fault), TDM_OK);
    assert_int_equal(manifest_read(&frame, true, true, &m, &fault), TDM_OK);
    assert_ptr_equal(m.label, sample.b + 316);
    assert_int_equal(m.label_len, 2);
    assert_ptr_equal(m.notes_url, sample.b + 322);
    assert_int_equal(m.notes_url_len, 3);
    assert_ptr_equal(m.others, sample.b + 325);
    assert_int_equal(m.others_len, 9);
}

/* The parser refuses what is too short before (check T3); the codec does not rely on it. */
static void test_every_length(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < SAMPLE_KINDS; kind++) {
        sample_manifest_make(&sample, (enum sample_kind)kind);
        size_t whole = sample.len;
        for (sample.len = 0; sample.len < whole; sample.len++)
            expect("cut short", "M2", BAD, sample.len < whole - 80 ? 0 : 6);
        for (size_t more = 1; more < 4; more++) {
            sample.len = whole + more; /* the cells begin later: what was cell is extension now */
            expect("stray bytes before the cells", "F5", BAD, sample.cells_at);
        }
    }
}

static void test_impossible_counts(void **state)
{
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    tdm_fault_clear(&fault);
    assert_int_equal(manifest_open(sample.b, sample.len, 0, &frame, &fault), TDM_E_BUG);
    tdm_fault_clear(&fault);
    assert_int_equal(manifest_open(sample.b, sample.len, 6, &frame, &fault), TDM_E_BUG);
}

/* 8 cells and as many extensions as a front has room for. */
static void test_largest(void **state)
{
    static uint8_t extension[4096] = {1, 0};
    size_t len = 4096 - 84 - 2 - 152 - 160 - 8 * 80; /* beside a text of one byte and its NUL */
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    extension[2] = (uint8_t)(len - 4);
    extension[3] = (uint8_t)((len - 4) >> 8);
    sample_manifest_insert(&sample, extension, len);
    sample.len += 6 * 80;
    sample.b[6] = 8;
    expect("largest", "F5", FINE, 0);
    assert_int_equal(m.label_len, len - 4);
    assert_int_equal(frame.cell_count, 8);
    sample.len += 80;
    sample.b[6] = 9;
    expect("9 cells, with room for them", "M2", BAD, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_order_of_checks),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_zero_fill),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_texts_of_extensions),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_text_as_long_as_its_field),
        cmocka_unit_test(test_impossible_counts),
        cmocka_unit_test(test_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
