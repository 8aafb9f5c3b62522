/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_esprom.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "base/md5.h"

enum {
    ROM_OK = 0,
    ROM_BAD_FORMAT = 5,
    ROM_FAILED = 6,
    ROM_BAD_CHECKSUM = 7,
    ROM_BAD_READ = 9,
    ROM_BAD_LENGTH = 0x0a,
    ROM_BAD_ADLER = 0x0c,
};

#define HEADER_LEN        8
#define SYNC_REPLIES      8
#define READ_SLOW_LEN     64
#define HEX_DIGEST_LEN    32
#define MD5_NS_PER_BYTE   250u
#define SECURITY_INFO_LEN 20

/* What a request hands to its row, and what the row adds to the reply. */
struct call {
    struct bytes_reader in; /* the payload */
    const uint8_t *payload;
    size_t payload_len;
    uint32_t checksum;
    uint8_t data[READ_SLOW_LEN];
    size_t data_len;
};

/* ---- flash --------------------------------------------------------------------------------------------------------- */

static bool is_out_of_flash(const struct sim_esprom *r, uint32_t addr, uint32_t len)
{
    uint32_t size = r->flash_size < r->cfg.flash->port.size ? r->flash_size : (uint32_t)r->cfg.flash->port.size;

    return addr > size || len > size - addr;
}

static bool program(struct sim_esprom *r, const uint8_t *data, uint32_t len)
{
    if (is_out_of_flash(r, r->next_addr, len) || tdm_flash_prog(&r->cfg.flash->port, r->next_addr, data, len) != TDM_OK)
        return false;
    r->next_addr += len;
    r->written += len;
    r->answer.busy_us += (uint64_t)(len + SIM_FLASH_PAGE - 1) / SIM_FLASH_PAGE * r->cfg.times.program_us;
    return true;
}

static void close_inflater(struct sim_esprom *r)
{
    if (r->is_inflating)
        (void)inflateEnd(&r->zlib); /* there is nothing to learn from a stream that is given up */
    r->is_inflating = r->is_damaged = false;
}

static bool erase(struct sim_esprom *r, uint32_t addr, uint32_t size)
{
    uint32_t whole = (uint32_t)(((uint64_t)size + SIM_FLASH_SECTOR - 1) / SIM_FLASH_SECTOR * SIM_FLASH_SECTOR);

    if (addr % SIM_FLASH_SECTOR != 0 || is_out_of_flash(r, addr, size) ||
        tdm_flash_erase(&r->cfg.flash->port, addr, whole) != TDM_OK)
        return false;
    r->answer.busy_us += (uint64_t)(whole / SIM_FLASH_SECTOR) * r->cfg.times.erase_us;
    return true;
}

/* Address and sequence are set even when the range is refused: blocks that follow are written. */
static uint8_t begin(struct sim_esprom *r, struct call *c)
{
    uint32_t size = bytes_get_le32(&c->in), blocks = bytes_get_le32(&c->in), block_size = bytes_get_le32(&c->in);
    uint32_t addr = bytes_get_le32(&c->in), encrypted = bytes_get_le32(&c->in);

    if (!c->in.ok || block_size > SIM_ROM_BLOCK_MAX)
        return ROM_BAD_FORMAT;
    if (encrypted != 0 || (r->cfg.is_strict && !r->is_attached))
        return ROM_FAILED;
    close_inflater(r);
    r->next_seq = 0;
    r->next_addr = addr;
    r->announced = size;
    r->blocks = blocks;
    r->block_size = block_size;
    r->written = 0;
    r->has_begun = true;
    return erase(r, addr, size) ? ROM_OK : ROM_FAILED;
}

/* The 16-byte head of a data block. The number is used up even when the checksum turns out wrong. */
static uint8_t block_head(uint32_t *next_seq, struct call *c, uint32_t *len)
{
    uint32_t seq;

    *len = bytes_get_le32(&c->in);
    seq = bytes_get_le32(&c->in);
    bytes_skip(&c->in, 8);
    if (!c->in.ok || *len > bytes_left(&c->in) || *len > SIM_ROM_BLOCK_MAX || seq != *next_seq)
        return ROM_BAD_FORMAT;
    ++*next_seq;
    return ROM_OK;
}

