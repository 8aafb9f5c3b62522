/* SPDX-License-Identifier: Apache-2.0 */
/* The engine against a small ROM: the straight way, then one trouble at a time, each ending in success or in its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/esprom.h>

#include "esprom/esprom_packet.h"
#include "support/fake_clock.h"
#include "support/fake_lines.h"
#include "support/fake_log.h"
#include "support/fake_rom.h"
#include "support/fake_serial.h"

struct bench {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct fake_rom rom;
    struct esprom engine;
    uint8_t data[20000];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    fake_clock_init(&b->clock, 0xfffff000u); /* wraps during the tests */
    fake_serial_init(&b->serial, &b->clock);
    fake_lines_init(&b->lines, &b->clock);
    fake_log_init(&b->log);
    fake_rom_init(&b->rom, &b->serial, &b->lines);
    for (size_t i = 0; i < sizeof b->data; i++)
        b->data[i] = (uint8_t)(i * 7 + i / 251);
    esprom_init(&b->engine, &(struct esprom_config){.serial = &b->serial.port,
                                                    .lines = &b->lines.port,
                                                    .clock = &b->clock.port,
                                                    .log = &b->log.port,
                                                    .expected_chip = ESPROM_CHIP_ANY,
                                                    .app_baud = 460800});
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static tdm_err write_region(struct bench *b, uint32_t offset, uint32_t size, size_t piece)
{
    tdm_err err = esprom_write_begin(&b->engine, offset, size);

    for (size_t at = 0; err == TDM_OK && at < size; at += piece)
        err = esprom_write_push(&b->engine, b->data + at, size - at < piece ? size - at : piece);
    return err == TDM_OK ? esprom_write_end(&b->engine) : err;
}

static void assert_fault(const struct bench *b, const char *name, tdm_err err, const char *code)
{
    if (b->engine.fault.err != err || strcmp(b->engine.fault.code, code) != 0)
        fail_msg("%s: fault %s %s, not %s", name, tdm_err_name(b->engine.fault.err), b->engine.fault.code, code);
}

/* ---- the straight way --------------------------------------------------------------------------------------------- */

static void test_connect_identifies(void **state)
{
    struct bench *b = *state;
    static const uint8_t mac[8] = {0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2};

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_string_equal(b->engine.chip->name, "esp32h2");
    assert_memory_equal(b->engine.mac, mac, 8);
    assert_int_equal(b->engine.revision, 205);
    assert_int_equal(b->engine.flash_size, 4u << 20);
    assert_int_equal(b->rom.flash_size, 4u << 20);
    assert_non_null(strstr(b->engine.boot_text, "waiting for download"));
    assert_int_equal(b->rom.usr, 0x11111111u); /* the ROM's own settings are back */
    assert_int_equal(b->rom.usr2, 0x22222222u);
    assert_int_equal(b->lines.loader_resets, 1);
}

static void test_write_in_any_pieces(void **state)
{
    struct bench *b = *state;
    static const size_t pieces[] = {1, 7, 1024, 4095, 4096, 4097, 20000};

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        memset(b->rom.flash, 0, sizeof b->rom.flash);
        assert_int_equal(write_region(b, 0x1000, sizeof b->data, pieces[i]), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
    }
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_CONNECT);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_FLASH);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_PROVE);
}

static void test_odd_sizes_are_filled_up(void **state)
{
    struct bench *b = *state;
    static const uint32_t sizes[] = {1, 3, 4, 4093, 4096, 4097, 8191};

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(write_region(b, 0x2000, sizes[i], 1000), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x2000, b->data, sizes[i]);
        if (sizes[i] % 4 != 0)
            assert_int_equal(b->rom.flash[0x2000 + sizes[i]], 0xff);
    }
}

static void test_blocks_of_the_configured_size(void **state)
{
    struct bench *b = *state;

    b->engine.cfg.block_size = 1024;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0, 10000, 333), TDM_OK);
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DATA], 10);
}

static void test_raised_speed_and_leave(void **state)
{
    struct bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_baud(&b->engine, 921600), TDM_OK);
    assert_int_equal(b->serial.baud, 921600);
    assert_int_equal(write_region(b, 0, 5000, 5000), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->serial.baud, 460800);
    assert_int_equal(b->lines.resets, 2);
    assert_int_equal(b->lines.loader_resets, 1);
    assert_false(b->lines.reset || b->lines.boot);
    assert_false(b->engine.needs_hand);
}

