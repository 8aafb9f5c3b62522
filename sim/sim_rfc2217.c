/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_rfc2217.h"

#define BAUD_LEAST 300u
#define BAUD_MOST  5000000u
#define ASKS_FLOW  0
#define ASKS_DTR   7
#define ASKS_RTS   10

enum { SET_LINE_STATE_MASK = 10, SET_MODEM_STATE_MASK = 11 };

void sim_rfc2217_init(struct sim_rfc2217 *r, uint32_t baud)
{
    *r = (struct sim_rfc2217){.baud = baud};
}

static void confirm(struct sim_rfc2217 *r, uint8_t command, const uint8_t *value, size_t len)
{
    r->reply_len = rfc2217_command(r->reply, (uint8_t)(RFC2217_FROM_SERVER + command), value, len);
}

static void confirm_byte(struct sim_rfc2217 *r, uint8_t command, uint8_t value)
{
    confirm(r, command, &value, 1);
}

/* A rate that cannot be had leaves the old one, which is then told. */
static void set_baud(struct sim_rfc2217 *r, const uint8_t v[4])
{
    uint32_t baud = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];

    if (baud >= BAUD_LEAST && baud <= BAUD_MOST)
        r->baud = baud;
    const uint8_t told[4] = {(uint8_t)(r->baud >> 24), (uint8_t)(r->baud >> 16), (uint8_t)(r->baud >> 8),
                             (uint8_t)r->baud};
    confirm(r, RFC2217_SET_BAUD, told, sizeof told);
}

static enum sim_rfc2217_act move_lines(struct sim_rfc2217 *r, bool dtr, bool rts)
{
    bool reset = rts && !dtr, boot = dtr && !rts;

    r->dtr = dtr;
    r->rts = rts;
    if ((dtr && rts) || (reset == r->reset && boot == r->boot))
        return SIM_RFC2217_NOTHING;
    r->reset = reset;
    r->boot = boot;
    return SIM_RFC2217_LINES;
}

static enum sim_rfc2217_act set_control(struct sim_rfc2217 *r, uint8_t value)
{
    bool is_dtr = value == RFC2217_DTR_ON || value == RFC2217_DTR_OFF;
    bool is_rts = value == RFC2217_RTS_ON || value == RFC2217_RTS_OFF;

    if (value == ASKS_DTR)
        confirm_byte(r, RFC2217_SET_CONTROL, r->dtr ? RFC2217_DTR_ON : RFC2217_DTR_OFF);
    else if (value == ASKS_RTS)
        confirm_byte(r, RFC2217_SET_CONTROL, r->rts ? RFC2217_RTS_ON : RFC2217_RTS_OFF);
    else
        confirm_byte(r, RFC2217_SET_CONTROL, is_dtr || is_rts ? value : RFC2217_NO_FLOW_CONTROL);
    if (is_dtr)
        return move_lines(r, value == RFC2217_DTR_ON, r->rts);
    return is_rts ? move_lines(r, r->dtr, value == RFC2217_RTS_ON) : SIM_RFC2217_NOTHING;
}

static enum sim_rfc2217_act obey(struct sim_rfc2217 *r, const struct rfc2217_event *e)
{
    if (e->command == RFC2217_SET_BAUD && e->len == 4)
        set_baud(r, e->data);
    if (e->len != 1)
        return SIM_RFC2217_NOTHING;
    switch (e->command) {
    case RFC2217_SET_DATA_SIZE:
        confirm_byte(r, e->command, RFC2217_8_BITS);
        return SIM_RFC2217_NOTHING;
    case RFC2217_SET_PARITY:
    case RFC2217_SET_STOP_SIZE:
        confirm_byte(r, e->command, 1); /* none, and one */
        return SIM_RFC2217_NOTHING;
    case SET_LINE_STATE_MASK:
    case SET_MODEM_STATE_MASK:
        confirm_byte(r, e->command, e->data[0]);
        return SIM_RFC2217_NOTHING;
    case RFC2217_PURGE:
        confirm_byte(r, e->command, e->data[0]);
        return (e->data[0] & RFC2217_PURGE_INPUT) != 0 ? SIM_RFC2217_PURGE : SIM_RFC2217_NOTHING;
    case RFC2217_SET_CONTROL:
        return set_control(r, e->data[0]);
    default:
        return SIM_RFC2217_NOTHING;
    }
}

size_t sim_rfc2217_take(struct sim_rfc2217 *r, const uint8_t *in, size_t len, enum sim_rfc2217_act *act,
                        const uint8_t **data, size_t *data_len)
{
    struct rfc2217_event e;
    size_t used = rfc2217_decode(&r->decoder, in, len, &e);

    *act = SIM_RFC2217_NOTHING;
    r->reply_len = 0;
    if (e.kind == RFC2217_OPTION)
        r->reply_len = rfc2217_answer(&r->options, e.verb, e.option, r->reply);
    if (e.kind == RFC2217_COMMAND)
        *act = obey(r, &e);
    if (e.kind == RFC2217_DATA) {
        *act = SIM_RFC2217_DATA;
        *data = e.data;
        *data_len = e.len;
    }
    return used;
}
