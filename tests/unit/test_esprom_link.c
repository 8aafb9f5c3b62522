/* SPDX-License-Identifier: Apache-2.0 */
/* The link replays captured conversations: the same bytes out, and from the bytes in the outcome that was noted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "esprom/esprom_link.h"
#include "slip/slip.h"
#include "support/fake_clock.h"
#include "support/fake_serial.h"
#include "support/trace.h"

struct bench {
    struct fake_clock clock;
    struct fake_serial serial;
    struct esprom_link link;
    const struct trace_step *asked, *answered;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    fake_clock_init(&b->clock, 0);
    fake_serial_init(&b->serial, &b->clock);
    esprom_link_init(&b->link, &b->serial.port, &b->clock.port);
    b->serial.peer = b;
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* ---- replay ------------------------------------------------------------------------------------------------------- */

static void replay_peer(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    const struct bench *b = peer;

    if (len != b->asked->len || memcmp(data, b->asked->data, len) != 0)
        fail_msg("line %u, %s: other bytes sent than captured", b->asked->line, b->asked->section);
    fake_serial_say(s, b->answered->data, b->answered->len, 3);
}

static bool is_wrong_on_purpose(const char *section)
{
    static const char *const parts[] = {"dir_1",          "size_field",   "short_payload", "packet_3",
                                        "bad_payload",    "len_mismatch", "BAD",           "bad",
                                        "invalid_escape", "16k",          "8192",          "wrong checksum"};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(section, parts[i]))
            return true;
    return false;
}

static size_t expected_of(uint8_t op)
{
    if (op == ESPROM_OP_FLASH_MD5)
        return ESPROM_MD5_HEX_LEN;
    if (op == ESPROM_OP_READ_FLASH_SLOW)
        return ESPROM_READ_LEN;
    return op == ESPROM_OP_SECURITY_INFO ? ESPROM_SECURITY_LEN : 0;
}

/* The captured request's meaning as a question to the link. words has room for 8. */
static struct esprom_ask ask_of(const struct esprom_packet *p, uint32_t *words)
{
    struct esprom_ask ask = {.op = (enum esprom_op)p->op, .expected = expected_of(p->op), .tries = 1};

    if (p->op == ESPROM_OP_FLASH_DATA || p->op == ESPROM_OP_FLASH_DEFL_DATA || p->op == ESPROM_OP_MEM_DATA) {
        ask.block = p->data + ESPROM_BLOCK_HEAD_LEN;
        ask.block_len = (uint16_t)(p->len - ESPROM_BLOCK_HEAD_LEN);
        ask.number = bytes_le32(p->data + 4);
    } else if (p->op != ESPROM_OP_SYNC) {
        assert_true(p->len % 4 == 0 && p->len <= 32);
        ask.word_count = p->len / 4;
        ask.words = words;
        for (size_t i = 0; i < ask.word_count; i++)
            words[i] = bytes_le32(p->data + 4 * i);
    }
    return ask;
}

/* The two status bytes that count, out of the note that another program made of the reply. */
static void noted_status(const char *note, size_t expected, unsigned *fail, unsigned *reason)
{
    unsigned size = 0;
    const char *body = strstr(note, "body=");

    assert_non_null(body);
    assert_int_equal(sscanf(strstr(note, "size="), "size=%u", &size), 1);
    if (size < expected + 2)
        expected = 0;
    assert_int_equal(sscanf(body + 5 + 3 * expected, "%x %x", fail, reason), 2);
}

