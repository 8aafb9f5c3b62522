/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "linux/serial_backend.h"

#define BEGIN_MS   3000u /* for a server to say that it has serial ports */
#define CONFIRM_MS 3000u
#define CONTROL_MS 1000u /* a server that does not confirm is not asked to again */
#define RAW_MAX    1024
#define DROPS_MAX  64

static struct serial_linux *self(struct tdm_serial *port)
{
    return (struct serial_linux *)port;
}

static struct tdm_deadline in_ms(struct clock_posix *clock, uint32_t ms)
{
    clock_posix_init(clock);
    return tdm_deadline_in(&clock->port, ms);
}

/* ---- sending -------------------------------------------------------------------------------------------------------- */

static tdm_err flush(struct serial_linux *s, const struct tdm_deadline *deadline, enum serial_heed heed)
{
    struct serial_rfc2217 *r = &s->rfc2217;
    size_t sent;

    tdm_err err = serial_wire_send(s, r->out + r->out_pos, r->out_len - r->out_pos, deadline, heed, &sent);
    r->out_pos += sent;
    if (r->out_pos == r->out_len)
        r->out_pos = r->out_len = 0;
    return err;
}

static tdm_err queue(struct serial_linux *s, const uint8_t *bytes, size_t len)
{
    struct serial_rfc2217 *r = &s->rfc2217;

    if (len > sizeof r->out - r->out_len) /* it has not taken a byte for so long */
        return TDM_E_UNREACHABLE;
    memcpy(r->out + r->out_len, bytes, len);
    r->out_len += len;
    return TDM_OK;
}

static tdm_err queue_command(struct serial_linux *s, enum rfc2217_command command, const uint8_t *value, size_t len)
{
    uint8_t bytes[RFC2217_COMMAND_MAX];

    size_t whole = rfc2217_command(bytes, (uint8_t)command, value, len);
    return queue(s, bytes, whole);
}

static tdm_err queue_setting(struct serial_linux *s, enum rfc2217_command command, uint8_t value)
{
    return queue_command(s, command, &value, 1);
}

/* ---- hearing -------------------------------------------------------------------------------------------------------- */

/* What nobody reads in time is lost from its beginning, as in a driver's buffer that runs over. */
static void keep(struct serial_rfc2217 *r, const uint8_t *data, size_t len)
{
    if (r->heard_pos > 0) {
        memmove(r->heard, r->heard + r->heard_pos, r->heard_len - r->heard_pos);
        r->heard_len -= r->heard_pos;
        r->heard_pos = 0;
    }
    if (len > sizeof r->heard - r->heard_len)
        r->heard_len = 0;
    memcpy(r->heard + r->heard_len, data, len); /* len is at most RAW_MAX */
    r->heard_len += len;
}

static void obey(struct serial_rfc2217 *r, const struct rfc2217_event *event)
{
    if (event->command == RFC2217_FROM_SERVER + RFC2217_SUSPEND)
        r->is_suspended = true;
    if (event->command == RFC2217_FROM_SERVER + RFC2217_RESUME)
        r->is_suspended = false;
    if (event->command == RFC2217_FROM_SERVER + RFC2217_PURGE && r->purges > 0) {
        r->purges--;
        r->heard_pos = r->heard_len = 0; /* all this was there before the server dropped what it had */
    }
    if (event->command != r->awaited || event->len > sizeof r->answer)
        return;
    r->is_answered = true;
    r->answer_len = event->len;
    memcpy(r->answer, event->data, event->len);
}

static tdm_err take(struct serial_linux *s, const struct rfc2217_event *event)
{
    struct serial_rfc2217 *r = &s->rfc2217;
    uint8_t answer[3];

    if (event->kind == RFC2217_DATA)
        keep(r, event->data, event->len);
    if (event->kind == RFC2217_COMMAND)
        obey(r, event);
    if (event->kind != RFC2217_OPTION)
        return TDM_OK;
    return queue(s, answer, rfc2217_answer(&r->options, event->verb, event->option, answer));
}

