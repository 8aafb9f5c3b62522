/* SPDX-License-Identifier: Apache-2.0 */
/* Spinel frames against captured conversations with a real co-processor, and against bytes no radio should send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hdlc/hdlc.h"
#include "spinel/spinel_frame.h"
#include "support/trace.h"

#define GET SPINEL_CMD_GET
#define SET SPINEL_CMD_SET
#define IS  SPINEL_CMD_IS

static void test_packed_numbers(void **state)
{
    static const struct {
        uint32_t value;
        uint8_t bytes[3];
        size_t len;
    } rows[] = {
        {0, {0x00}, 1},
        {127, {0x7f}, 1},
        {128, {0x80, 0x01}, 2},
        {176, {0xb0, 0x01}, 2},
        {177, {0xb1, 0x01}, 2},
        {178, {0xb2, 0x01}, 2},
        {1337, {0xb9, 0x0a}, 2},
        {2050, {0x82, 0x10}, 2},
        {4619, {0x8b, 0x24}, 2},
        {15360, {0x80, 0x78}, 2},
        {16383, {0xff, 0x7f}, 2},
        {16384, {0x80, 0x80, 0x01}, 3},
        {2097151, {0xff, 0xff, 0x7f}, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[4];
        struct bytes_writer w = bytes_writer_on(out, sizeof out);
        struct bytes_reader r = bytes_reader_on(rows[i].bytes, rows[i].len);
        spinel_put_packed(&w, rows[i].value);
        if (!w.ok || w.pos != rows[i].len || memcmp(out, rows[i].bytes, w.pos) != 0)
            fail_msg("%u encodes otherwise", rows[i].value);
        if (spinel_get_packed(&r) != rows[i].value || !r.ok || bytes_left(&r) != 0)
            fail_msg("%u decodes otherwise", rows[i].value);
    }
}

static void test_packed_numbers_stay_in_their_bounds(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[5];
        size_t len;
    } rows[] = {
        {"nothing", {0}, 0},
        {"goes on, but ends", {0x80}, 1},
        {"goes on twice, but ends", {0x80, 0x80}, 2},
        {"goes on three times, but ends", {0x80, 0x80, 0x80}, 3},
        {"fourth byte", {0x80, 0x80, 0x80, 0x01}, 4},
        {"never ends", {0xff, 0xff, 0xff, 0xff, 0xff}, 5},
    };
    uint8_t out[8];
    struct bytes_writer w = bytes_writer_on(out, sizeof out);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes_reader r = bytes_reader_on(rows[i].bytes, rows[i].len);
        if (spinel_get_packed(&r) != 0 || r.ok)
            fail_msg("%s", rows[i].name);
    }
    spinel_put_packed(&w, SPINEL_PACKED_MAX + 1);
    assert_false(w.ok);
}

/* ---- captured conversations ---------------------------------------------------------------------------------------- */

static size_t to_wire(uint8_t *wire, size_t cap, const struct spinel_frame *f)
{
    uint8_t payload[128];
    size_t len = spinel_frame_encode(payload, sizeof payload, f);
    assert_true(len > 0);
    return hdlc_encode(wire, cap, payload, len);
}

