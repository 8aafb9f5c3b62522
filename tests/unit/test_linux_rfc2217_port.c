/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial port over RFC 2217. What the server says is written into a socket before it is asked, what the client has
 * said is read afterwards; each piece is one packet, so that an answer is not heard before its question. Expected bytes are put together from RFC 2217's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/serial_backend.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

#define SUB(bytes)  "\xff\xfa\x2c" bytes "\xff\xf0"
#define WANTED      "\xff\xfd\x2c"
#define RATE(bytes) SUB("\x65" bytes)
#define RATE_115200 RATE("\x00\x01\xc2\x00")
#define GOOD_START  WANTED RATE_115200
#define DROPPED     SUB("\x70\x01")

/* What every session begins with: offers and questions, 8 bits, no parity, 1 stop bit, no flow control, 115200. */
#define OPENING                                                                                                        \
    "\xff\xfb\x2c\xff\xfb\x00\xff\xfb\x03\xff\xfd\x00\xff\xfd\x03" SUB("\x02\x08") SUB("\x03\x01") SUB("\x04\x01")     \
        SUB("\x05\x01") SUB("\x01\x00\x01\xc2\x00")

static struct serial_linux port;
static int server;

static void connect_both(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    port = (struct serial_linux){.fd = ends[0], .is_open = true};
    server = ends[1];
}

static void server_says(const uint8_t *bytes, size_t len)
{
    if (len > 0)
        assert_int_equal(write(server, bytes, len), len);
}

static void server_heard(const uint8_t *bytes, size_t len)
{
    uint8_t heard[1024];
    size_t have = 0;
    for (ssize_t n; (n = read(server, heard + have, sizeof heard - have)) > 0;)
        have += (size_t)n;
    if (have != len || memcmp(heard, bytes, len) != 0)
        fail_msg("the server heard %zu bytes and not these %zu", have, len);
}

static void hang_up(void)
{
    if (server >= 0)
        close(server);
    server = -1;
    serial_linux_close(&port);
}

static void open_good(void)
{
    struct tdm_fault why = {0};
    connect_both();
    server_says(BYTES(WANTED));
    server_says(BYTES(RATE_115200));
    if (serial_rfc2217_begin(&port, 115200, &why) != TDM_OK)
        fail_msg("%s %s", why.code, why.what);
    server_heard(BYTES(OPENING));
}

static void read_must_be(const uint8_t *bytes, size_t len)
{
    uint8_t buf[64];
    size_t got = 0;
    assert_int_equal(tdm_serial_read(&port.port, buf, sizeof buf, 5000, &got), TDM_OK);
    assert_int_equal(got, len);
    assert_memory_equal(buf, bytes, len);
}

static void nothing_to_read(void)
{
    uint8_t byte;
    size_t got = 7;
    assert_int_equal(tdm_serial_read(&port.port, &byte, 1, 0, &got), TDM_E_TIMEOUT);
    assert_int_equal(got, 0);
}

/* Each server has said all that it will when the client begins, and has closed its side. */
static void test_opening(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *options;
        size_t options_len;
        const uint8_t *rate;
        size_t rate_len;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"good", BYTES(WANTED), BYTES(RATE_115200), TDM_OK, ""},
        {"asks and offers by itself", BYTES("\xff\xfb\x2c\xff\xfb\x01\xff\xfd\x00"), BYTES(RATE_115200), TDM_OK, ""},
        {"near the rate", BYTES(WANTED), BYTES(RATE("\x00\x01\xc0\xf0")), TDM_OK, ""},
        {"of other things first", BYTES("login:" WANTED), BYTES(SUB("\x6b\xff\xff") "\r\n" RATE_115200), TDM_OK, ""},
        {"another rate", BYTES(WANTED), BYTES(RATE("\x00\x00\x25\x80")), TDM_E_UNSUPPORTED, "port_baud"},
        {"a rate of two bytes", BYTES(WANTED), BYTES(RATE("\xc2\x00")), TDM_E_UNSUPPORTED, "port_baud"},
        {"has no serial ports", BYTES("\xff\xfe\x2c"), BYTES(""), TDM_E_UNSUPPORTED, "port_not_serial_server"},
        {"goes away at once", BYTES(""), BYTES(""), TDM_E_UNREACHABLE, "port_unreachable"},
        {"goes away with text", BYTES("SSH-2.0-x\r\n"), BYTES(""), TDM_E_UNREACHABLE, "port_unreachable"},
        {"goes away before the rate", BYTES(WANTED), BYTES(""), TDM_E_UNREACHABLE, "port_unreachable"},
        {"goes away within a command", BYTES(WANTED), BYTES("\xff\xfa\x2c\x65\x00\x01"), TDM_E_UNREACHABLE,
         "port_unreachable"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tdm_fault why;
        tdm_fault_clear(&why);
        connect_both();
        server_says(rows[i].options, rows[i].options_len);
        server_says(rows[i].rate, rows[i].rate_len);
        assert_int_equal(shutdown(server, SHUT_WR), 0);
        tdm_err err = serial_rfc2217_begin(&port, 115200, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0)
            fail_msg("%s: %s, %s", rows[i].name, tdm_err_name(err), why.code);
        hang_up();
    }
}