static void test_without_lines(void **state)
{
    struct bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0, 5000, 5000), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->lines.resets, 0);
    assert_true(b->engine.needs_hand);
    assert_true(fake_log_has_note(&b->log, "by hand"));
}

/* ---- connecting fails: which layer -------------------------------------------------------------------------------- */

static const struct connect_row {
    const char *name;
    enum fake_rom_start starts_as;
    tdm_err err;
    const char *code;
    uint32_t text_ms; /* how late its text comes; 0: as usual */
} connect_rows[] = {
    {"strap not pulled", FAKE_ROM_APP, TDM_E_STATE, "not_in_loader", 0},
    {"both straps low", FAKE_ROM_USB, TDM_E_STATE, "usb_download_only", 0},
    {"nothing at all", FAKE_ROM_MUTE, TDM_E_TIMEOUT, "no_answer", 0},
    {"loader does not hear", FAKE_ROM_DEAF, TDM_E_TIMEOUT, "no_sync", 0},
    {"other speed", FAKE_ROM_GARBAGE, TDM_E_NOISE, "no_loader", 0},
    {"strap not pulled, over a slow network", FAKE_ROM_APP, TDM_E_STATE, "not_in_loader", 300},
    {"loader does not hear, over a slow network", FAKE_ROM_DEAF, TDM_E_TIMEOUT, "no_sync", 300},
};

static void test_failed_connect_names_its_layer(void **state)
{
    struct bench *b = *state;

    for (size_t i = 0; i < sizeof connect_rows / sizeof connect_rows[0]; i++) {
        const struct connect_row *row = &connect_rows[i];
        uint64_t begun = b->clock.passed_ms;
        b->rom.starts_as = row->starts_as;
        b->rom.banner_ms = row->text_ms ? row->text_ms : 5;
        assert_int_equal(esprom_connect(&b->engine), row->err);
        assert_fault(b, row->name, row->err, row->code);
        if (b->clock.passed_ms - begun > 10000)
            fail_msg("%s: took %u ms", row->name, (unsigned)(b->clock.passed_ms - begun));
        assert_int_equal(esprom_write_begin(&b->engine, 0, 4), row->err); /* nothing works after it */
    }
    b->rom.starts_as = FAKE_ROM_LOADER;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK); /* a connect begins anew */
}

static void test_broken_ports(void **state)
{
    struct bench *b = *state;

    b->serial.broken = TDM_E_UNREACHABLE;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_UNREACHABLE);
    assert_fault(b, "port gone", TDM_E_UNREACHABLE, "serial_failed");
    b->serial.broken = TDM_OK;
    b->lines.broken = TDM_E_ACCESS;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_ACCESS);
    assert_fault(b, "lines gone", TDM_E_ACCESS, "lines_failed");
    assert_int_equal(esprom_leave(&b->engine), TDM_E_ACCESS);
    assert_int_equal(b->serial.baud, 460800); /* the port is given back all the same */
}

/* ---- who answers -------------------------------------------------------------------------------------------------- */

static void test_wrong_and_unknown_chips(void **state)
{
    struct bench *b = *state;

    b->engine.cfg.expected_chip = 13;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "C6 wanted", TDM_E_MISMATCH, "wrong_chip");
    assert_int_equal(b->engine.fault.at, 16);
    b->engine.cfg.expected_chip = ESPROM_CHIP_ANY;
    b->rom.chip_id = 18;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "P4", TDM_E_MISMATCH, "unknown_chip");
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_chip_by_its_rom_word(void **state)
{
    struct bench *b = *state;

    b->rom.has_security_info = false;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(b->engine.chip->id, 16);
    b->rom.magic = 0x12345678;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "unknown word", TDM_E_MISMATCH, "unknown_chip");
}

static void test_locked_and_odd_chips(void **state)
{
    struct bench *b = *state;

    b->rom.security_flags = 1u << 2;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_UNSUPPORTED);
    assert_fault(b, "secure download", TDM_E_UNSUPPORTED, "secure_download");
    b->rom.security_flags = 0;
    b->rom.crypt_count = 7;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_REFUSED);
    assert_fault(b, "encrypted", TDM_E_REFUSED, "flash_encrypted");
    b->rom.crypt_count = 3; /* switched off again */
    b->rom.flash_id = 0xffffff;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_NOT_FOUND);
    assert_fault(b, "no flash", TDM_E_NOT_FOUND, "flash_not_found");
    b->rom.sync_value = 0;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "RAM loader", TDM_E_MISMATCH, "not_a_rom");
}

