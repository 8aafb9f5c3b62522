/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables: the one an RCP build has, as the vendor's generator writes it, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image/partition_table.h"

#define SIZE 3072

static const uint8_t rows[128] = {
    0xaa, 0x50, 1,    2,    0x00, 0x90, 0x00, 0x00, 0x00, 0x60, 0x00, 0x00, 'n',  'v',  's',  0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0xaa, 0x50, 1,    1,    0x00, 0xf0,
    0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 'p',  'h',  'y',  '_',  'i',  'n',  'i',  't',  0,    0,    0,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0xaa, 0x50, 0,    0,    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x10, 0x00,
    'f',  'a',  'c',  't',  'o',  'r',  'y',  0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0xeb, 0xeb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf4, 0xad,
    0x4f, 0x45, 0x38, 0x56, 0x4b, 0x5d, 0x74, 0x35, 0xb6, 0x2c, 0x75, 0xb6, 0x95, 0x24,
};

static uint8_t file[SIZE + 64];
static struct partition_table table;

static void usual(void)
{
    memset(file, 0xff, sizeof file);
    memcpy(file, rows, sizeof rows);
}

static tdm_err check(size_t len, size_t step, uint32_t wanted, uint32_t flash_size)
{
    tdm_err err = TDM_OK;
    partition_table_init(&table, wanted, flash_size);
    for (size_t at = 0; at < len && err == TDM_OK; at += step)
        err = partition_table_push(&table, file + at, len - at < step ? len - at : step);
    return err != TDM_OK ? err : partition_table_end(&table);
}

static void test_usual_table(void **state)
{
    (void)state;
    usual();
    for (size_t step = 1; step <= 100; step++) {
        assert_int_equal(check(SIZE, step, 0x10000, 0x200000), TDM_OK);
        assert_true(table.has_app);
        assert_string_equal(table.app.label, "factory");
        assert_int_equal(table.app.offset, 0x10000);
        assert_int_equal(table.app.size, 0x100000);
        assert_int_equal(table.partition_count, 3);
        assert_true(table.has_checksum);
    }
    assert_int_equal(check(SIZE, SIZE, 0x20000, 0x200000), TDM_OK);
    assert_false(table.has_app);
    assert_int_equal(check(SIZE, SIZE, 0x9000, 0x200000), TDM_OK); /* data, not app */
    assert_false(table.has_app);
}

static void test_every_byte_of_the_rows(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof rows; at++) {
        for (unsigned v = 0; v < 256; v++) {
            usual();
            file[at] = (uint8_t)v;
            tdm_err err = check(SIZE, 31, 0x10000, 0);
            bool is_free = at >= 98 && at < 112; /* filler of the checksum row: nobody reads it */
            assert_int_equal(err, v == rows[at] || is_free ? TDM_OK : TDM_E_FORMAT);
        }
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    usual();
    for (size_t len = 0; len < sizeof rows + 32; len++)
        assert_int_equal(check(len, 64, 0x10000, 0), TDM_E_FORMAT);
    assert_int_equal(check(sizeof rows + 32, 64, 0x10000, 0), TDM_OK);
}

static void test_without_checksum_row(void **state)
{
    (void)state;
    usual();
    memset(file + 96, 0xff, 32);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_OK);
    assert_false(table.has_checksum);
}

static void test_wrong_tables(void **state)
{
    (void)state;
    memset(file, 0xff, sizeof file);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_E_FORMAT); /* no partition */

    usual();
    assert_int_equal(check(SIZE, 64, 0x10000, 0x100000), TDM_E_FORMAT); /* ends beyond a flash of 1 MiB */
    assert_int_equal(table.fault.at, 68);

    for (size_t i = 0; i < 96; i++)
        memcpy(file + i * 32, rows + 64, 32);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_E_FORMAT); /* 96 rows, none the end */
    assert_string_equal(table.fault.what, "no end row within 96 rows");

    usual();
    memcpy(file + 128, rows + 96, 32);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_E_FORMAT);
    assert_string_equal(table.fault.what, "second checksum row");

    usual();
    memcpy(file + 128, rows + 64, 32);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_E_FORMAT);
    assert_string_equal(table.fault.what, "row behind the checksum row");
}

static void test_what_stands_behind_the_end(void **state)
{
    (void)state;
    usual();
    memset(file + 160, 0x33, SIZE - 160);
    assert_int_equal(check(SIZE, 64, 0x10000, 0), TDM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual_table),      cmocka_unit_test(test_every_byte_of_the_rows),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_without_checksum_row),
        cmocka_unit_test(test_wrong_tables),     cmocka_unit_test(test_what_stands_behind_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
