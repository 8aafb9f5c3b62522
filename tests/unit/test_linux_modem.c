/* SPDX-License-Identifier: Apache-2.0 */
/* DTR and RTS: the states they go through, and the requests that the kernel gets for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/lines_modem_steps.h"

/* A pseudo terminal has no modem lines, so these requests are answered here; nothing else of ioctl is used. */
static struct {
    int bits, requests;
    int fails_at; /* 0: never */
    char seen[256];
} line;

static void note(const char *how)
{
    size_t len = strlen(line.seen);
    (void)snprintf(line.seen + len, sizeof line.seen - len, "%s%s%d%d", len > 0 ? " " : "", how,
                   (line.bits & TIOCM_DTR) != 0, (line.bits & TIOCM_RTS) != 0);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    int *value = va_arg(arguments, int *);
    va_end(arguments);

    if (request != TIOCMGET && request != TIOCMSET && request != TIOCMBIS && request != TIOCMBIC)
        return (int)syscall(SYS_ioctl, fd, request, value);
    if (++line.requests == line.fails_at) {
        errno = EIO;
        return -1;
    }
    switch (request) {
    case TIOCMGET:
        *value = line.bits;
        return 0;
    case TIOCMSET:
        line.bits = *value;
        note("=");
        return 0;
    case TIOCMBIS:
        line.bits |= *value;
        note("");
        return 0;
    default:
        line.bits &= ~*value;
        note("");
        return 0;
    }
}

/* What a reset into the loader, then one into the application, does: DTR and RTS in each step, "=" for one act, the
 * milliseconds that follow it. The orders are those of section "Reset" in the chip maker's documents. */
static void test_steps(void **state)
{
    static const struct {
        const char *words, *loader, *app;
    } rows[] = {
        {"-together", "=00 =11 =01 / =10 / =00", "=00 =11 =01 / =00"},
        {"-classic", "01 / 10 / 00", "01 / 00"},
        {"-usb", "00+100 10+100 11 01 / 00 / 00", "01+100 / 00"},
        {"-together:direct", "=11 / =10 / =00", "=01 / =00"},
        {"-classic:direct", "11 / 10 / 00", "01 / 00"},
        {"-classic:invert-reset", "00 / 11 / 01", "00 / 01"},
        {"-classic:invert-boot", "11 / 00 / 10", "11 / 10"},
        {"-together:direct,invert-boot,invert-reset", "=00 / =01 / =11", "=10 / =11"},
    };
    static const bool levels[][2] = {{true, true}, {false, true}, {false, false}, {true, false}, {false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char said[2][128] = {"", ""};
        struct lines_modem m;
        if (!lines_modem_read(&m, rows[i].words))
            fail_msg("%s: not understood", rows[i].words);
        for (size_t j = 0; j < sizeof levels / sizeof levels[0]; j++) {
            char *out = said[j >= 3];
            struct modem_step steps[MODEM_STEPS_MAX];
            size_t n = lines_modem_steps(&m, levels[j][0], levels[j][1], steps);
            assert_in_range(n, 1, MODEM_STEPS_MAX);
            if (j != 0 && j != 3)
                strcat(out, " /");
            for (size_t k = 0; k < n; k++) {
                char text[32];
                snprintf(text, sizeof text, "%s%s%d%d", out[0] != '\0' ? " " : "", steps[k].is_one_act ? "=" : "",
                         (steps[k].lines & SERIAL_DTR) != 0, (steps[k].lines & SERIAL_RTS) != 0);
                strcat(out, text);
                if (steps[k].then_ms > 0) {
                    snprintf(text, sizeof text, "+%u", (unsigned)steps[k].then_ms);
                    strcat(out, text);
                }
            }
        }
        if (strcmp(said[0], rows[i].loader) != 0 || strcmp(said[1], rows[i].app) != 0)
            fail_msg("%s: loader %s, application %s", rows[i].words, said[0], said[1]);
    }
}

/* Each further reset into the loader is another attempt; resets into the application between them do not count. */
static void test_alternating(void **state)
{
    static const struct {
        bool is_one_act;
        uint32_t then_ms;
    } rounds[] = {{true, 0}, {false, 0}, {true, 500}, {false, 500}, {true, 0}, {false, 0}};
    struct lines_modem m;
    struct modem_step steps[MODEM_STEPS_MAX];
    (void)state;
    assert_true(lines_modem_read(&m, ""));
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        size_t n = lines_modem_steps(&m, true, true, steps);
        assert_int_equal(n, rounds[i].is_one_act ? 3 : 1);
        n = lines_modem_steps(&m, false, true, steps);
        assert_int_equal(n, 1);
        assert_int_equal(steps[0].lines, SERIAL_DTR);
        assert_int_equal(steps[0].is_one_act, rounds[i].is_one_act);
        assert_int_equal(steps[0].then_ms, rounds[i].then_ms);
        for (int reset = 1; reset >= 0; reset--)
            (void)lines_modem_steps(&m, reset == 1, false, steps);
    }
}