/* What was asked, in words of the protocol; the capture says which bytes that is. */
static void test_captured_requests_are_encoded_the_same(void **state)
{
    static const uint8_t platform[] = {SPINEL_RESET_PLATFORM}, stack[] = {SPINEL_RESET_STACK},
                         bootloader[] = {SPINEL_RESET_BOOTLOADER}, one[] = {1},
                         escapes[] = {0x7e, 0x7d, 0x11, 0x13, 0xf8};
    static const struct {
        const char *file;
        struct spinel_frame f;
    } rows[] = {
        {"noop", {.tid = 1, .command = SPINEL_CMD_NOOP}},
        {"reset_platform", {.command = SPINEL_CMD_RESET, .value = platform, .value_len = 1}},
        {"reset_stack", {.command = SPINEL_CMD_RESET, .value = stack, .value_len = 1}},
        {"reset_bootloader", {.command = SPINEL_CMD_RESET, .value = bootloader, .value_len = 1}},
        {"reset_no_argument", {.command = SPINEL_CMD_RESET}},
        {"get_protocol_version", {.tid = 1, .command = GET, .property = SPINEL_PROP_PROTOCOL_VERSION}},
        {"get_ncp_version", {.tid = 2, .command = GET, .property = SPINEL_PROP_NCP_VERSION}},
        {"get_interface_type", {.tid = 3, .command = GET, .property = SPINEL_PROP_INTERFACE_TYPE}},
        {"get_vendor_id", {.tid = 4, .command = GET, .property = SPINEL_PROP_VENDOR_ID}},
        {"get_caps", {.tid = 5, .command = GET, .property = SPINEL_PROP_CAPS}},
        {"get_hwaddr", {.tid = 6, .command = GET, .property = SPINEL_PROP_HWADDR}},
        {"get_last_status", {.tid = 7, .command = GET, .property = SPINEL_PROP_LAST_STATUS}},
        {"get_radio_caps", {.tid = 8, .command = GET, .property = SPINEL_PROP_RADIO_CAPS}},
        {"get_rcp_api_version", {.tid = 9, .command = GET, .property = SPINEL_PROP_RCP_API_VERSION}},
        {"get_rcp_min_host_api_version", {.tid = 10, .command = GET, .property = SPINEL_PROP_RCP_MIN_HOST_API_VERSION}},
        {"get_phy_enabled", {.tid = 11, .command = GET, .property = SPINEL_PROP_PHY_ENABLED}},
        {"get_phy_chan", {.tid = 12, .command = GET, .property = SPINEL_PROP_PHY_CHAN}},
        {"get_phy_chan_supported", {.tid = 13, .command = GET, .property = SPINEL_PROP_PHY_CHAN_SUPPORTED}},
        {"get_unknown_property", {.tid = 14, .command = GET, .property = 0x1ffff}},
        {"get_unknown_property2", {.tid = 15, .command = GET, .property = 0x3bff}},
        {"iid1_header", {.iid = 1, .tid = 1, .command = GET, .property = SPINEL_PROP_NCP_VERSION}},
        {"tid0_get", {.command = GET, .property = SPINEL_PROP_NCP_VERSION}},
        {"unknown_command", {.tid = 2, .command = 0x7f}},
        {"set_readonly",
         {.tid = 4, .command = SET, .property = SPINEL_PROP_PROTOCOL_VERSION, .value = one, .value_len = 1}},
        {"escapes", {.tid = 1, .command = SET, .property = 0x3bff, .value = escapes, .value_len = sizeof escapes}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[96];
        uint8_t wire[64];
        struct trace t;
        snprintf(name, sizeof name, "spinel/%s.hex", rows[i].file);
        trace_load(&t, name);
        const struct trace_step *captured = trace_find(&t, "", '>');
        size_t len = to_wire(wire, sizeof wire, &rows[i].f);
        if (len != captured->len || memcmp(wire, captured->data, len) != 0)
            fail_msg("%s: encoded otherwise than captured", rows[i].file);
        trace_free(&t);
    }
}

/* The only frame on the wire of one captured step. */
static struct spinel_frame parse_wire(const struct trace_step *s, uint8_t *buf, size_t cap)
{
    struct hdlc_decoder d;
    struct spinel_frame f = {.tid = 0};
    size_t len, frames = 0;
    hdlc_decoder_init(&d, buf, cap);
    for (size_t i = 0; i < s->len; i++) {
        if (!hdlc_decoder_push(&d, s->data[i], &len))
            continue;
        assert_int_equal(spinel_frame_parse(d.buf, len, &f), TDM_OK);
        frames++;
    }
    if (frames != 1)
        fail_msg("line %u: %zu frames", s->line, frames);
    return f;
}

static void test_captured_replies(void **state)
{
    static const struct {
        const char *file;
        uint8_t iid, tid;
        uint32_t property;
        int status; /* -1: it carries none */
        size_t value_len;
    } rows[] = {
        {"boot_no_reset", 0, 0, 0, 112, 1},
        {"reset_stack", 0, 0, 0, 112, 1},
        {"noop", 0, 1, 0, 0, 1},
        {"get_last_status", 0, 7, 0, 112, 1},
        {"get_truncated", 0, 3, 0, 9, 1},
        {"get_unknown_property", 0, 14, 0, 13, 1},
        {"unknown_command", 0, 2, 0, 5, 1},
        {"iid1_header", 1, 1, 0, 6, 1},
        {"get_protocol_version", 0, 1, 1, -1, 2},
        {"get_ncp_version", 0, 2, 2, -1, 93},
        {"get_caps", 0, 5, 5, -1, 8},
        {"get_hwaddr", 0, 6, 8, -1, 8},
        {"get_rcp_api_version", 0, 9, 176, -1, 1},
        {"get_radio_caps", 0, 8, 4619, -1, 1},
        {"get_phy_chan_supported", 0, 13, 34, -1, 16},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[96];
        uint8_t buf[256];
        uint32_t status = 0;
        struct trace t;
        snprintf(name, sizeof name, "spinel/%s.hex", rows[i].file);
        trace_load(&t, name);
        struct spinel_frame f = parse_wire(trace_find(&t, "", '<'), buf, sizeof buf);
        int told = spinel_frame_status(&f, &status) ? (int)status : -1;
        if (f.iid != rows[i].iid || f.tid != rows[i].tid || f.command != IS || f.property != rows[i].property ||
            told != rows[i].status || f.value_len != rows[i].value_len)
            fail_msg("%s: iid %u tid %u property %u status %d, %zu bytes", rows[i].file, f.iid, f.tid, f.property, told,
                     f.value_len);
        trace_free(&t);
    }
}

/* A whole start by somebody else's host: every frame of both sides goes in and comes out as it was. */
static void test_captured_session_goes_round(void **state)
{
    struct trace t;
    (void)state;
    trace_load(&t, "spinel/host_init_session.hex");
    assert_int_equal(t.count, 37);
    for (size_t i = 0; i < t.count; i++) {
        uint8_t buf[256], wire[256];
        struct spinel_frame f = parse_wire(&t.steps[i], buf, sizeof buf);
        size_t len = to_wire(wire, sizeof wire, &f);
        if (len != t.steps[i].len || memcmp(wire, t.steps[i].data, len) != 0)
            fail_msg("line %u comes out otherwise", t.steps[i].line);
        if (t.steps[i].direction == '<' && f.command != IS)
            fail_msg("line %u: command %u", t.steps[i].line, f.command);
    }
    trace_free(&t);
}

/* Frames worked out by an independent program from the protocol's description; those that no capture has. */
static void test_worked_frames(void **state)
{
    static const uint8_t st113[] = {113}, st114[] = {114}, st118[] = {118}, v4_3[] = {4, 3}, on[] = {1}, api[] = {11},
                         caps[] = {5, 12, 24, 34, 0x81, 4, 64, 65, 0x86, 4}, radio[] = {0xff, 1},
                         addr[] = {0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2}, pan[] = {0x34, 0x12},
                         time[] = {0x87, 0xd6, 0x12, 0, 0, 0, 0, 0};
    static const struct {
        const char *name;
        struct spinel_frame f;
        uint8_t wire[20];
        size_t len;
    } rows[] = {
        {"reset by pin", {0, 0, IS, 0, st113, 1}, {0x7e, 0x80, 6, 0, 0x71, 0x67, 0x65, 0x7e}, 8},
        {"reset by software", {0, 0, IS, 0, st114, 1}, {0x7e, 0x80, 6, 0, 0x72, 0xfc, 0x57, 0x7e}, 8},
        {"reset, other", {0, 0, IS, 0, st118, 1}, {0x7e, 0x80, 6, 0, 0x76, 0xd8, 0x7d, 0x31, 0x7e}, 9},
        {"protocol 4.3", {0, 1, IS, 1, v4_3, 2}, {0x7e, 0x81, 6, 1, 4, 3, 0xdb, 0x0a, 0x7e}, 9},
        {"capabilities",
         {0, 1, IS, 5, caps, sizeof caps},
         {0x7e, 0x81, 6, 5, 5, 0x0c, 0x18, 0x22, 0x81, 4, 0x40, 0x41, 0x86, 4, 0x39, 6, 0x7e},
         17},
        {"address",
         {0, 1, IS, 8, addr, 8},
         {0x7e, 0x81, 6, 8, 0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2, 0x72, 0xcb, 0x7e},
         15},
        {"radio capabilities",
         {0, 2, IS, SPINEL_PROP_RADIO_CAPS, radio, 2},
         {0x7e, 0x82, 6, 0x8b, 0x24, 0xff, 1, 0x8b, 0xa2, 0x7e},
         10},
        {"API 11", {0, 3, IS, 176, api, 1}, {0x7e, 0x83, 6, 0xb0, 1, 0x0b, 0x3d, 0x3e, 0x7e}, 9},
        {"radio on", {0, 6, SET, 32, on, 1}, {0x7e, 0x86, 3, 0x20, 1, 0xf4, 0x47, 0x7e}, 8},
        {"radio is on", {0, 6, IS, 32, on, 1}, {0x7e, 0x86, 6, 0x20, 1, 0x49, 0x7d, 0x5e, 0x7e}, 9},
        {"crash dump", {0, 8, SET, 178, NULL, 0}, {0x7e, 0x88, 3, 0xb2, 1, 0x5b, 0xc3, 0x7e}, 8},
        {"network", {0, 9, SET, 54, pan, 2}, {0x7e, 0x89, 3, 0x36, 0x34, 0x12, 0xad, 0x83, 0x7e}, 9},
        {"time",
         {0, 7, IS, 2050, time, 8},
         {0x7e, 0x87, 6, 0x82, 0x10, 0x87, 0xd6, 0x12, 0, 0, 0, 0, 0, 0xc8, 0x0d, 0x7e},
         16},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t wire[64];
        size_t len = to_wire(wire, sizeof wire, &rows[i].f);
        if (len != rows[i].len || memcmp(wire, rows[i].wire, len) != 0)
            fail_msg("%s", rows[i].name);
    }
}

/* ---- bytes no radio should send ------------------------------------------------------------------------------------ */

static void test_what_is_no_frame(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
        size_t len;
    } rows[] = {
        {"nothing", {0}, 0},
        {"header alone", {0x81}, 1},
        {"top bits 00", {0x01, 0x06, 0x00, 0x00}, 4},
        {"top bits 01", {0x41, 0x06, 0x00, 0x00}, 4},
        {"top bits 11", {0xc1, 0x06, 0x00, 0x00}, 4},
        {"property missing", {0x81, 0x06}, 2},
        {"property goes on, but ends", {0x81, 0x06, 0x8b}, 3},
        {"property of four bytes", {0x81, 0x06, 0x80, 0x80, 0x80, 0x01}, 6},
        {"command goes on, but ends", {0x81, 0x80}, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t *exact = malloc(rows[i].len + !rows[i].len); /* so that a sanitizer sees a read past the end */
        struct spinel_frame f;
        assert_non_null(exact);
        memcpy(exact, rows[i].bytes, rows[i].len);
        if (spinel_frame_parse(exact, rows[i].len, &f) != TDM_E_FORMAT)
            fail_msg("%s", rows[i].name);
        free(exact);
    }
}

static void test_status_needs_its_form(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
        size_t len;
        bool is_status;
    } rows[] = {
        {"status", {0x80, 0x06, 0x00, 0x70}, 4, true},
        {"status of two bytes", {0x80, 0x06, 0x00, 0x80, 0x01}, 5, true},
        {"empty", {0x80, 0x06, 0x00}, 3, false},
        {"cut", {0x80, 0x06, 0x00, 0xf0}, 4, false},
        {"more behind", {0x80, 0x06, 0x00, 0x70, 0x00}, 5, false},
        {"set, not told", {0x80, 0x03, 0x00, 0x70}, 4, false},
        {"other property", {0x80, 0x06, 0x01, 0x70}, 4, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spinel_frame f;
        uint32_t status;
        assert_int_equal(spinel_frame_parse(rows[i].bytes, rows[i].len, &f), TDM_OK);
        if (spinel_frame_status(&f, &status) != rows[i].is_status)
            fail_msg("%s", rows[i].name);
    }
}

static void test_reset_notices(void **state)
{
    (void)state;
    for (uint32_t status = 0; status < 300; status++) {
        if (spinel_status_is_reset(status) != (status >= 112 && status <= 128))
            fail_msg("status %u", status);
        assert_non_null(spinel_status_text(status));
    }
    assert_string_equal(spinel_status_text(13), "property not known");
    assert_string_equal(spinel_status_text(112), "reset: power on");
    assert_string_equal(spinel_status_text(120), "reset: by watchdog");
}

static void test_encode_needs_its_room(void **state)
{
    const struct spinel_frame f = {.tid = 1, .command = GET, .property = SPINEL_PROP_RADIO_CAPS};
    const struct spinel_frame bad_tid = {.tid = 16}, bad_iid = {.iid = 4},
                              bad_property = {.command = GET, .property = SPINEL_PACKED_MAX + 1};
    uint8_t out[4];
    (void)state;
    assert_int_equal(spinel_frame_encode(out, 4, &f), 4);
    for (size_t cap = 0; cap < 4; cap++)
        assert_int_equal(spinel_frame_encode(out, cap, &f), 0);
    assert_int_equal(spinel_frame_encode(out, 4, &bad_tid), 0);
    assert_int_equal(spinel_frame_encode(out, 4, &bad_iid), 0);
    assert_int_equal(spinel_frame_encode(out, 4, &bad_property), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_numbers),
        cmocka_unit_test(test_packed_numbers_stay_in_their_bounds),
        cmocka_unit_test(test_captured_requests_are_encoded_the_same),
        cmocka_unit_test(test_captured_replies),
        cmocka_unit_test(test_captured_session_goes_round),
        cmocka_unit_test(test_worked_frames),
        cmocka_unit_test(test_what_is_no_frame),
        cmocka_unit_test(test_status_needs_its_form),
        cmocka_unit_test(test_reset_notices),
        cmocka_unit_test(test_encode_needs_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
