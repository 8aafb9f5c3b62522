/* SPDX-License-Identifier: Apache-2.0 */
/* The boot record's bytes and power cuts, which slot runs, and what next() says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux/tandem_linux.h"
#include "support/fake_flash.h"

#define BLOCK 4096u

/* ---- the record -------------------------------------------------------------------------------------------------- */

/* Sequence 1, slot B on trial, 1 of 2 starts. The CRC is Python's zlib.crc32 of the 28 bytes before it. */
static const uint8_t example[32] = {'T', 'd', 'B', 't', 1, 0, 32, 0, 1, 0, 0, 0, 1,    0,    1,    2,
                                    0,   0,   0,   0,   0, 0, 0,  0, 0, 0, 0, 0, 0x05, 0x1e, 0x53, 0xc9};

static void bytes_of_the_example(void **state)
{
    struct fake_flash flash;
    struct bootsel_record boot;
    struct bootsel sel = {.next = TDM_HOST_B, .starts = 1, .limit = 2}, got;

    (void)state;
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 512);
    bootsel_record_init(&boot, &flash.port);
    assert_int_equal(bootsel_record_load(&boot, &got), TDM_E_NOT_FOUND);
    assert_int_equal(bootsel_record_store(&boot, &sel), TDM_OK);
    assert_memory_equal(flash.durable, example, sizeof example);
    assert_memory_equal(flash.durable + BLOCK, example, sizeof example);
    assert_int_equal(bootsel_record_load(&boot, &got), TDM_OK);
    assert_int_equal(got.next, TDM_HOST_B);
    assert_false(got.is_final);
    assert_int_equal(got.starts, 1);
    assert_int_equal(got.limit, 2);
    fake_flash_close(&flash);
}

static void damage(void **state)
{
    struct fake_flash flash;
    struct bootsel_record boot;
    struct bootsel got, sel = {.next = TDM_HOST_B, .is_final = true};
    uint8_t bytes[sizeof example];

    (void)state;
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 1);
    bootsel_record_init(&boot, &flash.port);
    for (size_t i = 0; i < sizeof example; i++) {
        if (i >= 8 && i < 12)
            continue; /* another sequence would be one: the CRC tells, but then the copies look like a first commit's */
        memcpy(bytes, example, sizeof bytes);
        bytes[8] = 9; /* a later sequence, so that this is no torn first commit */
        bytes[i] ^= 0x40;
        fake_flash_plant(&flash, 0, bytes, sizeof bytes);
        fake_flash_plant(&flash, BLOCK, bytes, sizeof bytes);
        if (bootsel_record_load(&boot, &got) != TDM_E_CORRUPT)
            fail_msg("byte %d changed and nobody noticed", (int)i);
    }
    assert_int_equal(bootsel_record_store(&boot, &sel), TDM_OK); /* a lost record can be written anew */
    assert_int_equal(bootsel_record_load(&boot, &got), TDM_OK);
    assert_true(got.is_final);
    flash.bad_off = BLOCK, flash.bad_len = 1;
    assert_int_equal(bootsel_record_load(&boot, &got), TDM_E_IO);
    fake_flash_close(&flash);
}

/* A, final, is on the medium; select of B on trial is cut at every operation, with every tear. */
static void a_cut_during_a_select(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t cut = 1; !done; cut++) {
        for (int variant = 0; variant < (int)FAKE_TEAR_COUNT * (int)FAKE_UNSYNCED_COUNT; variant++) {
            struct fake_power power = {0};
            struct fake_flash flash;
            struct bootsel_record boot;
            struct bootsel old = {.next = TDM_HOST_A, .is_final = true}, fresh = {.next = TDM_HOST_B}, got;
            fake_flash_open(&flash, &power, 2 * BLOCK, BLOCK, 1);
            bootsel_record_init(&boot, &flash.port);
            assert_int_equal(bootsel_record_store(&boot, &old), TDM_OK);
            fake_power_on(&power);
            power.cut_at = cut;
            power.tear = (enum fake_tear)(variant % FAKE_TEAR_COUNT);
            power.unsynced = (enum fake_unsynced)(variant / FAKE_TEAR_COUNT);
            done = bootsel_record_store(&boot, &fresh) == TDM_OK;
            fake_flash_reboot(&flash);
            fake_power_on(&power);
            assert_int_equal(bootsel_record_load(&boot, &got), TDM_OK);
            assert_int_equal(got.is_final, got.next == TDM_HOST_A);
            if (done)
                assert_int_equal(got.next, TDM_HOST_B);
            fake_flash_close(&flash);
        }
    }
}

