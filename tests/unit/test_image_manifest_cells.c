/* SPDX-License-Identifier: Apache-2.0 */
/* Signature cells: their one form (check G1 of docs/FORMAT.md), and how one more finds its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/manifest.h>

#include "support/sample_manifest.h"

#define CELL 80

static struct sample_manifest sample;
static struct manifest_frame frame;
static struct tdm_fault fault;

/* The order n of P-256 (SEC 2, 2.4.2), and around it. */
static const uint8_t n[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                              0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                              0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t half[32] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0,    0,    0,    0x7f, 0xff, 0xff,
                                 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b,
                                 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

/* number: 'n', 'h' (half), or a byte that is repeated; then `last` is added to the last byte. */
static void number(uint8_t out[32], int what, int last)
{
    if (what == 'n' || what == 'h')
        memcpy(out, what == 'n' ? n : half, 32);
    else
        memset(out, what, 32);
    out[31] = (uint8_t)(out[31] + last);
}

static tdm_err check(void)
{
    tdm_fault_clear(&fault);
    assert_int_equal(manifest_open(sample.b, sample.len, sample.digests, &frame, &fault), TDM_OK);
    return manifest_check_cells(&frame, &fault);
}

static void expect(const char *name, const char *code, size_t at)
{
    tdm_err err = check();

    if (err != (code ? TDM_E_FORMAT : TDM_OK) || strcmp(fault.code, code ? code : "") != 0)
        fail_msg("G1 %s: %d \"%s\" (%s)", name, err, fault.code, fault.what);
    if (code && fault.at != at)
        fail_msg("G1 %s: at %d, not at %d", name, (int)fault.at, (int)at);
}

static const struct {
    const char *name;
    int r, r_last, s, s_last;
    size_t wrong; /* offset in the cell, 0: fine */
} numbers[] = {
    {"r 1, s 1", 0, 1, 0, 1, 0},      {"r 0", 0, 0, 1, 0, 16},
    {"r n-1", 'n', -1, 1, 0, 0},      {"r n", 'n', 0, 1, 0, 16},
    {"r n+1", 'n', 1, 1, 0, 16},      {"r 2^256-1", 0xff, 0, 1, 0, 16},
    {"s 0", 1, 0, 0, 0, 48},          {"s n/2-1", 1, 0, 'h', -1, 0},
    {"s n/2", 1, 0, 'h', 0, 0},       {"s n/2+1: the high one of two", 1, 0, 'h', 1, 48},
    {"s n-1", 1, 0, 'n', -1, 48},     {"s n", 1, 0, 'n', 0, 48},
    {"s 2^256-1", 1, 0, 0xff, 0, 48},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        bool is_wrong = numbers[i].wrong != 0;
        sample_manifest_make(&sample, SAMPLE_OPAQUE_PAIR);
        sample_manifest_sign(&sample, 0, 5, 1, 1);
        number(sample.b + sample.cells_at + 16, numbers[i].r, numbers[i].r_last);
        number(sample.b + sample.cells_at + 48, numbers[i].s, numbers[i].s_last);
        expect(numbers[i].name, is_wrong ? "bad_cells" : NULL, sample.cells_at + numbers[i].wrong);
        sample.b[sample.cells_at + 8] = 2; /* of an algorithm not known here nothing is looked at */
        expect("the same of algorithm 2", NULL, 0);
    }
}

/* Bytes of two cells that are set after cell 0 was signed by key 5 and, where it says so, cell 1 by another. */
static const struct {
    const char *name;
    uint8_t key_1; /* 0: cell 1 stays blank */
    size_t at, len;
    uint8_t value;
    const char *code;
    size_t fault_at;
} forms[] = {
    {"one used", 0, 0, 0, 0, NULL, 0},
    {"two used, rising", 6, 0, 0, 0, NULL, 0},
    {"rising by its last byte", 5, CELL + 7, 1, 6, NULL, 0},
    {"falling by its last byte", 5, CELL + 7, 1, 4, "bad_cells", CELL},
    {"ids compare as bytes without sign", 0xff, 0, 0, 0, NULL, 0},
    {"two of one key", 5, 0, 0, 0, "bad_cells", CELL},
    {"two of one key, other algorithm", 5, CELL + 8, 1, 2, "bad_cells", CELL},
    {"falling", 4, 0, 0, 0, "bad_cells", CELL},
    {"both blank", 0, 0, CELL, 0, NULL, 0},
    {"blank one first", 6, 0, CELL, 0, "bad_cells", CELL},
    {"key id zero", 0, 0, 8, 0, "bad_cells", 0},
    {"key id 1", 0, 0, 7, 0, NULL, 0},
    {"algorithm 0", 0, 8, 2, 0, "bad_cells", 8},
    {"algorithm 65535", 0, 8, 2, 255, NULL, 0},
    {"first reserved byte", 0, 10, 1, 1, "bad_cells", 10},
    {"last reserved byte", 0, 15, 1, 1, "bad_cells", 10},
    {"reserved bytes of another algorithm", 0, 9, 2, 1, "bad_cells", 10},
    {"algorithm without key id", 0, CELL + 8, 1, 1, "bad_cells", CELL},
    {"byte hidden in a blank cell's reserved field", 0, CELL + 12, 1, 1, "bad_cells", CELL},
    {"byte hidden in a blank cell's end", 0, CELL + 79, 1, 1, "bad_cells", CELL},
    {"key id and nothing else", 0, CELL, 8, 7, "bad_cells", CELL + 8},
};

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        sample_manifest_make(&sample, SAMPLE_RADIO);
        sample_manifest_sign(&sample, 0, 5, 1, 1);
        if (forms[i].key_1 != 0)
            sample_manifest_sign(&sample, 1, forms[i].key_1, 1, 1);
        memset(sample.b + sample.cells_at + forms[i].at, forms[i].value, forms[i].len);
        expect(forms[i].name, forms[i].code, sample.cells_at + forms[i].fault_at);
    }
}