/* ---- one trouble at a time ---------------------------------------------------------------------------------------- */

static const struct trouble_row {
    const char *name;
    uint8_t op;
    unsigned nth, times;
    enum fake_rom_trouble kind;
    tdm_err err;
    const char *code;
} trouble_rows[] = {
    {"first syncs lost", ESPROM_OP_SYNC, 0, 4, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"a whole round of syncs lost", ESPROM_OP_SYNC, 0, 7, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"every sync lost", ESPROM_OP_SYNC, 0, 1000, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "no_sync"},
    {"security info lost once", ESPROM_OP_SECURITY_INFO, 0, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"security info silent", ESPROM_OP_SECURITY_INFO, 0, 9, FAKE_ROM_LOSE_REPLY, TDM_E_TIMEOUT, "rom_silent"},
    {"register reply cut", ESPROM_OP_READ_REG, 1, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"register reply lost", ESPROM_OP_READ_REG, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"flash id turned by noise", ESPROM_OP_READ_REG, 5, 1, FAKE_ROM_FLIP_REPLY, TDM_OK, ""},
    {"its confirmation turned", ESPROM_OP_READ_REG, 9, 1, FAKE_ROM_FLIP_REPLY, TDM_OK, ""},
    {"register always cut", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_CUT_REPLY, TDM_E_NOISE, "rom_noise"},
    {"late syncs before a register", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_LATE_SYNCS, TDM_OK, ""},
    {"text before a register", ESPROM_OP_READ_REG, 0, 99, FAKE_ROM_TEXT_FIRST, TDM_OK, ""},
    {"opcode damaged once", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_FLIP_OPCODE, TDM_OK, ""},
    {"attach refused", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase reply lost", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"erase refused", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase never understood", ESPROM_OP_FLASH_BEGIN, 0, 9, FAKE_ROM_FLIP_OPCODE, TDM_E_PEER, "rom_refused"},
    {"block lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "block_lost"},
    {"block's reply lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REPLY, TDM_E_TIMEOUT, "block_lost"},
    {"block damaged", ESPROM_OP_FLASH_DATA, 2, 1, FAKE_ROM_FLIP_BIT, TDM_E_NOISE, "block_damaged"},
    {"block's reply cut", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_CUT_REPLY, TDM_E_NOISE, "block_damaged"},
    {"block refused", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_REFUSE, TDM_E_PEER, "block_refused"},
    {"block under another opcode", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_FLIP_OPCODE, TDM_E_PEER, "block_refused"},
    {"late syncs before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_LATE_SYNCS, TDM_OK, ""},
    {"text before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_TEXT_FIRST, TDM_OK, ""},
    {"digest's reply cut once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"digest's reply lost once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"flash holds another bit", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_FLASH_ROTS, TDM_E_CORRUPT, "digest_differs"},
};

static void check_trouble(const struct trouble_row *row)
{
    void *state;

    setup(&state);
    struct bench *b = state;
    b->rom.trouble.op = row->op;
    b->rom.trouble.nth = row->nth;
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = row->kind;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        err = write_region(b, 0x1000, sizeof b->data, 3000);
    if (err != row->err)
        fail_msg("%s: ended with %s %s", row->name, tdm_err_name(err), b->engine.fault.code);
    assert_fault(b, row->name, row->err, row->code);
    bool is_written = memcmp(b->rom.flash + 0x1000, b->data, sizeof b->data) == 0;
    if (err == TDM_OK && !is_written)
        fail_msg("%s: success, but the flash holds something else", row->name);
    if (err == TDM_OK && b->rom.flash_size != 4u << 20)
        fail_msg("%s: the flash is taken for %u bytes", row->name, (unsigned)b->rom.flash_size);
    if (b->clock.passed_ms > 60000)
        fail_msg("%s: took %u ms", row->name, (unsigned)b->clock.passed_ms);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    b->rom.trouble.kind = FAKE_ROM_NONE; /* and then everything goes well again */
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0x1000, sizeof b->data, 3000), TDM_OK);
    teardown(&state);
}

static void test_troubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trouble_rows / sizeof trouble_rows[0]; i++)
        check_trouble(&trouble_rows[i]);
}

/* ---- speed -------------------------------------------------------------------------------------------------------- */

static void test_speed_that_the_wire_does_not_carry(void **state)
{
    struct bench *b = *state;

    b->rom.highest_baud = 460800;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_baud(&b->engine, 921600), TDM_E_NOISE);
    assert_fault(b, "too fast", TDM_E_NOISE, "baud_failed");
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_baud(&b->engine, 460800), TDM_OK);
    assert_int_equal(write_region(b, 0, 100, 100), TDM_OK);
}

