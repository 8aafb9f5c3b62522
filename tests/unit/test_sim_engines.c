/* SPDX-License-Identifier: Apache-2.0 */
/* The product's own flasher and probe on the simulated chip, in virtual time: from a blank chip to a radio that says who
 * it is, for every chip, rate and crystal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/esprom.h>
#include <tandem/spinel.h>

#include "sim_link.h"
#include "support/fake_log.h"
#include "support/tiny_firmware.h"

#define FLASH_SIZE  (4u * 1024 * 1024)
#define WRITTEN_LEN 0x20000u
#define NO_NEED_MS  60000u

static uint8_t flash_bytes[FLASH_SIZE], wanted[WRITTEN_LEN];
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link line;
static struct esprom rom;
static struct spinel radio;
static struct fake_log log_;

static const struct row {
    const char *name, *part;
    uint32_t baud, block_size;
    bool is_strict;
    uint16_t revision;            /* what esptool reads from the simulated part */
    uint8_t rom_mhz, crystal_mhz; /* 0: the part's own */
} rows[] = {
    {"esp32h2 at the ROM's rate, small blocks", "esp32h2", 115200, 1024, true, 1, 0, 0},
    {"esp32h2 at 460800", "esp32h2", 460800, 4096, true, 1, 0, 0},
    {"esp32h2 at 921600", "esp32h2", 921600, 4096, true, 1, 0, 0},
    {"esp32c6 at 921600", "esp32c6", 921600, 4096, true, 1, 0, 0},
    {"esp32c3 at 460800, blocks of 2048", "esp32c3", 460800, 2048, false, 3, 0, 0},
    {"esp32s3 at 921600, no revision told", "esp32s3", 921600, 4096, true, ESPROM_REVISION_UNKNOWN, 0, 0},
    {"esp32c61 at 921600", "esp32c61", 921600, 4096, true, 100, 0, 0},
    {"esp32c2 at 460800, 26 MHz taken for 40", "esp32c2", 460800, 4096, true, 200, 0, 0},
    {"esp32c2 at 921600, 40 MHz", "esp32c2", 921600, 4096, true, 200, 40, 40},
    {"esp32c5 at 460800, 48 MHz taken for 40", "esp32c5", 460800, 4096, true, 100, 0, 0},
    {"esp32c5 at 2000000, 40 MHz taken for 48", "esp32c5", 2000000, 4096, true, 100, 48, 40},
    {"esp32c5 at 921600, 48 MHz", "esp32c5", 921600, 4096, true, 100, 48, 48},
};

/* The row's part, perhaps with another crystal. */
static const struct sim_part *part_of(const struct row *row)
{
    static struct sim_part part;

    part = *sim_part_by_name(row->part);
    if (row->crystal_mhz == 0)
        return &part;
    part.rom_mhz = row->rom_mhz;
    part.crystal_mhz = row->crystal_mhz;
    for (size_t i = 0; i < SIM_PART_REGS; i++) {
        if (part.regs[i].addr == 0x60000014)
            part.regs[i].value = row->crystal_mhz * 1000000u / 115200;
        if (part.regs[i].addr == 0x60096110)
            part.regs[i].value = (uint32_t)row->rom_mhz << 24;
    }
    return &part;
}

static void start_chip(const struct row *row)
{
    struct sim_chip_config cfg = {.part = part_of(row),
                                  .flash = &flash,
                                  .mac = {0x60, 0x55, 0xf9, 1, 2, 3},
                                  .times = {30000, 700},
                                  .boot_us = 200000,
                                  .is_strict = row->is_strict};

    memset(flash_bytes, 0xff, sizeof flash_bytes);
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_chip_init(&chip, &cfg);
    sim_chip_power(&chip, 0, true);
    sim_link_init(&line, &chip);
    fake_log_init(&log_);
}

/* The error's code in the failure message, not a number only. */
static void must(tdm_err err, const struct tdm_fault *fault, const char *what)
{
    if (err != TDM_OK)
        fail_msg("%s: %s, %s", what, tdm_err_name(err), fault->code);
}

struct wanted_source {
    struct esprom_source source;
    uint32_t at;
};

static tdm_err read_wanted(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    memcpy(buf, wanted + ((struct wanted_source *)(void *)s)->at + at, len);
    return TDM_OK;
}

static void write_part(uint32_t at, uint32_t len)
{
    struct wanted_source from = {{read_wanted}, at};
    must(esprom_update(&rom, at, len, &from.source), &rom.fault, "update");
}

static void flash_all(const struct row *row)
{
    esprom_init(&rom, &(struct esprom_config){.serial = &line.serial,
                                              .lines = &line.lines,
                                              .clock = &line.clock,
                                              .log = &log_.port,
                                              .expected_chip = chip.cfg.part->id,
                                              .block_size = row->block_size,
                                              .app_baud = SIM_RADIO_BAUD});
    must(esprom_connect(&rom), &rom.fault, "connect");
    assert_string_equal(rom.chip->name, row->part);
    assert_int_equal(rom.flash_size, FLASH_SIZE);
    assert_int_equal(rom.revision, row->revision);
    if (row->baud != ESPROM_BAUD_START)
        must(esprom_set_speed(&rom, row->baud), &rom.fault, "set_baud");
    assert_int_equal(rom.link.baud, row->baud); /* not one below it: the crystal was reckoned right */
    write_part(chip.cfg.part->bootloader_offset, TINY_IMAGE_LEN);
    write_part(TINY_TABLE_AT, 0xc00);
    write_part(TINY_APP_AT, WRITTEN_LEN - TINY_APP_AT);
    must(esprom_leave(&rom), &rom.fault, "leave");
}