/* Whatever has come by the deadline, once. */
static tdm_err hear(struct serial_linux *s, const struct tdm_deadline *deadline, enum serial_heed heed)
{
    uint8_t raw[RAW_MAX];
    size_t got = 0;

    tdm_err err = serial_wire_receive(s, raw, sizeof raw, deadline, heed, &got);
    for (size_t at = 0; at < got && err == TDM_OK;) {
        struct rfc2217_event event;
        at += rfc2217_decode(&s->rfc2217.decoder, raw + at, got - at, &event);
        err = take(s, &event);
    }
    return err == TDM_OK ? flush(s, deadline, heed) : err;
}

/* ---- commands that are confirmed ------------------------------------------------------------------------------------ */

static void await(struct serial_rfc2217 *r, enum rfc2217_command command)
{
    r->awaited = (uint8_t)(RFC2217_FROM_SERVER + command);
    r->is_answered = false;
}

static tdm_err await_answer(struct serial_linux *s, const struct tdm_deadline *deadline)
{
    tdm_err err = flush(s, deadline, SERIAL_GOES_ON);

    while (err == TDM_OK && !s->rfc2217.is_answered)
        err = tdm_deadline_passed(deadline) ? TDM_E_TIMEOUT : hear(s, deadline, SERIAL_GOES_ON);
    s->rfc2217.awaited = 0;
    return err;
}

static uint32_t told_rate(const struct serial_rfc2217 *r)
{
    if (r->answer_len != 4)
        return 0;
    return (uint32_t)r->answer[0] << 24 | (uint32_t)r->answer[1] << 16 | (uint32_t)r->answer[2] << 8 | r->answer[3];
}

static bool is_near(uint32_t rate, uint32_t wanted)
{
    uint32_t off = rate > wanted ? rate - wanted : wanted - rate;
    return off <= wanted / 100 * 3;
}

/* The server takes what it is sent in order, so what was written before leaves at the old rate. */
static tdm_err rfc2217_set_baud(struct tdm_serial *port, uint32_t baud)
{
    struct serial_linux *s = self(port);
    const uint8_t rate[4] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8), (uint8_t)baud};
    struct clock_posix clock;

    if (!s->is_open)
        return TDM_E_STATE;
    if (baud == 0)
        return TDM_E_UNSUPPORTED; /* would be a question */
    struct tdm_deadline deadline = in_ms(&clock, CONFIRM_MS);
    await(&s->rfc2217, RFC2217_SET_BAUD);
    tdm_err err = queue_command(s, RFC2217_SET_BAUD, rate, sizeof rate);
    if (err == TDM_OK)
        err = await_answer(s, &deadline);
    if (err != TDM_OK)
        return err;
    return is_near(told_rate(&s->rfc2217), baud) ? TDM_OK : TDM_E_UNSUPPORTED;
}

/* Awaited, so that a hold time begins when the line has moved. Both changes are sent before either is confirmed. */
tdm_err serial_rfc2217_set_modem(struct serial_linux *s, unsigned lines)
{
    struct clock_posix clock;

    if (!s->is_open)
        return TDM_E_STATE;
    struct tdm_deadline deadline = in_ms(&clock, CONTROL_MS);
    tdm_err err = queue_setting(s, RFC2217_SET_CONTROL, (lines & SERIAL_DTR) != 0 ? RFC2217_DTR_ON : RFC2217_DTR_OFF);
    uint8_t rts = (lines & SERIAL_RTS) != 0 ? RFC2217_RTS_ON : RFC2217_RTS_OFF;
    if (err == TDM_OK)
        err = queue_setting(s, RFC2217_SET_CONTROL, rts);
    if (err == TDM_OK && s->rfc2217.control_is_silent)
        return flush(s, &deadline, SERIAL_GOES_ON);
    while (err == TDM_OK) {
        await(&s->rfc2217, RFC2217_SET_CONTROL);
        err = await_answer(s, &deadline);
        if (err == TDM_OK && s->rfc2217.answer_len == 1 && s->rfc2217.answer[0] == rts)
            return TDM_OK;
    }
    if (err != TDM_E_TIMEOUT)
        return err;
    s->rfc2217.control_is_silent = true;
    return TDM_OK;
}

