/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/crc.h"

static const uint8_t check[] = "123456789";

static uint16_t fcs_of(const uint8_t *data, size_t len)
{
    uint16_t reg = FCS16_START;
    for (size_t i = 0; i < len; i++)
        reg = fcs16_add(reg, data[i]);
    return reg;
}

/* The check values of the usual catalogues of checksums. */
static void test_check_values(void **state)
{
    (void)state;
    assert_int_equal(crc32_add(CRC32_START, check, 9), 0xcbf43926u);
    assert_int_equal(crc32_add(CRC32_START, check, 0), 0);
    assert_int_equal(fcs16_final(fcs_of(check, 9)), 0x906e);
}

static void test_crc32_in_pieces(void **state)
{
    (void)state;
    for (size_t split = 0; split <= 9; split++)
        assert_int_equal(crc32_add(crc32_add(CRC32_START, check, split), check + split, 9 - split), 0xcbf43926u);
}

static void test_fcs_over_itself_is_good(void **state)
{
    (void)state;
    uint16_t reg = fcs_of(check, 9), fcs = fcs16_final(reg);

    reg = fcs16_add(fcs16_add(reg, (uint8_t)fcs), (uint8_t)(fcs >> 8));
    assert_int_equal(reg, FCS16_GOOD);
}

static void test_xor(void **state)
{
    (void)state;
    static const uint8_t block[6] = {0xe9, 0x03, 0x02, 0x0f, 0xc0, 0xdb};

    assert_int_equal(crc_xor8_add(CRC_XOR_SEED, block, 0), 0xef);
    assert_int_equal(crc_xor8_add(CRC_XOR_SEED, block, 6), 0x13);
    for (size_t split = 0; split <= 6; split++)
        assert_int_equal(crc_xor8_add(crc_xor8_add(CRC_XOR_SEED, block, split), block + split, 6 - split), 0x13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_values),
        cmocka_unit_test(test_crc32_in_pieces),
        cmocka_unit_test(test_fcs_over_itself_is_good),
        cmocka_unit_test(test_xor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