static void test_data_both_ways(void **state)
{
    (void)state;
    open_good();
    server_says(BYTES("\xc0\xff\xff\r\0\xff\xf1\xc0"));
    read_must_be(BYTES("\xc0\xff\r\0\xc0"));
    nothing_to_read();
    assert_int_equal(tdm_serial_write(&port.port, BYTES("\xc0\xff\r\n\xff"), 5000), TDM_OK);
    server_heard(BYTES("\xc0\xff\xff\r\n\xff\xff"));
    hang_up();
}

static void test_rate(void **state)
{
    (void)state;
    open_good();
    server_says(BYTES("boot" RATE("\x00\x0e\x10\x00")));
    assert_int_equal(tdm_serial_set_baud(&port.port, 921600), TDM_OK);
    server_heard(BYTES(SUB("\x01\x00\x0e\x10\x00")));
    read_must_be(BYTES("boot")); /* what came meanwhile is kept */
    server_says(BYTES(RATE_115200));
    assert_int_equal(tdm_serial_set_baud(&port.port, 2000000), TDM_E_UNSUPPORTED);
    assert_int_equal(tdm_serial_set_baud(&port.port, 0), TDM_E_UNSUPPORTED);
    hang_up();
}

/* Dropped: what had come, and what comes before the server has dropped its own. Nobody waits in drop_input. */
static void test_dropped_input(void **state)
{
    (void)state;
    open_good();
    server_says(BYTES("come"));
    assert_int_equal(tdm_serial_drop_input(&port.port), TDM_OK);
    assert_int_equal(tdm_serial_write(&port.port, BYTES("?"), 5000), TDM_OK);
    server_heard(BYTES(SUB("\x0c\x01") "?"));
    server_says(BYTES("on the way"));
    nothing_to_read();
    server_says(BYTES("and more" DROPPED "new"));
    read_must_be(BYTES("new"));
    hang_up();
}

static void test_two_drops_are_two_marks(void **state)
{
    (void)state;
    open_good();
    assert_int_equal(tdm_serial_drop_input(&port.port), TDM_OK);
    assert_int_equal(tdm_serial_drop_input(&port.port), TDM_OK);
    nothing_to_read(); /* sends what was to be sent */
    server_heard(BYTES(SUB("\x0c\x01") SUB("\x0c\x01")));
    server_says(BYTES("old" DROPPED "old too"));
    nothing_to_read();
    server_says(BYTES(DROPPED "new" DROPPED)); /* one more than was asked for means nothing */
    read_must_be(BYTES("new"));
    hang_up();
}

static void test_lines(void **state)
{
    struct lines_linux l;
    struct tdm_fault why = {0};
    (void)state;
    open_good();
    assert_int_equal(lines_linux_open(&l, "modem-classic", &port, 0, 0, &why), TDM_OK);
    server_says(BYTES(SUB("\x69\x01") SUB("\x69\x09") "text" SUB("\x69\x0b")));
    assert_int_equal(l.port.ops->set(&l.port, true, true), TDM_OK);
    server_heard(BYTES(SUB("\x05\x09") SUB("\x05\x0b")));
    server_says(BYTES(SUB("\x69\x08") SUB("\x69\x0c")));
    assert_int_equal(l.port.ops->set(&l.port, false, true), TDM_OK);
    server_heard(BYTES(SUB("\x05\x08") SUB("\x05\x0c")));
    read_must_be(BYTES("text"));
    lines_linux_close(&l);
    hang_up();
}

