/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port over real pseudo terminals and real loopback connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "linux/tandem_linux.h"

#define WAIT_MS 5000 /* a bound for a broken build, never waited for */

struct far_end {
    int fd; /* the other side of the wire */
    char where[64];
};

static struct far_end pty_new(void)
{
    struct far_end far = {.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(far.fd >= 0);
    assert_int_equal(grantpt(far.fd), 0);
    assert_int_equal(unlockpt(far.fd), 0);
    assert_int_equal(ptsname_r(far.fd, far.where, sizeof far.where), 0);
    return far;
}

static int listen_on_loopback(int family, char *where, size_t cap)
{
    struct sockaddr_storage at = {.ss_family = (sa_family_t)family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (family == AF_INET)
        ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)&at)->sin6_addr = in6addr_loopback;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 1) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    in_port_t port =
        family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port : ((struct sockaddr_in6 *)&at)->sin6_port;
    snprintf(where, cap, family == AF_INET ? "socket://127.0.0.1:%u" : "socket://[::1]:%u", ntohs(port));
    return fd;
}

static struct serial_linux open_good(const char *where, uint32_t baud)
{
    struct serial_linux s;
    struct tdm_fault why;
    tdm_fault_clear(&why);
    tdm_err err = serial_linux_open(&s, where, baud, &why);
    if (err != TDM_OK)
        fail_msg("open %s: %s %s (%llu)", where, why.code, why.what, (unsigned long long)why.at);
    return s;
}

/* The two kinds of wire, open at both ends. */
struct wire {
    const char *name;
    struct serial_linux s;
    int far;
};

static struct wire wire_new(bool is_tty)
{
    struct wire w = {.name = is_tty ? "tty" : "socket"};
    if (is_tty) {
        struct far_end far = pty_new();
        w.s = open_good(far.where, 115200);
        w.far = far.fd;
        return w;
    }
    char where[64];
    int listener = listen_on_loopback(AF_INET, where, sizeof where);
    assert_true(listener >= 0);
    w.s = open_good(where, 115200);
    w.far = accept(listener, NULL, NULL);
    assert_true(w.far >= 0);
    close(listener);
    return w;
}

static void wire_free(struct wire *w)
{
    serial_linux_close(&w->s);
    if (w->far >= 0)
        close(w->far);
}

static void each_wire(void (*test)(struct wire *w))
{
    for (int is_tty = 0; is_tty <= 1; is_tty++) {
        struct wire w = wire_new(is_tty);
        test(&w);
        wire_free(&w);
    }
}

static void read_exactly(struct wire *w, uint8_t *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        size_t got = 0;
        tdm_err err = tdm_serial_read(&w->s.port, out + have, len - have, WAIT_MS, &got);
        if (err != TDM_OK)
            fail_msg("%s: read %s after %zu of %zu bytes", w->name, tdm_err_name(err), have, len);
        have += got;
    }
}

static void far_read_exactly(struct wire *w, uint8_t *out, size_t len)
{
    for (size_t have = 0; have < len;) {
        struct pollfd p = {.fd = w->far, .events = POLLIN};
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        ssize_t n = read(w->far, out + have, len - have);
        if (n <= 0)
            fail_msg("%s: far end: errno %d after %zu of %zu bytes", w->name, errno, have, len);
        have += (size_t)n;
    }
}

/* Every byte value, also those a terminal would take as orders (03, 0a, 0d, 11, 13, 7f). */
static void check_every_byte(struct wire *w)
{
    uint8_t sent[256], seen[256];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)i;

    assert_int_equal(write(w->far, sent, sizeof sent), sizeof sent);
    read_exactly(w, seen, sizeof seen);
    assert_memory_equal(sent, seen, sizeof sent);

    memset(seen, 0, sizeof seen);
    assert_int_equal(tdm_serial_write(&w->s.port, sent, sizeof sent, WAIT_MS), TDM_OK);
    far_read_exactly(w, seen, sizeof seen);
    assert_memory_equal(sent, seen, sizeof sent);
}

static void test_every_byte_passes_both_ways(void **state)
{
    (void)state;
    each_wire(check_every_byte);
}

