/* SPDX-License-Identifier: Apache-2.0 */
/* Framing against captured bytes of a real co-processor, and against everything a wire can do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hdlc/hdlc.h"
#include "support/trace.h"

#define FRAME_CAP 1302

/* Bytes in text: "7e 81 02". */
struct hex {
    uint8_t data[256];
    size_t len;
};

static struct hex hex_of(const char *text)
{
    struct hex h = {.len = 0};
    char *end;
    for (unsigned long byte = strtoul(text, &end, 16); end != text; byte = strtoul(text, &end, 16)) {
        assert_true(byte <= 0xff && h.len < sizeof h.data);
        h.data[h.len++] = (uint8_t)byte;
        text = end;
    }
    return h;
}

/* Frames as text, one after another, so that a table row can say what it expects: "8102;8103;". */
struct heard {
    char text[8192];
    size_t len;
};

static void note_frame(struct heard *h, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h->len += (size_t)snprintf(h->text + h->len, sizeof h->text - h->len, "%02x", data[i]);
    h->len += (size_t)snprintf(h->text + h->len, sizeof h->text - h->len, ";");
    assert_true(h->len < sizeof h->text);
}

static uint32_t decode(struct heard *h, const uint8_t *wire, size_t len, size_t cap)
{
    static uint8_t buf[FRAME_CAP];
    struct hdlc_decoder d;
    size_t frame_len;

    *h = (struct heard){.len = 0};
    hdlc_decoder_init(&d, buf, cap);
    for (size_t i = 0; i < len; i++) {
        if (hdlc_decoder_push(&d, wire[i], &frame_len))
            note_frame(h, d.buf, frame_len);
    }
    return d.damaged;
}

/* ---- captured bytes ------------------------------------------------------------------------------------------------ */

static const char *const captures[] = {
    "bad_fcs",
    "bad_header_flag",
    "boot_no_reset",
    "escapes",
    "garbage_then_frame",
    "get_after_too_long",
    "get_caps",
    "get_hwaddr",
    "get_interface_type",
    "get_last_status",
    "get_ncp_version",
    "get_ncp_version_after_rom_sync",
    "get_phy_chan",
    "get_phy_chan_supported",
    "get_phy_enabled",
    "get_protocol_version",
    "get_radio_caps",
    "get_rcp_api_version",
    "get_rcp_min_host_api_version",
    "get_truncated",
    "get_unknown_property",
    "get_unknown_property2",
    "get_vendor_id",
    "iid1_header",
    "no_leading_flag",
    "noop",
    "pipelined_three",
    "reset_bootloader",
    "reset_no_argument",
    "reset_platform",
    "reset_stack",
    "set_readonly",
    "too_long",
    "unknown_command",
};

#define PAYLOAD_MARK "frame fcs=ok payload: "

static void expected_frames(struct heard *h, const struct trace_step *s)
{
    *h = (struct heard){.len = 0};
    for (size_t i = 0; i < s->note_count; i++) {
        struct hex payload = {.len = 0};
        if (strncmp(s->notes[i], PAYLOAD_MARK, strlen(PAYLOAD_MARK)) != 0)
            continue;
        payload = hex_of(s->notes[i] + strlen(PAYLOAD_MARK));
        note_frame(h, payload.data, payload.len);
    }
}

/* Each frame of the device, encoded again, gives the device's bytes: so nothing was decoded away. */
static void check_encoded_again(const char *name, const struct trace_step *s, const struct heard *frames)
{
    uint8_t wire[8192];
    size_t len = 0;

    for (const char *text = frames->text; *text != '\0'; text = strchr(text, ';') + 1) {
        uint8_t payload[512];
        size_t n = 0;
        for (const char *p = text; *p != ';'; p += 2) {
            const char digits[3] = {p[0], p[1], '\0'};
            payload[n++] = (uint8_t)strtoul(digits, NULL, 16);
        }
        len += hdlc_encode(wire + len, sizeof wire - len, payload, n);
    }
    if (len != s->len || memcmp(wire, s->data, len) != 0)
        fail_msg("%s: encoded otherwise than captured", name);
}

