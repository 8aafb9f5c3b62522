/* SPDX-License-Identifier: Apache-2.0 */
/* The layer-2 codec against bytes of real ROMs: what we would send is what was sent, what came back reads as noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "esprom/esprom_packet.h"
#include "slip/slip.h"
#include "support/trace.h"

#define FRAME_MAX 20000

static const char *const probes[] = {
    "rom/esp32-rom-probe.txt",           "rom/esp32c3-rom-probe.txt",
    "rom/esp32c3-rom-probe2.txt",        "rom/esp32c3-rom-probe3-flash-end.txt",
    "rom/esp32c3-rom-probe4-resume.txt", "rom/esp32c3-rom-probe5-deflate.txt",
};
#define PROBES (sizeof probes / sizeof probes[0])

/* Sections whose request is wrong on purpose: a correct encoder cannot produce them. */
static const char *const wrong_on_purpose[] = {
    "dir_1_request", "size_field", "short_payload", "packet_3", "bad_payload",    "invalid_escape",
    "len_mismatch",  "BAD",        "bad",           "damaged",  "wrong checksum",
};

static bool is_wrong_on_purpose(const char *section)
{
    for (size_t i = 0; i < sizeof wrong_on_purpose / sizeof wrong_on_purpose[0]; i++)
        if (strstr(section, wrong_on_purpose[i]))
            return true;
    return false;
}

/* ---- replies ------------------------------------------------------------------------------------------------------ */

struct noted {
    unsigned dir, op, size, value;
    uint8_t body[256];
    size_t body_len;
};

static void read_note(struct noted *n, const char *text)
{
    int used = 0;

    n->body_len = 0;
    assert_int_equal(sscanf(text, "dir=%u op=%x size=%u val=%x body=%n", &n->dir, &n->op, &n->size, &n->value, &used),
                     4);
    for (const char *p = text + used; strspn(p, "0123456789abcdef") == 2; p += 2 + strspn(p + 2, " \r"))
        n->body[n->body_len++] = (uint8_t)strtoul(p, NULL, 16);
}

static size_t data_before_status(unsigned op)
{
    switch (op) {
    case ESPROM_OP_FLASH_MD5:
        return ESPROM_MD5_HEX_LEN;
    case ESPROM_OP_SECURITY_INFO:
        return ESPROM_SECURITY_LEN;
    case ESPROM_OP_READ_FLASH_SLOW:
        return ESPROM_READ_LEN;
    default:
        return 0;
    }
}

static void check_reply(const char *where, const uint8_t *frame, size_t len, const char *note)
{
    struct noted n;
    struct esprom_reply r;

    read_note(&n, note);
    size_t expected = n.body_len >= data_before_status(n.op) + 4 ? data_before_status(n.op) : 0;
    if (esprom_reply_decode(&r, frame, len, data_before_status(n.op)) != TDM_OK)
        fail_msg("%s: not decoded", where);
    if (r.op != n.op || r.value != n.value)
        fail_msg("%s: op %x value %x, noted %x %x", where, r.op, r.value, n.op, n.value);
    if (r.is_error != (n.body[expected] != 0) || (r.is_error && r.reason != n.body[expected + 1]))
        fail_msg("%s: status %d %x, noted %x %x", where, r.is_error, r.reason, n.body[expected], n.body[expected + 1]);
    if (!r.is_error && expected > 0)
        assert_memory_equal(r.data, n.body, expected);
}

static size_t check_step_replies(const char *file, const struct trace_step *s)
{
    uint8_t buf[FRAME_MAX];
    char where[128];
    struct slip_decoder d;
    size_t frames = 0;

    slip_decoder_init(&d, buf, sizeof buf);
    for (size_t i = 0; i < s->len; i++) {
        if (!slip_decoder_push(&d, s->data[i]))
            continue;
        snprintf(where, sizeof where, "%s:%u %s", file, s->line, s->section);
        if (frames >= s->note_count)
            fail_msg("%s: more frames than noted", where);
        check_reply(where, d.buf, d.len, s->notes[frames++]);
    }
    return frames;
}

