/* SPDX-License-Identifier: Apache-2.0 */
/* The header table that the packer writes: the bytes of docs/FORMAT.md's example, and the parser's rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/image_header.h"
#include "image/image_writer.h"

/* As the existing packer wrote it for parts of 67, 24, 4000, 3072, 336 and 5000 bytes. */
static const uint8_t pair[84] = {
    0xff, 0,    0, 0, 0x54, 0, 0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0x43, 0, 0, 0, 0x54, 0,    0, 0, 1,    0,    0, 0,
    0x18, 0,    0, 0, 0x97, 0, 0, 0, 2,    0, 0, 0, 0xa0, 0x0f, 0, 0, 0xaf, 0, 0, 0, 3,    0,    0, 0, 0,    0x0c, 0, 0,
    0x4f, 0x10, 0, 0, 4,    0, 0, 0, 0x50, 1, 0, 0, 0x4f, 0x1c, 0, 0, 5,    0, 0, 0, 0x88, 0x13, 0, 0, 0x9f, 0x1d, 0, 0,
};

static const uint32_t sizes[IMAGE_PARTS_MAX] = {67, 24, 4000, 3072, 336, 5000};

static void test_pair_table(void **state)
{
    struct image_layout layout;
    struct tdm_fault fault;
    uint8_t table[IMAGE_HEADER_MAX];
    size_t len;
    (void)state;
    tdm_fault_clear(&fault);
    assert_int_equal(image_writer_plan(IMAGE_KIND_PAIR, sizes, &layout, &fault), TDM_OK);
    assert_int_equal(layout.total_size, 12583);
    assert_int_equal(layout.bundle_size, 7583);
    assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
    assert_int_equal(len, sizeof pair);
    assert_memory_equal(table, pair, sizeof pair);
    assert_int_equal(image_writer_table(&layout, table, sizeof table - 1, &len), TDM_E_BOUNDS);
}

static void test_radio_table(void **state)
{
    struct image_layout layout;
    struct tdm_fault fault;
    uint8_t table[IMAGE_HEADER_MAX];
    size_t len;
    (void)state;
    tdm_fault_clear(&fault);
    assert_int_equal(image_writer_plan(IMAGE_KIND_RADIO, sizes, &layout, &fault), TDM_OK);
    assert_int_equal(layout.total_size, 7571);
    assert_int_equal(layout.parts[4].offset, 0x1c43);
    assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
    assert_int_equal(len, 72);
    assert_int_equal(table[4], 72);
}

static void test_what_is_written_is_read(void **state)
{
    static const enum image_kind kinds[] = {IMAGE_KIND_RADIO, IMAGE_KIND_PAIR, IMAGE_KIND_HOST};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct image_layout layout, again;
        struct tdm_fault fault;
        uint8_t table[IMAGE_HEADER_MAX];
        size_t len;
        tdm_fault_clear(&fault);
        assert_int_equal(image_writer_plan(kinds[i], sizes, &layout, &fault), TDM_OK);
        assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
        assert_int_equal(image_header_begin(table, &again, &fault), TDM_OK);
        assert_int_equal(image_header_read(table, &again, &fault), TDM_OK);
        assert_int_equal(again.kind, layout.kind);
        assert_int_equal(again.total_size, layout.total_size);
        assert_memory_equal(again.parts, layout.parts, sizeof layout.parts);
    }
}

static void test_refused_plans(void **state)
{
    static const struct {
        uint32_t tag, size;
    } rows[] = {{0, 0}, {0, 4013}, {1, 32}, {2, 6}, {4, 0}, {5, 0}, {5, 0xffffffff}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct image_layout layout;
        struct tdm_fault fault;
        uint32_t changed[IMAGE_PARTS_MAX];
        memcpy(changed, sizes, sizeof changed);
        changed[rows[i].tag] = rows[i].size;
        tdm_fault_clear(&fault);
        assert_int_equal(image_writer_plan(IMAGE_KIND_PAIR, changed, &layout, &fault), TDM_E_FORMAT);
        assert_string_equal(fault.code, "bad_header");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_table),
        cmocka_unit_test(test_radio_table),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_refused_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
