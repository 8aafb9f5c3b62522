/* SPDX-License-Identifier: Apache-2.0 */
/* The boot record's bytes and power cuts, and what next() says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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
    struct bootsel_record boot;
    struct host_files h = {0};
    enum tdm_host_slot slot;
    bool is_final;

    (void)state;
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 512);
    bootsel_record_init(&boot, &flash.port);
    host_files_init(&h, NULL, NULL, &boot.port, TDM_HOST_B);
    assert_int_equal(tdm_host_running(&h.port, &slot), TDM_OK);
    assert_int_equal(slot, TDM_HOST_B);
    assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
    assert_true(slot == TDM_HOST_A && is_final); /* nothing was ever selected */
    assert_false(h.port.counts_starts);
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        assert_int_equal(bootsel_record_store(&boot, &choices[i].sel), TDM_OK);
        host_files_init(&h, NULL, NULL, &boot.port, TDM_HOST_B);
        assert_int_equal(tdm_host_next(&h.port, &slot, &is_final), TDM_OK);
        if (slot != choices[i].next || is_final != choices[i].sel.is_final ||
            h.port.counts_starts != (choices[i].sel.limit > 0))
            fail_msg("%s: slot %d, final %d", choices[i].name, (int)slot, is_final);
    }
    /* A new trial starts with no starts counted, and the loader's limit stays known. */
    assert_int_equal(bootsel_record_store(&boot, &choices[4].sel), TDM_OK);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK);
    struct bootsel sel;
    assert_int_equal(bootsel_record_load(&boot, &sel), TDM_OK);
    assert_true(sel.starts == 0 && sel.limit == 2 && !sel.is_final);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_A, TDM_SELECT_FINAL), TDM_OK);
    flash.prog_err = TDM_E_IO;
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_E_IO);
    fake_flash_close(&flash);
}

static void a_lost_boot_record(void **state)
{
    struct fake_flash flash;
    struct bootsel_record boot;
    struct host_files h = {0};
    enum tdm_host_slot slot;
    bool is_final;

    (void)state;
    fake_flash_open(&flash, NULL, 2 * BLOCK, BLOCK, 512);
    fake_flash_plant(&flash, 0, "damaged, and not by a first commit", 34);
    bootsel_record_init(&boot, &flash.port);
    host_files_init(&h, NULL, NULL, &boot.port, TDM_HOST_B);
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
        cmocka_unit_test(bytes_of_the_example),  cmocka_unit_test(damage),
        cmocka_unit_test(a_cut_during_a_select), cmocka_unit_test(what_starts_next),
        cmocka_unit_test(a_lost_boot_record),    cmocka_unit_test(a_host_without_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
