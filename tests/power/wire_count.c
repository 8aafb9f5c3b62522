/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_count.h"

#include <stdlib.h>
#include <string.h>

#include <tandem/esprom.h>

#include "base/bytes.h"
#include "esprom/esprom_packet.h"
#include "slip/slip.h"

#define MARKS      2u
#define RUN_MAX    (512u * 1024)
#define CHUNK      16u /* sectors that the engine asks for with one digest */
#define WORD_BYTES 4u

/* ---- counting ------------------------------------------------------------------------------------------------------ */

void wire_count_begin(struct wire_count *c)
{
    *c = (struct wire_count){0};
}

void wire_count_end(struct wire_count *c)
{
    if (c->is_inflating)
        (void)inflateEnd(&c->zlib); /* a stream that was cut is no error here */
    c->is_inflating = false;
}

static void begin_stream(struct wire_count *c, const struct esprom_packet *p)
{
    wire_count_end(c);
    c->offset = p->len >= 16 ? bytes_le32(p->data + 12) : 0;
    c->received = c->last = 0;
    c->zlib = (z_stream){0};
    c->is_inflating = p->op == ESPROM_OP_FLASH_DEFL_BEGIN && inflateInit(&c->zlib) == Z_OK;
}

static uint32_t inflated(struct wire_count *c, const uint8_t *data, uint32_t len)
{
    uint8_t out[4096];
    uint32_t before = (uint32_t)c->zlib.total_out;

    c->zlib.next_in = (z_const Bytef *)(uintptr_t)data;
    c->zlib.avail_in = len;
    do {
        c->zlib.next_out = out;
        c->zlib.avail_out = sizeof out;
    } while (inflate(&c->zlib, Z_NO_FLUSH) == Z_OK && c->zlib.avail_out == 0);
    return (uint32_t)c->zlib.total_out - before;
}

static void add_block(struct wire_count *c, const struct esprom_packet *p, bool reaches_chip)
{
    uint32_t len = (uint32_t)p->len - ESPROM_BLOCK_HEAD_LEN;

    c->blocks++;
    c->payload += len;
    if (!reaches_chip)
        return;
    c->last = p->op == ESPROM_OP_FLASH_DATA ? len : inflated(c, p->data + ESPROM_BLOCK_HEAD_LEN, len);
    c->received += c->last;
}

void wire_count_sent(struct wire_count *c, const uint8_t *frame, size_t len, bool reaches_chip)
{
    uint8_t packet[ESPROM_FRAME_MAX];
    struct slip_decoder decoder;
    struct esprom_packet p = {0};
    bool is_whole = false;

    slip_decoder_init(&decoder, packet, sizeof packet);
    for (size_t i = 0; i < len && !is_whole; i++)
        is_whole = slip_decoder_push(&decoder, frame[i]);
    if (!is_whole || esprom_packet_decode(&p, decoder.buf, decoder.len) != TDM_OK)
        abort(); /* the engine sends whole packets */
    c->bytes += decoder.len + MARKS;
    c->digests += p.op == ESPROM_OP_FLASH_MD5;
    if (p.op == ESPROM_OP_FLASH_BEGIN || p.op == ESPROM_OP_FLASH_DEFL_BEGIN) {
        c->begins++;
        if (reaches_chip)
            begin_stream(c, &p);
    }
    if ((p.op == ESPROM_OP_FLASH_DATA || p.op == ESPROM_OP_FLASH_DEFL_DATA) && p.len >= ESPROM_BLOCK_HEAD_LEN)
        add_block(c, &p, reaches_chip);
}

/* ---- what is needed ------------------------------------------------------------------------------------------------ */

static uint32_t packed_len(const uint8_t *data, uint32_t len)
{
    static uint8_t out[RUN_MAX + RUN_MAX / 8];
    z_stream z = {0};

    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = len;
    z.next_out = out;
    z.avail_out = sizeof out;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    (void)deflateEnd(&z); /* all of it was taken */
    return (uint32_t)z.total_out;
}

static void add_run(struct wire_need *need, const uint8_t *data, uint32_t len, bool is_packed)
{
    uint32_t packed = is_packed ? packed_len(data, len) : len;
    uint32_t sent = packed < len ? packed : len;

    need->runs++;
    need->sectors += (len + ESPROM_SECTOR - 1) / ESPROM_SECTOR;
    need->payload += sent;
    need->blocks += (sent + ESPROM_BLOCK_MAX - 1) / ESPROM_BLOCK_MAX;
}

static uint32_t sector_end(const struct wire_region *r, uint32_t at)
{
    return at + ESPROM_SECTOR < r->size ? at + ESPROM_SECTOR : r->size;
}

static void add_region(struct wire_need *need, const uint8_t *flash, const uint8_t *wanted, const struct wire_region *r,
                       bool is_packed)
{
    uint32_t first = 0, at = 0, end;
    bool is_right, is_in_run = false;

    for (; at < r->size; at = end) {
        end = sector_end(r, at);
        is_right = memcmp(flash + r->offset + at, wanted + r->offset + at, end - at) == 0;
        if (is_in_run && is_right)
            add_run(need, wanted + r->offset + first, at - first, is_packed);
        if (!is_in_run && !is_right)
            first = at;
        is_in_run = !is_right;
    }
    if (is_in_run)
        add_run(need, wanted + r->offset + first, r->size - first, is_packed);
}

struct wire_need wire_need_of(const uint8_t *flash, const uint8_t *wanted, const struct wire_region *regions,
                              size_t count, bool is_packed)
{
    struct wire_need need = {0};

    for (size_t i = 0; i < count; i++)
        add_region(&need, flash, wanted, &regions[i], is_packed);
    return need;
}

static uint64_t packet(uint64_t data_len)
{
    return MARKS + ESPROM_HEAD_LEN + data_len;
}

static uint64_t command(uint64_t words)
{
    return packet(words * WORD_BYTES);
}

/*
 * What a session asks of an ESP32-H2 once, apart from its flash: SYNC; who it is; address (2 registers), revision (2), the
 * flash's id twice (4 registers read and 7 written each); the flash's pins and its size; the rate, and a register at it.
 */
static uint64_t greeting_bytes(void)
{
    return packet(ESPROM_SYNC_LEN) + packet(0) + 4 * command(1) + 2 * (4 * command(1) + 7 * command(4)) + command(2) +
           command(6) + command(2) + command(1);
}

/* Of a region: its first sector and the whole; then each sixteen sectors as one and singly, or three of them first. */
static uint64_t comparison_questions(const struct wire_region *r)
{
    uint64_t sectors = (r->size + ESPROM_SECTOR - 1) / ESPROM_SECTOR, chunks = (sectors + CHUNK - 1) / CHUNK;

    return 2 + sectors + 4 * chunks;
}

#define QUESTIONS_AFTER_WRITING 2u /* the first sector, and the whole */
#define QUESTIONS_AT_THE_END    1u

uint64_t wire_need_bytes(const struct wire_need *need, const struct wire_region *regions, size_t count)
{
    uint64_t questions = 0;

    for (size_t i = 0; i < count; i++)
        questions += comparison_questions(&regions[i]) + QUESTIONS_AFTER_WRITING + QUESTIONS_AT_THE_END;
    return greeting_bytes() + need->payload + need->blocks * packet(ESPROM_BLOCK_HEAD_LEN) + need->runs * command(5) +
           questions * command(4);
}
