/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's signal as an answer of the serial port, and who has a port open, on real pseudo terminals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/cancel.h"
#include "linux/tandem_linux.h"

#define LONG_MS 60000u

struct pty {
    int master;
    char slave[64];
};

static struct pty open_pty(void)
{
    struct pty p = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};

    assert_true(p.master >= 0);
    assert_int_equal(grantpt(p.master), 0);
    assert_int_equal(unlockpt(p.master), 0);
    snprintf(p.slave, sizeof p.slave, "%s", ptsname(p.master));
    return p;
}

static void a_signal_ends_waiting_and_nothing_else(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct pty pty = open_pty();
    struct serial_linux s;
    struct tdm_fault why;
    uint8_t byte;
    size_t got;

    (void)state;
    assert_int_equal(serial_linux_open(&s, pty.slave, 115200, &why), TDM_OK);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        cancel_on_signals();
        cancel_forget();
        assert_false(cancel_is_asked());
        assert_int_equal(tdm_serial_read(&s.port, &byte, 1, 0, &got), TDM_E_TIMEOUT);
        assert_int_equal(raise(signals[i]), 0);
        assert_true(cancel_is_asked());
        /* Asked before the wait began: it must not last its minute. */
        assert_int_equal(tdm_serial_read(&s.port, &byte, 1, LONG_MS, &got), TDM_E_CANCELLED);
        assert_int_equal(tdm_serial_write(&s.port, &byte, 1, LONG_MS), TDM_E_CANCELLED);
        /* What an engine needs to leave the radio running. */
        assert_int_equal(tdm_serial_set_baud(&s.port, 460800), TDM_OK);
    }
    cancel_forget();
    assert_int_equal(tdm_serial_write(&s.port, &byte, 1, LONG_MS), TDM_OK);
    serial_linux_close(&s);
    close(pty.master);
}

/* A process that has the tty open, without a lock, until its pipe ends. */
static pid_t start_holder(const char *tty, int master, int *until)
{
    int up[2], down[2];
    char byte = 0;

    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t child = fork();
    if (child == 0) {
        close(down[1]);
        close(master); /* else it would be the line itself */
        int fd = open(tty, O_RDWR | O_NOCTTY);
        if (fd < 0 || write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) < 0)
            _exit(1);
        _exit(0);
    }
    close(down[0]);
    close(up[1]);
    assert_int_equal(read(up[0], &byte, 1), 1);
    close(up[0]);
    *until = down[1];
    return child;
}

static void who_has_the_port(void **state)
{
    struct pty pty = open_pty();
    struct serial_linux s, other;
    struct tdm_fault why = {0};
    char id[32];
    int until, status;

    (void)state;
    pid_t child = start_holder(pty.slave, pty.master, &until);
    assert_int_equal(serial_linux_open(&s, pty.slave, 115200, &why), TDM_E_BUSY);
    assert_string_equal(why.code, "port_busy");
    snprintf(id, sizeof id, "(process %ld)", (long)child);
    assert_non_null(strstr(s.holder, id));
    close(until);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    assert_int_equal(serial_linux_open(&s, pty.slave, 115200, &why), TDM_OK);
    tdm_fault_clear(&why);
    assert_int_equal(serial_linux_open(&other, pty.slave, 115200, &why), TDM_E_BUSY); /* by our own lock */
    assert_string_equal(other.holder, "");                                            /* ourselves we do not name */
    serial_linux_close(&s);
    close(pty.master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_ends_waiting_and_nothing_else),
        cmocka_unit_test(who_has_the_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
