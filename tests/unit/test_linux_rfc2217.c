/* SPDX-License-Identifier: Apache-2.0 */
/* Telnet and its serial port option as bytes. The examples are those of RFC 854, RFC 855 and RFC 2217. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "linux/rfc2217.h"

/* The events of a stream as a text: bytes of data in hex, (verb option), [command value]. */
static void listen_to(const uint8_t *in, size_t len, size_t piece, char *out, size_t cap)
{
    struct rfc2217_decoder d = {0};
    size_t n = 0;

    out[0] = '\0';
    for (size_t at = 0; at < len;) {
        struct rfc2217_event e;
        size_t have = len - at < piece ? len - at : piece;
        size_t used = rfc2217_decode(&d, in + at, have, &e);
        assert_in_range(used, 1, have);
        at += used;
        if (e.kind == RFC2217_OPTION)
            n += (size_t)snprintf(out + n, cap - n, "(%02x %u)", e.verb, e.option);
        if (e.kind == RFC2217_COMMAND)
            n += (size_t)snprintf(out + n, cap - n, "[%u", e.command);
        for (size_t i = 0; i < e.len; i++)
            n += (size_t)snprintf(out + n, cap - n, e.kind == RFC2217_COMMAND ? " %02x" : "%02x", e.data[i]);
        if (e.kind == RFC2217_COMMAND)
            n += (size_t)snprintf(out + n, cap - n, "]");
        assert_true(n < cap);
    }
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
    const char *name;
    const uint8_t *in;
    size_t len;
    const char *events;
} streams[] = {
    {"data", BYTES("\x01\x02\x03"), "010203"},
    {"a doubled ff is one",
     BYTES("a\xff\xff"
           "b"),
     "61ff62"},
    {"carriage returns are bytes", BYTES("\r\0\r\n"), "0d000d0a"},
    {"the client offers COM-PORT-OPTION", BYTES("\xff\xfb\x2c"), "(fb 44)"},
    {"the server wants it", BYTES("\xff\xfd\x2c"), "(fd 44)"},
    {"and does not", BYTES("\xff\xfe\x2c\xff\xfc\x2c"), "(fe 44)(fc 44)"},
    {"no operation and go ahead",
     BYTES("a\xff\xf1\xff\xf9"
           "b"),
     "6162"},
    {"baud rate 9600", BYTES("\xff\xfa\x2c\x65\x00\x00\x25\x80\xff\xf0"), "[101 00 00 25 80]"},
    {"a value with ff in it", BYTES("\xff\xfa\x2c\x01\x00\x00\xff\xff\xff\xff\xff\xf0"), "[1 00 00 ff ff]"},
    {"DTR on", BYTES("\xff\xfa\x2c\x05\x08\xff\xf0"), "[5 08]"},
    {"purge both buffers", BYTES("\xff\xfa\x2c\x0c\x03\xff\xf0"), "[12 03]"},
    {"suspend has no value", BYTES("\xff\xfa\x2c\x08\xff\xf0"), "[8]"},
    {"data on both sides of a command", BYTES("a\xff\xfa\x2c\x69\x0b\xff\xf0z"), "61[105 0b]7a"},
    {"another option's command", BYTES("\xff\xfa\x18\x01\xff\xf0z"), "7a"},
    {"a command without a name", BYTES("\xff\xfa\x2c\xff\xf0\xff\xfa\xff\xf0z"), "7a"},
    {"as long as may be",
     BYTES("\xff\xfa\x2c\x00"
           "12345678901234"
           "\xff\xf0"),
     "[0 31 32 33 34 35 36 37 38 39 30 31 32 33 34]"},
    {"too long is passed over whole",
     BYTES("\xff\xfa\x2c\x00"
           "123456789012345"
           "\xff\xf0z"),
     "7a"},
    {"too long by a doubled ff",
     BYTES("\xff\xfa\x2c\x00"
           "12345678901234"
           "\xff\xff\xff\xf0z"),
     "7a"},
    {"never ended", BYTES("\xff\xfa\x2c\x05\x08zzzzzzzzzzzzzzzzzzzzz"), ""},
    {"given up for an option", BYTES("\xff\xfa\x2c\x05\x08\xff\xfb\x2cz"), "(fb 44)7a"},
    {"given up for another", BYTES("\xff\xfa\x2c\x05\x08\xff\xfa\x2c\x05\x09\xff\xf0"), "[5 09]"},
    {"an end without a beginning", BYTES("\xff\xf0z"), "7a"},
};