static uint8_t block_sum(const struct call *c)
{
    uint8_t sum = crc_xor8_add(CRC_XOR_SEED, c->payload + c->in.pos, bytes_left(&c->in));

    return sum == (c->checksum & 0xff) ? ROM_OK : ROM_BAD_CHECKSUM;
}

static uint8_t do_flash_data(struct sim_esprom *r, struct call *c)
{
    uint32_t len;
    uint8_t bad = block_head(&r->next_seq, c, &len);

    if (bad != ROM_OK)
        return bad;
    if (len % 4 != 0)
        return ROM_BAD_FORMAT;
    bad = block_sum(c);
    if (bad != ROM_OK || !r->has_begun)
        return bad;
    return program(r, c->payload + c->in.pos, len) ? ROM_OK : ROM_FAILED;
}

static uint8_t do_flash_end(struct sim_esprom *r, struct call *c)
{
    bool stays = bytes_get_le32(&c->in) != 0;
    bool is_complete = r->written == r->announced || r->written == r->blocks * r->block_size;

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    r->answer.then = stays ? SIM_ROM_RUN_NOTHING : SIM_ROM_RESTART;
    r->answer.after = stays ? "user code done\r\n" : "\xc0\xc0";
    return is_complete ? ROM_OK : ROM_FAILED;
}

/* ---- compressed ---------------------------------------------------------------------------------------------------- */

static uint8_t do_defl_begin(struct sim_esprom *r, struct call *c)
{
    uint8_t bad = begin(r, c);

    if (bad == ROM_BAD_FORMAT)
        return bad;
    r->zlib = (z_stream){.next_out = r->inflated, .avail_out = sizeof r->inflated};
    if (inflateInit(&r->zlib) != Z_OK)
        return ROM_FAILED;
    r->is_inflating = true;
    return bad;
}

static bool flush_inflated(struct sim_esprom *r)
{
    uint32_t len = (uint32_t)(sizeof r->inflated - r->zlib.avail_out);

    r->zlib.next_out = r->inflated;
    r->zlib.avail_out = sizeof r->inflated;
    return program(r, r->inflated, len);
}

/* Data reaches the flash when 32 KiB are together and when the stream is whole, its Adler-32 included. */
static uint8_t feed_inflater(struct sim_esprom *r, const uint8_t *data, uint32_t len)
{
    int result;

    r->zlib.next_in = (z_const Bytef *)(uintptr_t)data;
    r->zlib.avail_in = len;
    do {
        result = inflate(&r->zlib, Z_NO_FLUSH);
        if ((r->zlib.avail_out == 0 || result == Z_STREAM_END) && !flush_inflated(r))
            return ROM_FAILED;
    } while (result == Z_OK);
    r->is_damaged = result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR;
    return ROM_OK;
}

/* A damaged stream shows only in the reply to the last packet. */
static uint8_t do_defl_data(struct sim_esprom *r, struct call *c)
{
    uint32_t len;
    uint8_t bad = block_head(&r->next_seq, c, &len);

    if (bad != ROM_OK)
        return bad;
    bad = block_sum(c);
    if (bad != ROM_OK) {
        r->is_damaged = true; /* a piece of the stream is missing from now on */
        return bad;
    }
    if (!r->is_inflating)
        return ROM_FAILED;
    bad = r->is_damaged ? ROM_OK : feed_inflater(r, c->payload + c->in.pos, len);
    return r->is_damaged && r->next_seq >= r->blocks ? ROM_BAD_ADLER : bad;
}

static uint8_t do_defl_end(struct sim_esprom *r, struct call *c)
{
    bool stays = bytes_get_le32(&c->in) != 0;

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    close_inflater(r);
    if (!stays) {
        r->answer.then = SIM_ROM_RESTART;
        r->answer.after = "\xc0\xc0";
    }
    return ROM_OK;
}

/* ---- questions ----------------------------------------------------------------------------------------------------- */

static uint8_t do_sync(struct sim_esprom *r, struct call *c)
{
    r->value = bytes_get_le32(&c->in);
    r->is_synced = true;
    return ROM_OK;
}

static uint8_t do_read_reg(struct sim_esprom *r, struct call *c)
{
    r->value = sim_regs_read(&r->regs, bytes_get_le32(&c->in));
    return ROM_OK;
}

