/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_serial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t ms_until(const struct fake_serial *s, uint32_t at_ms)
{
    int32_t left = (int32_t)(at_ms - s->clock->now_ms);
    return left > 0 ? (uint32_t)left : 0;
}

static bool has_arrived(const struct fake_serial *s)
{
    return s->head < s->tail && ms_until(s, s->queue[s->head].at_ms) == 0;
}

static void wait_for_byte(struct fake_serial *s, uint32_t timeout_ms)
{
    uint32_t wait = timeout_ms;
    if (s->head < s->tail && ms_until(s, s->queue[s->head].at_ms) < timeout_ms)
        wait = ms_until(s, s->queue[s->head].at_ms);
    fake_clock_pass(s->clock, wait);
}

static tdm_err fake_read(struct tdm_serial *port, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    struct fake_serial *s = (struct fake_serial *)port;
    size_t most = s->read_max > 0 && s->read_max < cap ? s->read_max : cap;

    assert_non_null(buf);
    assert_true(timeout_ms <= FAKE_SERIAL_WAIT_MS);
    *got = 0;
    if (s->broken != TDM_OK)
        return s->broken;
    wait_for_byte(s, timeout_ms);
    while (*got < most && has_arrived(s))
        buf[(*got)++] = s->queue[s->head++].byte;
    return *got > 0 ? TDM_OK : TDM_E_TIMEOUT;
}

static tdm_err fake_write(struct tdm_serial *port, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct fake_serial *s = (struct fake_serial *)port;

    assert_non_null(data);
    assert_true(timeout_ms > 0 && timeout_ms <= FAKE_SERIAL_WAIT_MS);
    if (s->broken != TDM_OK)
        return s->broken;
    s->writes++;
    if (s->on_write)
        s->on_write(s, s->peer, data, len);
    return TDM_OK;
}

static tdm_err fake_set_baud(struct tdm_serial *port, uint32_t baud)
{
    struct fake_serial *s = (struct fake_serial *)port;

    assert_true(baud > 0);
    s->baud_changes++;
    if (s->broken == TDM_OK && baud >= s->lacks_from && baud <= s->lacks_to)
        return TDM_E_UNSUPPORTED;
    if (s->broken == TDM_OK)
        s->baud = baud;
    return s->broken;
}

static tdm_err fake_drop_input(struct tdm_serial *port)
{
    struct fake_serial *s = (struct fake_serial *)port;

    s->drops++;
    while (has_arrived(s))
        s->head++;
    return s->broken;
}

static const struct tdm_serial_ops ops = {fake_read, fake_write, fake_set_baud, fake_drop_input};

void fake_serial_init(struct fake_serial *s, struct fake_clock *clock)
{
    memset(s, 0, sizeof *s);
    s->port.ops = &ops;
    s->clock = clock;
}

void fake_serial_say(struct fake_serial *s, const void *data, size_t len, uint32_t delay_ms)
{
    if (s->head == s->tail)
        s->head = s->tail = 0;
    assert_true(len <= FAKE_SERIAL_QUEUE - s->tail);
    for (size_t i = 0; i < len; i++) {
        s->queue[s->tail].byte = ((const uint8_t *)data)[i];
        s->queue[s->tail++].at_ms = s->clock->now_ms + delay_ms;
    }
}