/* ---- which slot runs --------------------------------------------------------------------------------------------- */

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tandem-boot-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    (void)state;
    char order[128];
    snprintf(order, sizeof order, "rm -rf '%s'", dir);
    return system(order);
}

static void the_kernels_command_line(void **state)
{
    static const struct {
        const char *cmdline;
        tdm_err err;
        enum tdm_host_slot slot;
    } rows[] = {
        {"quiet tandem.slot=B root=/dev/x", TDM_OK, TDM_HOST_B},
        {"tandem.slot=A", TDM_OK, TDM_HOST_A},
        {"tandem.slot=b\n", TDM_OK, TDM_HOST_B},
        {"tandem.slot=B tandem.slot=B", TDM_OK, TDM_HOST_B},
        {"tandem.slot=A tandem.slot=B", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=C", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=AB", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slots=B", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"xtandem.slot=B", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"tandem.slot", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"", TDM_E_NOT_FOUND, TDM_HOST_A},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tdm_host_slot slot = TDM_HOST_A;
        tdm_err err = host_files_find_key(rows[i].cmdline, "tandem.slot", &slot);
        if (err != rows[i].err || (err == TDM_OK && slot != rows[i].slot))
            fail_msg("\"%s\": %s, slot %d", rows[i].cmdline, tdm_err_name(err), (int)slot);
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void where_the_running_slot_is_told(void **state)
{
    static const struct {
        const char *text; /* of the file; NULL: no file */
        tdm_err err;
        enum tdm_host_slot slot;
    } rows[] = {
        {"A\n", TDM_OK, TDM_HOST_A}, {"B", TDM_OK, TDM_HOST_B},           {"b\n", TDM_OK, TDM_HOST_B},
        {"", TDM_E_FORMAT, 0},       {"boot\n", TDM_E_FORMAT, 0},         {"C\n", TDM_E_FORMAT, 0},
        {"\nA", TDM_E_FORMAT, 0},    {NULL, TDM_E_NOT_FOUND, TDM_HOST_A},
    };
    char path[96], from[112];
    struct tdm_fault why;
    enum tdm_host_slot slot;

    (void)state;
    snprintf(path, sizeof path, "%s/running", dir);
    snprintf(from, sizeof from, "file:%s", path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].text != NULL)
            write_text(path, rows[i].text);
        else
            assert_int_equal(remove(path), 0);
        tdm_err err = host_files_find_running(from, &slot, &why);
        if (err != rows[i].err || (err == TDM_OK && slot != rows[i].slot))
            fail_msg("row %d: %s", (int)i, tdm_err_name(err));
        assert_string_equal(why.code, err == TDM_OK ? "" : "running_unknown");
    }
    assert_int_equal(host_files_find_running("cmdline:tandem.no-such-key", &slot, &why), TDM_E_NOT_FOUND);
    static const char *const unknown[] = {"", "file:", "cmdline:", "B", "files:/x"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(host_files_find_running(unknown[i], &slot, &why), TDM_E_FORMAT);
        assert_string_equal(why.code, "running_source");
    }
}

/* ---- next and select --------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct bootsel sel;
    enum tdm_host_slot next;
} choices[] = {
    {"final", {TDM_HOST_B, true, 0, 0}, TDM_HOST_B},
    {"final, counter left over", {TDM_HOST_B, true, 9, 2}, TDM_HOST_B},
    {"trial, not started yet", {TDM_HOST_B, false, 0, 2}, TDM_HOST_B},
    {"trial, one start left", {TDM_HOST_B, false, 1, 2}, TDM_HOST_B},
    {"trial, used up", {TDM_HOST_B, false, 2, 2}, TDM_HOST_A},
    {"trial of A, used up", {TDM_HOST_A, false, 1, 1}, TDM_HOST_B},
    {"trial, a loader that does not count", {TDM_HOST_B, false, 200, 0}, TDM_HOST_B},
};

static void what_starts_next(void **state)
{
    struct fake_flash flash;
    struct host_files h = {0};
    enum tdm_host_slot slot;
    bool is_final;
    struct tdm_fault why;
    char path[96], from[112];

    (void)state;
    snprintf(path, sizeof path, "%s/running", dir);
    snprintf(from, sizeof from, "file:%s", path);
    write_text(path, "B\n");
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 512);
    assert_int_equal(host_files_init(&h, NULL, NULL, &flash.port, from, &why), TDM_OK);
    assert_int_equal(tdm_host_running(&h.port, &slot), TDM_OK);
    assert_int_equal(slot, TDM_HOST_B);
    assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
    assert_true(slot == TDM_HOST_A && is_final); /* nothing was ever selected */
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        assert_int_equal(bootsel_record_store(&h.boot, &choices[i].sel), TDM_OK);
        assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
        if (slot != choices[i].next || is_final != choices[i].sel.is_final)
            fail_msg("%s: slot %d, final %d", choices[i].name, (int)slot, is_final);
    }
    /* A new trial starts with no starts counted, and the loader's limit stays known. */
    assert_int_equal(bootsel_record_store(&h.boot, &choices[4].sel), TDM_OK);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK);
    struct bootsel sel;
    assert_int_equal(bootsel_record_load(&h.boot, &sel), TDM_OK);
    assert_true(sel.starts == 0 && sel.limit == 2 && !sel.is_final);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_A, TDM_SELECT_FINAL), TDM_OK);
    flash.prog_err = TDM_E_IO;
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_E_IO);
    fake_flash_close(&flash);
}

