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

/* ---- locked chips ------------------------------------------------------------------------------------------------- */

#define SECURE_BOOT     (1u << 0)
#define REVOKES         (1u << 1)
#define SECURE_DOWNLOAD (1u << 2)
#define NO_JTAG         (1u << 6 | 1u << 7)

static const struct locked_row {
    const char *name;
    uint32_t flags;
    uint8_t crypt_count;          /* encrypted when an odd number of its bits is set */
    bool says_nothing, withholds; /* of its security; its registers */
    tdm_err err;
    const char *code, *note; /* note: what the log is told, "" nothing */
} locked_rows[] = {
    {"open", 0, 0, false, false, TDM_OK, "", ""},
    {"other fuses", NO_JTAG, 0, false, false, TDM_OK, "", ""},
    {"secure boot", SECURE_BOOT, 0, false, false, TDM_OK, "", "secure boot is on"},
    {"secure boot that revokes", SECURE_BOOT | REVOKES, 0, false, false, TDM_OK, "", "secure boot is on"},
    {"secure download mode", SECURE_DOWNLOAD, 0, false, true, TDM_E_UNSUPPORTED, "secure_download", ""},
    {"and secure boot", SECURE_DOWNLOAD | SECURE_BOOT, 0, false, true, TDM_E_UNSUPPORTED, "secure_download", ""},
    {"and encryption", SECURE_DOWNLOAD, 1, false, true, TDM_E_UNSUPPORTED, "secure_download", ""},
    {"a loader that withholds all of that", 0, 0, true, true, TDM_E_UNSUPPORTED, "secure_download", ""},
    {"one that does not tell", 0, 0, true, false, TDM_OK, "", "does not tell whether the flash is encrypted"},
    {"encrypted", 0, 1, false, false, TDM_E_REFUSED, "flash_encrypted", ""},
    {"encrypted, switched off, and on again", 0, 7, false, false, TDM_E_REFUSED, "flash_encrypted", ""},
    {"by another bit", 0, 4, false, false, TDM_E_REFUSED, "flash_encrypted", ""},
    {"encrypted, and secure boot", SECURE_BOOT, 1, false, false, TDM_E_REFUSED, "flash_encrypted", ""},
    {"encryption switched off again", 0, 3, false, false, TDM_OK, "", ""},
};

/* What a locked chip allows, and does no more than name it. */
static void check_only_asked(const struct rom_bench *b, const char *name)
{
    for (size_t i = 0; i < b->rom.op_count; i++)
        if (b->rom.ops[i] != ESPROM_OP_SYNC && b->rom.ops[i] != ESPROM_OP_SECURITY_INFO &&
            b->rom.ops[i] != ESPROM_OP_READ_REG)
            fail_msg("%s: command %02x", name, b->rom.ops[i]);
    for (size_t i = 0; i < sizeof b->rom.flash; i++)
        assert_int_equal(b->rom.flash[i], 0xa5);
}

static void check_locked(const struct locked_row *row)
{
    void *state;

    (void)bench_open(&state);
    struct rom_bench *b = state;
    b->rom.security_flags = row->flags;
    b->rom.crypt_count = row->crypt_count;
    b->rom.has_security_info = !row->says_nothing;
    b->rom.withholds = row->withholds;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        assert_int_equal(bench_write(b, 0, sizeof b->data), TDM_OK);
    bench_has_fault(b, row->name, row->err, row->code);
    assert_int_equal(err, row->err);
    if (err == TDM_OK)
        assert_memory_equal(b->rom.flash, b->data, sizeof b->data); /* its header included: it may be signed */
    else
        check_only_asked(b, row->name);
    if (row->note[0] != '\0' && !fake_log_has_note(&b->log, row->note))
        fail_msg("%s: the log was not told", row->name);
    if (row->note[0] == '\0' && fake_log_has_note(&b->log, "secure boot is on"))
        fail_msg("%s: warned without a reason", row->name);
    bench_is_left(b, row->name);
    (void)bench_close(&state);
}

