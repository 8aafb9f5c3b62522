/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_spinel_probe: the probe against a radio that says whatever the input says. It ends after a bounded number of
 * questions and within a bounded time; who answered has a printable version text and what an RCP must have.
 *
 * effort (1), then for each write of the probe: kind (1), n (1), n bytes: raw, in an HDLC frame, or as the value of the
 * property just asked for.
 */
#include <tandem/spinel.h>

#include "fuzz.h"
#include "hdlc/hdlc.h"
#include "spinel/spinel_frame.h"
#include "support/fake_lines.h"
#include "support/fake_log.h"
#include "support/fake_serial.h"

#define WRITES_MAX 200u
#define LONGEST_MS 600000u

const char *const fuzz_accepts[] = {"a radio that is an RCP", NULL};

enum kind { RAW, FRAMED, VALUE, KINDS };

struct radio {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct fake_log log;
    struct bytes_reader script;
    struct hdlc_decoder heard;
    uint8_t heard_buf[64];
};

static struct radio radio;

static void say_framed(const uint8_t *data, size_t len)
{
    uint8_t wire[HDLC_ENCODED_MAX(300)];

    size_t n = hdlc_encode(wire, sizeof wire, data, len);
    fuzz_must(n > 0);
    fake_serial_say(&radio.serial, wire, n, 1);
}

static void say_value(const uint8_t *request, size_t request_len, const uint8_t *value, size_t len)
{
    uint8_t payload[300];
    struct spinel_frame frame;

    if (spinel_frame_parse(request, request_len, &frame) != TDM_OK)
        return;
    frame.command = SPINEL_CMD_IS;
    frame.value = value;
    frame.value_len = len;
    say_framed(payload, spinel_frame_encode(payload, sizeof payload, &frame));
}

static void answer(const uint8_t *request, size_t request_len)
{
    uint8_t kind = bytes_get_u8(&radio.script) % KINDS;
    size_t len;
    const uint8_t *data = fuzz_take(&radio.script, bytes_get_u8(&radio.script), &len);

    if (kind == RAW && len > 0)
        fake_serial_say(&radio.serial, data, len, 1);
    else if (kind == FRAMED)
        say_framed(data, len);
    else if (kind == VALUE)
        say_value(request, request_len, data, len);
}

static void on_write(struct fake_serial *s, void *peer, const uint8_t *data, size_t len)
{
    size_t got;

    (void)peer;
    fuzz_must(s->writes < WRITES_MAX);
    for (size_t i = 0; i < len; i++)
        if (hdlc_decoder_push(&radio.heard, data[i], &got) && bytes_left(&radio.script) > 0)
            answer(radio.heard.buf, got);
}

static void on_reset(struct fake_lines *l, void *peer, enum tdm_boot into)
{
    (void)l, (void)peer, (void)into;
    if (bytes_left(&radio.script) > 0)
        answer(NULL, 0);
}

static void open_radio(void)
{
    static bool is_open;

    if (!is_open)
        fake_serial_init(&radio.serial, &radio.clock); /* large: once */
    is_open = true;
    fake_clock_init(&radio.clock, 0);
    fake_lines_init(&radio.lines, &radio.clock);
    fake_log_init(&radio.log);
    radio.lines.on_reset = on_reset;
    radio.serial.head = radio.serial.tail = radio.serial.writes = 0;
    radio.serial.on_write = on_write;
    hdlc_decoder_init(&radio.heard, radio.heard_buf, sizeof radio.heard_buf);
}

static void check_identity(const struct spinel_identity *who)
{
    fuzz_must(who->protocol_major == 4 && who->cap_count <= SPINEL_CAPS_MAX);
    fuzz_must(who->version[0] != '\0' && memchr(who->version, '\0', sizeof who->version) != NULL);
    for (const char *c = who->version; *c != '\0'; c++)
        fuzz_must(*c >= ' ' && *c <= '~');
    fuzz_must(spinel_has_cap(who, SPINEL_CAP_CONFIG_RADIO) && spinel_has_cap(who, SPINEL_CAP_MAC_RAW));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct spinel probe;
    static struct spinel_identity who;

    if (size < 1)
        return 0;
    open_radio();
    radio.script = bytes_reader_on(data + 1, size - 1);
    radio.lines.port.is_wired = (data[0] & 0x10u) == 0;
    const struct spinel_config cfg = {.serial = &radio.serial.port,
                                      .lines = &radio.lines.port,
                                      .clock = &radio.clock.port,
                                      .log = &radio.log.port,
                                      .baud = 460800};
    spinel_init(&probe, &cfg);
    uint8_t effort = data[0] % 4u;
    tdm_err err =
        effort == 3 ? spinel_probe_after_reset(&probe, &who) : spinel_probe(&probe, (enum spinel_effort)effort, &who);
    fuzz_told(err, &probe.fault);
    fuzz_must(radio.clock.passed_ms < LONGEST_MS);
    if (err == TDM_OK)
        check_identity(&who);
    if (err == TDM_OK)
        fuzz_accept(0);
    return 0;
}