static void test_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        for (size_t piece = 1; piece <= streams[i].len; piece++) {
            char said[256];
            listen_to(streams[i].in, streams[i].len, piece, said, sizeof said);
            if (strcmp(said, streams[i].events) != 0)
                fail_msg("%s, in pieces of %zu: %s", streams[i].name, piece, said);
        }
    }
}

static void test_encoding(void **state)
{
    static const uint8_t data[] = {0x00, 0xff, 0x0d, 0xff, 0xff};
    static const uint8_t wire[] = {0x00, 0xff, 0xff, 0x0d, 0xff, 0xff, 0xff, 0xff};
    static const size_t taken[] = {0, 1, 1, 2, 3, 3, 4, 4, 5}, filled[] = {0, 1, 1, 3, 4, 4, 6, 6, 8};
    (void)state;
    for (size_t cap = 0; cap <= sizeof wire; cap++) {
        uint8_t out[sizeof wire];
        size_t used = 99, n = rfc2217_encode(out, cap, data, sizeof data, &used);
        assert_int_equal(used, taken[cap]);
        assert_int_equal(n, filled[cap]);
        assert_memory_equal(out, wire, n);
    }
}

static void test_commands(void **state)
{
    static const uint8_t rate[] = {0x00, 0x01, 0xff, 0x00},
                         on_wire[] = {0xff, 0xfa, 0x2c, 1, 0x00, 0x01, 0xff, 0xff, 0x00, 0xff, 0xf0};
    uint8_t longest[RFC2217_SUB_MAX], out[RFC2217_COMMAND_MAX];
    (void)state;
    assert_int_equal(rfc2217_command(out, RFC2217_SET_BAUD, rate, sizeof rate), sizeof on_wire);
    assert_memory_equal(out, on_wire, sizeof on_wire);
    memset(longest, 0xff, sizeof longest);
    assert_int_equal(rfc2217_command(out, 0, longest, sizeof longest), RFC2217_COMMAND_MAX);
    assert_int_equal(out[RFC2217_COMMAND_MAX - 1], 0xf0);
}

enum { WILL = TELNET_WILL, WONT = TELNET_WONT, DO = TELNET_DO, DONT = TELNET_DONT };

/* What is heard and what is answered to it (0: nothing), after the question that stands first (0: none). */
static const struct {
    const char *name;
    uint8_t asks, option;
    struct {
        uint8_t heard, answer;
    } talk[4];
    bool has, lacks;
} talks[] = {
    {"asked and taken", WILL, 44, {{DO, 0}, {DO, 0}}, true, false},
    {"asked and refused", WILL, 44, {{DONT, 0}, {DO, 0}, {DONT, 0}}, false, true},
    {"offered by the other side", 0, 44, {{WILL, DO}, {WILL, 0}}, true, false},
    {"asked for by the other side", 0, 44, {{DO, WILL}}, true, false},
    {"taken back, then wanted without end", 0, 44, {{DO, WILL}, {DONT, WONT}, {DO, 0}, {DONT, 0}}, false, true},
    {"refused though nobody asked", 0, 44, {{DONT, 0}, {WONT, 0}}, false, false},
    {"binary", DO, 0, {{WILL, 0}, {WONT, DONT}, {WILL, 0}}, false, false},
    {"echo is not for us", 0, 1, {{WILL, DONT}, {WILL, 0}, {DO, WONT}, {DO, 0}}, false, false},
    {"nor is the last option there is", 0, 255, {{DO, WONT}, {DONT, 0}, {DO, 0}}, false, false},
};

static void test_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof talks / sizeof talks[0]; i++) {
        struct rfc2217_options o = {0};
        uint8_t out[3];
        if (talks[i].asks != 0) {
            int side = talks[i].asks == WILL ? RFC2217_US : RFC2217_THEM;
            assert_int_equal(rfc2217_ask(&o, side, talks[i].option, out), 3);
            assert_int_equal(out[1], talks[i].asks);
        }
        for (size_t j = 0; j < 4 && talks[i].talk[j].heard != 0; j++) {
            size_t n = rfc2217_answer(&o, talks[i].talk[j].heard, talks[i].option, out);
            if ((n == 3 ? out[1] : 0) != talks[i].talk[j].answer)
                fail_msg("%s: answer %zu", talks[i].name, j);
            if (n == 3 && (out[0] != 0xff || out[2] != talks[i].option))
                fail_msg("%s: bytes of answer %zu", talks[i].name, j);
        }
        if (rfc2217_has_com_port(&o) != talks[i].has || rfc2217_lacks_com_port(&o) != talks[i].lacks)
            fail_msg("%s: what is then so", talks[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