static void test_locked_chips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof locked_rows / sizeof locked_rows[0]; i++)
        check_locked(&locked_rows[i]);
}

/* ---- one bit of the answer is another ----------------------------------------------------------------------------- */

/*
 * Replies have no checksum. Neither whether plaintext is written, nor whether a bundle is refused for good as one for
 * another chip or revision, may hang on one of them.
 */
#define SECURITY    ESPROM_OP_SECURITY_INFO
#define FLAGS       8
#define CRYPT_COUNT 12
#define CHIP_ID     20
#define CHIP_ID_TOP 22
#define REVISION    6 /* of a register's value */

static const struct damaged_row {
    const char *name;
    uint32_t flags;
    uint8_t crypt_count, op;
    unsigned nth;
    uint8_t at, bits;
    tdm_err err;
    const char *code;
} damaged_rows[] = {
    {"encrypted, told as open", 0, 1, SECURITY, 0, CRYPT_COUNT, 1, TDM_E_REFUSED, "flash_encrypted"},
    {"the second time", 0, 1, SECURITY, 1, CRYPT_COUNT, 1, TDM_E_REFUSED, "flash_encrypted"},
    {"open, told as encrypted", 0, 0, SECURITY, 0, CRYPT_COUNT, 1, TDM_OK, ""},
    {"locked, told as open", SECURE_DOWNLOAD, 0, SECURITY, 0, FLAGS, 4, TDM_E_UNSUPPORTED, "secure_download"},
    {"open, told as locked the second time", 0, 0, SECURITY, 1, FLAGS, 4, TDM_OK, ""},
    {"an H2, told as a C61", 0, 0, SECURITY, 0, CHIP_ID, 4, TDM_OK, ""},
    {"told as nobody's the second time", 0, 0, SECURITY, 1, CHIP_ID_TOP, 128, TDM_OK, ""},
    {"the lower revision", 0, 0, ESPROM_OP_READ_REG, 2, REVISION, 0x24, TDM_OK, ""},
    {"the second time", 0, 0, ESPROM_OP_READ_REG, 3, REVISION, 0x24, TDM_OK, ""},
    {"the higher revision", 0, 0, ESPROM_OP_READ_REG, 5, REVISION, 0x24, TDM_OK, ""},
};

static void test_damaged_answers(void **state)
{
    for (size_t i = 0; i < sizeof damaged_rows / sizeof damaged_rows[0]; i++) {
        const struct damaged_row *row = &damaged_rows[i];
        (void)bench_open(state);
        struct rom_bench *b = *state;
        b->rom.security_flags = row->flags;
        b->rom.crypt_count = row->crypt_count;
        b->rom.trouble.op = row->op;
        b->rom.trouble.nth = row->nth;
        b->rom.trouble.times = 1;
        b->rom.trouble.kind = FAKE_ROM_FLIP_BITS;
        b->rom.trouble.at = row->at;
        b->rom.trouble.bits = row->bits;
        tdm_err err = esprom_connect(&b->engine);
        bench_has_fault(b, row->name, row->err, row->code);
        assert_int_equal(err, row->err);
        if (err == TDM_OK && (b->engine.chip->id != 16 || b->engine.revision != 205))
            fail_msg("%s: %s, revision %u", row->name, b->engine.chip->name, b->engine.revision);
        (void)bench_close(state);
    }
}

static void test_odd_loaders(void **state)
{
    struct rom_bench *b = *state;

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
        BENCH_TEST(test_wrong_and_unknown_chips),     BENCH_TEST(test_chip_by_its_rom_word),
        BENCH_TEST(test_esp32s2_by_its_short_answer), cmocka_unit_test(test_locked_chips),
        cmocka_unit_test(test_damaged_answers),       BENCH_TEST(test_odd_loaders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
