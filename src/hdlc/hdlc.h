/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdlc: HDLC-lite framing of Spinel on a UART, both ways, at any byte boundary.
 *
 *   7E | payload, FCS low, FCS high; 7E 7D 11 13 F8 each as 7D, byte ^ 20 | 7E
 *
 * Used by   spinel_link, the simulated radio. Knows nothing of Spinel.
 * Decoder   Every flag ends a frame and begins the next, so shared, doubled and leading flags are all fine. Frames with
 *           a wrong FCS, shorter than 2 bytes, longer than the buffer, or ended within an escape (7D 7E, the sender's
 *           way to give up) are dropped and counted.
 */
#ifndef TANDEM_HDLC_H
#define TANDEM_HDLC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HDLC_FLAG    0x7eu
#define HDLC_ESC     0x7du
#define HDLC_ESC_XOR 0x20u

/* Room for a frame of len payload bytes, every one of them and the FCS escaped. */
#define HDLC_ENCODED_MAX(len) (2 + 2 * ((size_t)(len) + 2))

struct hdlc_decoder {
    uint8_t *buf; /* the caller's; holds payload and FCS, so a payload of cap - 2 fits */
    size_t cap, len;
    uint16_t fcs;
    bool in_frame, escaped, too_long;
    uint32_t damaged; /* frames dropped */
};

void hdlc_decoder_init(struct hdlc_decoder *d, uint8_t *buf, size_t cap);

/* True when this byte completes a good frame: d->buf[0 .. *len) until the next call, FCS taken off. */
bool hdlc_decoder_push(struct hdlc_decoder *d, uint8_t byte, size_t *len);

/* The bytes on the wire for one payload; 0 when out is too small. */
size_t hdlc_encode(uint8_t *out, size_t cap, const uint8_t *payload, size_t len);

#endif
