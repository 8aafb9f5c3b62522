/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_packet.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"

static const struct {
    uint8_t reason;
    const char *name;
} reason_names[] = {
    {0x00, "no reason given"},
    {0x01, "bad parameter"},
    {0x02, "out of memory"},
    {0x03, "sending failed"},
    {0x04, "receiving failed"},
    {0x05, "not understood"},
    {0x06, "failed"},
    {0x07, "wrong checksum"},
    {0x08, "flash write did not read back"},
    {0x09, "flash read failed"},
    {0x0a, "flash read length"},
    {0x0b, "inflating failed"},
    {0x0c, "inflated data have another sum"},
    {0x0d, "bad deflate parameter"},
    {0x0e, "bad size for memory"},
    {0x0f, "bad address for memory"},
    {0x64, "invalid parameter"},
    {0x65, "invalid format"},
    {0x66, "description too long"},
    {0x67, "bad encoding"},
    {0x69, "not enough storage"},
};

const char *esprom_reason_name(uint8_t reason)
{
    for (size_t i = 0; i < sizeof reason_names / sizeof reason_names[0]; i++)
        if (reason_names[i].reason == reason)
            return reason_names[i].name;
    return "unknown reason";
}

tdm_err esprom_packet_decode(struct esprom_packet *p, const uint8_t *frame, size_t len)
{
    struct bytes_reader r = bytes_reader_on(frame, len);

    p->direction = bytes_get_u8(&r);
    p->op = bytes_get_u8(&r);
    p->size = bytes_get_le16(&r);
    p->word = bytes_get_le32(&r);
    p->len = bytes_left(&r);
    p->data = r.ok ? frame + r.pos : NULL;
    return r.ok ? TDM_OK : TDM_E_FORMAT;
}

static void put_head(struct bytes_writer *w, uint8_t direction, uint8_t op, uint16_t size, uint32_t word)
{
    bytes_put_u8(w, direction);
    bytes_put_u8(w, op);
    bytes_put_le16(w, size);
    bytes_put_le32(w, word);
}

size_t esprom_packet_encode(uint8_t *out, size_t cap, const struct esprom_packet *p)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    put_head(&w, p->direction, p->op, p->size, p->word);
    bytes_put(&w, p->data, p->len);
    return w.ok ? w.pos : 0;
}

size_t esprom_request_words(uint8_t *out, size_t cap, enum esprom_op op, const uint32_t *words, size_t count)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    put_head(&w, ESPROM_REQUEST, (uint8_t)op, (uint16_t)(4 * count), 0);
    for (size_t i = 0; i < count; i++)
        bytes_put_le32(&w, words[i]);
    return w.ok ? w.pos : 0;
}

/* The tail of alternating bits is what the ROM measures the bit length on. */
size_t esprom_request_sync(uint8_t *out, size_t cap)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    put_head(&w, ESPROM_REQUEST, ESPROM_OP_SYNC, ESPROM_SYNC_LEN, 0);
    bytes_put_le32(&w, ESPROM_SYNC_VALUE);
    for (size_t i = 4; i < ESPROM_SYNC_LEN; i++)
        bytes_put_u8(&w, 0x55);
    return w.ok ? w.pos : 0;
}

uint32_t esprom_block_checksum(const uint8_t *block, size_t len)
{
    return crc_xor8_add(CRC_XOR_SEED, block, len);
}

void esprom_request_block_head(uint8_t out[ESPROM_HEAD_LEN + ESPROM_BLOCK_HEAD_LEN], enum esprom_op op, uint32_t number,
                               const uint8_t *block, uint16_t len)
{
    struct bytes_writer w = bytes_writer_on(out, ESPROM_HEAD_LEN + ESPROM_BLOCK_HEAD_LEN);

    put_head(&w, ESPROM_REQUEST, (uint8_t)op, (uint16_t)(ESPROM_BLOCK_HEAD_LEN + len),
             esprom_block_checksum(block, len));
    bytes_put_le32(&w, len);
    bytes_put_le32(&w, number);
    bytes_put_zeros(&w, 8);
}

tdm_err esprom_reply_decode(struct esprom_reply *r, const uint8_t *frame, size_t len, size_t expected)
{
    struct esprom_packet p;

    if (esprom_packet_decode(&p, frame, len) != TDM_OK || p.direction != ESPROM_REPLY || p.size != p.len)
        return TDM_E_FORMAT;
    if (p.len < 2)
        return TDM_E_FORMAT;
    bool has_data = p.len - 2 >= expected;
    const uint8_t *status = has_data ? p.data + expected : p.data;

    memset(r, 0, sizeof *r);
    r->op = p.op;
    r->value = p.word;
    r->is_error = status[0] != 0;
    if (r->is_error)
        r->reason = status[1];
    else if (!has_data)
        return TDM_E_FORMAT;
    else if (expected > 0)
        r->data = p.data;
    return TDM_OK;
}
