/* SPDX-License-Identifier: Apache-2.0 */
#include "slip/slip.h"

#include "base/bytes.h"

void slip_decoder_init(struct slip_decoder *d, uint8_t *buf, size_t cap)
{
    *d = (struct slip_decoder){.buf = buf, .cap = cap};
}

static void begin_frame(struct slip_decoder *d)
{
    d->in_frame = true;
    d->escaped = d->too_long = false;
    d->len = 0;
}

static bool end_mark(struct slip_decoder *d)
{
    bool is_frame = d->in_frame && d->len > 0 && !d->too_long;

    if (is_frame)
        d->in_frame = false;
    else
        begin_frame(d); /* the first mark, an empty frame, or the end of one that did not fit: a frame may start here */
    return is_frame;
}

static void payload_byte(struct slip_decoder *d, uint8_t byte)
{
    if (d->len < d->cap)
        d->buf[d->len++] = byte;
    else
        d->too_long = true;
}

bool slip_decoder_push(struct slip_decoder *d, uint8_t byte)
{
    if (byte == SLIP_END)
        return end_mark(d);
    if (!d->in_frame) {
        d->dropped++;
        return false;
    }
    if (d->escaped) {
        d->escaped = false;
        payload_byte(d, byte == SLIP_ESC_END ? SLIP_END : byte == SLIP_ESC_ESC ? SLIP_ESC : byte);
    } else if (byte == SLIP_ESC) {
        d->escaped = true;
    } else {
        payload_byte(d, byte);
    }
    return false;
}

static void put_escaped(struct bytes_writer *w, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == SLIP_END || data[i] == SLIP_ESC) {
            bytes_put_u8(w, SLIP_ESC);
            bytes_put_u8(w, data[i] == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC);
        } else {
            bytes_put_u8(w, data[i]);
        }
    }
}

size_t slip_encode(uint8_t *out, size_t cap, const uint8_t *head, size_t head_len, const uint8_t *body, size_t body_len)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    bytes_put_u8(&w, SLIP_END);
    put_escaped(&w, head, head_len);
    put_escaped(&w, body, body_len);
    bytes_put_u8(&w, SLIP_END);
    return w.ok ? w.pos : 0;
}