static void check_silence(struct wire *w)
{
    uint8_t byte;
    size_t got = 7;
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, 0, &got), TDM_E_TIMEOUT);
    assert_int_equal(got, 0);
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, 20, &got), TDM_E_TIMEOUT);
    assert_int_equal(got, 0);
}

static void test_silence_is_timeout(void **state)
{
    (void)state;
    each_wire(check_silence);
}

static void check_hang_up(struct wire *w)
{
    uint8_t byte;
    size_t got;
    close(w->far);
    w->far = -1;
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, WAIT_MS, &got), TDM_E_UNREACHABLE);
    tdm_err err = TDM_OK; /* a socket takes bytes until the reset of the connection has arrived */
    for (int i = 0; i < 1000 && err == TDM_OK; i++)
        err = tdm_serial_write(&w->s.port, &byte, 1, WAIT_MS);
    assert_int_equal(err, TDM_E_UNREACHABLE);
}

static void test_hang_up_is_unreachable(void **state)
{
    (void)state;
    each_wire(check_hang_up);
}

/* Nobody reads at the far end: the wire fills and the deadline ends the write. */
static void check_full(struct wire *w)
{
    static const uint8_t block[65536];
    tdm_err err = TDM_OK;
    for (int i = 0; i < 1000 && err == TDM_OK; i++)
        err = tdm_serial_write(&w->s.port, block, sizeof block, 50);
    assert_int_equal(err, TDM_E_TIMEOUT);
}

static void test_full_wire_is_timeout(void **state)
{
    (void)state;
    each_wire(check_full);
}

static void check_drop(struct wire *w)
{
    uint8_t byte = 0;
    size_t got;
    struct pollfd p = {.fd = w->s.fd, .events = POLLIN};

    assert_int_equal(write(w->far, "stale", 5), 5);
    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_int_equal(tdm_serial_drop_input(&w->s.port), TDM_OK);
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, 0, &got), TDM_E_TIMEOUT);
    assert_int_equal(write(w->far, "!", 1), 1);
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, WAIT_MS, &got), TDM_OK);
    assert_int_equal(byte, '!');
}

static void test_dropped_input_is_gone(void **state)
{
    (void)state;
    each_wire(check_drop);
}

static void check_closed(struct wire *w)
{
    uint8_t byte = 0;
    size_t got;
    serial_linux_close(&w->s);
    serial_linux_close(&w->s);
    assert_int_equal(tdm_serial_read(&w->s.port, &byte, 1, 0, &got), TDM_E_STATE);
    assert_int_equal(tdm_serial_write(&w->s.port, &byte, 1, 0), TDM_E_STATE);
    assert_int_equal(tdm_serial_set_baud(&w->s.port, 115200), TDM_E_STATE);
    assert_int_equal(tdm_serial_drop_input(&w->s.port), TDM_E_STATE);
}

static void test_closed_port_does_nothing(void **state)
{
    (void)state;
    struct serial_linux never_opened = {0};
    serial_linux_close(&never_opened);
    each_wire(check_closed);
}

/* A pty keeps the settings it is given, so its master tells what the port asked for. */
static void test_tty_is_raw_at_the_asked_rate(void **state)
{
    static const struct {
        uint32_t baud;
        speed_t code;
    } rows[] = {{115200, B115200}, {460800, B460800}, {921600, B921600}, {2000000, B2000000}};
    (void)state;
    struct far_end far = pty_new();
    struct serial_linux s = open_good(far.where, 9600);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct termios t;
        assert_int_equal(tdm_serial_set_baud(&s.port, rows[i].baud), TDM_OK);
        assert_int_equal(tcgetattr(far.fd, &t), 0);
        assert_int_equal(cfgetospeed(&t), rows[i].code);
        assert_int_equal(cfgetispeed(&t), rows[i].code);
        assert_int_equal(t.c_lflag, 0);
        assert_int_equal(t.c_iflag, 0);
        assert_int_equal(t.c_oflag, 0);
        assert_int_equal(t.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS | HUPCL), CS8);
    }
    assert_int_equal(tdm_serial_set_baud(&s.port, 1234567), TDM_OK); /* no code for it, only a number */
    assert_int_equal(tdm_serial_set_baud(&s.port, 0), TDM_E_UNSUPPORTED);
    serial_linux_close(&s);
    close(far.fd);
}

