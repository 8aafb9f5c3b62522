/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated chip's own promises: straps, rates, time on the line and in the flash, restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim_control.h"
#include "sim_link.h"
#include "support/tiny_firmware.h"

#define FLASH_SIZE (1024u * 1024)
#define HEARD_MAX  4096u

static uint8_t flash_bytes[FLASH_SIZE];
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link line;
static uint8_t heard[HEARD_MAX + 1];
static size_t heard_len;

static const uint8_t sync_request[46] = {0xc0, 0,    8,    0x24, 0,    0,    0,    0,    0,    7,    7,    0x12,
                                         0x20, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                         0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                         0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xc0};
static const uint8_t get_version[] = {0x7e, 0x81, 0x02, 0x02, 0x5e, 0x80, 0x7e};

static int setup(void **state)
{
    struct sim_chip_config cfg = {.part = sim_part_by_name("esp32h2"),
                                  .flash = &flash,
                                  .mac = {2, 0, 0, 0, 0, 1},
                                  .times = {30000, 700},
                                  .boot_us = 200000};

    (void)state;
    memset(flash_bytes, 0xff, sizeof flash_bytes);
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_chip_init(&chip, &cfg);
    sim_link_init(&line, &chip);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_chip_deinit(&chip);
    return 0;
}

static void hear(uint32_t quiet_ms)
{
    size_t got;

    heard_len = 0;
    while (tdm_serial_read(&line.serial, heard + heard_len, HEARD_MAX - heard_len, quiet_ms, &got) == TDM_OK)
        heard_len += got;
    heard[heard_len] = '\0';
}

static void tell(const uint8_t *data, size_t len)
{
    assert_int_equal(tdm_serial_write(&line.serial, data, len, 1000), TDM_OK);
}

static const char version[] = "openthread-esp32/1-2; esp32h2;  2026";

static void put_firmware(void)
{
    tiny_firmware(flash_bytes, 16, version);
}

static void power_on(bool boot)
{
    sim_chip_lines(&chip, line.now_us, false, boot);
    sim_chip_power(&chip, line.now_us, true);
}

/* ---- straps and restarts -------------------------------------------------------------------------------------------- */

static void boot_is_sampled_when_reset_is_released(void **state)
{
    (void)state;
    put_firmware();
    power_on(false);
    hear(500);
    assert_int_equal(chip.runs, SIM_RUNS_RADIO);
    sim_chip_lines(&chip, line.now_us, false, true); /* too late */
    assert_int_equal(chip.runs, SIM_RUNS_RADIO);
    assert_int_equal(tdm_lines_reset(&line.lines, &line.clock, TDM_BOOT_LOADER), TDM_OK);
    hear(500);
    assert_int_equal(chip.runs, SIM_RUNS_LOADER);
    assert_int_equal(tdm_lines_reset(&line.lines, &line.clock, TDM_BOOT_APP), TDM_OK);
    hear(500);
    assert_int_equal(chip.runs, SIM_RUNS_RADIO);
}

static void held_in_reset_it_is_silent(void **state)
{
    (void)state;
    put_firmware();
    power_on(false);
    sim_chip_lines(&chip, 0, true, false);
    tell(sync_request, sizeof sync_request);
    hear(3000);
    assert_int_equal(heard_len, 0);
    assert_int_equal(chip.runs, SIM_RUNS_HELD);
    sim_chip_power(&chip, line.now_us, false);
    sim_chip_lines(&chip, line.now_us, false, false);
    assert_int_equal(chip.runs, SIM_RUNS_OFF);
    assert_int_equal(sim_chip_run(&chip, line.now_us), SIM_NEVER);
}

static void a_radio_asked_to_restart_comes_back_and_says_why(void **state)
{
    static const uint8_t reset_platform[] = {0x7e, 0x80, 0x01, 0x01, 0x71, 0xc2, 0x7e};
    static const uint8_t software[] = {0x7e, 0x80, 0x06, 0x00, 0x72, 0xfc, 0x57, 0x7e};

    (void)state;
    put_firmware();
    power_on(true); /* the strap of the last reset must not matter below */
    sim_chip_lines(&chip, 0, true, false);
    sim_chip_lines(&chip, 0, false, false);
    sim_link_wait_us(&line, 500000);
    hear(0);
    sim_chip_lines(&chip, line.now_us, false, true);
    line.baud = SIM_RADIO_BAUD;
    tell(reset_platform, sizeof reset_platform);
    hear(1000);
    assert_int_equal(chip.runs, SIM_RUNS_RADIO);
    assert_int_equal(chip.starts, 3);
    assert_memory_equal(heard + heard_len - sizeof software, software, sizeof software);
}

