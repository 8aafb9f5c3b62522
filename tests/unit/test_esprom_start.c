/* SPDX-License-Identifier: Apache-2.0 */
/* Out of reset into the firmware: what a ROM says then, captured from a real one, and what is made of it and how soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/esprom.h>

#include "support/fake_clock.h"
#include "support/fake_lines.h"
#include "support/fake_log.h"
#include "support/fake_serial.h"
#include "support/trace.h"

#define HOLD_MS 100u /* fake_lines' own */
#define BANNER  "ESP-ROM:esp32h2-20221101\r\nBuild:Nov  1 2022\r\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\n"
#define INVALID "invalid header: 0xffffffff\r\n"

static struct fake_clock fake_time;
static struct fake_serial serial;
static struct fake_lines lines;
static struct fake_log log_;
static struct esprom engine;

/* Texts follow each other at these times after the release of RESET. A file: what was captured; else the text itself. */
static const struct row {
    const char *name;
    struct {
        const char *file, *text;
        uint32_t after_ms;
    } said[3];
    tdm_err err;
    const char *code;
    uint32_t least_ms, most_ms; /* from the release on */
} rows[] = {
    {"good flash, captured", {{"rom/esp32c3-boot-flash-good.txt", NULL, 5}}, TDM_OK, "", 5, 10},
    {"a digest is wrong, and the ROM starts it anyway, captured",
     {{"rom/esp32c3-boot-flash-badhash.txt", NULL, 5}},
     TDM_OK,
     "",
     5,
     10},
    {"blank flash, captured", {{"rom/esp32c3-boot-flash-blank.txt", NULL, 5}}, TDM_E_STATE, "no_firmware", 150, 160},
    {"a wrong checksum, captured",
     {{"rom/esp32c3-boot-flash-badsum.txt", NULL, 5}},
     TDM_E_STATE,
     "no_firmware",
     150,
     160},
    {"the loader waits, captured", {{"rom/esp32c3-boot-download-mode.txt", NULL, 5}}, TDM_OK, "", 150, 210},
    {"nothing is said", {{NULL, NULL, 0}}, TDM_OK, "", 150, 150},
    {"bytes without sense", {{NULL, "\x80\x00~\x7e", 5}}, TDM_OK, "", 150, 210},
    {"the flash wakes late",
     {{NULL, BANNER INVALID INVALID, 5}, {NULL, "entry 0x4083cfda\r\n", 90}},
     TDM_OK,
     "",
     90,
     100},
    {"the flash wakes at the watchdog's start",
     {{NULL, BANNER INVALID INVALID INVALID, 5}, {NULL, BANNER, 60}, {NULL, "SPIWP:0xee\r\nentry 0x4083cfda\r\n", 70}},
     TDM_OK,
     "",
     70,
     80},
    {"the word that counts comes in two pieces",
     {{NULL, BANNER "entr", 5}, {NULL, "y 0x4083cfda\r\n", 20}},
     TDM_OK,
     "",
     20,
     30},
    {"a late text over a network", {{NULL, BANNER INVALID INVALID INVALID, 140}}, TDM_E_STATE, "no_firmware", 285, 300},
};

static void say(const char *file, const char *text, uint32_t after_ms)
{
    struct trace t;

    if (text != NULL)
        fake_serial_say(&serial, text, strlen(text), after_ms);
    if (file == NULL)
        return;
    trace_load(&t, file);
    fake_serial_say(&serial, t.steps[0].data, t.steps[0].len, after_ms);
    trace_free(&t);
}

static void on_reset(struct fake_lines *l, void *peer, enum tdm_boot into)
{
    const struct row *row = peer;

    (void)l;
    assert_int_equal(into, TDM_BOOT_APP);
    assert_int_equal(serial.baud, 115200);
    for (size_t i = 0; i < sizeof row->said / sizeof row->said[0]; i++)
        say(row->said[i].file, row->said[i].text, row->said[i].after_ms);
}

static void open_bench(const struct row *row)
{
    fake_clock_init(&fake_time, UINT32_MAX - 200);
    fake_serial_init(&serial, &fake_time);
    fake_lines_init(&lines, &fake_time);
    fake_log_init(&log_);
    lines.on_reset = on_reset;
    lines.peer = (void *)(uintptr_t)row;
    esprom_init(&engine, &(struct esprom_config){.serial = &serial.port,
                                                 .lines = &lines.port,
                                                 .clock = &fake_time.port,
                                                 .log = &log_.port,
                                                 .expected_chip = ESPROM_CHIP_ANY});
}

static void start(const struct row *row, size_t read_max)
{
    open_bench(row);
    serial.read_max = read_max;
    fake_serial_say(&serial, INVALID INVALID, 2 * strlen(INVALID), 0); /* of a start before, and not meant */
    tdm_err err = esprom_start_firmware(&engine);
    if (err != row->err || strcmp(engine.fault.code, row->code) != 0)
        fail_msg("%s, reads of %zu: %s, %s", row->name, read_max, tdm_err_name(err), engine.fault.code);
    uint64_t ms = fake_time.passed_ms - HOLD_MS;
    if (ms < row->least_ms || ms > row->most_ms)
        fail_msg("%s, reads of %zu: after %llu ms", row->name, read_max, (unsigned long long)ms);
    assert_int_equal(lines.resets, 1);
    assert_false(lines.reset || lines.boot);
}

static void test_what_the_rom_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(&rows[i], 0);
        start(&rows[i], 1);
    }
}

static void test_what_fails_is_told(void **state)
{
    (void)state;
    open_bench(&rows[0]);
    serial.broken = TDM_E_UNREACHABLE;
    assert_int_equal(esprom_start_firmware(&engine), TDM_E_UNREACHABLE);
    assert_string_equal(engine.fault.code, "serial_failed");
    assert_int_equal(lines.resets, 0);
    open_bench(&rows[0]);
    lines.broken = TDM_E_IO;
    assert_int_equal(esprom_start_firmware(&engine), TDM_E_IO);
    assert_string_equal(engine.fault.code, "lines_failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_rom_says),
        cmocka_unit_test(test_what_fails_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