static uint8_t do_write_reg(struct sim_esprom *r, struct call *c)
{
    while (bytes_left(&c->in) > 0) {
        uint32_t addr = bytes_get_le32(&c->in), value = bytes_get_le32(&c->in), mask = bytes_get_le32(&c->in);
        uint32_t delay_us = bytes_get_le32(&c->in);
        if (!c->in.ok)
            return ROM_BAD_FORMAT;
        sim_regs_write(&r->regs, addr, value, mask);
        r->answer.busy_us += delay_us;
    }
    return ROM_OK;
}

static uint8_t do_security_info(struct sim_esprom *r, struct call *c)
{
    c->data_len = SECURITY_INFO_LEN;
    memset(c->data, 0, SECURITY_INFO_LEN);
    c->data[11] = r->cfg.part->last_key_purpose;
    bytes_store_le32(c->data + 12, r->cfg.part->id);
    bytes_store_le32(c->data + 16, r->cfg.part->eco);
    return ROM_OK;
}

static uint8_t do_spi_attach(struct sim_esprom *r, struct call *c)
{
    bytes_skip(&c->in, 4);
    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    r->is_attached = true;
    return ROM_OK;
}

static uint8_t do_spi_set_params(struct sim_esprom *r, struct call *c)
{
    uint32_t size;

    bytes_skip(&c->in, 4);
    size = bytes_get_le32(&c->in);
    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    r->flash_size = size;
    return ROM_OK;
}

static uint8_t do_read_slow(struct sim_esprom *r, struct call *c)
{
    uint32_t addr = bytes_get_le32(&c->in), len = bytes_get_le32(&c->in);

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    c->data_len = READ_SLOW_LEN;
    memset(c->data, 0, READ_SLOW_LEN);
    if (len > READ_SLOW_LEN)
        return ROM_BAD_LENGTH;
    if (is_out_of_flash(r, addr, len) || tdm_flash_read(&r->cfg.flash->port, addr, c->data, len) != TDM_OK)
        return ROM_BAD_READ;
    return ROM_OK;
}

/* Past the end of the flash the reply carries the digest of nothing, and the error. */
static uint8_t do_md5(struct sim_esprom *r, struct call *c)
{
    uint32_t addr = bytes_get_le32(&c->in), len = bytes_get_le32(&c->in);
    bool is_out = is_out_of_flash(r, addr, len) || (r->cfg.is_strict && !r->is_attached);
    uint8_t digest[MD5_LEN];
    struct md5 m;

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    md5_begin(&m);
    if (!is_out)
        md5_add(&m, r->cfg.flash->mem + addr, len);
    md5_end(&m, digest);
    for (size_t i = 0; i < MD5_LEN; i++) {
        c->data[2 * i] = (uint8_t) "0123456789abcdef"[digest[i] >> 4];
        c->data[2 * i + 1] = (uint8_t) "0123456789abcdef"[digest[i] & 15];
    }
    c->data_len = HEX_DIGEST_LEN;
    r->answer.busy_us += (uint64_t)len * MD5_NS_PER_BYTE / 1000;
    return is_out ? ROM_BAD_READ : ROM_OK;
}

/* The new rate holds after the reply; two stray end marks are the first thing sent at it. */
static uint8_t do_change_baud(struct sim_esprom *r, struct call *c)
{
    uint32_t baud = bytes_get_le32(&c->in);

    bytes_skip(&c->in, 4);
    if (!c->in.ok || baud < 300 || baud > 5000000)
        return ROM_BAD_FORMAT;
    r->answer.new_baud = baud;
    r->answer.after = "\xc0\xc0";
    return ROM_OK;
}

/* ---- RAM: what is loaded can be read back, but nothing runs it ------------------------------------------------------ */

static uint8_t do_mem_begin(struct sim_esprom *r, struct call *c)
{
    uint32_t size = bytes_get_le32(&c->in), addr;

    bytes_skip(&c->in, 8);
    addr = bytes_get_le32(&c->in);
    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    r->mem_seq = r->mem_at = 0;
    r->regs.ram_base = addr;
    return size <= SIM_RAM_SIZE ? ROM_OK : ROM_FAILED;
}

static uint8_t do_mem_data(struct sim_esprom *r, struct call *c)
{
    uint32_t len = bytes_get_le32(&c->in), seq = bytes_get_le32(&c->in);

    bytes_skip(&c->in, 8);
    if (!c->in.ok || len > bytes_left(&c->in) || seq != r->mem_seq || len > SIM_RAM_SIZE - r->mem_at)
        return ROM_BAD_FORMAT;
    r->mem_seq++;
    if (block_sum(c) != ROM_OK)
        return ROM_BAD_CHECKSUM;
    memcpy(r->regs.ram + r->mem_at, c->payload + c->in.pos, len);
    r->mem_at += len;
    return ROM_OK;
}

