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

#include "linux/tandem_linux.h"

struct bench {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct fake_rom rom;
    struct deflate_zlib deflate;
    struct esprom engine;
    struct esprom_source source;
    uint8_t data[20000];
};

static tdm_err read_data(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    struct bench *b = (struct bench *)(void *)((char *)s - offsetof(struct bench, source));

    assert_true(at <= sizeof b->data && len <= sizeof b->data - at);
    memcpy(buf, b->data + at, len);
    return TDM_OK;
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    fake_clock_init(&b->clock, 0xfffff000u); /* wraps during the tests */
    fake_serial_init(&b->serial, &b->clock);
    fake_lines_init(&b->lines, &b->clock);
    fake_log_init(&b->log);
    fake_rom_init(&b->rom, &b->serial, &b->lines);
    uint32_t random = 1; /* six bits of each byte: deflates to three quarters */
    for (size_t i = 0; i < sizeof b->data; i++) {
        random = random * 1664525u + 1013904223u;
        b->data[i] = (uint8_t)(random >> 26);
    }
    deflate_zlib_init(&b->deflate);
    b->source.read = read_data;
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
    fake_rom_close(&((struct bench *)*state)->rom);
    free(*state);
    return 0;
}

static tdm_err write_region(struct bench *b, uint32_t offset, uint32_t size)
{
    return esprom_update(&b->engine, offset, size, &b->source);
}

static tdm_err read_nothing(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    (void)s, (void)at, (void)buf, (void)len;
    return TDM_E_CORRUPT;
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

static void test_both_kinds_of_stream(void **state)
{
    struct bench *b = *state;

    for (int packed = 0; packed < 2; packed++) {
        b->engine.cfg.deflate = packed ? &b->deflate.port : NULL;
        memset(b->rom.flash, 0, sizeof b->rom.flash);
        memset(b->rom.seen, 0, sizeof b->rom.seen);
        b->engine.tally = (struct esprom_tally){0};
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        assert_int_equal(write_region(b, 0x1000, sizeof b->data), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
        assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], packed ? 0 : 1);
        assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DEFL_BEGIN], packed ? 1 : 0);
        assert_int_equal(b->rom.flash[0], 0); /* the sectors beside it are as they were */
        assert_int_equal(b->rom.flash[0x1000 + 5 * ESPROM_SECTOR], 0);
    }
    assert_true(b->engine.tally.sent < sizeof b->data * 4 / 5);
    assert_int_equal(b->engine.tally.recoveries, 0);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_CONNECT);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_FLASH);
    assert_true(b->log.phases_seen & 1u << TDM_PHASE_PROVE);
}

static void test_what_does_not_deflate_is_sent_plain(void **state)
{
    struct bench *b = *state;
    uint32_t random = 1;

    for (size_t i = 0; i < sizeof b->data; i++) {
        random = random * 1664525u + 1013904223u;
        b->data[i] = (uint8_t)(random >> 24);
    }
    b->engine.cfg.deflate = &b->deflate.port;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0, sizeof b->data), TDM_OK);
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DEFL_BEGIN], 0);
    assert_int_equal(b->engine.tally.sent, sizeof b->data);
}

static void test_a_rom_that_does_not_inflate(void **state)
{
    struct bench *b = *state;

    b->engine.cfg.deflate = &b->deflate.port;
    b->rom.inflates = false;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0, sizeof b->data), TDM_OK);
    assert_memory_equal(b->rom.flash, b->data, sizeof b->data);
    assert_int_equal(b->engine.tally.sent, sizeof b->data);
}

/* ---- only what differs ---------------------------------------------------------------------------------------------- */

static void test_only_what_differs(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *name;
        uint32_t spoiled[4]; /* offsets in the region + 1; 0: no more */
        uint32_t sectors, streams;
    } rows[] = {
        {"nothing", {0}, 0, 0},
        {"the first byte", {1}, 1, 1},
        {"the last byte, in a sector that is not full", {20000}, 1, 1},
        {"two neighbours", {4096, 4097}, 2, 1},
        {"two with one between", {1, 2 * 4096 + 1}, 2, 2},
        {"every one", {1, 4096 + 1, 2 * 4096 + 1, 3 * 4096 + 1}, 4, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(esprom_connect(&b->engine), TDM_OK);
        memcpy(b->rom.flash + 0x1000, b->data, sizeof b->data);
        for (size_t k = 0; k < 4 && rows[i].spoiled[k]; k++)
            b->rom.flash[0x1000 + rows[i].spoiled[k] - 1] ^= 0x81;
        assert_int_equal(esprom_plan(&b->engine, 0x1000, sizeof b->data, &b->source), TDM_OK);
        assert_int_equal(b->engine.region.differing, rows[i].sectors);
        b->engine.tally = (struct esprom_tally){0};
        assert_int_equal(write_region(b, 0x1000, sizeof b->data), TDM_OK);
        assert_memory_equal(b->rom.flash + 0x1000, b->data, sizeof b->data);
        if (b->engine.tally.rewritten != rows[i].sectors || b->engine.tally.streams != rows[i].streams)
            fail_msg("%s: %u sectors in %u streams", rows[i].name, (unsigned)b->engine.tally.rewritten,
                     (unsigned)b->engine.tally.streams);
        assert_int_equal(b->engine.tally.sectors, 5);
    }
}

