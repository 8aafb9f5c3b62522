/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_sealed: records of docs/FORMAT.md, "Sealed records", with any contents: their frame and sum made right, or not.
 *
 * Used by   fuzz_boot_record, fuzz_history, fuzz_slot_record.   Uses  base/crc, fake_flash.
 */
#ifndef TANDEM_TESTS_FUZZ_SEALED_H
#define TANDEM_TESTS_FUZZ_SEALED_H

#include "base/crc.h"
#include "fuzz.h"
#include "support/fake_flash.h"

#define FUZZ_SEQUENCE_AT 8u

/* The sequence stays what it is. */
static inline void fuzz_seal(uint8_t *record, const char *magic, uint16_t len)
{
    memcpy(record, magic, 4);
    bytes_store_le16(record + 4, 1);
    bytes_store_le16(record + 6, len);
    bytes_store_le32(record + len - 4, crc32_add(CRC32_START, record, len - 4u));
}

/* What the input has left for a record of so many bytes, at the start of a room that is blank behind it. */
static inline void fuzz_take_record(struct bytes_reader *in, size_t most, uint8_t *room, size_t room_len)
{
    size_t len;
    const uint8_t *bytes = fuzz_take(in, most, &len);

    memset(room, 0xff, room_len);
    if (len > 0)
        memcpy(room, bytes, len);
}

#endif