static uint8_t do_mem_end(struct sim_esprom *r, struct call *c)
{
    uint32_t stays = bytes_get_le32(&c->in), entry = bytes_get_le32(&c->in);

    (void)r;
    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    return stays != 0 || entry == 0 ? ROM_OK : ROM_FAILED;
}

/* ---- dispatch ------------------------------------------------------------------------------------------------------ */

enum { OP_SYNC = 0x08 };

static const struct command {
    uint8_t op;
    uint8_t (*run)(struct sim_esprom *r, struct call *c);
} commands[] = {
    {0x02, begin},          {0x03, do_flash_data},     {0x04, do_flash_end},  {0x05, do_mem_begin},
    {0x06, do_mem_end},     {0x07, do_mem_data},       {OP_SYNC, do_sync},    {0x09, do_write_reg},
    {0x0a, do_read_reg},    {0x0b, do_spi_set_params}, {0x0d, do_spi_attach}, {0x0e, do_read_slow},
    {0x0f, do_change_baud}, {0x10, do_defl_begin},     {0x11, do_defl_data},  {0x12, do_defl_end},
    {0x13, do_md5},         {0x14, do_security_info},
};

static void reply(struct sim_esprom *r, uint8_t op, const struct call *c, uint8_t reason)
{
    uint8_t packet[HEADER_LEN + READ_SLOW_LEN + 4];
    struct bytes_writer w = bytes_writer_on(packet, sizeof packet);
    struct sim_rom_answer *a = &r->answer;

    bytes_put_u8(&w, 1);
    bytes_put_u8(&w, op);
    bytes_put_le16(&w, (uint16_t)(c->data_len + 4));
    bytes_put_le32(&w, r->value);
    bytes_put(&w, c->data, c->data_len);
    bytes_put_u8(&w, reason == ROM_OK ? 0 : 1);
    bytes_put_u8(&w, reason);
    bytes_put_le16(&w, 0);
    a->len += slip_encode(a->bytes + a->len, sizeof a->bytes - a->len, packet, w.pos, NULL, 0);
}

static const struct command *find_command(const uint8_t *frame, size_t len)
{
    for (size_t i = 0; len >= 2 && frame[0] == 0 && i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].op == frame[1])
            return &commands[i];
    return NULL;
}

static void handle(struct sim_esprom *r, const uint8_t *frame, size_t len)
{
    const struct command *command = find_command(frame, len);
    struct call c = {.payload = frame + (len < HEADER_LEN ? len : HEADER_LEN)};
    uint8_t reason;

    r->answer = (struct sim_rom_answer){.after = ""};
    if (command == NULL) { /* refused in the name of the last command that was one */
        reply(r, r->last_op, &c, ROM_BAD_FORMAT);
        return;
    }
    c.payload_len = len < HEADER_LEN ? 0 : len - HEADER_LEN;
    c.checksum = len < HEADER_LEN ? 0 : bytes_le32(frame + 4);
    c.in = bytes_reader_on(c.payload, c.payload_len);
    r->last_op = command->op;
    reason = command->run(r, &c);
    for (unsigned i = 0; i < (command->op == OP_SYNC ? SYNC_REPLIES : 1); i++)
        reply(r, command->op, &c, reason);
}

void sim_esprom_init(struct sim_esprom *r, const struct sim_rom_config *cfg)
{
    memset(r, 0, sizeof *r);
    r->cfg = *cfg;
    r->last_op = OP_SYNC;
    r->flash_size = SIM_ROM_FLASH_SIZE;
    sim_regs_init(&r->regs, cfg->part, (uint32_t)cfg->flash->port.size, cfg->mac);
    slip_decoder_init(&r->slip, r->frame, sizeof r->frame);
}

void sim_esprom_deinit(struct sim_esprom *r)
{
    close_inflater(r);
}

bool sim_esprom_push(struct sim_esprom *r, uint8_t byte)
{
    if (!slip_decoder_push(&r->slip, byte))
        return false;
    handle(r, r->frame, r->slip.len);
    return true;
}