static void test_odd_sizes_are_filled_up(void **state)
{
    struct bench *b = *state;
    static const uint32_t sizes[] = {1, 3, 4, 4093, 4096, 4097, 8191};

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(b->rom.flash, 0xa5, sizeof b->rom.flash);
        assert_int_equal(write_region(b, 0x2000, sizes[i]), TDM_OK);
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
    assert_int_equal(write_region(b, 0, 10000), TDM_OK);
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_DATA], 10);
}

static void test_a_source_that_fails(void **state)
{
    struct bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    b->source.read = read_nothing;
    assert_int_equal(write_region(b, 0, 10000), TDM_E_CORRUPT);
    assert_fault(b, "source", TDM_E_CORRUPT, "source_failed");
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_raised_speed_and_leave(void **state)
{
    struct bench *b = *state;

    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_OK);
    assert_int_equal(b->serial.baud, 921600);
    assert_int_equal(write_region(b, 0, 5000), TDM_OK);
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
    assert_int_equal(write_region(b, 0, 5000), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(b->lines.resets, 0);
    assert_true(b->engine.needs_hand);
    assert_true(fake_log_has_note(&b->log, "by hand"));
    assert_false(fake_log_has_note(&b->log, "hold the radio's BOOT button")); /* the loader was there already */
}

static const struct hand_row {
    const char *name;
    uint32_t hand_ms, pressed_after_ms; /* 0: nobody presses */
    tdm_err err;
    uint32_t least_ms, most_ms;
} hand_rows[] = {
    {"nobody there, as at a start of the machine", 0, 0, TDM_E_TIMEOUT, 3000, 4500},
    {"nobody there, and the caller is patient", 60000, 0, TDM_E_TIMEOUT, 60000, 61500},
    {"pressed after two seconds", 0, 2000, TDM_OK, 2000, 3000},
    {"pressed after five, too late for that", 0, 5000, TDM_E_TIMEOUT, 3000, 4500},
    {"pressed after twenty, with patience", 60000, 20000, TDM_OK, 20000, 21000},
};

static void test_without_lines_somebody_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hand_rows / sizeof hand_rows[0]; i++) {
        const struct hand_row *row = &hand_rows[i];
        void *made;
        setup(&made);
        struct bench *b = made;
        b->lines.port.is_wired = false;
        b->rom.pressed_after_ms = row->pressed_after_ms;
        if (row->hand_ms != 0)
            b->engine.cfg.hand_ms = row->hand_ms;
        tdm_err err = esprom_connect(&b->engine);
        if (err != row->err || b->clock.passed_ms < row->least_ms || b->clock.passed_ms > row->most_ms)
            fail_msg("%s: %s after %u ms", row->name, tdm_err_name(err), (unsigned)b->clock.passed_ms);
        assert_fault(b, row->name, row->err, row->err == TDM_OK ? "" : "no_answer");
        assert_true(fake_log_has_note(&b->log, "hold the radio's BOOT button, press and release RESET"));
        assert_int_equal(b->lines.resets, 0);
        teardown(&made);
    }
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
        assert_int_equal(esprom_update(&b->engine, 0, 4, &b->source), row->err); /* nothing works after it */
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
    assert_fault(b, "P4", TDM_E_MISMATCH, "other_chip");
    b->rom.chip_id = 99;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "unheard of", TDM_E_MISMATCH, "unknown_chip");
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

/* It tells 12 bytes where the others tell 20; a damaged reply of another chip is not taken for that. */
static void test_esp32s2_by_its_short_answer(void **state)
{
    struct bench *b = *state;

    b->rom.security_len = 12;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_fault(b, "S2", TDM_E_MISMATCH, "other_chip");
    assert_non_null(strstr(b->engine.fault.what, "ESP32-S2"));
}