static void test_captured_replies_decode_as_noted(void **state)
{
    (void)state;
    size_t frames = 0;

    for (size_t i = 0; i < PROBES; i++) {
        struct trace t;
        trace_load(&t, probes[i]);
        for (size_t j = 0; j < t.count; j++)
            if (t.steps[j].direction == '<' && t.steps[j].note_count > 0 &&
                strncmp(t.steps[j].notes[0], "dir=", 4) == 0)
                frames += check_step_replies(probes[i], &t.steps[j]);
        trace_free(&t);
    }
    assert_true(frames > 400);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static bool is_block_op(uint8_t op)
{
    return op == ESPROM_OP_FLASH_DATA || op == ESPROM_OP_FLASH_DEFL_DATA || op == ESPROM_OP_MEM_DATA;
}

/* Take a captured request apart and build it anew from its meaning. */
static size_t rebuild(uint8_t *wire, size_t cap, const struct esprom_packet *p)
{
    uint8_t head[ESPROM_HEAD_LEN + ESPROM_BLOCK_HEAD_LEN], frame[64];
    uint32_t words[8];
    size_t count = p->len / 4, len;

    if (is_block_op(p->op)) {
        assert_true(p->len >= ESPROM_BLOCK_HEAD_LEN);
        const uint8_t *block = p->data + ESPROM_BLOCK_HEAD_LEN;
        size_t block_len = p->len - ESPROM_BLOCK_HEAD_LEN;
        esprom_request_block_head(head, (enum esprom_op)p->op, bytes_le32(p->data + 4), block, (uint16_t)block_len);
        return slip_encode(wire, cap, head, sizeof head, block, block_len);
    }
    if (p->op == ESPROM_OP_SYNC) {
        len = esprom_request_sync(frame, sizeof frame);
    } else {
        assert_true(count <= 8 && p->len % 4 == 0);
        for (size_t i = 0; i < count; i++)
            words[i] = bytes_le32(p->data + 4 * i);
        len = esprom_request_words(frame, sizeof frame, (enum esprom_op)p->op, words, count);
    }
    return slip_encode(wire, cap, frame, len, NULL, 0);
}

static bool check_request(const char *file, const struct trace_step *s)
{
    static uint8_t frame[FRAME_MAX], wire[2 * FRAME_MAX];
    struct slip_decoder d;
    struct esprom_packet p;

    if (!trace_is_one_frame(s, SLIP_END) || is_wrong_on_purpose(s->section))
        return false;
    slip_decoder_init(&d, frame, sizeof frame);
    for (size_t i = 0; i < s->len; i++)
        (void)slip_decoder_push(&d, s->data[i]);
    if (esprom_packet_decode(&p, d.buf, d.len) != TDM_OK)
        fail_msg("%s:%u %s: not decoded", file, s->line, s->section);
    size_t len = rebuild(wire, sizeof wire, &p);
    if (len != s->len || memcmp(wire, s->data, len) != 0)
        fail_msg("%s:%u %s: encodes differently", file, s->line, s->section);
    return true;
}

static void test_encode_equals_captured_requests(void **state)
{
    (void)state;
    size_t checked = 0;

    for (size_t i = 0; i < PROBES; i++) {
        struct trace t;
        trace_load(&t, probes[i]);
        for (size_t j = 0; j < t.count; j++)
            if (t.steps[j].direction == '>')
                checked += check_request(probes[i], &t.steps[j]);
        trace_free(&t);
    }
    assert_true(checked > 250);
}

/* ---- single rules ------------------------------------------------------------------------------------------------- */

static const struct reply_row {
    const char *name;
    uint8_t bytes[48];
    size_t len, expected;
    tdm_err err;
    bool is_error;
    uint8_t reason;
} reply_rows[] = {
    {"success, second byte stale", {1, 3, 4, 0, 0, 0, 0, 0, 0, 5, 0xff, 0xff}, 12, 0, TDM_OK, false, 0},
    {"error with reason", {1, 3, 4, 0, 0, 0, 0, 0, 1, 7, 0, 0}, 12, 0, TDM_OK, true, 7},
    {"error without the data that success has", {1, 0x13, 4, 0, 0, 0, 0, 0, 1, 9, 0, 0}, 12, 32, TDM_OK, true, 9},
    {"success without its data", {1, 0x13, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 32, TDM_E_FORMAT, false, 0},
    {"status of two bytes only", {1, 3, 2, 0, 0, 0, 0, 0, 0, 0}, 10, 0, TDM_OK, false, 0},
    {"a request is no reply", {0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 0, TDM_E_FORMAT, false, 0},
    {"one byte lost on the wire", {1, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}, 11, 0, TDM_E_FORMAT, false, 0},
    {"head alone", {1, 3, 0, 0, 0, 0, 0, 0}, 8, 0, TDM_E_FORMAT, false, 0},
    {"less than a head", {1, 3, 4, 0}, 4, 0, TDM_E_FORMAT, false, 0},
    {"nothing", {0}, 0, 0, TDM_E_FORMAT, false, 0},
};

static void test_reply_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reply_rows / sizeof reply_rows[0]; i++) {
        const struct reply_row *row = &reply_rows[i];
        struct esprom_reply r = {0};
        tdm_err err = esprom_reply_decode(&r, row->bytes, row->len, row->expected);
        if (err != row->err || (err == TDM_OK && (r.is_error != row->is_error || r.reason != row->reason)))
            fail_msg("%s: err %d, error %d, reason %x", row->name, err, r.is_error, r.reason);
    }
}

static void test_encoders_respect_their_room(void **state)
{
    (void)state;
    uint8_t out[44];
    const uint32_t words[2] = {1, 2};

    for (size_t cap = 0; cap < 16; cap++)
        assert_int_equal(esprom_request_words(out, cap, ESPROM_OP_SPI_ATTACH, words, 2), 0);
    assert_int_equal(esprom_request_words(out, 16, ESPROM_OP_SPI_ATTACH, words, 2), 16);
    assert_int_equal(esprom_request_sync(out, 43), 0);
    assert_int_equal(esprom_request_sync(out, 44), 44);
}

static void test_every_reason_has_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++)
        assert_true(strlen(esprom_reason_name((uint8_t)i)) > 0);
    assert_string_equal(esprom_reason_name(ESPROM_REASON_CHECKSUM), "wrong checksum");
    assert_string_equal(esprom_reason_name(0xee), "unknown reason");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_replies_decode_as_noted),
        cmocka_unit_test(test_encode_equals_captured_requests),
        cmocka_unit_test(test_reply_rules),
        cmocka_unit_test(test_encoders_respect_their_room),
        cmocka_unit_test(test_every_reason_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