/* ---- the port ------------------------------------------------------------------------------------------------------- */

/* Input is held back while a purge is under way; a server that does not confirm in time is not believed to have one. */
static bool is_held_back(struct serial_rfc2217 *r, uint32_t now_ms)
{
    if (r->purges > 0 && (int32_t)(now_ms - r->purge_by_ms) >= 0) {
        r->purges = 0;
        r->purge_is_silent = true;
    }
    return r->purges > 0;
}

static uint32_t wait_ms(const struct serial_rfc2217 *r, uint32_t left_ms, uint32_t now_ms)
{
    uint32_t purge_ms = r->purge_by_ms - now_ms;

    return r->purges > 0 && purge_ms < left_ms ? purge_ms : left_ms;
}

static size_t give(struct serial_rfc2217 *r, uint8_t *buf, size_t cap)
{
    size_t have = r->heard_len - r->heard_pos, n = have < cap ? have : cap;

    memcpy(buf, r->heard + r->heard_pos, n);
    r->heard_pos += n;
    if (r->heard_pos == r->heard_len)
        r->heard_pos = r->heard_len = 0;
    return n;
}

static tdm_err rfc2217_read(struct tdm_serial *port, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    struct serial_linux *s = self(port);
    struct serial_rfc2217 *r = &s->rfc2217;
    struct clock_posix clock;

    if (!s->is_open)
        return TDM_E_STATE;
    struct tdm_deadline deadline = in_ms(&clock, timeout_ms);
    for (bool has_looked = false;; has_looked = true) {
        uint32_t now = tdm_clock_now_ms(&clock.port);
        if (!is_held_back(r, now) && r->heard_len > 0) {
            *got = give(r, buf, cap);
            return TDM_OK;
        }
        if (has_looked && tdm_deadline_passed(&deadline))
            return TDM_E_TIMEOUT;
        struct tdm_deadline until = tdm_deadline_in(&clock.port, wait_ms(r, tdm_deadline_left_ms(&deadline), now));
        tdm_err err = flush(s, &until, SERIAL_HEEDS_CANCEL); /* a purge may be waiting */
        if (err == TDM_OK)
            err = hear(s, &until, SERIAL_HEEDS_CANCEL);
        if (err != TDM_OK && err != TDM_E_TIMEOUT)
            return err;
    }
}

static tdm_err await_resume(struct serial_linux *s, const struct tdm_deadline *deadline)
{
    while (s->rfc2217.is_suspended) {
        tdm_err err = tdm_deadline_passed(deadline) ? TDM_E_TIMEOUT : hear(s, deadline, SERIAL_HEEDS_CANCEL);
        if (err != TDM_OK)
            return err;
    }
    return TDM_OK;
}

static tdm_err rfc2217_write(struct tdm_serial *port, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct serial_linux *s = self(port);
    struct serial_rfc2217 *r = &s->rfc2217;
    struct clock_posix clock;

    if (!s->is_open)
        return TDM_E_STATE;
    struct tdm_deadline deadline = in_ms(&clock, timeout_ms);
    for (;;) {
        tdm_err err = await_resume(s, &deadline);
        if (err != TDM_OK)
            return err;
        size_t used;
        r->out_len += rfc2217_encode(r->out + r->out_len, sizeof r->out - r->out_len, data, len, &used);
        data += used;
        len -= used;
        err = flush(s, &deadline, SERIAL_HEEDS_CANCEL);
        if (err != TDM_OK || len == 0)
            return err;
    }
}

/* The purge travels with what is written next: nobody waits for it, and its confirmation parts old input from new. */
static tdm_err rfc2217_drop_input(struct tdm_serial *port)
{
    struct serial_linux *s = self(port);
    struct serial_rfc2217 *r = &s->rfc2217;
    struct clock_posix clock;
    tdm_err err = TDM_OK;

    if (!s->is_open)
        return TDM_E_STATE;
    struct tdm_deadline now = in_ms(&clock, 0);
    for (int i = 0; i < DROPS_MAX && err == TDM_OK; i++) {
        err = hear(s, &now, SERIAL_GOES_ON);
        r->heard_pos = r->heard_len = 0;
    }
    if (err != TDM_OK && err != TDM_E_TIMEOUT)
        return err;
    if (r->purge_is_silent)
        return TDM_OK;
    err = queue_setting(s, RFC2217_PURGE, RFC2217_PURGE_INPUT);
    r->purges++;
    r->purge_by_ms = tdm_clock_now_ms(&clock.port) + CONTROL_MS;
    return err;
}

