/* SPDX-License-Identifier: Apache-2.0 */
/* The probe against a scripted radio that answers with the bytes of a captured session, or misbehaves by the row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <tandem/spinel.h>

#include "hdlc/hdlc.h"
#include "support/fake_clock.h"
#include "support/fake_lines.h"
#include "support/fake_serial.h"
#include "support/trace.h"

#define BAUD      460800u
#define ANSWERS   16
#define VALUE_MAX 1400
#define ASKED_MAX 512
#define POWER_ON  "\x7e\x80\x06\x00\x70\xee\x74\x7e" /* the notice, as captured */
#define CAPTURED  "OPENTHREAD/thread-reference-20250612-1434-ga93706fde-dirty; SIMULATION; Nov 22 2026 10:06:56"
#define NEVER     99
#define FIRST_TRY 500u
#define ALL_TRIES 1500u
#define QUESTIONS 7u
#define NOTICE_MS 2000u

/* What the radio says to one request, in front of or instead of the true answer. */
enum oddity {
    PLAIN,
    MUTE,              /* no answer                                        */
    WRONG_TID,         /* answers with the transaction number after it      */
    WRONG_PROPERTY,    /* answers with another property                     */
    OTHER_INTERFACE,   /* answers for interface 1                           */
    AS_SET,            /* the right property under the wrong command        */
    DAMAGED,           /* one bit of the check sequence is wrong            */
    DAMAGED_THEN_GOOD, /* and then the same frame again                     */
    LOG_FIRST,         /* two log frames in front of the answer             */
    BOOT_TEXT_FIRST,   /* text of a boot loader in front of the answer      */
    LATE,              /* 700 ms later: by then the request was sent again   */
    REFUSED,           /* LAST_STATUS: property not found                   */
    TEXT_ONLY,         /* boot loader's text, no frame                      */
};

struct answer {
    uint32_t property;
    uint8_t value[VALUE_MAX];
    size_t len;
};

struct radio {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct tdm_log log;
    struct spinel probe;
    struct spinel_identity who;

    struct answer answers[ANSWERS];
    size_t answer_count;
    enum oddity oddity;
    uint32_t odd_property; /* the oddity meets requests for this one; 0: all */
    unsigned odd_times;
    int awake_after_soft, awake_after_hard; /* resets until it answers at all; NEVER: not by this */
    int soft_resets;
    bool is_quiet_reset; /* resets without a notice */

    struct hdlc_decoder heard;
    uint8_t heard_buf[64];
    char asked[ASKED_MAX]; /* the requests as text: "1:1 2:2 R2" */
    uint8_t first_request[16];
    size_t first_len;
};

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

/* ---- the radio ----------------------------------------------------------------------------------------------------- */

static void say(struct radio *r, const uint8_t *payload, size_t len, uint32_t delay_ms, bool is_damaged)
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
        say(r, log_frame, sizeof log_frame, 0, false);
        say(r, log_frame, sizeof log_frame, 0, false);
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
    say(r, payload, n, odd == LATE ? 700 : 0, odd == DAMAGED || odd == DAMAGED_THEN_GOOD);
    if (odd == DAMAGED_THEN_GOOD)
        say(r, payload, n, 0, false);
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

static void set_answer(struct radio *r, uint32_t property, const void *value, size_t len)
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
            set_answer(r, property, buf + at, len - at);
    }
    trace_free(&t);
    assert_int_equal(r->answer_count, 7);
}

static struct radio *radio_new(void)
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

static void expect(const char *name, const struct radio *r, tdm_err err, tdm_err wanted, const char *code)
{
    if (err != wanted || r->probe.fault.err != wanted || strcmp(r->probe.fault.code, code) != 0)
        fail_msg("%s: %s, fault %s %s (%s), asked %s", name, tdm_err_name(err), tdm_err_name(r->probe.fault.err),
                 r->probe.fault.code, r->probe.fault.what, r->asked);
}

/* ---- who it is ----------------------------------------------------------------------------------------------------- */

