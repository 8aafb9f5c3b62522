/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spinel_frame: Spinel frames to bytes and back, without their HDLC clothes.
 *
 *   1 0 i i t t t t | command, packed | property, packed, if the command has one | value
 *   ii: interface, 0 on a radio of one host.   tttt: transaction, 0 for what nobody asked for.
 *
 * Used by   spinel_link, spinel_probe, the simulated radio.   Uses  base/bytes. Pure.
 * Packed    an unsigned number of at most 21 bits: 7 bits a byte, the lowest first, top bit set on all but the last.
 * Memory    a parsed frame points into the bytes it was parsed from.
 */
#ifndef TANDEM_SPINEL_FRAME_H
#define TANDEM_SPINEL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#include "base/bytes.h"

#define SPINEL_PACKED_MAX 0x1fffffu
#define SPINEL_TID_MAX    15u

enum spinel_command {
    SPINEL_CMD_NOOP = 0,
    SPINEL_CMD_RESET = 1, /* value: one byte, enum spinel_reset */
    SPINEL_CMD_GET = 2,
    SPINEL_CMD_SET = 3,
    SPINEL_CMD_INSERT = 4,
    SPINEL_CMD_REMOVE = 5,
    SPINEL_CMD_IS = 6, /* answers and notices */
    SPINEL_CMD_INSERTED = 7,
    SPINEL_CMD_REMOVED = 8,
};

enum spinel_reset { SPINEL_RESET_PLATFORM = 1, SPINEL_RESET_STACK = 2, SPINEL_RESET_BOOTLOADER = 3 };

enum spinel_property {
    SPINEL_PROP_LAST_STATUS = 0,
    SPINEL_PROP_PROTOCOL_VERSION = 1,
    SPINEL_PROP_NCP_VERSION = 2,
    SPINEL_PROP_INTERFACE_TYPE = 3,
    SPINEL_PROP_VENDOR_ID = 4,
    SPINEL_PROP_CAPS = 5,
    SPINEL_PROP_HWADDR = 8,
    SPINEL_PROP_PHY_ENABLED = 32,
    SPINEL_PROP_PHY_CHAN = 33,
    SPINEL_PROP_PHY_CHAN_SUPPORTED = 34,
    SPINEL_PROP_STREAM_DEBUG = 112,
    SPINEL_PROP_STREAM_RAW = 113,
    SPINEL_PROP_STREAM_LOG = 116,
    SPINEL_PROP_RCP_API_VERSION = 176,
    SPINEL_PROP_RCP_MIN_HOST_API_VERSION = 177,
    SPINEL_PROP_RADIO_CAPS = 4619,
};

enum spinel_status {
    SPINEL_STATUS_OK = 0,
    SPINEL_STATUS_INVALID_COMMAND = 5,
    SPINEL_STATUS_INVALID_INTERFACE = 6,
    SPINEL_STATUS_PARSE_ERROR = 9,
    SPINEL_STATUS_PROP_NOT_FOUND = 13,
    SPINEL_STATUS_RESET_FIRST = 112, /* power on */
    SPINEL_STATUS_RESET_LAST = 128,
};

struct spinel_frame {
    uint8_t iid, tid;
    uint32_t command;
    uint32_t property; /* only of commands 2 to 8, otherwise 0 */
    const uint8_t *value;
    size_t value_len;
};

/* Past 21 bits or past the end: 0, and the reader is not ok any more. */
uint32_t spinel_get_packed(struct bytes_reader *r);
/* A larger value than SPINEL_PACKED_MAX: the writer is not ok any more. */
void spinel_put_packed(struct bytes_writer *w, uint32_t v);

/* FORMAT when it is no whole frame. */
TDM_MUST_USE tdm_err spinel_frame_parse(const uint8_t *data, size_t len, struct spinel_frame *out);
/* Bytes written; 0 when out is too small or a field too large. */
size_t spinel_frame_encode(uint8_t *out, size_t cap, const struct spinel_frame *f);

/* True when the frame tells a status; it is the carrier of errors and of reset notices. */
bool spinel_frame_status(const struct spinel_frame *f, uint32_t *status);
/* True for "I have just been reset", whatever the reason. */
bool spinel_status_is_reset(uint32_t status);
/* A few words, never NULL. */
const char *spinel_status_text(uint32_t status);

#endif
