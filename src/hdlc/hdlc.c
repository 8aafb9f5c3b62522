/* SPDX-License-Identifier: Apache-2.0 */
#include "hdlc/hdlc.h"

#include "base/bytes.h"
#include "base/crc.h"

static void begin_frame(struct hdlc_decoder *d)
{
    d->in_frame = true;
    d->escaped = d->too_long = false;
    d->len = 0;
    d->fcs = FCS16_START;
}

void hdlc_decoder_init(struct hdlc_decoder *d, uint8_t *buf, size_t cap)
{
    *d = (struct hdlc_decoder){.buf = buf, .cap = cap};
}

static bool flag(struct hdlc_decoder *d, size_t *len)
{
    bool had_bytes = d->in_frame && (d->len > 0 || d->too_long || d->escaped);
    bool is_good = had_bytes && !d->too_long && !d->escaped && d->len >= 2 && d->fcs == FCS16_GOOD;

    if (had_bytes && !is_good)
        d->damaged++;
    if (is_good)
        *len = d->len - 2;
    begin_frame(d);
    return is_good;
}

bool hdlc_decoder_push(struct hdlc_decoder *d, uint8_t byte, size_t *len)
{
    if (byte == HDLC_FLAG)
        return flag(d, len);
    if (!d->in_frame)
        return false;
    if (byte == HDLC_ESC && !d->escaped) {
        d->escaped = true;
        return false;
    }
    if (d->escaped) {
        byte ^= HDLC_ESC_XOR;
        d->escaped = false;
    }
    d->fcs = fcs16_add(d->fcs, byte);
    if (d->len < d->cap)
        d->buf[d->len++] = byte;
    else
        d->too_long = true;
    return false;
}

static bool must_escape(uint8_t byte)
{
    return byte == HDLC_FLAG || byte == HDLC_ESC || byte == 0x11 || byte == 0x13 || byte == 0xf8;
}

static void put_escaped(struct bytes_writer *w, uint8_t byte)
{
    if (must_escape(byte)) {
        bytes_put_u8(w, HDLC_ESC);
        byte ^= HDLC_ESC_XOR;
    }
    bytes_put_u8(w, byte);
}

size_t hdlc_encode(uint8_t *out, size_t cap, const uint8_t *payload, size_t len)
{
    struct bytes_writer w = bytes_writer_on(out, cap);
    uint16_t fcs = FCS16_START;

    bytes_put_u8(&w, HDLC_FLAG);
    for (size_t i = 0; i < len; i++) {
        fcs = fcs16_add(fcs, payload[i]);
        put_escaped(&w, payload[i]);
    }
    fcs = fcs16_final(fcs);
    put_escaped(&w, (uint8_t)fcs);
    put_escaped(&w, (uint8_t)(fcs >> 8));
    bytes_put_u8(&w, HDLC_FLAG);
    return w.ok ? w.pos : 0;
}