static void test_captured_radio_is_known(void **state)
{
    static const uint8_t first[] = {0x7e, 0x81, 0x02, 0x01, 0xc5, 0xb2, 0x7e}; /* as the other host asked it */
    static const uint8_t address[] = {0x18, 0xb4, 0x30, 0, 0, 0, 0, 2};
    static const uint32_t caps[] = {5, 12, 24, 34, 513, 64, 65};
    (void)state;
    for (size_t read_max = 0; read_max <= 7; read_max++) { /* pieces of every size up to 7; 0: all at once */
        struct radio *r = radio_new();
        r->serial.read_max = read_max;
        expect("captured", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        assert_int_equal(r->who.protocol_major, 4);
        assert_int_equal(r->who.protocol_minor, 3);
        assert_memory_equal(r->who.hwaddr, address, sizeof address);
        assert_int_equal(r->who.cap_count, 7);
        assert_memory_equal(r->who.caps, caps, sizeof caps);
        assert_int_equal(r->who.api, 11);
        assert_int_equal(r->who.min_host_api, 4);
        assert_int_equal(r->who.radio_caps, 0x7f);
        assert_string_equal(r->asked, "1:1 2:2 3:5 4:8 5:176 6:177 7:4619");
        assert_int_equal(r->first_len, sizeof first);
        assert_memory_equal(r->first_request, first, sizeof first);
        assert_int_equal(r->clock.passed_ms, 0); /* answered at once: nothing was waited for */
        assert_int_equal(r->lines.resets + (size_t)r->soft_resets, 0);
    }
}

static void test_transaction_numbers_go_on_and_skip_zero(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    for (int i = 0; i < 3; i++) {
        r->asked[0] = '\0';
        expect("again", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    }
    assert_string_equal(r->asked, "15:1 1:2 2:5 3:8 4:176 5:177 6:4619");
}

static void test_old_radio_without_api_versions(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    set_answer(r, 5, "\x05\x22\x81\x04", 4);
    r->oddity = REFUSED;
    r->odd_property = 4619;
    r->odd_times = 1;
    expect("old", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    assert_int_equal(r->who.api, 1);
    assert_int_equal(r->who.min_host_api, 1);
    assert_int_equal(r->who.radio_caps, 0);
    assert_string_equal(r->asked, "1:1 2:2 3:5 4:8 5:4619");
    assert_false(spinel_has_cap(&r->who, SPINEL_CAP_RCP_API));
    assert_true(spinel_has_cap(&r->who, SPINEL_CAP_MAC_RAW));
}

/* ---- values that are not what they should be ----------------------------------------------------------------------- */

static void test_values(void **state)
{
    static char text127[128], text128[129], caps64[64], caps65[65];
    static const struct {
        const char *name;
        uint32_t property;
        const char *value;
        size_t len;
        tdm_err err;
        const char *code;
        uint64_t at;
    } rows[] = {
        {"protocol 4.9", 1, "\x04\x09", 2, TDM_OK, "", 0},
        {"protocol 5", 1, "\x05\x00", 2, TDM_E_MISMATCH, "radio_protocol", 5},
        {"protocol 3", 1, "\x03\x03", 2, TDM_E_MISMATCH, "radio_protocol", 3},
        {"protocol without minor", 1, "\x04", 1, TDM_E_FORMAT, "bad_reply", 1},
        {"protocol empty", 1, "", 0, TDM_E_FORMAT, "bad_reply", 1},
        {"protocol and more", 1, "\x04\x03\x00", 3, TDM_E_FORMAT, "bad_reply", 1},
        {"version of 1", 2, "x", 2, TDM_OK, "", 0},
        {"version of 127", 2, text127, 128, TDM_OK, "", 0},
        {"version of 128", 2, text128, 129, TDM_E_FORMAT, "bad_reply", 2},
        {"version empty", 2, "", 1, TDM_E_FORMAT, "bad_reply", 2},
        {"version of no bytes", 2, "", 0, TDM_E_FORMAT, "bad_reply", 2},
        {"version without NUL", 2, "a/b; esp32h2; c", 15, TDM_E_FORMAT, "bad_reply", 2},
        {"version and more", 2, "a/b\0c", 6, TDM_E_FORMAT, "bad_reply", 2},
        {"version with newline", 2, "a\nb", 4, TDM_E_FORMAT, "bad_reply", 2},
        {"version with escape", 2, "a\x1b[2Jb", 7, TDM_E_FORMAT, "bad_reply", 2},
        {"version with DEL", 2, "a\x7f", 3, TDM_E_FORMAT, "bad_reply", 2},
        {"version beyond ASCII", 2, "a\xc3\xa9", 4, TDM_E_FORMAT, "bad_reply", 2},
        {"no capabilities", 5, "", 0, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"a whole Thread device", 5, "\x05\x20\x81\x04", 4, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"no raw access", 5, "\x05\x22\x40", 3, TDM_E_MISMATCH, "not_an_rcp", 513},
        {"capability cut", 5, "\x22\x81\x04\x81", 4, TDM_E_FORMAT, "bad_reply", 5},
        {"64 capabilities", 5, caps64, 64, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"65 capabilities", 5, caps65, 65, TDM_E_FORMAT, "bad_reply", 5},
        {"address of 7", 8, "1234567", 7, TDM_E_FORMAT, "bad_reply", 8},
        {"address of 9", 8, "123456789", 9, TDM_E_FORMAT, "bad_reply", 8},
        {"API cut", 176, "\x8b", 1, TDM_E_FORMAT, "bad_reply", 176},
        {"API of four bytes", 176, "\x80\x80\x80\x01", 4, TDM_E_FORMAT, "bad_reply", 176},
        {"minimum API empty", 177, "", 0, TDM_E_FORMAT, "bad_reply", 177},
        {"radio capabilities cut", 4619, "\xff", 1, TDM_E_FORMAT, "bad_reply", 4619},
    };
    (void)state;
    memset(text127, 'v', 127);
    memset(text128, 'v', 128);
    memset(caps64, 7, 64);
    memset(caps65, 7, 65);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        set_answer(r, rows[i].property, rows[i].value, rows[i].len);
        expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), rows[i].err, rows[i].code);
        if (r->probe.fault.at != rows[i].at)
            fail_msg("%s: at %llu", rows[i].name, (unsigned long long)r->probe.fault.at);
        if (rows[i].err == TDM_OK && rows[i].property == 2)
            assert_string_equal(r->who.version, rows[i].value);
    }
}

