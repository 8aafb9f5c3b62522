/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "linux/tandem_linux.h"
#include "support/gpio_scene.h"

#define LINES_MAX 4

static const struct {
    int number, count;
    const char *names[LINES_MAX];
} chips[] = {{0, 4, {"RCP_RESET", "RCP_BOOT", "LED", ""}}, {3, 2, {"EXT_RESET", "EXT_BOOT"}}};

static struct {
    char seen[512];
    int chips_open, lines_held;
} board;

static void note(const char *format, ...)
{
    size_t len = strlen(board.seen);
    va_list arguments;

    if (len > 0)
        board.seen[len++] = ' ';
    va_start(arguments, format);
    assert_true((size_t)vsnprintf(board.seen + len, sizeof board.seen - len, format, arguments) <
                sizeof board.seen - len);
    va_end(arguments);
}

static int gpio_failed(int cause)
{
    errno = cause;
    return -1;
}

int gpio_scene_open(const char *path)
{
    int number = -1, end = 0;

    if (sscanf(path, "/dev/gpiochip%d%n", &number, &end) != 1 || path[end] != '\0')
        return gpio_failed(strcmp(path, "/dev/null") == 0 ? ENOTTY : ENOENT);
    if (number == 5)
        return gpio_failed(EACCES);
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        if (chips[i].number != number)
            continue;
        board.chips_open++;
        return number;
    }
    return gpio_failed(ENOENT);
}

void gpio_scene_close(int chip)
{
    (void)chip;
    board.chips_open--;
}

static size_t at(int chip)
{
    assert_true(chip == 0 || chip == 3);
    return chip == 0 ? 0 : 1;
}

int gpio_scene_find(int chip, const char *name)
{
    for (int i = 0; i < chips[at(chip)].count; i++) {
        if (strcmp(chips[at(chip)].names[i], name) == 0)
            return i;
    }
    return gpio_failed(ENOENT);
}

bool gpio_scene_has(int chip, unsigned offset)
{
    return offset < (unsigned)chips[at(chip)].count;
}

int gpio_scene_request(int chip, int offset, const char *consumer, bool is_low, bool is_drain, int value)
{
    assert_string_equal(consumer, "tandem");
    assert_int_equal(value, 0); /* nothing is pulled by opening */
    if (chip == 0 && offset >= 2)
        return gpio_failed(offset == 2 ? EBUSY : EOPNOTSUPP);
    board.lines_held++;
    note("+%d/%d%s%s", chip, offset, is_low ? " low" : " high", is_drain ? " drain" : "");
    return 0;
}

void gpio_scene_set(int chip, int offset, int value)
{
    note("%d/%d=%d", chip, offset, value);
}

void gpio_scene_release(int chip, int offset)
{
    note("-%d/%d", chip, offset);
    board.lines_held--;
}

/* ---- what is tested ------------------------------------------------------------------------------------------------- */

static void all_given_back(const char *name)
{
    if (board.chips_open != 0 || board.lines_held != 0)
        fail_msg("%s: %d chips open, %d lines held", name, board.chips_open, board.lines_held);
}

static void test_forms(void **state)
{
    static const struct {
        const char *spec, *requests;
    } rows[] = {
        {"gpio:RESET=gpiochip0/0,BOOT=gpiochip0/1", "+0/1 low +0/0 low"},
        {"gpio:BOOT=0/1,RESET=0/0", "+0/1 low +0/0 low"},
        {"gpio:RESET=/dev/gpiochip3/0:high,BOOT=3/1", "+3/1 low +3/0 high"},
        {"gpio:RESET=RCP_RESET:drain,BOOT=RCP_BOOT", "+0/1 low +0/0 low drain"},
        {"gpio:RESET=EXT_RESET:high:drain,BOOT=gpiochip3/EXT_BOOT:drain:high", "+3/1 high drain +3/0 high drain"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lines_linux l;
        struct tdm_fault why = {0};
        memset(&board, 0, sizeof board);
        if (lines_linux_open(&l, rows[i].spec, NULL, 100, 50, &why) != TDM_OK)
            fail_msg("%s: %s %s", rows[i].spec, why.code, why.what);
        if (strcmp(board.seen, rows[i].requests) != 0 || !l.port.is_wired || board.lines_held != 2)
            fail_msg("%s: %s", rows[i].spec, board.seen);
        lines_linux_close(&l);
        lines_linux_close(&l);
        all_given_back(rows[i].spec);
    }
}

/* The strap stands before a reset is released, and nothing is pulled at the end. Polarity is the library's business. */
static void test_reset(void **state)
{
    struct lines_linux l;
    struct tdm_fault why = {0};
    struct clock_posix clock;
    (void)state;

    clock_posix_init(&clock);
    assert_int_equal(lines_linux_open(&l, "gpio:RESET=0/0,BOOT=0/1", NULL, 0, 0, &why), TDM_OK);
    memset(board.seen, 0, sizeof board.seen);
    assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_LOADER), TDM_OK);
    assert_string_equal(board.seen, "0/1=1 0/0=1 0/1=1 0/0=0 0/1=0 0/0=0");
    memset(board.seen, 0, sizeof board.seen);
    assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_APP), TDM_OK);
    assert_string_equal(board.seen, "0/1=0 0/0=1 0/1=0 0/0=0 0/1=0 0/0=0");
    lines_linux_close(&l);
    assert_int_equal(l.port.ops->set(&l.port, true, true), TDM_E_STATE);
    all_given_back("reset");
}

static void test_open_names_the_cause(void **state)
{
    static const struct {
        const char *spec;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"gpio:", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0,RESET=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0,BOOT=0/1,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0,BOOT=0/1,", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0,BOOT=1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=/0,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0:low,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0:,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0:high:high,BOOT=0/1", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/0,BOOT=1234567890123456789012345678901234567890123456789012345678901234", TDM_E_FORMAT,
         "lines_bad_spec"},
        {"gpio:RESET=1/0,BOOT=0/1", TDM_E_NOT_FOUND, "lines_not_found"},
        {"gpio:RESET=0/4,BOOT=0/1", TDM_E_NOT_FOUND, "lines_not_found"},
        {"gpio:RESET=gpiochip3/RCP_RESET,BOOT=0/1", TDM_E_NOT_FOUND, "lines_not_found"},
        {"gpio:RESET=/dev/null/0,BOOT=0/1", TDM_E_NOT_FOUND, "lines_not_found"},
        {"gpio:RESET=0/0,BOOT=5/1", TDM_E_ACCESS, "lines_no_access"},
        {"gpio:RESET=RCP_RST,BOOT=0/1", TDM_E_ACCESS, "lines_no_access"}, /* may be on the chip that stays closed */
        {"gpio:RESET=LED,BOOT=0/1", TDM_E_BUSY, "lines_busy"},
        {"gpio:RESET=0/0,BOOT=0/3:drain", TDM_E_IO, "lines_refused"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lines_linux l;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        memset(&board, 0, sizeof board);
        tdm_err err = lines_linux_open(&l, rows[i].spec, NULL, 100, 50, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0 || l.is_open)
            fail_msg("%s: %s, %s", rows[i].spec, tdm_err_name(err), why.code);
        all_given_back(rows[i].spec);
    }
}

int gpio_scene_run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_open_names_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
