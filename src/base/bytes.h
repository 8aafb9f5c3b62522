/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: bounded reading and writing of little-endian fields, with a sticky ok.
 *
 * Used by   every codec. Foreign bytes are taken only through this reader.
 * A read past the end gives 0 and clears ok for good; so a codec reads all its fields and asks ok once. Likewise a
 * write past the end writes nothing and clears ok.
 */
#ifndef TANDEM_BASE_BYTES_H
#define TANDEM_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
    const uint8_t *data;
    size_t len, pos;
    bool ok;
};

struct bytes_writer {
    uint8_t *data;
    size_t cap, pos;
    bool ok;
};

struct bytes_reader bytes_reader_on(const uint8_t *data, size_t len);
size_t bytes_left(const struct bytes_reader *r);
uint8_t bytes_get_u8(struct bytes_reader *r);
uint16_t bytes_get_le16(struct bytes_reader *r);
uint32_t bytes_get_le32(struct bytes_reader *r);
uint64_t bytes_get_le64(struct bytes_reader *r);
void bytes_get(struct bytes_reader *r, void *out, size_t len); /* past the end: out is zeroed */
void bytes_skip(struct bytes_reader *r, size_t len);

struct bytes_writer bytes_writer_on(uint8_t *data, size_t cap);
void bytes_put_u8(struct bytes_writer *w, uint8_t v);
void bytes_put_le16(struct bytes_writer *w, uint16_t v);
void bytes_put_le32(struct bytes_writer *w, uint32_t v);
void bytes_put_le64(struct bytes_writer *w, uint64_t v);
void bytes_put(struct bytes_writer *w, const void *data, size_t len);
void bytes_put_zeros(struct bytes_writer *w, size_t len);

/* Loads and stores where the caller has checked the bounds already. */
uint16_t bytes_le16(const uint8_t *p);
uint32_t bytes_le32(const uint8_t *p);
void bytes_store_le16(uint8_t *p, uint16_t v);
void bytes_store_le32(uint8_t *p, uint32_t v);

#endif