/* ---- the wire and its oddities ------------------------------------------------------------------------------------- */

/* Each oddity once (the next try is good), and for ever; and what it costs to find out. */
static void test_oddities(void **state)
{
    static const struct {
        const char *name;
        enum oddity oddity;
        uint32_t once_ms; /* what one of them costs; it must succeed then      */
        tdm_err for_ever;
        const char *code;
        uint32_t for_ever_ms;
    } rows[] = {
        {"mute", MUTE, FIRST_TRY, TDM_E_TIMEOUT, "radio_silent", ALL_TRIES},
        {"wrong transaction", WRONG_TID, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"wrong property", WRONG_PROPERTY, FIRST_TRY, TDM_E_FORMAT, "bad_reply", ALL_TRIES},
        {"other interface", OTHER_INTERFACE, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"set instead of told", AS_SET, FIRST_TRY, TDM_E_FORMAT, "bad_reply", ALL_TRIES},
        {"damaged", DAMAGED, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"damaged, then good", DAMAGED_THEN_GOOD, 0, TDM_OK, "", 0},
        {"log first", LOG_FIRST, 0, TDM_OK, "", 0},
        {"boot text first", BOOT_TEXT_FIRST, 0, TDM_OK, "", 0},
        {"late", LATE, FIRST_TRY + 200, TDM_OK, "", QUESTIONS * (FIRST_TRY + 200)},
        {"only boot text", TEXT_ONLY, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->oddity = rows[i].oddity;
        r->odd_times = 1;
        expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        if (r->clock.passed_ms != rows[i].once_ms)
            fail_msg("%s once: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);

        r = radio_new();
        r->oddity = rows[i].oddity;
        r->odd_times = 1000;
        expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), rows[i].for_ever, rows[i].code);
        if (r->clock.passed_ms != rows[i].for_ever_ms)
            fail_msg("%s for ever: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);
    }
}

static void test_each_try_has_its_own_number(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = MUTE;
    r->odd_property = 5;
    r->odd_times = 2;
    expect("third try", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    assert_string_equal(r->asked, "1:1 2:2 3:5 4:5 5:5 6:8 7:176 8:177 9:4619");
}

static void test_refusal_is_told(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = REFUSED;
    r->odd_property = 8;
    r->odd_times = 1;
    expect("refused", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_E_PEER, "radio_refused");
    assert_int_equal(r->probe.fault.at, 13);
    assert_string_equal(r->probe.fault.what, "property not known");
}

/* Input from before the probe is not an answer to it, even when it would fit. */
static void test_stale_input_is_dropped(void **state)
{
    static const uint8_t protocol_9[] = {0x81, 0x06, 0x01, 0x09, 0x00};
    (void)state;
    struct radio *r = radio_new();
    say(r, protocol_9, sizeof protocol_9, 0, false);
    expect("stale", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
}

static void test_lost_port_ends_it_at_once(void **state)
{
    static const struct {
        tdm_err err;
        const char *code;
    } rows[] = {{TDM_E_UNREACHABLE, "port_lost"}, {TDM_E_IO, "port_io"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->serial.broken = rows[i].err;
        expect("hard", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), rows[i].err, rows[i].code);
        assert_int_equal(r->lines.resets, 0);
        expect("after", r, spinel_probe_after_reset(&r->probe, &r->who), rows[i].err, rows[i].code);
    }
}

/* ---- the ladder ---------------------------------------------------------------------------------------------------- */

static void test_ladder(void **state)
{
#define SEVEN(a, b, c, d, e, f, g) #a ":1 " #b ":2 " #c ":5 " #d ":8 " #e ":176 " #f ":177 " #g ":4619"
#define TRIES(a, b, c)             #a ":1 " #b ":1 " #c ":1"
    static const struct {
        const char *name;
        enum spinel_effort effort;
        bool is_wired;
        int soft, hard; /* resets until it answers */
        tdm_err err;
        const char *asked;
        uint32_t ms;
    } rows[] = {
        {"awake, only asked", SPINEL_ASK, true, 0, 0, TDM_OK, SEVEN(1, 2, 3, 4, 5, 6, 7), 0},
        {"awake: no reset though allowed", SPINEL_RESET_HARD, true, 0, 0, TDM_OK, SEVEN(1, 2, 3, 4, 5, 6, 7), 0},
        {"asleep, only asked", SPINEL_ASK, true, 1, 1, TDM_E_TIMEOUT, TRIES(1, 2, 3), ALL_TRIES},
        {"woken by soft reset", SPINEL_RESET_SOFT, true, 1, 1, TDM_OK,
         TRIES(1, 2, 3) " R2 " SEVEN(4, 5, 6, 7, 8, 9, 10), ALL_TRIES},
        {"soft is enough", SPINEL_RESET_HARD, true, 1, 1, TDM_OK, TRIES(1, 2, 3) " R2 " SEVEN(4, 5, 6, 7, 8, 9, 10),
         ALL_TRIES},
        {"deaf to soft, hard not allowed", SPINEL_RESET_SOFT, true, NEVER, 1, TDM_E_TIMEOUT,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6), 2 * ALL_TRIES + NOTICE_MS},
        {"woken by hard reset", SPINEL_RESET_HARD, true, NEVER, 1, TDM_OK,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6) " H " SEVEN(7, 8, 9, 10, 11, 12, 13),
         2 * ALL_TRIES + NOTICE_MS + 100 + 300},
        {"hard is not wired", SPINEL_RESET_HARD, false, NEVER, 1, TDM_E_TIMEOUT, TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6),
         2 * ALL_TRIES + NOTICE_MS},
        {"dead", SPINEL_RESET_HARD, true, NEVER, NEVER, TDM_E_TIMEOUT,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6) " H " TRIES(7, 8, 9), 3 * ALL_TRIES + 2 * NOTICE_MS + 100},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->lines.port.is_wired = rows[i].is_wired;
        r->awake_after_soft = rows[i].soft;
        r->awake_after_hard = rows[i].hard;
        tdm_err err = spinel_probe(&r->probe, rows[i].effort, &r->who);
        expect(rows[i].name, r, err, rows[i].err, rows[i].err == TDM_OK ? "" : "radio_silent");
        if (strcmp(r->asked, rows[i].asked) != 0 || r->clock.passed_ms != rows[i].ms)
            fail_msg("%s: asked %s, %llu ms", rows[i].name, r->asked, (unsigned long long)r->clock.passed_ms);
    }
}

