/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated radio against what OpenThread's own co-processor said to the same bytes (tests/data/spinel).
 *
 * Answers are compared as decoded frames, byte for byte. What differs because ours plays an ESP build, or is another
 * device, is a row of `accepted` with its reason; a row that is not needed fails the test too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hdlc/hdlc.h"
#include "sim_radio.h"
#include "support/trace.h"

#define FRAMES_MAX 16
#define QUIET_US   1000000u

static const char our_version[] = "openthread-esp32/1021229-b678a4f; esp32h2;  2026-07-23 13:06:47 UTC";
static const uint8_t our_mac[6] = {0x60, 0x55, 0xf9, 0xf7, 0x2c, 0xa2};

/* Bodies without header byte: command, property, value. want is what the capture says, ours what we say instead. */
static struct accepted {
    const char *reason;
    uint8_t want[80];
    size_t want_len;
    uint8_t ours[80];
    size_t ours_len;
    bool is_used;
} accepted[] = {
    {"version text: of the firmware that runs",
     {6, 2, 'O', 'P', 'E', 'N', 'T', 'H'},
     8,
     {6, 2, 'o', 'p', 'e', 'n'},
     6,
     false},
    {"address: of the chip; the capture's is that of simulated node 1",
     {6, 8, 0x18, 0xb4, 0x30, 0, 0, 0, 0, 1},
     10,
     {6, 8, 0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2},
     10,
     false},
    {"address: likewise, node 2",
     {6, 8, 0x18, 0xb4, 0x30, 0, 0, 0, 0, 2},
     10,
     {6, 8, 0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2},
     10,
     false},
    {"capabilities: an ESP build sends its log as a property too (518)",
     {6, 5, 5, 12, 24, 34, 0x81, 4, 64, 65},
     10,
     {6, 5, 5, 12, 24, 34, 0x81, 4, 64, 65, 0x86, 4},
     12,
     false},
    {"radio capabilities: the ESP radio can time its reception too (bit 7)",
     {6, 0x8b, 0x24, 0x7f},
     4,
     {6, 0x8b, 0x24, 0xff, 0x01},
     5,
     false},
};

/* Files whose answer is that of another program: the chip restarts, and its next start reports the cause. */
static const char *const restarts[] = {"spinel/reset_platform.hex", "spinel/reset_bootloader.hex"};

struct frames {
    uint8_t bytes[FRAMES_MAX][SIM_RADIO_FRAME_MAX];
    size_t len[FRAMES_MAX];
    size_t count;
};

static void collect(struct frames *f, const uint8_t *data, size_t data_len)
{
    static uint8_t buf[SIM_RADIO_FRAME_MAX + 2];
    struct hdlc_decoder d;
    size_t len;

    hdlc_decoder_init(&d, buf, sizeof buf);
    for (size_t i = 0; i < data_len; i++) {
        if (!hdlc_decoder_push(&d, data[i], &len))
            continue;
        assert_true(f->count < FRAMES_MAX);
        memcpy(f->bytes[f->count], buf, len);
        f->len[f->count++] = len;
    }
    assert_int_equal(d.damaged, 0);
}

static bool is_accepted(const uint8_t *want, size_t want_len, const uint8_t *ours, size_t ours_len)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct accepted *a = &accepted[i];
        if (want_len >= a->want_len && memcmp(want, a->want, a->want_len) == 0 && ours_len >= a->ours_len &&
            memcmp(ours, a->ours, a->ours_len) == 0) {
            a->is_used = true;
            return true;
        }
    }
    return false;
}

static void compare(const char *file, const struct trace_step *s, const struct frames *ours)
{
    static struct frames want;

    want.count = 0;
    collect(&want, s->data, s->len);
    if (want.count != ours->count)
        fail_msg("%s:%u: %zu frames instead of %zu", file, s->line, ours->count, want.count);
    for (size_t i = 0; i < want.count; i++) {
        const uint8_t *a = want.bytes[i], *b = ours->bytes[i];
        bool is_same = want.len[i] == ours->len[i] && memcmp(a, b, want.len[i]) == 0;
        assert_int_equal(a[0], b[0]);
        if (!is_same && !is_accepted(a + 1, want.len[i] - 1, b + 1, ours->len[i] - 1))
            fail_msg("%s:%u: frame %zu differs", file, s->line, i);
    }
}