static void flash_boot_and_ask(void **state)
{
    const struct row *row = *state;
    struct spinel_identity who;
    char version[64];

    start_chip(row);
    snprintf(version, sizeof version, "openthread-esp32/1-2; %s;  2026", row->part);
    memset(wanted, 0xff, sizeof wanted);
    tiny_firmware(wanted, chip.cfg.part->id, version);
    if (chip.cfg.part->bootloader_offset != 0) {
        memcpy(wanted + chip.cfg.part->bootloader_offset, wanted, TINY_IMAGE_LEN);
        memset(wanted, 0xff, TINY_IMAGE_LEN);
    }
    for (uint32_t i = TINY_APP_AT + 4096; i < WRITTEN_LEN; i++)
        wanted[i] = (uint8_t)(i * 2654435761u >> 24); /* all byte values, so that everything is escaped somewhere */
    flash_all(row);
    assert_memory_equal(flash_bytes, wanted, WRITTEN_LEN);

    spinel_init(&radio, &(struct spinel_config){.serial = &line.serial,
                                                .lines = &line.lines,
                                                .clock = &line.clock,
                                                .log = &log_.port,
                                                .baud = SIM_RADIO_BAUD});
    must(spinel_probe_after_reset(&radio, &who), &radio.fault, "probe");
    assert_string_equal(who.version, version);
    assert_memory_equal(who.hwaddr, ((const uint8_t[8]){0x60, 0x55, 0xf9, 0xff, 0xfe, 1, 2, 3}), 8);
    assert_int_equal(who.api, 11);
    assert_true(line.now_us < (uint64_t)NO_NEED_MS * 1000);
    sim_chip_deinit(&chip);
}

static const struct lock_row {
    const char *name;
    uint32_t flags;
    uint8_t crypt_count;
    const char *code; /* "": it may be flashed */
} lock_rows[] = {
    {"secure download mode", SIM_SECURITY_DOWNLOAD, 0, "secure_download"},
    {"secure download mode and secure boot", SIM_SECURITY_DOWNLOAD | SIM_SECURITY_BOOT, 0, "secure_download"},
    {"encrypted flash", 0, 1, "flash_encrypted"},
    {"encrypted, off, and on again", 0, 7, "flash_encrypted"},
    {"encryption switched off again", 0, 3, ""},
    {"secure boot", SIM_SECURITY_BOOT, 0, ""},
};

static void test_locked_chips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lock_rows / sizeof lock_rows[0]; i++) {
        const struct lock_row *row = &lock_rows[i];
        start_chip(&rows[1]);
        chip.cfg.security_flags = row->flags;
        chip.cfg.crypt_count = row->crypt_count;
        esprom_init(&rom, &(struct esprom_config){.serial = &line.serial,
                                                  .lines = &line.lines,
                                                  .clock = &line.clock,
                                                  .log = &log_.port,
                                                  .expected_chip = ESPROM_CHIP_ANY});
        tdm_err err = esprom_connect(&rom);
        if (strcmp(rom.fault.code, row->code) != 0 || (err == TDM_OK) != (row->code[0] == '\0'))
            fail_msg("%s: %s, %s", row->name, tdm_err_name(err), rom.fault.code);
        assert_true(fake_log_has_note(&log_, "secure boot is on") == (err == TDM_OK && row->flags != 0));
        must(esprom_leave(&rom), &(struct tdm_fault){.code = row->name}, "leave");
        for (size_t at = 0; at < FLASH_SIZE; at++)
            assert_int_equal(flash_bytes[at], 0xff);
        sim_chip_deinit(&chip);
    }
}

static const struct broken_row {
    const char *name;
    enum sim_broken broken;
    const char *code;
} broken_rows[] = {
    {"lines that lead elsewhere", SIM_BROKEN_RESET,
     "not_in_loader"}, /* a blank chip starts again and again by itself */
    {"BOOT not connected", SIM_BROKEN_BOOT, "not_in_loader"},
    {"the line towards the chip cut", SIM_BROKEN_RX, "no_sync"},
    {"the line from the chip cut", SIM_BROKEN_TX, "no_answer"},
    {"the second strap low", SIM_BROKEN_SECOND_STRAP, "usb_download_only"},
    {"another crystal, and deaf", SIM_BROKEN_CLOCK | SIM_BROKEN_RX, "rom_other_speed"},
    {"a flash without an id", SIM_BROKEN_FLASH, "flash_not_found"},
};

static void test_broken_wires_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken_rows / sizeof broken_rows[0]; i++) {
        const struct broken_row *row = &broken_rows[i];
        start_chip(&rows[1]);
        chip.cfg.broken = row->broken;
        esprom_init(&rom, &(struct esprom_config){.serial = &line.serial,
                                                  .lines = &line.lines,
                                                  .clock = &line.clock,
                                                  .log = &log_.port,
                                                  .expected_chip = ESPROM_CHIP_ANY});
        tdm_err err = esprom_connect(&rom);
        if (err == TDM_OK || strcmp(rom.fault.code, row->code) != 0)
            fail_msg("%s: %s, %s (%s)", row->name, tdm_err_name(err), rom.fault.code, rom.boot_text);
        must(esprom_leave(&rom), &rom.fault, row->name);
        assert_false(chip.in_reset || chip.boot_pulled);
        sim_chip_deinit(&chip);
    }
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0] + 2];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tests[i] = (struct CMUnitTest){rows[i].name, flash_boot_and_ask, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    tests[sizeof rows / sizeof rows[0]] = (struct CMUnitTest)cmocka_unit_test(test_locked_chips);
    tests[sizeof rows / sizeof rows[0] + 1] = (struct CMUnitTest)cmocka_unit_test(test_broken_wires_are_named);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