static void a_lost_boot_record(void **state)
{
    struct fake_flash flash;
    struct host_files h = {.running = TDM_HOST_B};
    enum tdm_host_slot slot;
    bool is_final;
    struct tdm_fault why;

    (void)state;
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 512);
    fake_flash_plant(&flash, 0, "damaged, and not by a first commit", 34);
    assert_int_equal(host_files_init(&h, NULL, NULL, &flash.port, "?", &why), TDM_E_FORMAT);
    assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
    assert_true(slot == TDM_HOST_A && !is_final);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_FINAL), TDM_OK);
    fake_flash_close(&flash);
}

static void a_host_without_slots(void **state)
{
    struct host_files h;
    enum tdm_host_slot slot = TDM_HOST_B;
    bool is_final = false;

    (void)state;
    host_none_init(&h);
    assert_false(h.port.has_slots);
    assert_int_equal(tdm_host_running(&h.port, &slot), TDM_OK);
    assert_int_equal(slot, TDM_HOST_A);
    assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
    assert_true(slot == TDM_HOST_A && is_final);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_A, TDM_SELECT_FINAL), TDM_OK);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_the_example),
        cmocka_unit_test(damage),
        cmocka_unit_test(a_cut_during_a_select),
        cmocka_unit_test(the_kernels_command_line),
        cmocka_unit_test_setup_teardown(where_the_running_slot_is_told, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_starts_next, make_dir, remove_dir),
        cmocka_unit_test(a_lost_boot_record),
        cmocka_unit_test(a_host_without_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