static void test_locked_and_odd_chips(void **state)
{
    struct bench *b = *state;

    b->rom.security_flags = 1u << 2;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_UNSUPPORTED);
    assert_fault(b, "secure download", TDM_E_UNSUPPORTED, "secure_download");
    assert_int_equal(b->rom.seen[ESPROM_OP_READ_REG] + b->rom.seen[ESPROM_OP_FLASH_MD5], 0); /* it would refuse them */
    assert_int_equal(b->rom.seen[ESPROM_OP_SPI_ATTACH] + b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
    b->rom.security_flags = 1u << 0;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK); /* firmware may be signed: that is the chip's to judge */
    assert_true(fake_log_has_note(&b->log, "secure boot is on"));
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

/* 20,000 bytes in blocks of 1024: 20 plain, and no fewer than 15 packed. One question for the region, one for its only
 * chunk, one for each of five sectors; the next is the proof of what was written. */
#define LAST_BLOCK  14
#define FIRST_PROOF 7

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
    {"attach refused once", ESPROM_OP_SPI_ATTACH, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"attach refused", ESPROM_OP_SPI_ATTACH, 0, 9, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase reply lost", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"erase refused", ESPROM_OP_FLASH_BEGIN, 0, 99, FAKE_ROM_REFUSE, TDM_E_PEER, "rom_refused"},
    {"erase refused once", ESPROM_OP_FLASH_BEGIN, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"block lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"last block lost", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_LOSE_REQUEST, TDM_OK, ""},
    {"block's reply lost", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"last block's reply lost", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"block damaged", ESPROM_OP_FLASH_DATA, 2, 1, FAKE_ROM_FLIP_BIT, TDM_OK, ""},
    {"last block damaged", ESPROM_OP_FLASH_DATA, LAST_BLOCK, 1, FAKE_ROM_FLIP_BIT, TDM_OK, ""},
    {"block's reply cut", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"block refused", ESPROM_OP_FLASH_DATA, 0, 1, FAKE_ROM_REFUSE, TDM_OK, ""},
    {"block under another opcode", ESPROM_OP_FLASH_DATA, 1, 1, FAKE_ROM_FLIP_OPCODE, TDM_OK, ""},
    {"every block lost", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_LOSE_REQUEST, TDM_E_TIMEOUT, "block_lost"},
    {"every block damaged", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_FLIP_BIT, TDM_E_NOISE, "block_damaged"},
    {"every block refused", ESPROM_OP_FLASH_DATA, 0, 999, FAKE_ROM_REFUSE, TDM_E_PEER, "block_refused"},
    {"late syncs before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_LATE_SYNCS, TDM_OK, ""},
    {"text before blocks", ESPROM_OP_FLASH_DATA, 0, 99, FAKE_ROM_TEXT_FIRST, TDM_OK, ""},
    {"digest's reply cut once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_CUT_REPLY, TDM_OK, ""},
    {"digest's reply lost once", ESPROM_OP_FLASH_MD5, 0, 1, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"digest silent for a while", ESPROM_OP_FLASH_MD5, 0, 4, FAKE_ROM_LOSE_REPLY, TDM_OK, ""},
    {"a bit falls after writing", ESPROM_OP_FLASH_MD5, FIRST_PROOF, 1, FAKE_ROM_FLASH_ROTS, TDM_OK, ""},
    {"bits fall all the time", ESPROM_OP_FLASH_MD5, 0, 999, FAKE_ROM_FLASH_ROTS, TDM_E_CORRUPT, "digest_differs"},
};

/* The same trouble in a compressed stream. */
static uint8_t packed_op(uint8_t op)
{
    return op == ESPROM_OP_FLASH_BEGIN  ? ESPROM_OP_FLASH_DEFL_BEGIN
           : op == ESPROM_OP_FLASH_DATA ? ESPROM_OP_FLASH_DEFL_DATA
                                        : op;
}

static void check_trouble(const struct trouble_row *row, bool is_packed)
{
    void *state;

    setup(&state);
    struct bench *b = state;
    b->engine.cfg.block_size = 1024;
    b->engine.cfg.deflate = is_packed ? &b->deflate.port : NULL;
    b->rom.trouble.op = is_packed ? packed_op(row->op) : row->op;
    b->rom.trouble.nth = row->nth;
    b->rom.trouble.times = row->times;
    b->rom.trouble.kind = row->kind;
    tdm_err err = esprom_connect(&b->engine);
    if (err == TDM_OK)
        err = write_region(b, 0x1000, sizeof b->data);
    if (err != row->err)
        fail_msg("%s%s: ended with %s %s", row->name, is_packed ? ", packed" : "", tdm_err_name(err),
                 b->engine.fault.code);
    assert_fault(b, row->name, row->err, row->code);
    bool is_written = memcmp(b->rom.flash + 0x1000, b->data, sizeof b->data) == 0;
    if (err == TDM_OK && !is_written)
        fail_msg("%s: success, but the flash holds something else", row->name);
    if (err == TDM_OK && b->rom.flash_size != 4u << 20)
        fail_msg("%s: the flash is taken for %u bytes", row->name, (unsigned)b->rom.flash_size);
    if (b->clock.passed_ms > 180000)
        fail_msg("%s: took %u ms", row->name, (unsigned)b->clock.passed_ms);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    b->rom.trouble.kind = FAKE_ROM_NONE; /* and then everything goes well again */
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0x1000, sizeof b->data), TDM_OK);
    teardown(&state);
}

static void test_troubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof trouble_rows / sizeof trouble_rows[0]; i++)
        for (int packed = 0; packed < 2; packed++)
            check_trouble(&trouble_rows[i], packed != 0);
}

