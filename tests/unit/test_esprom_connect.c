/* SPDX-License-Identifier: Apache-2.0 */
/* Into the ROM loader, by lines or by hand; when it fails, which layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_packet.h"
#include "support/rom_bench.h"

static void test_connect_identifies(void **state)
{
    struct rom_bench *b = *state;
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

static void test_without_lines(void **state)
{
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    assert_int_equal(bench_write(b, 0, 5000), TDM_OK);
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
        (void)bench_open(&made);
        struct rom_bench *b = made;
        b->lines.port.is_wired = false;
        b->rom.pressed_after_ms = row->pressed_after_ms;
        if (row->hand_ms != 0)
            b->engine.cfg.hand_ms = row->hand_ms;
        tdm_err err = esprom_connect(&b->engine);
        if (err != row->err || b->clock.passed_ms < row->least_ms || b->clock.passed_ms > row->most_ms)
            fail_msg("%s: %s after %u ms", row->name, tdm_err_name(err), (unsigned)b->clock.passed_ms);
        bench_has_fault(b, row->name, row->err, row->err == TDM_OK ? "" : "no_answer");
        assert_true(fake_log_has_note(&b->log, "hold the radio's BOOT button, press and release RESET"));
        assert_int_equal(b->lines.resets, 0);
        assert_int_equal(esprom_leave(&b->engine), TDM_OK);
        assert_int_equal(b->engine.needs_hand, row->err == TDM_OK); /* its firmware runs on when nobody came */
        assert_int_equal(fake_log_has_note(&b->log, "reset the radio by hand"), row->err == TDM_OK);
        (void)bench_close(&made);
    }
}

/* Started by its buttons, it needs them again, whether it can hear us or is one that is not to be flashed. */
static void test_without_lines_a_loader_that_is_no_use(void **state)
{
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.is_running = true;
    b->engine.cfg.expected_chip = 13;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_true(b->engine.needs_hand);

    void *made;
    (void)bench_open(&made);
    b = made;
    b->lines.port.is_wired = false;
    fake_serial_say(&b->serial, "boot:0x4 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n", 54, 500);
    assert_int_equal(esprom_connect(&b->engine), TDM_E_TIMEOUT);
    bench_has_fault(b, "deaf", TDM_E_TIMEOUT, "no_sync");
    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    assert_true(b->engine.needs_hand);
    (void)bench_close(&made);
}

/* The line's noise must not send away who has just pressed the buttons. */
static void test_without_lines_one_damaged_answer(void **state)
{
    struct rom_bench *b = *state;

    b->lines.port.is_wired = false;
    b->rom.pressed_after_ms = 2000;
    b->rom.trouble.op = ESPROM_OP_SYNC;
    b->rom.trouble.times = 1;
    b->rom.trouble.kind = FAKE_ROM_FLIP_REPLY;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK);
    b->rom.trouble.times = 9999;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_MISMATCH);
    bench_has_fault(b, "always another word", TDM_E_MISMATCH, "not_a_rom");
}

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
    struct rom_bench *b = *state;

    for (size_t i = 0; i < sizeof connect_rows / sizeof connect_rows[0]; i++) {
        const struct connect_row *row = &connect_rows[i];
        uint64_t begun = b->clock.passed_ms;
        b->rom.starts_as = row->starts_as;
        b->rom.banner_ms = row->text_ms ? row->text_ms : 5;
        assert_int_equal(esprom_connect(&b->engine), row->err);
        bench_has_fault(b, row->name, row->err, row->code);
        if (b->clock.passed_ms - begun > 10000)
            fail_msg("%s: took %u ms", row->name, (unsigned)(b->clock.passed_ms - begun));
        assert_int_equal(esprom_update(&b->engine, 0, 4, &b->source), row->err); /* nothing works after it */
    }
    b->rom.starts_as = FAKE_ROM_LOADER;
    assert_int_equal(esprom_connect(&b->engine), TDM_OK); /* a connect begins anew */
}

static void test_broken_ports(void **state)
{
    struct rom_bench *b = *state;

    b->serial.broken = TDM_E_UNREACHABLE;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_UNREACHABLE);
    bench_has_fault(b, "port gone", TDM_E_UNREACHABLE, "serial_failed");
    b->serial.broken = TDM_OK;
    b->lines.broken = TDM_E_ACCESS;
    assert_int_equal(esprom_connect(&b->engine), TDM_E_ACCESS);
    bench_has_fault(b, "lines gone", TDM_E_ACCESS, "lines_failed");
    assert_int_equal(esprom_leave(&b->engine), TDM_E_ACCESS);
    assert_int_equal(b->serial.baud, 460800); /* the port is given back all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_connect_identifies),
        BENCH_TEST(test_without_lines),
        cmocka_unit_test(test_without_lines_somebody_is_asked),
        BENCH_TEST(test_without_lines_one_damaged_answer),
        BENCH_TEST(test_without_lines_a_loader_that_is_no_use),
        BENCH_TEST(test_failed_connect_names_its_layer),
        BENCH_TEST(test_broken_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