/* What a reset cannot change is not answered with one. */
static void test_other_firmware_is_not_reset(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    set_answer(r, 5, "\x05\x20", 2);
    expect("NCP", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), TDM_E_MISMATCH, "not_an_rcp");
    assert_int_equal(r->soft_resets + (int)r->lines.resets, 0);
}

static void test_confusion_is_reset(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = WRONG_PROPERTY;
    r->odd_times = 3;
    expect("confused", r, spinel_probe(&r->probe, SPINEL_RESET_SOFT, &r->who), TDM_OK, "");
    assert_int_equal(r->soft_resets, 1);
}

static void test_broken_line_is_told(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->awake_after_soft = r->awake_after_hard = NEVER;
    r->lines.broken = TDM_E_UNREACHABLE;
    expect("line", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), TDM_E_UNREACHABLE, "lines_failed");
}

/* ---- after somebody else's reset ----------------------------------------------------------------------------------- */

static void test_after_reset(void **state)
{
    static const uint8_t watchdog[] = {0xb0, 0x06, 0x00, 0x78}, error[] = {0x80, 0x06, 0x00, 0x0d},
                         answer[] = {0x81, 0x06, 0x00, 0x70};
    static const struct {
        const char *name;
        const uint8_t *payload;
        size_t len;
        uint32_t notice_ms, waited_ms;
    } rows[] = {
        {"notice is there already", (const uint8_t *)"\x80\x06\x00\x70", 4, 0, 0},
        {"notice comes later", (const uint8_t *)"\x80\x06\x00\x70", 4, 1200, 1200},
        {"notice to all interfaces, watchdog", watchdog, sizeof watchdog, 40, 40},
        {"an error is no notice", error, sizeof error, 40, NOTICE_MS},
        {"an answer is no notice", answer, sizeof answer, 40, NOTICE_MS},
        {"notice too late", (const uint8_t *)"\x80\x06\x00\x70", 4, 2600, NOTICE_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        fake_serial_say(&r->serial, "ESP-ROM:esp32h2-20221101\r\n", 26, 0);
        say(r, rows[i].payload, rows[i].len, rows[i].notice_ms, false);
        tdm_err err = spinel_probe_after_reset(&r->probe, &r->who);
        if (rows[i].notice_ms > NOTICE_MS) { /* the fake keeps bytes in order: answers queue behind the notice */
            expect(rows[i].name, r, err, TDM_OK, "");
            continue;
        }
        expect(rows[i].name, r, err, TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        if (r->clock.passed_ms != rows[i].waited_ms)
            fail_msg("%s: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);
    }
}

static void test_radio_without_notices_is_still_asked(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->is_quiet_reset = true;
    r->awake_after_soft = 1;
    r->awake_after_hard = NEVER;
    expect("quiet", r, spinel_probe(&r->probe, SPINEL_RESET_SOFT, &r->who), TDM_OK, "");
    assert_int_equal(r->clock.passed_ms, ALL_TRIES + NOTICE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_radio_is_known),
        cmocka_unit_test(test_transaction_numbers_go_on_and_skip_zero),
        cmocka_unit_test(test_old_radio_without_api_versions),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_each_try_has_its_own_number),
        cmocka_unit_test(test_refusal_is_told),
        cmocka_unit_test(test_stale_input_is_dropped),
        cmocka_unit_test(test_lost_port_ends_it_at_once),
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_other_firmware_is_not_reset),
        cmocka_unit_test(test_confusion_is_reset),
        cmocka_unit_test(test_broken_line_is_told),
        cmocka_unit_test(test_after_reset),
        cmocka_unit_test(test_radio_without_notices_is_still_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
