/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of results: what is found again, what is overwritten, and what a cut may cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/history.h>

#include "support/fake_flash.h"

#define PLACES 4u

static struct fake_power power;
static struct fake_flash flash;

static int open_flash(void **state)
{
    (void)state;
    memset(&power, 0, sizeof power);
    fake_flash_open(&flash, &power, PLACES * 4096, 4096, 256);
    return 0;
}

static int close_flash(void **state)
{
    (void)state;
    fake_flash_close(&flash);
    return 0;
}

static struct history_entry entry(uint32_t number)
{
    struct history_entry e = {.number = number, .code = (uint8_t)(number % 5), .time = 1790000000u + number};

    memset(e.id, (int)number, sizeof e.id);
    memset(e.version, 'v', HISTORY_TEXT_MAX);
    memset(e.reason, 'r', number % HISTORY_TEXT_MAX);
    return e;
}

static void append(uint32_t number)
{
    struct history_entry e = entry(number);

    assert_int_equal(history_append(&flash.port, &e), TDM_OK);
}

static bool is_there(uint32_t number)
{
    struct history_entry e, meant = entry(number);

    memset(&e, 0xa5, sizeof e);
    if (history_find(&flash.port, number, &e) != TDM_OK)
        return false;
    assert_int_equal(e.number, number);
    assert_int_equal(e.code, meant.code);
    assert_true(e.time == meant.time);
    assert_memory_equal(e.id, meant.id, sizeof e.id);
    assert_string_equal(e.version, meant.version);
    assert_string_equal(e.reason, meant.reason);
    return true;
}

static void the_newest_entries_are_there(void **state)
{
    (void)state;
    assert_int_equal(history_places(&flash.port), PLACES);
    for (uint32_t n = 1; n <= 11; n++) {
        assert_false(is_there(n));
        append(n);
        for (uint32_t old = 1; old <= n; old++)
            assert_int_equal(is_there(old), old + PLACES > n);
    }
}

static void an_entry_that_is_damaged_is_none(void **state)
{
    struct history_entry e;

    (void)state;
    append(2);
    for (uint32_t at = 0; at < 153; at++) {
        flash.mem[2 * 4096 + at] ^= 1;
        assert_false(is_there(2));
        flash.mem[2 * 4096 + at] ^= 1;
    }
    assert_true(is_there(2));
    assert_int_equal(history_get(&flash.port, 0, &e), TDM_E_NOT_FOUND);
    assert_int_equal(history_get(&flash.port, PLACES, &e), TDM_E_NOT_FOUND);
    flash.bad_len = flash.port.size;
    assert_int_equal(history_get(&flash.port, 2, &e), TDM_E_IO);
}

static void a_region_without_a_place(void **state)
{
    struct fake_flash small;
    struct history_entry e = entry(1);

    (void)state;
    fake_flash_open(&small, &power, 1024, 256, 1);
    assert_int_equal(history_places(&small.port), 0);
    assert_int_equal(history_append(&small.port, &e), TDM_E_NO_ROOM);
    assert_int_equal(history_find(&small.port, 1, &e), TDM_E_NOT_FOUND);
    fake_flash_close(&small);
}

/* Cut anywhere: of the others none is lost, and the same append works afterwards. */
static void a_cut_costs_the_oldest_at_most(void **state)
{
    bool was_cut = true;

    for (int tear = FAKE_TEAR_NONE; tear < FAKE_TEAR_COUNT; tear++, was_cut = true) {
        for (uint64_t at = 1; was_cut; at++) {
            struct history_entry sixth = entry(6);
            (void)open_flash(state);
            for (uint32_t n = 1; n <= 5; n++)
                append(n);
            power.cut_at = power.ops + at;
            power.tear = (enum fake_tear)tear;
            tdm_err err = history_append(&flash.port, &sixth);
            was_cut = power.is_off;
            assert_int_equal(err, was_cut ? TDM_E_POWER : TDM_OK);
            fake_power_on(&power);
            fake_flash_reboot(&flash);
            for (uint32_t n = 3; n <= 5; n++)
                assert_true(is_there(n));
            append(6);
            assert_true(is_there(6));
            (void)close_flash(state);
        }
    }
}

#define ROW(t) cmocka_unit_test_setup_teardown(t, open_flash, close_flash)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(the_newest_entries_are_there),
        ROW(an_entry_that_is_damaged_is_none),
        ROW(a_region_without_a_place),
        cmocka_unit_test(a_cut_costs_the_oldest_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