static void test_captured_frames_decode_to_their_payload_and_back(void **state)
{
    size_t frames = 0;
    (void)state;
    for (size_t i = 0; i < sizeof captures / sizeof captures[0]; i++) {
        char name[96];
        struct trace t;
        struct heard got, wanted;
        snprintf(name, sizeof name, "spinel/%s.hex", captures[i]);
        trace_load(&t, name);
        for (size_t k = 0; k < t.count; k++) {
            if (t.steps[k].direction != '<')
                continue;
            expected_frames(&wanted, &t.steps[k]);
            uint32_t damaged = decode(&got, t.steps[k].data, t.steps[k].len, FRAME_CAP);
            if (strcmp(got.text, wanted.text) != 0 || damaged != 0)
                fail_msg("%s: %s, wanted %s, %u damaged", name, got.text, wanted.text, damaged);
            check_encoded_again(name, &t.steps[k], &got);
            frames += got.len > 0;
        }
        trace_free(&t);
    }
    assert_true(frames >= 30); /* the loop has really seen them */
}

/* What the device answered with log text about a framing error is damaged for us too. */
static void test_captured_requests_that_were_damaged(void **state)
{
    static const struct {
        const char *file;
        const char *frames;
        uint32_t damaged;
    } rows[] = {
        {"spinel/bad_fcs.hex", "", 1},
        {"spinel/too_long.hex", "", 1},
        {"spinel/esp_rom_sync_bytes.hex", "", 0}, /* no flag: not even the beginning of a frame */
        {"spinel/garbage_then_frame.hex", "870202;", 0},
        {"spinel/no_leading_flag.hex", "", 0},
        {"spinel/pipelined_three.hex", "8f0201;8e0202;8d0205;", 0},
        {"spinel/escapes.hex", "8103ff777e7d1113f8;", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace t;
        struct heard got;
        trace_load(&t, rows[i].file);
        assert_int_equal(t.steps[0].direction, '>');
        uint32_t damaged = decode(&got, t.steps[0].data, t.steps[0].len, FRAME_CAP);
        if (strcmp(got.text, rows[i].frames) != 0 || damaged != rows[i].damaged)
            fail_msg("%s: '%s', %u damaged", rows[i].file, got.text, damaged);
        trace_free(&t);
    }
}

/* ---- what a wire does ---------------------------------------------------------------------------------------------- */

static void test_streams(void **state)
{
    static const struct {
        const char *name, *wire, *frames;
        uint32_t damaged;
        size_t cap;
    } rows[] = {
        {"published vector", "7e 81 02 43 d3 d3 7e", "810243;", 0, FRAME_CAP},
        {"published vector with escapes", "7e 81 03 36 7d 5e 7d 5d 6a f9 7e", "8103367e7d;", 0, FRAME_CAP},
        {"all escaped bytes", "7e 81 06 71 7d 5e 7d 5d 7d 31 7d 33 7d d8 3f ee 7e", "8106717e7d1113f8;", 0, FRAME_CAP},
        {"escape in the check sequence", "7e 80 06 00 76 d8 7d 31 7e", "80060076;", 0, FRAME_CAP},
        {"flow control bytes unescaped", "7e 81 06 71 7d 5e 7d 5d 11 13 f8 3f ee 7e", "8106717e7d1113f8;", 0,
         FRAME_CAP},
        {"needless escape", "7e 7d a1 00 53 9a 7e", "8100;", 0, FRAME_CAP},
        {"shared flag", "7e 81 00 53 9a 7e 81 02 01 c5 b2 7e", "8100;810201;", 0, FRAME_CAP},
        {"flags in a row", "7e 7e 7e 81 00 53 9a 7e 7e 7e", "8100;", 0, FRAME_CAP},
        {"boot text first", "45 53 50 2d 52 4f 4d 0d 0a 7e 81 00 53 9a 7e", "8100;", 0, FRAME_CAP},
        {"boot text between flags", "7e 45 53 50 0d 0a 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"no flag at all", "81 00 53 9a", "", 0, FRAME_CAP},
        {"no end", "7e 81 00 53 9a", "", 0, FRAME_CAP},
        {"one byte", "7e 53 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"damaged, then good", "7e 81 00 53 9b 7e 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"lost flag joins two", "7e 81 00 53 9a 81 00 53 9a 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"given up, then good", "7e 81 00 53 7d 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"given up behind a whole frame", "7e 81 00 53 9a 7d 7e 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"given up at once", "7e 7d 7e 81 00 53 9a 7e", "8100;", 1, FRAME_CAP},
        {"just fits", "7e 81 02 01 c5 b2 7e", "810201;", 0, 5},
        {"one byte too long, then good", "7e 81 02 01 c5 b2 7e 81 00 53 9a 7e", "8100;", 1, 4},
        {"no room at all", "7e 81 00 53 9a 7e", "", 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex wire = hex_of(rows[i].wire);
        struct heard got;
        uint32_t damaged = decode(&got, wire.data, wire.len, rows[i].cap);
        if (strcmp(got.text, rows[i].frames) != 0 || damaged != rows[i].damaged)
            fail_msg("%s: '%s', %u damaged", rows[i].name, got.text, damaged);
    }
}

/* No single wrong bit and no single lost byte may pass for another frame. */
static void test_one_wrong_bit_is_never_another_frame(void **state)
{
    const struct hex good = hex_of("7e 86 06 20 01 49 7d 5e 7e"); /* escape within, so flips make and break escapes */
    struct heard got;
    (void)state;
    for (size_t bit = 8; bit < 8 * (good.len - 1); bit++) {
        struct hex wire = good;
        wire.data[bit / 8] = (uint8_t)(wire.data[bit / 8] ^ 1u << bit % 8);
        (void)decode(&got, wire.data, wire.len, FRAME_CAP);
        if (got.len > 0)
            fail_msg("bit %zu: %s", bit, got.text);
    }
    for (size_t i = 1; i + 1 < good.len; i++) {
        struct hex wire = good;
        memmove(wire.data + i, wire.data + i + 1, wire.len-- - i - 1);
        (void)decode(&got, wire.data, wire.len, FRAME_CAP);
        if (got.len > 0)
            fail_msg("byte %zu lost: %s", i, got.text);
    }
}

static void test_every_byte_value_goes_round(void **state)
{
    uint8_t payload[256], wire[HDLC_ENCODED_MAX(sizeof payload)];
    struct heard got, wanted = {.len = 0};
    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)i;
    size_t len = hdlc_encode(wire, sizeof wire, payload, sizeof payload);
    for (size_t i = 1; i + 1 < len; i++) {
        if (wire[i] == 0x7e || wire[i] == 0x11 || wire[i] == 0x13 || wire[i] == 0xf8)
            fail_msg("byte %zu: %02x stands bare", i, wire[i]);
    }
    note_frame(&wanted, payload, sizeof payload);
    assert_int_equal(decode(&got, wire, len, FRAME_CAP), 0);
    assert_string_equal(got.text, wanted.text);
}

static void test_encode_needs_its_room(void **state)
{
    const struct hex payload = hex_of("81 06 71 7e 7d 11 13 f8");
    uint8_t wire[17];
    (void)state;
    assert_int_equal(hdlc_encode(wire, sizeof wire, payload.data, payload.len), sizeof wire);
    for (size_t cap = 0; cap < sizeof wire; cap++)
        assert_int_equal(hdlc_encode(wire, cap, payload.data, payload.len), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_frames_decode_to_their_payload_and_back),
        cmocka_unit_test(test_captured_requests_that_were_damaged),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_one_wrong_bit_is_never_another_frame),
        cmocka_unit_test(test_every_byte_value_goes_round),
        cmocka_unit_test(test_encode_needs_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