static void test_speed_change_with_a_lost_reply(void **state)
{
    struct bench *b = *state;

    b->rom.trouble.op = ESPROM_OP_CHANGE_BAUDRATE;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_LOSE_REPLY;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_baud(&b->engine, 921600), TDM_OK);
}

/* ---- wrong use ---------------------------------------------------------------------------------------------------- */

static void test_regions_that_do_not_fit(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t offset, size;
        tdm_err err;
        const char *code;
    } rows[] = {
        {0x800, 4, TDM_E_BOUNDS, "region_unaligned"},
        {0x1000, 0, TDM_E_BOUNDS, "region_empty"},
        {0x400000, 4, TDM_E_NO_ROOM, "region_too_long"},
        {0x3ff000, 0x1001, TDM_E_NO_ROOM, "region_too_long"},
        {0xfffff000u, 0x2000, TDM_E_NO_ROOM, "region_too_long"},
        {0x1000, 0xffffffffu, TDM_E_NO_ROOM, "region_too_long"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        assert_int_equal(esprom_write_begin(&b->engine, rows[i].offset, rows[i].size), rows[i].err);
        assert_fault(b, "region", rows[i].err, rows[i].code);
    }
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_too_much_and_too_little(void **state)
{
    struct bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_write_begin(&b->engine, 0, 100), TDM_OK);
    assert_int_equal(esprom_write_push(&b->engine, b->data, 101), TDM_E_BOUNDS);
    assert_fault(b, "too much", TDM_E_BOUNDS, "region_overrun");
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_write_begin(&b->engine, 0, 100), TDM_OK);
    assert_int_equal(esprom_write_push(&b->engine, b->data, 99), TDM_OK);
    assert_int_equal(esprom_write_end(&b->engine), TDM_E_TRUNCATED);
    assert_fault(b, "too little", TDM_E_TRUNCATED, "region_short");
}

static void test_calls_out_of_order(void **state)
{
    struct bench *b = *state;
    uint8_t md5[ESPROM_MD5_LEN];

    assert_int_equal(esprom_write_begin(&b->engine, 0, 4), TDM_E_BUG);
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_write_push(&b->engine, b->data, 4), TDM_E_BUG);
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_write_begin(&b->engine, 0, 4), TDM_OK);
    assert_int_equal(esprom_region_md5(&b->engine, 0, 4, md5), TDM_E_BUG);
}

static void test_state_fits_a_microcontroller(void **state)
{
    (void)state;
    assert_true(sizeof(struct esprom) < 14 * 1024);
}

#define ENGINE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENGINE_TEST(test_connect_identifies),
        ENGINE_TEST(test_write_in_any_pieces),
        ENGINE_TEST(test_odd_sizes_are_filled_up),
        ENGINE_TEST(test_blocks_of_the_configured_size),
        ENGINE_TEST(test_raised_speed_and_leave),
        ENGINE_TEST(test_without_lines),
        ENGINE_TEST(test_failed_connect_names_its_layer),
        ENGINE_TEST(test_broken_ports),
        ENGINE_TEST(test_wrong_and_unknown_chips),
        ENGINE_TEST(test_chip_by_its_rom_word),
        ENGINE_TEST(test_locked_and_odd_chips),
        cmocka_unit_test(test_troubles),
        ENGINE_TEST(test_speed_that_the_wire_does_not_carry),
        ENGINE_TEST(test_speed_change_with_a_lost_reply),
        ENGINE_TEST(test_regions_that_do_not_fit),
        ENGINE_TEST(test_too_much_and_too_little),
        ENGINE_TEST(test_calls_out_of_order),
        cmocka_unit_test(test_state_fits_a_microcontroller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