/* One that never confirms is waited for once (a second); the lines are moved all the same. */
static void test_server_that_does_not_confirm(void **state)
{
    (void)state;
    open_good();
    for (int i = 0; i < 20; i++)
        assert_int_equal(serial_rfc2217_set_modem(&port, SERIAL_DTR | SERIAL_RTS), TDM_OK);
    size_t count = 0;
    uint8_t heard[64];
    for (ssize_t n; (n = read(server, heard, sizeof heard)) > 0;)
        count += (size_t)n;
    assert_int_equal(count, 20 * 14); /* two commands of seven bytes each time */
    hang_up();
}

static void test_suspended(void **state)
{
    (void)state;
    open_good();
    server_says(BYTES(SUB("\x6c")));
    nothing_to_read();
    assert_int_equal(tdm_serial_write(&port.port, BYTES("x"), 0), TDM_E_TIMEOUT);
    server_says(BYTES(SUB("\x6d")));
    assert_int_equal(tdm_serial_write(&port.port, BYTES("y"), 5000), TDM_OK);
    server_heard(BYTES("y"));
    hang_up();
}

/* A server that does not read: the write ends, and what is left of it goes before anything else. */
static void test_full_wire(void **state)
{
    uint8_t block[4096], heard[4096];
    size_t count = 0;
    tdm_err err = TDM_OK;
    (void)state;
    open_good();
    memset(block, 0xff, sizeof block);
    for (int i = 0; i < 1000 && err == TDM_OK; i++)
        err = tdm_serial_write(&port.port, block, sizeof block, 10);
    assert_int_equal(err, TDM_E_TIMEOUT);
    for (ssize_t n; (n = read(server, heard, sizeof heard)) > 0; count += (size_t)n)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(heard[i], 0xff);
    assert_int_equal(tdm_serial_write(&port.port, BYTES("x"), 5000), TDM_OK);
    for (ssize_t n; (n = read(server, heard, sizeof heard)) > 0; count += (size_t)n)
        block[0] = heard[n - 1];
    assert_int_equal(block[0], 'x');
    assert_int_equal((count - 1) % 2, 0);
    hang_up();
}

static void test_server_that_goes_away(void **state)
{
    uint8_t byte;
    size_t got;
    (void)state;
    open_good();
    server_says(BYTES("last"));
    close(server);
    server = -1;
    read_must_be(BYTES("last"));
    assert_int_equal(tdm_serial_read(&port.port, &byte, 1, 5000, &got), TDM_E_UNREACHABLE);
    assert_int_equal(tdm_serial_write(&port.port, BYTES("x"), 5000), TDM_E_UNREACHABLE);
    assert_int_equal(tdm_serial_set_baud(&port.port, 9600), TDM_E_UNREACHABLE);
    assert_int_equal(tdm_serial_drop_input(&port.port), TDM_E_UNREACHABLE);
    assert_int_equal(serial_rfc2217_set_modem(&port, 0), TDM_E_UNREACHABLE);
    serial_linux_close(&port);
    assert_int_equal(tdm_serial_read(&port.port, &byte, 1, 0, &got), TDM_E_STATE);
    assert_int_equal(tdm_serial_write(&port.port, BYTES("x"), 0), TDM_E_STATE);
    assert_int_equal(tdm_serial_set_baud(&port.port, 9600), TDM_E_STATE);
    assert_int_equal(tdm_serial_drop_input(&port.port), TDM_E_STATE);
    assert_int_equal(serial_rfc2217_set_modem(&port, 0), TDM_E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_data_both_ways),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_dropped_input),
        cmocka_unit_test(test_two_drops_are_two_marks),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_server_that_does_not_confirm),
        cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_full_wire),
        cmocka_unit_test(test_server_that_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