static const struct tdm_serial_ops rfc2217_ops = {
    .read = rfc2217_read,
    .write = rfc2217_write,
    .set_baud = rfc2217_set_baud,
    .drop_input = rfc2217_drop_input,
};

/* ---- opening -------------------------------------------------------------------------------------------------------- */

static tdm_err ask(struct serial_linux *s, int side, uint8_t option)
{
    uint8_t bytes[3];
    size_t len = rfc2217_ask(&s->rfc2217.options, side, option, bytes);

    return queue(s, bytes, len);
}

static tdm_err agree(struct serial_linux *s)
{
    struct clock_posix clock;
    struct tdm_deadline deadline = in_ms(&clock, BEGIN_MS);

    tdm_err err = ask(s, RFC2217_US, TELNET_COM_PORT);
    for (int side = 0; err == TDM_OK && side < RFC2217_SIDES; side++) {
        err = ask(s, side, TELNET_BINARY);
        if (err == TDM_OK)
            err = ask(s, side, TELNET_NO_GO_AHEAD);
    }
    if (err == TDM_OK)
        err = flush(s, &deadline, SERIAL_GOES_ON);
    while (err == TDM_OK && !rfc2217_has_com_port(&s->rfc2217.options)) {
        if (rfc2217_lacks_com_port(&s->rfc2217.options))
            return TDM_E_UNSUPPORTED;
        err = tdm_deadline_passed(&deadline) ? TDM_E_TIMEOUT : hear(s, &deadline, SERIAL_GOES_ON);
    }
    return err;
}

static tdm_err set_up(struct serial_linux *s, uint32_t baud)
{
    static const struct {
        enum rfc2217_command command;
        uint8_t value;
    } settings[] = {{RFC2217_SET_DATA_SIZE, RFC2217_8_BITS},
                    {RFC2217_SET_PARITY, RFC2217_NO_PARITY},
                    {RFC2217_SET_STOP_SIZE, RFC2217_1_STOP},
                    {RFC2217_SET_CONTROL, RFC2217_NO_FLOW_CONTROL}};
    tdm_err err = TDM_OK;

    for (size_t i = 0; err == TDM_OK && i < sizeof settings / sizeof settings[0]; i++)
        err = queue_setting(s, settings[i].command, settings[i].value);
    return err == TDM_OK ? rfc2217_set_baud(&s->port, baud) : err;
}

tdm_err serial_rfc2217_begin(struct serial_linux *s, uint32_t baud, struct tdm_fault *why)
{
    s->is_rfc2217 = true;
    s->port.ops = &rfc2217_ops;
    tdm_err err = agree(s);
    if (err == TDM_E_UNSUPPORTED || err == TDM_E_TIMEOUT)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "port_not_serial_server", "the server does not speak RFC 2217", 0);
    if (err == TDM_OK)
        err = set_up(s, baud);
    if (err == TDM_E_UNSUPPORTED)
        return tdm_fault_set(why, err, "port_baud", "the serial port cannot run at this rate", baud);
    if (err != TDM_OK)
        return tdm_fault_set(why, TDM_E_UNREACHABLE, "port_unreachable", "the serial server went away", 0);
    return TDM_OK;
}

tdm_err serial_rfc2217_open(struct serial_linux *s, const char *address, uint32_t baud, struct tdm_fault *why)
{
    tdm_err err = serial_tcp_open(s, address, baud, why);
    if (err != TDM_OK)
        return err;
    err = serial_rfc2217_begin(s, baud, why);
    if (err != TDM_OK)
        serial_linux_close(s);
    return err;
}
