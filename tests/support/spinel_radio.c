/* SPDX-License-Identifier: Apache-2.0 */
#include "support/spinel_radio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/trace.h"

#define BAUD     460800u
#define POWER_ON "\x7e\x80\x06\x00\x70\xee\x74\x7e" /* the notice, as captured */

static void note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    (void)log;
    (void)level;
    (void)value;
    assert_non_null(what);
}

static void progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    (void)log;
    (void)phase;
    (void)what;
    (void)done;
    (void)total;
}

void radio_say(struct radio *r, const uint8_t *payload, size_t len, uint32_t delay_ms, bool is_damaged)
{
    uint8_t wire[HDLC_ENCODED_MAX(VALUE_MAX + 8)];
    size_t n = hdlc_encode(wire, sizeof wire, payload, len);
    assert_true(n > 0);
    if (is_damaged)
        wire[n - 2] ^= 0x01;
    fake_serial_say(&r->serial, wire, n, delay_ms);
}

static const struct answer *answer_to(const struct radio *r, uint32_t property)
{
    for (size_t i = 0; i < r->answer_count; i++) {
        if (r->answers[i].property == property)
            return &r->answers[i];
    }
    return NULL;
}

static size_t put_packed(uint8_t *out, uint32_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

static size_t make_reply(uint8_t *out, uint8_t header, uint8_t command, uint32_t property, const void *value,
                         size_t len)
{
    size_t n = 2;
    out[0] = header;
    out[1] = command;
    n += put_packed(out + n, property);
    memcpy(out + n, value, len);
    return n + len;
}

static void reply(struct radio *r, uint8_t header, uint32_t property, enum oddity odd)
{
    static const char boot_text[] = "ESP-ROM:esp32h2-20221101\r\nwaiting for download\r\n";
    static const uint8_t log_frame[] = {0x80, 0x06, 0x70, 'l', 'o', 'g'}, not_found[] = {13};
    const struct answer *a = answer_to(r, property);
    uint8_t payload[VALUE_MAX + 8], command = odd == AS_SET ? 3 : 6;
    const void *value = a != NULL && odd != REFUSED ? a->value : not_found;
    size_t len = a != NULL && odd != REFUSED ? a->len : sizeof not_found;

    if (odd == TEXT_ONLY || odd == BOOT_TEXT_FIRST)
        fake_serial_say(&r->serial, boot_text, strlen(boot_text), 0);
    if (odd == MUTE || odd == TEXT_ONLY)
        return;
    if (odd == LOG_FIRST) {
        radio_say(r, log_frame, sizeof log_frame, 0, false);
        radio_say(r, log_frame, sizeof log_frame, 0, false);
    }
    if (odd == WRONG_TID)
        header = (uint8_t)(0x80 | (header + 1) % 16);
    if (odd == OTHER_INTERFACE)
        header |= 0x10;
    if (a == NULL || odd == REFUSED)
        property = 0;
    if (odd == WRONG_PROPERTY)
        property = 3;
    size_t n = make_reply(payload, header, command, property, value, len);
    radio_say(r, payload, n, odd == LATE ? 700 : 0, odd == DAMAGED || odd == DAMAGED_THEN_GOOD);
    if (odd == DAMAGED_THEN_GOOD)
        radio_say(r, payload, n, 0, false);
}

static void remember(struct radio *r, const char *text)
{
    size_t len = strlen(r->asked);
    assert_true((size_t)snprintf(r->asked + len, sizeof r->asked - len, "%s%s", len > 0 ? " " : "", text) <
                sizeof r->asked - len);
}

static bool is_awake(const struct radio *r)
{
    return r->soft_resets >= r->awake_after_soft || (int)r->lines.resets >= r->awake_after_hard;
}

static void hear_request(struct radio *r, const uint8_t *p, size_t len)
{
    char text[32];
    assert_true(len >= 2 && (p[0] & 0xf0) == 0x80);
    if (p[1] == 1) {
        assert_int_equal(len, 3);
        snprintf(text, sizeof text, "R%u", p[2]);
        remember(r, text);
        r->soft_resets++;
        if (is_awake(r) && !r->is_quiet_reset)
            fake_serial_say(&r->serial, POWER_ON, 8, 0);
        return;
    }
    assert_int_equal(p[1], 2);
    uint32_t property = len > 3 ? (uint32_t)(p[2] & 0x7f) | (uint32_t)p[3] << 7 : p[2];
    snprintf(text, sizeof text, "%u:%u", p[0] & 15u, property);
    remember(r, text);
    if (!is_awake(r))
        return;
    bool is_odd = r->odd_times > 0 && (r->odd_property == 0 || r->odd_property == property);
    r->odd_times -= is_odd;
    reply(r, p[0], property, is_odd ? r->oddity : PLAIN);
}

static void on_write(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    struct radio *r = peer;
    size_t n;
    assert_int_equal(s->baud, BAUD);
    if (r->first_len == 0) {
        assert_true(len <= sizeof r->first_request);
        memcpy(r->first_request, data, len);
        r->first_len = len;
    }
    for (size_t i = 0; i < len; i++) {
        if (hdlc_decoder_push(&r->heard, data[i], &n))
            hear_request(r, r->heard_buf, n);
    }
}

static void on_reset(struct fake_lines *l, void *peer, enum tdm_boot into)
{
    struct radio *r = peer;
    (void)l;
    assert_int_equal(into, TDM_BOOT_APP);
    remember(r, "H");
    if (is_awake(r) && !r->is_quiet_reset)
        fake_serial_say(&r->serial, POWER_ON, 8, 300);
}

void radio_set_answer(struct radio *r, uint32_t property, const void *value, size_t len)
{
    size_t i = 0;
    while (i < r->answer_count && r->answers[i].property != property)
        i++;
    assert_true(i < ANSWERS && len <= VALUE_MAX);
    if (i == r->answer_count)
        r->answer_count++;
    r->answers[i].property = property;
    memcpy(r->answers[i].value, value, len);
    r->answers[i].len = len;
}

/* The device's half of the captured session: its answers to what the other host asked for. */
static void learn_captured_answers(struct radio *r)
{
    struct trace t;
    trace_load(&t, "spinel/host_init_session.hex");
    for (size_t i = 0; i < t.count; i++) {
        uint8_t buf[256];
        struct hdlc_decoder d;
        size_t len = 0;
        if (t.steps[i].direction != '<')
            continue;
        hdlc_decoder_init(&d, buf, sizeof buf);
        for (size_t k = 0; k < t.steps[i].len && len == 0; k++)
            (void)hdlc_decoder_push(&d, t.steps[i].data[k], &len);
        assert_true(len > 3);
        size_t at = buf[2] & 0x80 ? 4 : 3;
        uint32_t property = at == 4 ? (uint32_t)(buf[2] & 0x7f) | (uint32_t)buf[3] << 7 : buf[2];
        if (property != 0 && buf[0] >= 0x81 && buf[0] <= 0x84)
            radio_set_answer(r, property, buf + at, len - at);
    }
    trace_free(&t);
    assert_int_equal(r->answer_count, 7);
}

struct radio *radio_new(void)
{
    static struct radio radio;
    struct radio *r = &radio;
    memset(r, 0, sizeof *r);
    fake_clock_init(&r->clock, 0xffffff00u); /* the counter wraps during the test */
    fake_serial_init(&r->serial, &r->clock);
    fake_lines_init(&r->lines, &r->clock);
    hdlc_decoder_init(&r->heard, r->heard_buf, sizeof r->heard_buf);
    r->log = (struct tdm_log){note, progress};
    r->serial.on_write = on_write;
    r->lines.on_reset = on_reset;
    r->serial.peer = r->lines.peer = r;
    learn_captured_answers(r);
    const struct spinel_config cfg = {
        .serial = &r->serial.port, .lines = &r->lines.port, .clock = &r->clock.port, .log = &r->log, .baud = BAUD};
    spinel_init(&r->probe, &cfg);
    return r;
}

void radio_expect(const char *name, const struct radio *r, tdm_err err, tdm_err wanted, const char *code)
{
    if (err != wanted || r->probe.fault.err != wanted || strcmp(r->probe.fault.code, code) != 0)
        fail_msg("%s: %s, fault %s %s (%s), asked %s", name, tdm_err_name(err), tdm_err_name(r->probe.fault.err),
                 r->probe.fault.code, r->probe.fault.what, r->asked);
}
