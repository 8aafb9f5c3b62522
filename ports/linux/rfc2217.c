/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/rfc2217.h"

#include <string.h>

#define IAC 0xffu
#define SB  0xfau
#define SE  0xf0u

/* ---- decoding ------------------------------------------------------------------------------------------------------- */

enum { IN_DATA, AFTER_IAC, AFTER_VERB, IN_SUB, AFTER_IAC_IN_SUB };

static size_t take_data(struct rfc2217_decoder *d, const uint8_t *in, size_t len, struct rfc2217_event *event)
{
    const uint8_t *iac = memchr(in, IAC, len);
    size_t run = iac == NULL ? len : (size_t)(iac - in);

    if (run == 0) {
        d->state = AFTER_IAC;
        return 1;
    }
    *event = (struct rfc2217_event){.kind = RFC2217_DATA, .data = in, .len = run};
    return run;
}

static void take_order(struct rfc2217_decoder *d, const uint8_t *in, struct rfc2217_event *event)
{
    d->state = IN_DATA;
    if (*in == IAC) {
        *event = (struct rfc2217_event){.kind = RFC2217_DATA, .data = in, .len = 1};
    } else if (*in >= TELNET_WILL) {
        d->verb = *in;
        d->state = AFTER_VERB;
    } else if (*in == SB) {
        d->sub_len = 0;
        d->is_too_long = false;
        d->state = IN_SUB;
    }
}

static void keep_sub(struct rfc2217_decoder *d, uint8_t byte)
{
    d->state = IN_SUB;
    if (d->sub_len < sizeof d->sub)
        d->sub[d->sub_len++] = byte;
    else
        d->is_too_long = true;
}

static void end_sub(struct rfc2217_decoder *d, struct rfc2217_event *event)
{
    d->state = IN_DATA;
    if (d->is_too_long || d->sub_len < 2 || d->sub[0] != TELNET_COM_PORT)
        return;
    *event = (struct rfc2217_event){
        .kind = RFC2217_COMMAND, .command = d->sub[1], .data = d->sub + 2, .len = d->sub_len - 2};
}

size_t rfc2217_decode(struct rfc2217_decoder *d, const uint8_t *in, size_t len, struct rfc2217_event *event)
{
    *event = (struct rfc2217_event){.kind = RFC2217_NOTHING};
    switch (d->state) {
    case IN_DATA:
        return take_data(d, in, len, event);
    case AFTER_IAC:
        take_order(d, in, event);
        return 1;
    case AFTER_VERB:
        d->state = IN_DATA;
        *event = (struct rfc2217_event){.kind = RFC2217_OPTION, .verb = d->verb, .option = *in};
        return 1;
    case IN_SUB:
        if (*in == IAC)
            d->state = AFTER_IAC_IN_SUB;
        else
            keep_sub(d, *in);
        return 1;
    default:
        if (*in == IAC)
            keep_sub(d, *in);
        else if (*in == SE)
            end_sub(d, event);
        else
            take_order(d, in, event); /* the command was never ended; it is given up */
        return 1;
    }
}

/* ---- encoding ------------------------------------------------------------------------------------------------------- */

size_t rfc2217_encode(uint8_t *out, size_t cap, const uint8_t *data, size_t len, size_t *used)
{
    size_t n = 0;

    for (*used = 0; *used < len; (*used)++) {
        uint8_t byte = data[*used];
        if (cap - n < (byte == IAC ? 2u : 1u))
            break;
        out[n++] = byte;
        if (byte == IAC)
            out[n++] = IAC;
    }
    return n;
}

size_t rfc2217_command(uint8_t out[RFC2217_COMMAND_MAX], uint8_t command, const uint8_t *value, size_t len)
{
    size_t n = 0, used;

    out[n++] = IAC;
    out[n++] = SB;
    out[n++] = TELNET_COM_PORT;
    out[n++] = command;
    n += rfc2217_encode(out + n, RFC2217_COMMAND_MAX - 2 - n, value, len, &used);
    out[n++] = IAC;
    out[n++] = SE;
    return n;
}

/* ---- options -------------------------------------------------------------------------------------------------------- */

static const uint8_t known[RFC2217_OPTIONS] = {TELNET_COM_PORT, TELNET_BINARY, TELNET_NO_GO_AHEAD};

enum { COM_PORT_AT = 0 };

/* What a side does about an option. ENDED stays, whatever is said after that. */
enum { OPTION_OFF, OPTION_ASKED, OPTION_ON, OPTION_ENDED };

static const struct {
    uint8_t to;
    bool is_answered;
} on_yes[] = {{OPTION_ON, true}, {OPTION_ON, false}, {OPTION_ON, false}, {OPTION_ENDED, false}},
  on_no[] = {{OPTION_OFF, false}, {OPTION_ENDED, false}, {OPTION_ENDED, true}, {OPTION_ENDED, false}};

static int find(uint8_t option)
{
    for (int i = 0; i < RFC2217_OPTIONS; i++)
        if (known[i] == option)
            return i;
    return -1;
}

static size_t say(int side, bool yes, uint8_t option, uint8_t out[3])
{
    out[0] = IAC;
    out[1] = side == RFC2217_US ? (yes ? TELNET_WILL : TELNET_WONT) : (yes ? TELNET_DO : TELNET_DONT);
    out[2] = option;
    return 3;
}

size_t rfc2217_ask(struct rfc2217_options *o, int side, uint8_t option, uint8_t out[3])
{
    int at = find(option);

    if (at >= 0 && o->state[side][at] == OPTION_OFF)
        o->state[side][at] = OPTION_ASKED;
    return say(side, true, option, out);
}

static size_t refuse(struct rfc2217_options *o, int side, uint8_t option, uint8_t out[3])
{
    uint8_t *byte = &o->refused[side][option / 8], bit = (uint8_t)(1u << option % 8);

    if ((*byte & bit) != 0)
        return 0;
    *byte |= bit;
    return say(side, false, option, out);
}

size_t rfc2217_answer(struct rfc2217_options *o, uint8_t verb, uint8_t option, uint8_t out[3])
{
    int side = verb == TELNET_DO || verb == TELNET_DONT ? RFC2217_US : RFC2217_THEM, at = find(option);
    bool yes = verb == TELNET_DO || verb == TELNET_WILL;

    if (at < 0)
        return yes ? refuse(o, side, option, out) : 0;
    uint8_t *state = &o->state[side][at];
    bool is_answered = yes ? on_yes[*state].is_answered : on_no[*state].is_answered;
    *state = yes ? on_yes[*state].to : on_no[*state].to;
    return is_answered ? say(side, yes, option, out) : 0;
}

bool rfc2217_has_com_port(const struct rfc2217_options *o)
{
    return o->state[RFC2217_US][COM_PORT_AT] == OPTION_ON || o->state[RFC2217_THEM][COM_PORT_AT] == OPTION_ON;
}

bool rfc2217_lacks_com_port(const struct rfc2217_options *o)
{
    return !rfc2217_has_com_port(o) && o->state[RFC2217_US][COM_PORT_AT] == OPTION_ENDED;
}
