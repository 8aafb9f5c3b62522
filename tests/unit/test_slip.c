/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP as a real ROM speaks and hears it; single rules, every split, and round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "slip/slip.h"
#include "support/trace.h"

#define FRAMES_MAX 16
#define FRAME_ROOM 600

struct heard {
    uint8_t bytes[FRAMES_MAX][FRAME_ROOM];
    size_t len[FRAMES_MAX], count;
};

static void hear(struct slip_decoder *d, struct heard *h, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!slip_decoder_push(d, data[i]))
            continue;
        assert_true(h->count < FRAMES_MAX && d->len <= FRAME_ROOM);
        memcpy(h->bytes[h->count], d->buf, d->len);
        h->len[h->count++] = d->len;
    }
}

static const struct row {
    const char *name;
    uint8_t wire[24];
    size_t wire_len;
    uint8_t frames[2][12];
    size_t frame_len[2], frame_count;
} rows[] = {
    {"plain", {0xc0, 1, 2, 0xc0}, 4, {{1, 2}}, {2}, 1},
    {"both escapes", {0xc0, 0xdb, 0xdc, 0xdb, 0xdd, 0xc0}, 6, {{0xc0, 0xdb}}, {2}, 1},
    {"bad escape keeps the byte", {0xc0, 0xdb, 0x41, 0x10, 0xc0}, 5, {{0x41, 0x10}}, {2}, 1},
    {"two frames", {0xc0, 1, 0xc0, 0xc0, 2, 0xc0}, 6, {{1}, {2}}, {1, 1}, 2},
    {"one mark between two loses the second", {0xc0, 1, 0xc0, 2, 0xc0}, 5, {{1}}, {1}, 1},
    {"a lost second frame heals with the next", {0xc0, 1, 0xc0, 2, 0xc0, 3, 0xc0}, 7, {{1}, {3}}, {1, 1}, 2},
    {"empty frames", {0xc0, 0xc0, 0xc0, 0xc0, 7, 0xc0}, 6, {{7}}, {1}, 1},
    {"garbage around", {9, 0xdb, 9, 0xc0, 1, 0xc0, 9, 9}, 8, {{1}}, {1}, 1},
    {"cut off, then begun anew", {0xc0, 1, 2, 0xc0, 0xc0, 3, 0xc0}, 7, {{1, 2}, {3}}, {2, 1}, 2},
    {"escape just before the end", {0xc0, 1, 0xdb, 0xc0, 0xc0, 5, 0xc0}, 7, {{1}, {5}}, {1, 1}, 2},
    {"longer than the buffer", {0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xc0, 5, 0xc0}, 13, {{5}}, {1}, 1},
    {"as long as the buffer", {0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 0xc0}, 10, {{1, 2, 3, 4, 5, 6, 7, 8}}, {8}, 1},
};

static void check_row(const struct row *row, size_t split)
{
    uint8_t buf[8];
    struct slip_decoder d;
    struct heard h = {0};

    slip_decoder_init(&d, buf, sizeof buf);
    hear(&d, &h, row->wire, split);
    hear(&d, &h, row->wire + split, row->wire_len - split);
    if (h.count != row->frame_count)
        fail_msg("%s, split %zu: %zu frames", row->name, split, h.count);
    for (size_t i = 0; i < h.count; i++)
        if (h.len[i] != row->frame_len[i] || memcmp(h.bytes[i], row->frames[i], h.len[i]) != 0)
            fail_msg("%s, split %zu: frame %zu differs", row->name, split, i);
}

static void test_rules_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t split = 0; split <= rows[i].wire_len; split++)
            check_row(&rows[i], split);
}

static void test_dropped_bytes_are_counted(void **state)
{
    (void)state;
    uint8_t buf[8];
    struct slip_decoder d;
    struct heard h = {0};

    slip_decoder_init(&d, buf, sizeof buf);
    hear(&d, &h, (const uint8_t *)"boot\r\n\xc0\x01\xc0xyz", 12);
    assert_int_equal(h.count, 1);
    assert_int_equal(d.dropped, 9);
}

/* What the host sent in a section, heard by our decoder, has as many frames as the ROM gave answers. */
static void test_hears_what_a_real_rom_hears(void **state)
{
    (void)state;
    static const char *const sections[] = {
        "read_reg_chip_magic", "two_requests_in_one_write", "shared_delimiter - one C0 between two frames",
        "empty_frames",        "garbage_no_delims",         "invalid_escape - DB followed by 41",
    };
    struct trace t;

    trace_load(&t, "rom/esp32c3-rom-probe.txt");
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        uint8_t buf[FRAME_ROOM];
        struct slip_decoder d;
        struct heard asked = {0}, answered = {0};
        const struct trace_step *out = trace_find(&t, sections[i], '>'), *in = trace_find(&t, sections[i], '<');

        slip_decoder_init(&d, buf, sizeof buf);
        hear(&d, &asked, out->data, out->len);
        slip_decoder_init(&d, buf, sizeof buf);
        hear(&d, &answered, in->data, in->len);
        if (asked.count != answered.count)
            fail_msg("%s: we hear %zu requests, the ROM %zu", sections[i], asked.count, answered.count);
    }
    trace_free(&t);
}

static void test_sync_replies_at_every_split(void **state)
{
    (void)state;
    struct trace t;
    uint8_t buf[FRAME_ROOM];

    trace_load(&t, "rom/esp32c3-rom-probe.txt");
    const struct trace_step *in = trace_find(&t, "sync", '<');
    for (size_t split = 0; split <= in->len; split++) {
        struct slip_decoder d;
        struct heard h = {0};
        slip_decoder_init(&d, buf, sizeof buf);
        hear(&d, &h, in->data, split);
        hear(&d, &h, in->data + split, in->len - split);
        assert_int_equal(h.count, 8);
        assert_int_equal(h.len[7], 12);
    }
    trace_free(&t);
}

static void test_encode_and_back(void **state)
{
    (void)state;
    uint8_t all[256], wire[SLIP_ENCODED_MAX(sizeof all)], buf[256];
    struct slip_decoder d;
    struct heard h = {0};

    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    size_t len = slip_encode(wire, sizeof wire, all, 200, all + 200, 56);
    assert_int_equal(len, 256 + 2 + 2);
    slip_decoder_init(&d, buf, sizeof buf);
    hear(&d, &h, wire, len);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.len[0], 256);
    assert_memory_equal(h.bytes[0], all, 256);
}

static void test_encode_respects_its_room(void **state)
{
    (void)state;
    static const uint8_t worst[3] = {0xc0, 0xdb, 0xc0}, wire[8] = {0xc0, 0xdb, 0xdc, 0xdb, 0xdd, 0xdb, 0xdc, 0xc0};
    uint8_t out[9];

    for (size_t cap = 0; cap < SLIP_ENCODED_MAX(sizeof worst); cap++) {
        memset(out, 0xaa, sizeof out);
        assert_int_equal(slip_encode(out, cap, worst, 1, worst + 1, 2), 0);
        assert_int_equal(out[cap], 0xaa);
    }
    assert_int_equal(slip_encode(out, SLIP_ENCODED_MAX(sizeof worst), worst, 1, worst + 1, 2), sizeof wire);
    assert_memory_equal(out, wire, sizeof wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_at_every_split),
        cmocka_unit_test(test_dropped_bytes_are_counted),
        cmocka_unit_test(test_hears_what_a_real_rom_hears),
        cmocka_unit_test(test_sync_replies_at_every_split),
        cmocka_unit_test(test_encode_and_back),
        cmocka_unit_test(test_encode_respects_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