static void test_algorithm_is_16_bits(void **state)
{
    (void)state;
    sample_manifest_make(&sample, SAMPLE_RADIO);
    sample_manifest_sign(&sample, 0, 5, 0, 0);
    expect("r 0", "bad_cells", sample.cells_at + 16);
    sample_manifest_set(&sample, sample.cells_at + 8, 2, 0x0100);
    expect("algorithm 0100h", NULL, 0);
}

static void test_used_cells_are_given(void **state)
{
    struct manifest_cell cell;
    (void)state;
    sample_manifest_make(&sample, SAMPLE_HOST);
    sample_manifest_sign(&sample, 0, 5, 0x11, 0x22);
    sample_manifest_sign(&sample, 1, 6, 0x33, 0x44);
    sample_manifest_set(&sample, sample.cells_at + CELL + 8, 2, 0x0203);
    assert_int_equal(check(), TDM_OK);
    assert_int_equal(frame.used_cells, 2);
    manifest_cell_get(&frame, 1, &cell);
    assert_memory_equal(cell.key_id, "\6\6\6\6\6\6\6\6", 8);
    assert_int_equal(cell.algorithm, 0x0203);
    assert_int_equal(cell.signature[0], 0x33);
    assert_int_equal(cell.signature[31], 0x33);
    assert_int_equal(cell.signature[32], 0x44);
    assert_int_equal(cell.signature[63], 0x44);
    memset(sample.b + sample.len, 0xee, CELL);
    manifest_cell_get(&frame, 2, &cell);
    assert_memory_equal(cell.key_id, "\0\0\0\0\0\0\0\0", 8);
}

static struct manifest_cell cell_of(uint8_t key)
{
    struct manifest_cell cell = {.algorithm = 1};
    memset(cell.key_id, key, sizeof cell.key_id);
    memset(cell.signature, key, sizeof cell.signature);
    return cell;
}

static tdm_err add(const struct manifest_cell *cell)
{
    tdm_fault_clear(&fault);
    return manifest_add_cell(sample.b, sample.len, sample.digests, cell, &fault);
}

