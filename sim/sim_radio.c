/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_radio.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

enum { CMD_NOOP = 0, CMD_RESET = 1, CMD_GET = 2, CMD_SET = 3, CMD_INSERT = 4, CMD_REMOVE = 5, CMD_IS = 6 };
enum { RESET_STACK = 2 };
enum {
    STATUS_OK = 0,
    STATUS_INVALID_COMMAND = 5,
    STATUS_INVALID_INTERFACE = 6,
    STATUS_PARSE_ERROR = 9,
    STATUS_NOT_FOUND = 13,
    STATUS_POWER_ON = 112,
};
enum { PROP_LAST_STATUS = 0, PROP_STREAM_DEBUG = 112 };
/* Numbers in the debug text about a frame that did not decode. */
enum { TOLD_TOO_LONG = 3, TOLD_DAMAGED = 6 };

#define HEADER_FLAG 0x80
#define HEADER_IID  0x30
#define HEADER_TID  0x0f

/* ---- properties ----------------------------------------------------------------------------------------------------- */

enum kind {
    FIXED,    /* always value                                       */
    KEPT,     /* starts as value, can be set, the answer echoes it  */
    ACCEPTED, /* can be set, the answer is a status; cannot be got  */
    STATUS,
    VERSION,
    HWADDR,
    TIME,
};

static const struct prop {
    uint32_t id;
    enum kind kind;
    uint8_t len;
    uint8_t value[SIM_RADIO_VALUE_MAX];
} props[] = {
    {PROP_LAST_STATUS, STATUS, 0, {0}},
    {1, FIXED, 2, {4, 3}}, /* protocol version */
    {2, VERSION, 0, {0}},
    {3, FIXED, 1, {3}},                                              /* interface type: Thread */
    {4, FIXED, 1, {0}},                                              /* vendor id */
    {5, FIXED, 10, {5, 12, 24, 34, 0x81, 0x04, 64, 65, 0x86, 0x04}}, /* capabilities; 513 and 518 take two bytes */
    {6, FIXED, 1, {1}},                                              /* interfaces */
    {8, HWADDR, 0, {0}},
    {32, KEPT, 1, {0}},                                                                /* PHY enabled */
    {33, KEPT, 1, {11}},                                                               /* channel */
    {34, FIXED, 16, {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26}}, /* channels */
    {37, KEPT, 1, {20}},                                                               /* transmit power, dBm */
    {38, FIXED, 1, {0xa6}},                                                            /* RSSI: -90 dBm */
    {39, FIXED, 1, {0x9c}},      /* receive sensitivity: -100 dBm */
    {52, KEPT, 8, {0}},          /* extended address */
    {53, KEPT, 2, {0xfe, 0xff}}, /* short address */
    {54, KEPT, 2, {0xff, 0xff}}, /* PAN id */
    {55, KEPT, 1, {0}},          /* raw stream enabled */
    {56, KEPT, 1, {0}},          /* promiscuous mode */
    {176, FIXED, 1, {11}},       /* RCP API version */
    {177, FIXED, 1, {4}},        /* oldest host API version */
    {2048, ACCEPTED, 0, {0}},    /* MAC keys */
    {2049, ACCEPTED, 0, {0}},    /* MAC frame counter */
    {2050, TIME, 0, {0}},
    {4619, FIXED, 2, {0xff, 0x01}}, /* radio capabilities */
    {4867, KEPT, 1, {0}},           /* source match enabled */
    {4868, ACCEPTED, 0, {0}},       /* source match, short addresses */
    {4869, ACCEPTED, 0, {0}},       /* source match, extended addresses */
};

#define PROP_COUNT (sizeof props / sizeof props[0])
_Static_assert(PROP_COUNT <= SIM_RADIO_PROPS, "room for every property's value");

static size_t find_prop(uint32_t id)
{
    size_t i = 0;

    while (i < PROP_COUNT && props[i].id != id)
        i++;
    return i;
}

/* ---- frames --------------------------------------------------------------------------------------------------------- */