static void the_watchdog_starts_a_chip_without_firmware_again(void **state)
{
    (void)state;
    power_on(false);
    sim_link_wait_us(&line, 1000000);
    hear(0);
    assert_true(chip.starts > 2);
    assert_non_null(strstr((char *)heard, "invalid header: 0xffffffff"));
    assert_non_null(strstr((char *)heard, "rst:0x7 (TG0_WDT_HPSYS)"));
}

/* ---- what the bootloader refuses ------------------------------------------------------------------------------------- */

static void damage_nothing(void)
{
}

static void damage_app(void)
{
    flash_bytes[0x10040] ^= 1;
}

static void other_chip_in_app(void)
{
    tiny_image(flash_bytes + TINY_APP_AT, 13, version);
}

static void other_chip_in_bootloader(void)
{
    tiny_image(flash_bytes, 13, "bootloader");
}

static void damage_bootloader(void)
{
    flash_bytes[0x40] ^= 1;
}

static void no_table(void)
{
    memset(flash_bytes + 0x8000, 0xff, 4096);
}

static void table_points_outside(void)
{
    tiny_table(flash_bytes + TINY_TABLE_AT, FLASH_SIZE);
}

static void no_app(void)
{
    memset(flash_bytes + 0x10000, 0xff, 4096);
}

static void app_without_version(void)
{
    tiny_image(flash_bytes + TINY_APP_AT, 16, "esp32h2/but; esp31");
}

static void boots_only_what_is_right(void **state)
{
    static const struct {
        const char *name;
        void (*damage)(void);
        enum sim_boot_end end;
        enum sim_runs runs;
    } rows[] = {
        {"whole", damage_nothing, SIM_BOOT_APP, SIM_RUNS_RADIO},
        {"application damaged", damage_app, SIM_BOOT_STARTS_AGAIN, SIM_RUNS_BOOT},
        {"application of another chip", other_chip_in_app, SIM_BOOT_STARTS_AGAIN, SIM_RUNS_BOOT},
        {"bootloader of another chip", other_chip_in_bootloader, SIM_BOOT_STUCK, SIM_RUNS_STUCK},
        {"bootloader damaged", damage_bootloader, SIM_BOOT_STUCK, SIM_RUNS_STUCK},
        {"no partition table", no_table, SIM_BOOT_STARTS_AGAIN, SIM_RUNS_BOOT},
        {"table points outside", table_points_outside, SIM_BOOT_STARTS_AGAIN, SIM_RUNS_BOOT},
        {"no application", no_app, SIM_BOOT_STARTS_AGAIN, SIM_RUNS_BOOT},
        {"application without version text", app_without_version, SIM_BOOT_APP, SIM_RUNS_OTHER_APP},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)setup(state);
        put_firmware();
        rows[i].damage();
        power_on(false);
        sim_link_wait_us(&line, 201000);
        if (chip.boot.end != rows[i].end || chip.runs != rows[i].runs)
            fail_msg("%s: ends in %d, runs %s", rows[i].name, (int)chip.boot.end, sim_chip_runs_name(chip.runs));
    }
}

/* ---- rates and times ------------------------------------------------------------------------------------------------- */

static void another_rate_is_noticed(void **state)
{
    (void)state;
    put_firmware();
    power_on(false);
    sim_link_wait_us(&line, 500000);
    hear(0);
    assert_non_null(strstr((char *)heard, "entry 0x4083cfd0"));       /* the ROM at its rate */
    assert_null(memmem(heard, heard_len, "\x7e\x80\x06\x00\x70", 5)); /* the application's notice not */
    tell(get_version, sizeof get_version);
    hear(1000);
    assert_null(strstr((char *)heard, version));
    line.baud = SIM_RADIO_BAUD;
    tell(get_version, sizeof get_version);
    hear(1000);
    assert_non_null(memmem(heard, heard_len, version, strlen(version)));
}