/* Every order in which four keys may sign gives the same bytes. */
static void test_order_of_signing_leaves_no_trace(void **state)
{
    static const uint8_t keys[4] = {0x11, 0x22, 0x33, 0x44};
    uint8_t want[4 * CELL];
    (void)state;
    for (int order = 0; order < 256; order++) {
        int picks[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
        if ((1 << picks[0] | 1 << picks[1] | 1 << picks[2] | 1 << picks[3]) != 15)
            continue;
        sample_manifest_make(&sample, SAMPLE_PAIR);
        sample.b[6] = 4;
        sample.len += 2 * CELL;
        for (int i = 0; i < 4; i++) {
            struct manifest_cell cell = cell_of(keys[picks[i]]);
            assert_int_equal(add(&cell), TDM_OK);
            assert_int_equal(check(), TDM_OK);
            assert_int_equal(frame.used_cells, i + 1);
        }
        for (int i = 0; i < 4; i++)
            sample_manifest_sign(&sample, 4 + (size_t)i, keys[i], keys[i], keys[i]); /* what it must be, behind it */
        memcpy(want, sample.b + sample.cells_at + sizeof want, sizeof want);
        assert_memory_equal(sample.b + sample.cells_at, want, sizeof want);
    }
}

static void test_high_s_is_turned_low(void **state)
{
    /* RFC 6979, A.2.5, SHA-256, "sample": its s is above n / 2. The difference was computed with Python. */
    static const uint8_t high[32] = {0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7,
                                     0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf,
                                     0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};
    static const uint8_t low[32] = {0x08, 0x34, 0xe3, 0x6a, 0xd2, 0x9a, 0x83, 0xbf, 0x2b, 0xc9, 0x38,
                                    0x5e, 0x49, 0x1d, 0x60, 0x99, 0xc8, 0xfd, 0xf9, 0xd1, 0xed, 0x67,
                                    0xaa, 0x7e, 0xa5, 0xf5, 0x1f, 0x93, 0x78, 0x28, 0x57, 0xa9};
    struct manifest_cell cell = cell_of(0x11);
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    memcpy(cell.signature + 32, high, 32);
    assert_int_equal(add(&cell), TDM_OK);
    assert_memory_equal(sample.b + sample.cells_at + 48, low, 32);
    cell = cell_of(0x22);
    number(cell.signature + 32, 'n', -1);
    assert_int_equal(add(&cell), TDM_OK);
    number(cell.signature + 32, 0, 1);
    assert_memory_equal(sample.b + sample.cells_at + CELL + 48, cell.signature + 32, 32);
}

static void test_half_of_n_stays(void **state)
{
    struct manifest_cell cell = cell_of(0x11);
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    number(cell.signature + 32, 'h', 0);
    assert_int_equal(add(&cell), TDM_OK);
    assert_memory_equal(sample.b + sample.cells_at + 48, half, 32);
    cell = cell_of(0x22);
    number(cell.signature + 32, 'h', 1); /* n is odd, so n minus this is the half again */
    assert_int_equal(add(&cell), TDM_OK);
    assert_memory_equal(sample.b + sample.cells_at + CELL + 48, half, 32);
}

static void test_an_unknown_algorithm_is_placed_as_it_is(void **state)
{
    struct manifest_cell cell = cell_of(0xff);
    (void)state;
    cell.algorithm = 9;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    assert_int_equal(add(&cell), TDM_OK);
    assert_memory_equal(sample.b + sample.cells_at + 16, cell.signature, 64);
    assert_int_equal(check(), TDM_OK);
}

/* What is refused changes no byte. */
static void test_refused_cells(void **state)
{
    static const struct {
        const char *name;
        uint8_t key, algorithm;
        int r, r_last, s, s_last;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"signed already", 0x22, 1, 1, 0, 1, 0, TDM_E_STATE, "already_signed"},
        {"signed already, other algorithm", 0x22, 2, 1, 0, 1, 0, TDM_E_STATE, "already_signed"},
        {"no key id", 0, 1, 1, 0, 1, 0, TDM_E_FORMAT, "bad_cells"},
        {"blank", 0, 0, 0, 0, 0, 0, TDM_E_FORMAT, "bad_cells"},
        {"algorithm 0", 0x11, 0, 1, 0, 1, 0, TDM_E_FORMAT, "bad_cells"},
        {"r 0", 0x11, 1, 0, 0, 1, 0, TDM_E_FORMAT, "bad_cells"},
        {"r n", 0x11, 1, 'n', 0, 1, 0, TDM_E_FORMAT, "bad_cells"},
        {"s 0", 0x11, 1, 1, 0, 0, 0, TDM_E_FORMAT, "bad_cells"},
        {"s n", 0x11, 1, 1, 0, 'n', 0, TDM_E_FORMAT, "bad_cells"},
        {"s 2^256-1", 0x11, 1, 1, 0, 0xff, 0, TDM_E_FORMAT, "bad_cells"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample_manifest before;
        struct manifest_cell cell = cell_of(rows[i].key);
        cell.algorithm = rows[i].algorithm;
        number(cell.signature, rows[i].r, rows[i].r_last);
        number(cell.signature + 32, rows[i].s, rows[i].s_last);
        sample_manifest_make(&sample, SAMPLE_PAIR);
        sample_manifest_sign(&sample, 0, 0x22, 1, 1);
        before = sample;
        if (add(&cell) != rows[i].err || strcmp(fault.code, rows[i].code) != 0)
            fail_msg("%s: %d \"%s\"", rows[i].name, fault.err, fault.code);
        assert_memory_equal(&before, &sample, sizeof before);
    }
}

static void test_no_free_cell(void **state)
{
    struct manifest_cell cell = cell_of(0x33);
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    sample_manifest_sign(&sample, 0, 0x22, 1, 1);
    sample_manifest_sign(&sample, 1, 0x44, 1, 1);
    assert_int_equal(add(&cell), TDM_E_STATE);
    assert_string_equal(fault.code, "no_free_cell");
    cell = cell_of(0x44);
    assert_int_equal(add(&cell), TDM_E_STATE);
    assert_string_equal(fault.code, "already_signed");
}

static void test_a_wrong_manifest_is_not_signed(void **state)
{
    struct manifest_cell cell = cell_of(0x33);
    (void)state;
    sample_manifest_make(&sample, SAMPLE_PAIR);
    sample.b[0] = 0;
    assert_int_equal(add(&cell), TDM_E_FORMAT);
    assert_string_equal(fault.code, "bad_manifest");
    sample_manifest_make(&sample, SAMPLE_PAIR);
    sample.b[sample.cells_at + 9] = 1;
    assert_int_equal(add(&cell), TDM_E_FORMAT);
    assert_string_equal(fault.code, "bad_cells");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_algorithm_is_16_bits),
        cmocka_unit_test(test_used_cells_are_given),
        cmocka_unit_test(test_order_of_signing_leaves_no_trace),
        cmocka_unit_test(test_high_s_is_turned_low),
        cmocka_unit_test(test_half_of_n_stays),
        cmocka_unit_test(test_an_unknown_algorithm_is_placed_as_it_is),
        cmocka_unit_test(test_refused_cells),
        cmocka_unit_test(test_no_free_cell),
        cmocka_unit_test(test_a_wrong_manifest_is_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