static void put_packed(struct bytes_writer *w, uint32_t v)
{
    for (; v > 0x7f; v >>= 7)
        bytes_put_u8(w, (uint8_t)(v | 0x80));
    bytes_put_u8(w, (uint8_t)v);
}

/* Three groups of seven bits at most; anything longer clears ok. */
static uint32_t get_packed(struct bytes_reader *in)
{
    uint32_t v = 0;

    for (unsigned shift = 0; shift < 21; shift += 7) {
        uint8_t byte = bytes_get_u8(in);
        v |= (uint32_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return v;
    }
    in->ok = false;
    return 0;
}

static void send(struct sim_radio *r, uint8_t header, uint32_t prop, const void *value, size_t len)
{
    uint8_t frame[SIM_RADIO_OUT_MAX / 2];
    struct bytes_writer w = bytes_writer_on(frame, sizeof frame);

    bytes_put_u8(&w, header);
    bytes_put_u8(&w, CMD_IS);
    put_packed(&w, prop);
    bytes_put(&w, value, len);
    if (w.ok)
        r->out_len += hdlc_encode(r->out + r->out_len, sizeof r->out - r->out_len, frame, w.pos);
}

static void send_status(struct sim_radio *r, uint8_t header, uint32_t status)
{
    uint8_t value[3];
    struct bytes_writer w = bytes_writer_on(value, sizeof value);

    put_packed(&w, status);
    r->last_status = status;
    send(r, header, PROP_LAST_STATUS, value, w.pos);
}

/* ---- commands ------------------------------------------------------------------------------------------------------- */

static void get(struct sim_radio *r, uint8_t header, size_t i)
{
    uint8_t value[8];
    struct bytes_writer w = bytes_writer_on(value, sizeof value);
    enum kind kind = i == PROP_COUNT ? ACCEPTED : props[i].kind;

    switch (kind) {
    case FIXED:
    case KEPT:
        send(r, header, props[i].id, r->values[i], props[i].len);
        return;
    case STATUS:
        put_packed(&w, r->last_status);
        send(r, header, props[i].id, value, w.pos);
        return;
    case VERSION:
        send(r, header, props[i].id, r->version, strlen(r->version) + 1);
        return;
    case HWADDR:
        send(r, header, props[i].id, r->hwaddr, sizeof r->hwaddr);
        return;
    case TIME:
        bytes_put_le64(&w, r->now_us);
        send(r, header, props[i].id, value, w.pos);
        return;
    case ACCEPTED:
        send_status(r, header, STATUS_NOT_FOUND);
        return;
    }
}

static void set(struct sim_radio *r, uint8_t header, size_t i, struct bytes_reader *in)
{
    if (i == PROP_COUNT || (props[i].kind != KEPT && props[i].kind != ACCEPTED)) {
        send_status(r, header, STATUS_NOT_FOUND);
    } else if (props[i].kind == ACCEPTED) {
        send_status(r, header, STATUS_OK);
    } else if (bytes_left(in) < props[i].len) {
        send_status(r, header, STATUS_PARSE_ERROR);
    } else {
        bytes_get(in, r->values[i], props[i].len);
        send(r, header, props[i].id, r->values[i], props[i].len);
    }
}

static void forget_settings(struct sim_radio *r)
{
    for (size_t i = 0; i < PROP_COUNT; i++)
        memcpy(r->values[i], props[i].value, SIM_RADIO_VALUE_MAX);
}

/* The stack alone starts again at once; every other kind restarts the chip (there is no way into its loader). */
static void reset(struct sim_radio *r, struct bytes_reader *in)
{
    uint8_t kind = bytes_left(in) > 0 ? bytes_get_u8(in) : RESET_STACK;

    if (kind != RESET_STACK) {
        r->wants_restart = true;
        return;
    }
    forget_settings(r);
    send_status(r, HEADER_FLAG, STATUS_POWER_ON);
}

static void property_command(struct sim_radio *r, uint8_t header, uint32_t command, struct bytes_reader *in)
{
    uint32_t id = get_packed(in);

    if (!in->ok)
        send_status(r, header, STATUS_PARSE_ERROR);
    else if (command == CMD_GET)
        get(r, header, find_prop(id));
    else if (command == CMD_SET)
        set(r, header, find_prop(id), in);
    else
        send_status(r, header, STATUS_NOT_FOUND);
}

static void handle(struct sim_radio *r, size_t len)
{
    struct bytes_reader in = bytes_reader_on(r->frame, len);
    uint8_t header = bytes_get_u8(&in);
    uint32_t command = get_packed(&in);

    if ((header & HEADER_FLAG) == 0 || !in.ok)
        return;
    if ((header & HEADER_IID) != 0)
        send_status(r, header, STATUS_INVALID_INTERFACE);
    else if (command == CMD_RESET)
        reset(r, &in);
    else if ((header & HEADER_TID) == 0)
        return; /* a request without a number gets no answer */
    else if (command == CMD_NOOP)
        send_status(r, header, STATUS_OK);
    else if (command <= CMD_REMOVE)
        property_command(r, header, command, &in);
    else
        send_status(r, header, STATUS_INVALID_COMMAND);
}

/* ---- bytes in ------------------------------------------------------------------------------------------------------- */

bool sim_radio_push(struct sim_radio *r, uint64_t now_us, uint8_t byte)
{
    uint32_t damaged = r->hdlc.damaged;
    size_t len = r->hdlc.len;
    bool was_too_long = r->hdlc.too_long;

    r->out_len = 0;
    r->now_us = now_us;
    if (hdlc_decoder_push(&r->hdlc, byte, &len)) {
        handle(r, len);
    } else if (r->hdlc.damaged != damaged) {
        r->shown_error = was_too_long ? TOLD_TOO_LONG : TOLD_DAMAGED;
        r->shown_len = len < SIM_RADIO_SHOWN_MAX ? len : SIM_RADIO_SHOWN_MAX;
        memcpy(r->shown, r->frame, r->shown_len);
    }
    return r->out_len > 0 || r->wants_restart || r->shown_error != 0;
}

void sim_radio_tell(struct sim_radio *r)
{
    char text[3 * SIM_RADIO_SHOWN_MAX + 32];
    size_t n = 0;

    r->out_len = 0;
    if (r->shown_error == 0)
        return;
    n = (size_t)snprintf(text, sizeof text, "Framing error %u: [", r->shown_error);
    send(r, HEADER_FLAG, PROP_STREAM_DEBUG, text, n);
    n = 0;
    for (size_t i = 0; i < r->shown_len; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%02X", i == 0 ? "" : " ", r->shown[i]);
    n += (size_t)snprintf(text + n, sizeof text - n, "]\n");
    send(r, HEADER_FLAG, PROP_STREAM_DEBUG, text, n);
    r->shown_error = 0;
}

void sim_radio_start(struct sim_radio *r, const char *version, const uint8_t mac[6], uint32_t status)
{
    memset(r, 0, sizeof *r);
    (void)snprintf(r->version, sizeof r->version, "%s", version);
    memcpy(r->hwaddr, mac, 3);
    r->hwaddr[3] = 0xff;
    r->hwaddr[4] = 0xfe;
    memcpy(r->hwaddr + 5, mac + 3, 3);
    hdlc_decoder_init(&r->hdlc, r->frame, sizeof r->frame);
    forget_settings(r);
    send_status(r, HEADER_FLAG, status);
}

/* ---- who the firmware is -------------------------------------------------------------------------------------------- */

static bool is_printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

bool sim_radio_find_version(const struct sim_image *app, const struct sim_flash *flash,
                            char version[SIM_RADIO_VERSION_MAX + 1])
{
    for (unsigned s = 0; s < app->segment_count; s++) {
        const uint8_t *data = flash->mem + app->segments[s].at;
        uint32_t len = app->segments[s].len;

        for (uint32_t start = 0, i = 0; i < len; i++) {
            if (is_printable(data[i]))
                continue;
            if (data[i] == 0 && i - start <= SIM_RADIO_VERSION_MAX && i > start) {
                memcpy(version, data + start, i - start);
                version[i - start] = '\0';
                if (strchr(version, '/') != NULL && strstr(version, "; esp32") != NULL)
                    return true;
            }
            start = i + 1;
        }
    }
    return false;
}