static void three_percent_off_is_heard(void **state)
{
    static const struct {
        uint32_t sender, receiver;
        bool is_same;
    } rows[] = {{115200, 115200, true},  {118000, 115200, true},  {112000, 115200, true},
                {120000, 115200, false}, {460800, 115200, false}, {115200, 460800, false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_wire_byte byte = {.baud = rows[i].sender, .value = 0x81};
        uint8_t out[SIM_UART_HEARD_MAX] = {0};
        size_t n = sim_uart_hear(&byte, rows[i].receiver, out);
        if (rows[i].is_same && (n != 1 || out[0] != 0x81))
            fail_msg("%u heard at %u as %zu bytes, first %02x", rows[i].sender, rows[i].receiver, n, out[0]);
    }
    /* Four times too fast a receiver: the start bit alone is a frame of zeros for it and a bit of what follows. */
    assert_true(sim_uart_hear(&(struct sim_wire_byte){.baud = 115200, .value = 0x7e}, 460800, heard) > 1);
}

static void the_loader_measures_the_rate_of_the_first_sync(void **state)
{
    (void)state;
    power_on(true);
    hear(100);
    line.baud = 57600;
    tell(sync_request, sizeof sync_request);
    hear(100);
    assert_int_equal(heard_len, 8 * 14);
    line.baud = SIM_ROM_BAUD; /* only the first */
    tell(sync_request, sizeof sync_request);
    hear(100);
    assert_memory_not_equal(heard, "\xc0\x01\x08", 3);
}

static void bytes_take_ten_bits_each(void **state)
{
    uint64_t begin;

    (void)state;
    power_on(true);
    hear(100);
    begin = line.now_us;
    tell(sync_request, sizeof sync_request);
    hear(0);
    assert_int_equal(heard_len, 0);
    for (heard_len = 0; heard_len < 8 * 14;) {
        size_t got;
        assert_int_equal(tdm_serial_read(&line.serial, heard, HEARD_MAX, 1000, &got), TDM_OK);
        heard_len += got;
    }
    /* 46 bytes there, 112 back, at 11520 bytes a second; rounding is up to a microsecond a byte */
    assert_in_range(line.now_us - begin, 158 * 1000000 / 11520, 158 * 1000000 / 11520 + 158);
}

static void erasing_takes_its_time(void **state)
{
    static const uint8_t begin_3_sectors[] = {0xc0, 0, 2, 0x14, 0, 0, 0, 0, 0, 1, 0x20, 0, 0, 9, 0,
                                              0,    0, 0, 4,    0, 0, 0, 0, 1, 0, 0,    0, 0, 0, 0xc0};
    uint64_t begin;
    size_t got;

    (void)state;
    memset(flash_bytes, 0, 0x20000);
    power_on(true);
    hear(100);
    begin = line.now_us;
    tell(begin_3_sectors, sizeof begin_3_sectors);
    assert_int_equal(tdm_serial_read(&line.serial, heard, 1, 1000, &got), TDM_OK);
    assert_in_range(line.now_us - begin, 90000, 90000 + 31 * 100);
    assert_int_equal(flash.sectors_erased, 3);
    assert_int_equal(flash_bytes[0xffff], 0);
    assert_int_equal(flash_bytes[0x10000], 0xff);
    assert_int_equal(flash_bytes[0x12fff], 0xff);
    assert_int_equal(flash_bytes[0x13000], 0);
}

/* ---- control socket --------------------------------------------------------------------------------------------------- */

static void control_lines(void **state)
{
    static const struct {
        const char *line, *answer;
        bool goes_on;
    } rows[] = {
        {"state", "ok off\n", true},    {"power 1", "ok\n", true},      {"state", "ok no-image\n", true},
        {"reset 1", "ok\n", true},      {"state", "ok reset\n", true},  {"boot 1", "ok\n", true},
        {"reset 0", "ok\n", true},      {"state", "ok loader\n", true}, {"boot 0", "ok\n", true},
        {"state", "ok loader\n", true}, {"power 0", "ok\n", true},      {"state", "ok off\n", true},
        {"reset 2", NULL, true},        {"reset", NULL, true},          {"", NULL, true},
        {"reset 10", NULL, true},       {"quit", "ok\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char answer[SIM_CONTROL_LINE_MAX];
        assert_int_equal(sim_control_line(&chip, 0, rows[i].line, answer), rows[i].goes_on);
        if (rows[i].answer != NULL ? strcmp(answer, rows[i].answer) != 0 : strncmp(answer, "error ", 6) != 0)
            fail_msg("row %zu, %s: %s", i, rows[i].line, answer);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(boot_is_sampled_when_reset_is_released),
        TEST(held_in_reset_it_is_silent),
        TEST(a_radio_asked_to_restart_comes_back_and_says_why),
        TEST(the_watchdog_starts_a_chip_without_firmware_again),
        TEST(boots_only_what_is_right),
        TEST(another_rate_is_noticed),
        TEST(three_percent_off_is_heard),
        TEST(the_loader_measures_the_rate_of_the_first_sync),
        TEST(bytes_take_ten_bits_each),
        TEST(erasing_takes_its_time),
        TEST(control_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