static size_t replay_step(struct bench *b, const struct trace_step *asked, const struct trace_step *answered)
{
    static uint8_t frame[2 * ESPROM_FRAME_MAX + 256];
    struct slip_decoder d;
    struct esprom_packet p;
    struct esprom_reply reply;
    uint32_t words[8];
    unsigned fail, reason;

    if (!trace_is_one_frame(asked, SLIP_END) || is_wrong_on_purpose(asked->section) || answered->direction != '<' ||
        answered->note_count == 0 || strncmp(answered->notes[0], "dir=", 4) != 0)
        return 0;
    slip_decoder_init(&d, frame, sizeof frame);
    for (size_t i = 0; i < asked->len; i++)
        (void)slip_decoder_push(&d, asked->data[i]);
    if (d.len > ESPROM_FRAME_MAX)
        return 0; /* larger than what we would ever send */
    assert_int_equal(esprom_packet_decode(&p, d.buf, d.len), TDM_OK);
    b->asked = asked;
    b->answered = answered;
    const struct esprom_ask ask = ask_of(&p, words);
    tdm_err err = esprom_link_ask(&b->link, &ask, &reply);
    noted_status(answered->notes[0], ask.expected, &fail, &reason);
    tdm_err want = fail == 0 ? TDM_OK : reason == ESPROM_REASON_CHECKSUM ? TDM_E_NOISE : TDM_E_PEER;
    if (err != want || (err != TDM_OK && b->link.fault.at != reason))
        fail_msg("line %u, %s: %s, not %s", asked->line, asked->section, tdm_err_name(err), tdm_err_name(want));
    return 1;
}

static void test_replays_captured_conversations(void **state)
{
    struct bench *b = *state;
    static const char *const files[] = {"rom/esp32-rom-probe.txt", "rom/esp32c3-rom-probe.txt",
                                        "rom/esp32c3-rom-probe2.txt", "rom/esp32c3-rom-probe4-resume.txt",
                                        "rom/esp32c3-rom-probe5-deflate.txt"};
    static const size_t at_once[] = {0, 1, 5};
    size_t replayed = 0;

    b->serial.on_write = replay_peer;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct trace t;
        trace_load(&t, files[i]);
        for (size_t k = 0; k < sizeof at_once / sizeof at_once[0]; k++) {
            b->serial.read_max = at_once[k];
            for (size_t j = 0; j + 1 < t.count; j++)
                replayed += replay_step(b, &t.steps[j], &t.steps[j + 1]);
        }
        trace_free(&t);
    }
    assert_true(replayed > 3 * 200);
}

/* ---- deadlines and strangers -------------------------------------------------------------------------------------- */

static const struct esprom_ask read_magic = {
    .op = ESPROM_OP_READ_REG, .words = (const uint32_t[]){0x40001000u}, .word_count = 1, .timeout_ms = 1000};

static void test_silence_costs_the_deadline(void **state)
{
    struct bench *b = *state;
    struct esprom_ask ask = read_magic;
    struct esprom_reply reply;

    ask.tries = 1;
    assert_int_equal(esprom_link_ask(&b->link, &ask, &reply), TDM_E_TIMEOUT);
    assert_in_range(b->clock.passed_ms, 1000, 1010);
    assert_int_equal(b->serial.writes, 1);
    ask.tries = 3;
    assert_int_equal(esprom_link_ask(&b->link, &ask, &reply), TDM_E_TIMEOUT);
    assert_int_equal(b->serial.writes, 4);
}

/* A slow line may use up the time for the answer before the question has left: the wire's own time comes on top. */
static void test_slow_lines_get_their_time(void **state)
{
    struct bench *b = *state;
    static uint8_t block[4096];
    const struct esprom_ask ask = {
        .op = ESPROM_OP_FLASH_DATA, .block = block, .block_len = sizeof block, .timeout_ms = 1000, .tries = 1};
    struct esprom_reply reply;

    assert_int_equal(esprom_link_set_baud(&b->link, 9600), TDM_OK);
    assert_int_equal(esprom_link_ask(&b->link, &ask, &reply), TDM_E_TIMEOUT);
    assert_true(b->clock.passed_ms >= 1000 + 4096 * 10 * 1000 / 9600);
}

static void flood_peer(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    static const uint8_t sync_reply[] = {0xc0, 1, 8, 4, 0, 7, 7, 0x12, 0x20, 0, 0, 0, 0, 0xc0};

    (void)peer, (void)data, (void)len;
    for (int i = 0; i < 500; i++)
        fake_serial_say(s, sync_reply, sizeof sync_reply, 0);
}

