/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_packet: what stands inside one SLIP frame of the ROM serial loader, both ways.
 *
 *   request  00 | op (1) | size (2) | checksum (4) | data (size)
 *   reply    01 | op (1) | size (2) | value (4)    | data | status: fail (1), reason (1), 2 bytes without meaning
 *   block    length (4) | number from 0 (4) | 0 (4) | 0 (4) | length bytes       data of FLASH_DATA and FLASH_DEFL_DATA
 *
 * Used by   esprom_link (asks), the simulated ROM (answers).   Uses  bytes, crc.
 * Seen on a real ROM: the reason counts only when fail is not 0; value only after READ_REG and SYNC; an error reply may
 * carry the opcode of an earlier command. Replies bear no checksum, so a size that does not fit the frame is damage.
 */
#ifndef TANDEM_ESPROM_PACKET_H
#define TANDEM_ESPROM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#define ESPROM_REQUEST        0x00u
#define ESPROM_REPLY          0x01u
#define ESPROM_HEAD_LEN       8
#define ESPROM_BLOCK_HEAD_LEN 16
#define ESPROM_STATUS_LEN     4 /* as a ROM sends it; 2 are enough for us */
#define ESPROM_SYNC_LEN       36
#define ESPROM_SYNC_VALUE     0x20120707u
#define ESPROM_SYNC_REPLIES   8
#define ESPROM_SECURITY_LEN   20
#define ESPROM_MD5_HEX_LEN    32
#define ESPROM_READ_LEN       64 /* READ_FLASH_SLOW always answers with this many */

enum esprom_op {
    ESPROM_OP_FLASH_BEGIN = 0x02,
    ESPROM_OP_FLASH_DATA = 0x03,
    ESPROM_OP_FLASH_END = 0x04,
    ESPROM_OP_MEM_BEGIN = 0x05,
    ESPROM_OP_MEM_END = 0x06,
    ESPROM_OP_MEM_DATA = 0x07,
    ESPROM_OP_SYNC = 0x08,
    ESPROM_OP_WRITE_REG = 0x09,
    ESPROM_OP_READ_REG = 0x0a,
    ESPROM_OP_SPI_SET_PARAMS = 0x0b,
    ESPROM_OP_SPI_ATTACH = 0x0d,
    ESPROM_OP_READ_FLASH_SLOW = 0x0e,
    ESPROM_OP_CHANGE_BAUDRATE = 0x0f,
    ESPROM_OP_FLASH_DEFL_BEGIN = 0x10,
    ESPROM_OP_FLASH_DEFL_DATA = 0x11,
    ESPROM_OP_FLASH_DEFL_END = 0x12,
    ESPROM_OP_FLASH_MD5 = 0x13,
    ESPROM_OP_SECURITY_INFO = 0x14,
};

enum esprom_reason {
    ESPROM_REASON_BAD_PARAMETER = 0x01,
    ESPROM_REASON_BAD_FORMAT = 0x05, /* unknown command, wrong size or block number */
    ESPROM_REASON_FAILED = 0x06,
    ESPROM_REASON_CHECKSUM = 0x07,
    ESPROM_REASON_FLASH_WRITE = 0x08,
    ESPROM_REASON_FLASH_READ = 0x09,
    ESPROM_REASON_FLASH_LENGTH = 0x0a,
    ESPROM_REASON_DEFLATE = 0x0b,
    ESPROM_REASON_ADLER = 0x0c,
};

/* A few words for a reason byte; never NULL. */
const char *esprom_reason_name(uint8_t reason);

/* One packet of either direction. word: checksum of a request, value of a reply. data is borrowed. */
struct esprom_packet {
    uint8_t direction, op;
    uint16_t size; /* as the packet states it */
    uint32_t word;
    const uint8_t *data;
    size_t len; /* bytes that really follow the head */
};

/* FORMAT when the frame is shorter than a head. Does not compare size with len: the ROM itself does not either. */
TDM_MUST_USE tdm_err esprom_packet_decode(struct esprom_packet *p, const uint8_t *frame, size_t len);

/* Head and data; size is written as stated, len bytes of data follow. 0 when out is too small. */
size_t esprom_packet_encode(uint8_t *out, size_t cap, const struct esprom_packet *p);

/* A command whose data are 32-bit words; 0 when out is too small. */
size_t esprom_request_words(uint8_t *out, size_t cap, enum esprom_op op, const uint32_t *words, size_t count);

/* The SYNC command; 0 when out is too small. */
size_t esprom_request_sync(uint8_t *out, size_t cap);

/* Head and block head of a data command; the block itself follows them in the frame. */
void esprom_request_block_head(uint8_t out[ESPROM_HEAD_LEN + ESPROM_BLOCK_HEAD_LEN], enum esprom_op op, uint32_t number,
                               const uint8_t *block, uint16_t len);

/* The checksum word over a block. */
uint32_t esprom_block_checksum(const uint8_t *block, size_t len);

struct esprom_reply {
    uint8_t op;
    uint32_t value;
    const uint8_t *data; /* borrowed; expected bytes, NULL for an error or when none are expected */
    bool is_error;
    uint8_t reason; /* of an error */
};

/*
 * expected: bytes of data before the status for the command that was asked. A shorter reply is read as status alone,
 * and only as an error: a success without its data is FORMAT, as is everything that is not a whole reply.
 */
TDM_MUST_USE tdm_err esprom_reply_decode(struct esprom_reply *r, const uint8_t *frame, size_t len, size_t expected);

#endif
