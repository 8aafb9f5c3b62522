/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed: the frame around every small durable record of ours.
 *
 *   0       4         6        8          12                 length - 4
 *   | magic | version | length | sequence | contents ...     | CRC-32 |      little-endian, CRC over all before it
 *
 * Used by   slot_record, the boot record.   Uses  bytes, crc.
 * The frame is the same in every version, so that a reader can tell "newer than I know" from "damaged".
 */
#ifndef TANDEM_BASE_SEALED_H
#define TANDEM_BASE_SEALED_H

#include <stdint.h>

#include <tandem/err.h>

#include "base/bytes.h"

#define SEALED_HEADER 12u
#define SEALED_EXTRA  16u /* header and CRC */

struct sealed_kind {
    uint32_t magic;
    uint16_t version; /* at least 1 */
    uint16_t length;  /* bytes of the whole record, frame included */
};

/* The writer then takes exactly length - SEALED_EXTRA bytes of contents. out has room for length bytes. */
struct bytes_writer sealed_begin(const struct sealed_kind *kind, uint32_t sequence, uint8_t *out);
/* BUG when the contents are not as long as the kind says. */
TDM_MUST_USE tdm_err sealed_end(const struct sealed_kind *kind, struct bytes_writer *w);

/*
 * Looks at `room` bytes that may hold a record. TDM_OK: *contents reads what is between the frame. TOO_NEW: whole, but
 * of a newer version. FORMAT: not such a record. CORRUPT: one whose CRC is wrong.
 */
TDM_MUST_USE tdm_err sealed_open(const struct sealed_kind *kind, const uint8_t *bytes, uint32_t room,
                                 uint32_t *sequence, struct bytes_reader *contents);

#endif