/* ---- speed -------------------------------------------------------------------------------------------------------- */

static void test_speed_that_the_wire_does_not_carry(void **state)
{
    struct bench *b = *state;

    b->rom.highest_baud = 460800;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 2000000), TDM_OK);
    assert_int_equal(b->engine.link.baud, 460800);
    assert_true(b->lines.loader_resets > 1); /* each forgets the flash's size, and the chip is the same */
    assert_int_equal(b->rom.seen[ESPROM_OP_SPI_SET_PARAMS], b->lines.loader_resets);
    assert_int_equal(b->rom.seen[ESPROM_OP_SECURITY_INFO], 1);
    assert_int_equal(write_region(b, 0, 100), TDM_OK);
    b->lines.port.is_wired = false; /* nobody to reset it: the failure is final */
    b->rom.is_running = true;
    b->rom.baud = 115200;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_E_NOISE);
    assert_fault(b, "too fast", TDM_E_NOISE, "baud_failed");
}

static void test_speed_change_with_a_lost_reply(void **state)
{
    struct bench *b = *state;

    b->rom.trouble.op = ESPROM_OP_CHANGE_BAUDRATE;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_LOSE_REPLY;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_OK);
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
        assert_int_equal(esprom_update(&b->engine, rows[i].offset, rows[i].size, &b->source), rows[i].err);
        assert_fault(b, "region", rows[i].err, rows[i].code);
    }
    assert_int_equal(b->rom.seen[ESPROM_OP_FLASH_BEGIN], 0);
}

static void test_calls_out_of_order(void **state)
{
    struct bench *b = *state;

    assert_int_equal(write_region(b, 0, 4), TDM_E_BUG);
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(write_region(b, 0, 4), TDM_OK);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_int_equal(esprom_set_speed(&b->engine, 921600), TDM_E_BUG);
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
        ENGINE_TEST(test_both_kinds_of_stream),
        ENGINE_TEST(test_what_does_not_deflate_is_sent_plain),
        ENGINE_TEST(test_a_rom_that_does_not_inflate),
        ENGINE_TEST(test_only_what_differs),
        ENGINE_TEST(test_a_source_that_fails),
        ENGINE_TEST(test_odd_sizes_are_filled_up),
        ENGINE_TEST(test_blocks_of_the_configured_size),
        ENGINE_TEST(test_raised_speed_and_leave),
        ENGINE_TEST(test_without_lines),
        cmocka_unit_test(test_without_lines_somebody_is_asked),
        ENGINE_TEST(test_failed_connect_names_its_layer),
        ENGINE_TEST(test_broken_ports),
        ENGINE_TEST(test_wrong_and_unknown_chips),
        ENGINE_TEST(test_chip_by_its_rom_word),
        ENGINE_TEST(test_esp32s2_by_its_short_answer),
        ENGINE_TEST(test_locked_and_odd_chips),
        cmocka_unit_test(test_troubles),
        ENGINE_TEST(test_speed_that_the_wire_does_not_carry),
        ENGINE_TEST(test_speed_change_with_a_lost_reply),
        ENGINE_TEST(test_regions_that_do_not_fit),
        ENGINE_TEST(test_calls_out_of_order),
        cmocka_unit_test(test_state_fits_a_microcontroller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