static void test_socket_has_no_rate(void **state)
{
    (void)state;
    struct wire w = wire_new(false);
    assert_int_equal(tdm_serial_set_baud(&w.s.port, 921600), TDM_OK);
    wire_free(&w);
}

static void test_second_program_finds_it_busy(void **state)
{
    (void)state;
    struct far_end far = pty_new();
    struct serial_linux first = open_good(far.where, 115200), second;
    struct tdm_fault why;

    tdm_fault_clear(&why);
    assert_int_equal(serial_linux_open(&second, far.where, 115200, &why), TDM_E_BUSY);
    assert_string_equal(why.code, "port_busy");
    assert_false(second.is_open);

    serial_linux_close(&first);
    second = open_good(far.where, 115200);
    serial_linux_close(&second);
    close(far.fd);
}

/* A program that was killed must not leave the port locked. */
static void test_lock_ends_with_its_program(void **state)
{
    (void)state;
    struct far_end far = pty_new();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct serial_linux s = open_good(far.where, 115200);
        _exit(s.is_open ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct serial_linux s = open_good(far.where, 115200);
    serial_linux_close(&s);
    close(far.fd);
}

static void test_ipv6_address(void **state)
{
    (void)state;
    char where[64];
    int listener = listen_on_loopback(AF_INET6, where, sizeof where);
    if (listener < 0)
        skip(); /* a machine without IPv6 */
    struct serial_linux s = open_good(where, 115200);
    serial_linux_close(&s);
    close(listener);
}

static void test_open_names_the_cause(void **state)
{
    char free_port[64];
    int listener = listen_on_loopback(AF_INET, free_port, sizeof free_port);
    assert_true(listener >= 0);
    close(listener); /* now nobody listens there */
    const struct {
        const char *where;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"/nonexistent/tty", TDM_E_NOT_FOUND, "port_not_found"},
        {"/dev/null", TDM_E_UNSUPPORTED, "port_not_a_tty"},
        {"/tmp", TDM_E_IO, "port_io"},
        {"socket://", TDM_E_FORMAT, "port_bad_address"},
        {"socket://localhost", TDM_E_FORMAT, "port_bad_address"},
        {"socket://localhost:", TDM_E_FORMAT, "port_bad_address"},
        {"socket://:1234", TDM_E_FORMAT, "port_bad_address"},
        {"socket://localhost:12x", TDM_E_FORMAT, "port_bad_address"},
        {"socket://localhost:1234567", TDM_E_FORMAT, "port_bad_address"},
        {"socket://[]:1234", TDM_E_FORMAT, "port_bad_address"},
        {free_port, TDM_E_UNREACHABLE, "port_unreachable"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct serial_linux s;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        tdm_err err = serial_linux_open(&s, rows[i].where, 115200, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0 || s.is_open)
            fail_msg("%s: %s, %s", rows[i].where, tdm_err_name(err), why.code);
    }
}

static void test_no_permission(void **state)
{
    (void)state;
    struct far_end far = pty_new();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* root may open anything, so become somebody else */
        struct serial_linux s;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        if (chmod(far.where, 0) != 0 || (geteuid() == 0 && setuid(65534) != 0))
            _exit(2);
        tdm_err err = serial_linux_open(&s, far.where, 115200, &why);
        _exit(err == TDM_E_ACCESS && strcmp(why.code, "port_no_access") == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(far.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_passes_both_ways),
        cmocka_unit_test(test_silence_is_timeout),
        cmocka_unit_test(test_hang_up_is_unreachable),
        cmocka_unit_test(test_full_wire_is_timeout),
        cmocka_unit_test(test_dropped_input_is_gone),
        cmocka_unit_test(test_closed_port_does_nothing),
        cmocka_unit_test(test_tty_is_raw_at_the_asked_rate),
        cmocka_unit_test(test_socket_has_no_rate),
        cmocka_unit_test(test_second_program_finds_it_busy),
        cmocka_unit_test(test_lock_ends_with_its_program),
        cmocka_unit_test(test_ipv6_address),
        cmocka_unit_test(test_open_names_the_cause),
        cmocka_unit_test(test_no_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