static void test_words(void **state)
{
    static const char *const bad[] = {
        ":", "x", "-", "-clas", "-classics", ":direct,", ":direct,direct", ":,direct", ":invert", "-usb:direct",
    };
    struct lines_modem m;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (lines_modem_read(&m, bad[i]))
            fail_msg("modem%s was understood", bad[i]);
    }
}

static struct lines_linux open_lines(const char *spec, struct serial_linux *serial)
{
    struct lines_linux l;
    struct tdm_fault why = {0};
    if (lines_linux_open(&l, spec, serial, 0, 0, &why) != TDM_OK)
        fail_msg("%s: %s %s", spec, why.code, why.what);
    return l;
}

/* The other bits of the port (here CTS) stay as they are. */
static void test_kernel_requests(void **state)
{
    static const struct {
        const char *spec, *seen;
    } rows[] = {
        {"modem", "=00 =11 =01 =10 =00"},
        {"modem-together", "=00 =11 =01 =10 =00"},
        {"modem-classic", "00 01 11 10 00 00"},
        {"modem-classic:direct", "10 11 11 10 00 00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct serial_linux serial = {.fd = 0, .is_open = true, .is_tty = true};
        struct clock_posix clock;
        struct lines_linux l = open_lines(rows[i].spec, &serial);
        assert_true(l.port.is_wired);
        memset(&line, 0, sizeof line);
        line.bits = TIOCM_CTS;
        clock_posix_init(&clock);
        assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_LOADER), TDM_OK);
        if (strcmp(line.seen, rows[i].seen) != 0)
            fail_msg("%s: %s", rows[i].spec, line.seen);
        assert_int_equal(line.bits, TIOCM_CTS);
        lines_linux_close(&l);
    }
}

/* Opening a port asserts DTR and RTS. Behind two transistors that pulls nothing, and nothing may be pulled by letting go;
 * elsewhere it holds the radio in reset or its strap down: BOOT is let go, then RESET. */
static void test_opening_lets_go(void **state)
{
    static const struct {
        const char *spec, *seen;
        int bits;
    } rows[] = {
        {"modem", "", TIOCM_DTR | TIOCM_RTS},
        {"modem-usb", "", TIOCM_DTR | TIOCM_RTS},
        {"modem:direct", "01 00", 0},
        {"modem-together:direct", "01 00", 0},
        {"modem:invert-boot", "11 10", TIOCM_DTR},
        {"modem:invert-reset", "01 01", TIOCM_RTS},
        {"modem-classic:direct,invert-reset", "01 01", TIOCM_RTS},
        {"modem:direct,invert-reset,invert-boot", "11 11", TIOCM_DTR | TIOCM_RTS},
    };
    struct serial_linux serial = {.fd = 0, .is_open = true, .is_tty = true};
    struct lines_linux l;
    struct tdm_fault why = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&line, 0, sizeof line);
        line.bits = TIOCM_DTR | TIOCM_RTS;
        l = open_lines(rows[i].spec, &serial);
        if (strcmp(line.seen, rows[i].seen) != 0 || line.bits != rows[i].bits)
            fail_msg("%s: %s", rows[i].spec, line.seen);
        lines_linux_close(&l);
    }
    memset(&line, 0, sizeof line);
    line.fails_at = 2; /* 1: does the port have them at all? */
    assert_int_equal(lines_linux_open(&l, "modem:direct", &serial, 0, 0, &why), TDM_E_UNREACHABLE);
    assert_string_equal(why.code, "lines_failed");
    assert_false(l.is_open || l.port.is_wired);
}

static void test_adapter_pulled_out(void **state)
{
    static const char *const specs[] = {"modem-together", "modem-classic"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct serial_linux serial = {.fd = 0, .is_open = true, .is_tty = true};
        struct lines_linux l = open_lines(specs[i], &serial);
        for (int at = 1; at <= 2; at++) {
            memset(&line, 0, sizeof line);
            line.fails_at = at;
            assert_int_equal(l.port.ops->set(&l.port, true, true), TDM_E_UNREACHABLE);
            assert_int_equal(line.requests, at);
        }
        serial.is_open = false;
        assert_int_equal(l.port.ops->set(&l.port, true, true), TDM_E_STATE);
        lines_linux_close(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_alternating),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_kernel_requests),
        cmocka_unit_test(test_adapter_pulled_out),
        cmocka_unit_test(test_opening_lets_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