static void test_a_flood_of_strangers_ends(void **state)
{
    struct bench *b = *state;
    struct esprom_ask ask = read_magic;
    struct esprom_reply reply;

    ask.tries = 1;
    b->serial.on_write = flood_peer;
    assert_int_equal(esprom_link_ask(&b->link, &ask, &reply), TDM_E_NOISE);
    assert_string_equal(b->link.fault.code, "rom_noise");
}

static const struct stranger_row {
    const char *name;
    uint8_t frame[40];
    size_t len;
    tdm_err err;
} stranger_rows[] = {
    {"refusal under another opcode", {0xc0, 1, 0x14, 4, 0, 1, 2, 3, 4, 1, 5, 0, 0, 0xc0}, 14, TDM_E_PEER},
    {"other refusal under another opcode", {0xc0, 1, 0x14, 4, 0, 1, 2, 3, 4, 1, 6, 0, 0, 0xc0}, 14, TDM_E_TIMEOUT},
    {"success under another opcode", {0xc0, 1, 0x13, 4, 0, 1, 2, 3, 4, 0, 5, 0, 0, 0xc0}, 14, TDM_E_TIMEOUT},
    {"long reply under another opcode that begins like a refusal",
     {0xc0, 1, 0x14, 0x18, 0, 1, 2, 3, 4, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0xc0},
     34,
     TDM_E_TIMEOUT},
    {"our own request, echoed", {0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x40, 0xc0}, 14, TDM_E_TIMEOUT},
    {"less than a head", {0xc0, 1, 0x0a, 4, 0xc0}, 5, TDM_E_TIMEOUT},
    {"ours, a byte short", {0xc0, 1, 0x0a, 4, 0, 1, 2, 3, 4, 0, 0, 0, 0xc0}, 13, TDM_E_NOISE},
};

static void stranger_peer(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    const struct stranger_row *row = peer;

    (void)data, (void)len;
    fake_serial_say(s, row->frame, row->len, 1);
}

static void test_whose_answer_it_is(void **state)
{
    struct bench *b = *state;

    b->serial.on_write = stranger_peer;
    for (size_t i = 0; i < sizeof stranger_rows / sizeof stranger_rows[0]; i++) {
        struct esprom_ask ask = read_magic;
        struct esprom_reply reply;
        ask.tries = 1;
        b->serial.peer = (void *)&stranger_rows[i];
        tdm_err err = esprom_link_ask(&b->link, &ask, &reply);
        if (err != stranger_rows[i].err)
            fail_msg("%s: %s", stranger_rows[i].name, tdm_err_name(err));
    }
}

/* The first reply comes after the question was repeated; then the second reply must not answer the next question. */
static void late_peer(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    uint8_t frame[] = {0xc0, 1, 0x0a, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0};

    (void)peer, (void)len;
    frame[5] = data[9]; /* the register's lowest byte is its value here */
    fake_serial_say(s, frame, sizeof frame, s->writes == 1 ? 1080 : 40);
}

static void test_a_second_reply_answers_nothing_else(void **state)
{
    struct bench *b = *state;

    b->serial.on_write = late_peer;
    for (uint32_t reg = 1; reg <= 3; reg++) {
        struct esprom_reply reply;
        const struct esprom_ask question = {
            .op = ESPROM_OP_READ_REG, .words = &reg, .word_count = 1, .timeout_ms = 1000};
        assert_int_equal(esprom_link_ask(&b->link, &question, &reply), TDM_OK);
        assert_int_equal(reply.value, reg);
    }
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(test_replays_captured_conversations),
        LINK_TEST(test_silence_costs_the_deadline),
        LINK_TEST(test_slow_lines_get_their_time),
        LINK_TEST(test_a_flood_of_strangers_ends),
        LINK_TEST(test_whose_answer_it_is),
        LINK_TEST(test_a_second_reply_answers_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
