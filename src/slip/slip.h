/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slip: RFC 1055 framing both ways, at any byte boundary.
 *
 *   C0 | payload with C0 -> DB DC and DB -> DB DD | C0
 *
 * Used by   esprom_link, the simulated ROM. Knows nothing of what a frame carries.
 * Decoder   Bytes outside frames are dropped and counted; empty frames are ignored. The end mark of one frame does not
 *           begin the next (a real ROM wants one C0 each way: two frames that share one lose the second). DB followed
 *           by anything else keeps that byte and drops the DB, as the ROM does. A frame longer than the buffer is
 *           dropped whole.
 */
#ifndef TANDEM_SLIP_H
#define TANDEM_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_END     0xc0u
#define SLIP_ESC     0xdbu
#define SLIP_ESC_END 0xdcu
#define SLIP_ESC_ESC 0xddu

/* Room for a frame of len payload bytes, every one of them escaped. */
#define SLIP_ENCODED_MAX(len) (2 + 2 * (size_t)(len))

struct slip_decoder {
    uint8_t *buf; /* the caller's */
    size_t cap, len;
    bool in_frame, escaped, too_long;
    uint32_t dropped; /* bytes that belonged to no frame */
};

void slip_decoder_init(struct slip_decoder *d, uint8_t *buf, size_t cap);

/* True when this byte completes a frame: d->buf[0 .. d->len) until the next call. */
bool slip_decoder_push(struct slip_decoder *d, uint8_t byte);

/* The bytes on the wire for one frame in two pieces (header and body); 0 when out is too small. */
size_t slip_encode(uint8_t *out, size_t cap, const uint8_t *head, size_t head_len, const uint8_t *body,
                   size_t body_len);

#endif