static struct sim_radio radio;

/* Everything the radio says to these bytes, its debug texts last, as they come when it is idle. */
static void ask(struct frames *out, const uint8_t *data, size_t len)
{
    out->count = 0;
    for (size_t i = 0; i < len; i++)
        if (sim_radio_push(&radio, QUIET_US, data[i]))
            collect(out, radio.out, radio.out_len);
    sim_radio_tell(&radio);
    collect(out, radio.out, radio.out_len);
}

static void replay(const char *file)
{
    static struct frames ours;
    struct trace t;

    trace_load(&t, file);
    for (size_t i = 0; i < t.count; i++) {
        const struct trace_step *s = &t.steps[i];
        if (s->direction == '>') {
            ask(&ours, s->data, s->len);
            bool is_answered = i + 1 < t.count && t.steps[i + 1].direction == '<';
            if (!is_answered)
                assert_int_equal(ours.count, 0);
        } else if (i == 0) { /* a start */
            sim_radio_start(&radio, our_version, our_mac, 112);
            ours.count = 0;
            collect(&ours, radio.out, radio.out_len);
            compare(file, s, &ours);
        } else {
            compare(file, s, &ours);
        }
    }
    trace_free(&t);
}

static void single_requests(void **state)
{
    static const char *const names[] = {
        "bad_header_flag",
        "boot_no_reset",
        "escapes",
        "get_caps",
        "get_hwaddr",
        "get_interface_type",
        "get_last_status",
        "get_ncp_version",
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
        "noop",
        "pipelined_three",
        "reset_no_argument",
        "reset_stack",
        "set_readonly",
        "tid0_get",
        "unknown_command",
        "bad_fcs",
    };
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[64];
        snprintf(file, sizeof file, "spinel/%s.hex", names[i]);
        sim_radio_start(&radio, our_version, our_mac, 112);
        replay(file);
    }
}

/* Captures that go on where another one ended. */
static void requests_in_sequence(void **state)
{
    (void)state;
    sim_radio_start(&radio, our_version, our_mac, 112);
    replay("spinel/too_long.hex");
    replay("spinel/get_after_too_long.hex");
    sim_radio_start(&radio, our_version, our_mac, 112);
    replay("spinel/get_protocol_version.hex");
    replay("spinel/no_leading_flag.hex");
    replay("spinel/garbage_then_frame.hex");
}

/* The damaged frame is noticed at the first flag of the next one, so its debug texts follow the next answer. */
static void rom_sync_bytes_do_no_harm(void **state)
{
    static struct frames ours;
    struct trace sync, next;

    (void)state;
    sim_radio_start(&radio, our_version, our_mac, 112);
    trace_load(&next, "spinel/get_ncp_version.hex");
    ask(&ours, next.steps[0].data, next.steps[0].len); /* its last flag begins a frame */
    trace_free(&next);
    trace_load(&sync, "spinel/esp_rom_sync_bytes.hex");
    ask(&ours, sync.steps[0].data, sync.steps[0].len);
    assert_int_equal(ours.count, 0);
    trace_free(&sync);
    replay("spinel/get_ncp_version_after_rom_sync.hex");
}

static void a_host_brings_the_radio_up(void **state)
{
    (void)state;
    replay("spinel/host_init_session.hex");
}

static void other_resets_restart_the_chip(void **state)
{
    static struct frames ours;
    (void)state;

    for (size_t i = 0; i < sizeof restarts / sizeof restarts[0]; i++) {
        struct trace t;
        sim_radio_start(&radio, our_version, our_mac, 112);
        trace_load(&t, restarts[i]);
        ask(&ours, t.steps[0].data, t.steps[0].len);
        assert_int_equal(ours.count, 0);
        assert_true(radio.wants_restart);
        trace_free(&t);
    }
}

static void every_accepted_difference_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (!accepted[i].is_used)
            fail_msg("accepted, but nothing differs: %s", accepted[i].reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_requests),
        cmocka_unit_test(requests_in_sequence),
        cmocka_unit_test(rom_sync_bytes_do_no_harm),
        cmocka_unit_test(a_host_brings_the_radio_up),
        cmocka_unit_test(other_resets_restart_the_chip),
        cmocka_unit_test(every_accepted_difference_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
