/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/err.h>

#include "base/bytes.h"

static const uint8_t sample[15] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                   0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};

static void test_reads_little_endian_in_order(void **state)
{
    (void)state;
    struct bytes_reader r = bytes_reader_on(sample, sizeof sample);

    assert_int_equal(bytes_get_u8(&r), 0x01);
    assert_int_equal(bytes_get_le16(&r), 0x0302);
    assert_int_equal(bytes_get_le32(&r), 0x07060504u);
    assert_true(bytes_get_le64(&r) == 0x0f0e0d0c0b0a0908u);
    assert_int_equal(bytes_left(&r), 0);
    assert_true(r.ok);
}

/* Every read, at every length that is too short for it, gives 0 and stays not ok, also for reads that would fit. */
static void test_a_read_past_the_end_is_sticky(void **state)
{
    (void)state;
    for (size_t len = 0; len < 8; len++) {
        struct bytes_reader r = bytes_reader_on(sample, len);
        assert_true(bytes_get_le64(&r) == 0);
        assert_false(r.ok);
        assert_int_equal(bytes_get_u8(&r), 0);
        assert_int_equal(bytes_left(&r), 0);
    }
}

static void test_get_and_skip(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct bytes_reader r = bytes_reader_on(sample, 6);

    bytes_skip(&r, 2);
    bytes_get(&r, out, 3);
    assert_memory_equal(out, sample + 2, 3);
    assert_int_equal(out[3], 9);
    bytes_get(&r, out, 2); /* one is left */
    assert_false(r.ok);
    assert_int_equal(out[0] | out[1], 0);
}

/* A length near the largest size must not pass by wrapping around. */
static void test_huge_lengths_do_not_wrap(void **state)
{
    (void)state;
    uint8_t out[4];
    struct bytes_reader r = bytes_reader_on(sample, 4);
    struct bytes_writer w = bytes_writer_on(out, sizeof out);

    bytes_skip(&r, 1);
    bytes_skip(&r, SIZE_MAX);
    assert_false(r.ok);
    bytes_put_u8(&w, 1);
    bytes_put_zeros(&w, SIZE_MAX);
    assert_false(w.ok);
    assert_int_equal(w.pos, 1);
}

static void test_writes_what_reads_read(void **state)
{
    (void)state;
    uint8_t out[15];
    struct bytes_writer w = bytes_writer_on(out, sizeof out);

    bytes_put_u8(&w, 0x01);
    bytes_put_le16(&w, 0x0302);
    bytes_put_le32(&w, 0x07060504u);
    bytes_put_le64(&w, 0x0f0e0d0c0b0a0908u);
    assert_true(w.ok);
    assert_int_equal(w.pos, sizeof out);
    assert_memory_equal(out, sample, sizeof out);
}

static void test_a_write_past_the_end_writes_nothing_more(void **state)
{
    (void)state;
    uint8_t out[6];

    for (size_t cap = 0; cap < 4; cap++) {
        memset(out, 0xaa, sizeof out);
        struct bytes_writer w = bytes_writer_on(out, cap);
        bytes_put_le32(&w, 0x11111111u);
        bytes_put_u8(&w, 0x22);
        assert_false(w.ok);
        for (size_t i = 0; i < sizeof out; i++)
            assert_int_equal(out[i], 0xaa);
    }
}

static void test_error_names(void **state)
{
    (void)state;
    assert_string_equal(tdm_err_name(TDM_OK), "ok");
    assert_string_equal(tdm_err_name(TDM_E_TIMEOUT), "timeout");
    assert_string_equal(tdm_err_name(TDM_E_MISMATCH), "mismatch");
    assert_string_equal(tdm_err_name(TDM_E_POWER), "power");
    assert_string_equal(tdm_err_name((tdm_err)1), "unknown");
    assert_string_equal(tdm_err_name((tdm_err)-99), "unknown");
}

static void test_the_first_fault_stays(void **state)
{
    (void)state;
    struct tdm_fault f, other;

    tdm_fault_clear(&f);
    tdm_fault_clear(&other);
    assert_int_equal(tdm_fault_from(&f, &other), TDM_OK);
    assert_int_equal(tdm_fault_set(&f, TDM_E_NOISE, "first", "first", 1), TDM_E_NOISE);
    assert_int_equal(tdm_fault_set(&f, TDM_E_IO, "second", "second", 2), TDM_E_NOISE);
    assert_string_equal(f.code, "first");
    assert_int_equal(f.at, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_little_endian_in_order),
        cmocka_unit_test(test_a_read_past_the_end_is_sticky),
        cmocka_unit_test(test_get_and_skip),
        cmocka_unit_test(test_huge_lengths_do_not_wrap),
        cmocka_unit_test(test_writes_what_reads_read),
        cmocka_unit_test(test_a_write_past_the_end_writes_nothing_more),
        cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_the_first_fault_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
