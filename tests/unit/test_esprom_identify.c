/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers: chips that are flashed here, others, and such as are locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

static void test_wrong_and_unknown_chips(void **state)
{
    struct rom_bench *b = *state;

    b->engine.cfg.expected_chip = 13;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "C6 wanted", TDM_E_MISMATCH, "wrong_chip");
    assert_int_equal(b->engine.fault.at, 16);
    b->engine.cfg.expected_chip = ESPROM_CHIP_ANY;
    b->rom.chip_id = 18;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "P4", TDM_E_MISMATCH, "other_chip");
    b->rom.chip_id = 99;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "unheard of", TDM_E_MISMATCH, "unknown_chip");
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_chip_by_its_rom_word(void **state)
{
    struct rom_bench *b = *state;

    b->rom.has_security_info = false;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(b->engine.chip->id, 16);
    b->rom.magic = 0x12345678;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "unknown word", TDM_E_MISMATCH, "unknown_chip");
}

/* It tells 12 bytes where the others tell 20; a damaged reply of another chip is not taken for that. */
static void test_esp32s2_by_its_short_answer(void **state)
{
    struct rom_bench *b = *state;

    b->rom.security_len = 12;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "S2", TDM_E_MISMATCH, "other_chip");
    assert_non_null(strstr(b->engine.fault.what, "ESP32-S2"));
}

static void test_locked_and_odd_chips(void **state)
{
    struct rom_bench *b = *state;

    b->rom.security_flags = 1u << 2;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_UNSUPPORTED);
    bench_has_fault(b, "secure download", TDM_E_UNSUPPORTED, "secure_download");
    assert_int_equal(b->rom.seen[ESPROM_OP_READ_REG] + b->rom.seen[ESPROM_OP_FLASH_MD5], 0); /* it would refuse them */
    assert_int_equal(b->rom.seen[ESPROM_OP_SPI_ATTACH] + b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
    b->rom.security_flags = 1u << 0;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK); /* firmware may be signed: that is the chip's to judge */
    assert_true(fake_log_has_note(&b->log, "secure boot is on"));
    b->rom.security_flags = 0;
    b->rom.crypt_count = 7;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_REFUSED);
    bench_has_fault(b, "encrypted", TDM_E_REFUSED, "flash_encrypted");
    b->rom.crypt_count = 3; /* switched off again */
    b->rom.flash_id = 0xffffff;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_NOT_FOUND);
    bench_has_fault(b, "no flash", TDM_E_NOT_FOUND, "flash_not_found");
    b->rom.sync_value = 0;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "RAM loader", TDM_E_MISMATCH, "not_a_rom");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_wrong_and_unknown_chips),
        BENCH_TEST(test_chip_by_its_rom_word),
        BENCH_TEST(test_esp32s2_by_its_short_answer),
        BENCH_TEST(test_locked_and_odd_chips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
