/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_esprom_calls.h"

#include <string.h>

#include "base/md5.h"

#define HEADER_LEN        8
#define SYNC_REPLIES      8
#define HEX_DIGEST_LEN    32
#define MD5_NS_PER_BYTE   250u
#define SECURITY_INFO_LEN 20

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
    bytes_store_le32(c->data, r->cfg.security_flags);
    c->data[4] = r->cfg.crypt_count;
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
    if (rom_is_out_of_flash(r, addr, len) || tdm_flash_read(&r->cfg.flash->port, addr, c->data, len) != TDM_OK)
        return ROM_BAD_READ;
    return ROM_OK;
}

/* Past the end of the flash the reply carries the digest of nothing, and the error. */
static uint8_t do_md5(struct sim_esprom *r, struct call *c)
{
    uint32_t addr = bytes_get_le32(&c->in), len = bytes_get_le32(&c->in);
    bool is_out = rom_is_out_of_flash(r, addr, len) || (r->cfg.is_strict && !r->is_attached);
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
    if (r->cfg.part->crystal_mhz != 0) /* it divides another clock than it thinks */
        baud = (uint32_t)((uint64_t)baud * r->cfg.part->crystal_mhz / r->cfg.part->rom_mhz);
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
    if (rom_block_sum(c) != ROM_OK)
        return ROM_BAD_CHECKSUM;
    memcpy(r->regs.ram + r->mem_at, c->payload + c->in.pos, len);
    r->mem_at += len;
    return ROM_OK;
}

/* A host that started code ignores a refusal and waits for the code's first frame: this one ends its wait. */
static uint8_t do_mem_end(struct sim_esprom *r, struct call *c)
{
    uint32_t stays = bytes_get_le32(&c->in), entry = bytes_get_le32(&c->in);

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    if (stays != 0 || entry == 0)
        return ROM_OK;
    r->answer.after = "\xc0tandem-sim runs no loaded code\xc0";
    return ROM_FAILED;
}

/* ---- dispatch ------------------------------------------------------------------------------------------------------ */

enum { OP_SYNC = 0x08 };

static const struct command {
    uint8_t op;
    uint8_t (*run)(struct sim_esprom *r, struct call *c);
} commands[] = {
    {0x02, rom_flash_begin}, {0x03, rom_flash_data},    {0x04, rom_flash_end}, {0x05, do_mem_begin},
    {0x06, do_mem_end},      {0x07, do_mem_data},       {OP_SYNC, do_sync},    {0x09, do_write_reg},
    {0x0a, do_read_reg},     {0x0b, do_spi_set_params}, {0x0d, do_spi_attach}, {0x0e, do_read_slow},
    {0x0f, do_change_baud},  {0x10, rom_defl_begin},    {0x11, rom_defl_data}, {0x12, rom_defl_end},
    {0x13, do_md5},          {0x14, do_security_info},
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

/* What secure download mode leaves: nothing that reads, and nothing that is loaded. */
static bool is_withheld(const struct sim_esprom *r, uint8_t op)
{
    static const uint8_t left[] = {0x02, 0x03, 0x04, OP_SYNC, 0x0b, 0x0d, 0x0f, 0x14};

    return (r->cfg.security_flags & SIM_SECURITY_DOWNLOAD) != 0 && memchr(left, op, sizeof left) == NULL;
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
    reason = is_withheld(r, command->op) ? ROM_BAD_FORMAT : command->run(r, &c);
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
    rom_close_inflater(r);
}

bool sim_esprom_push(struct sim_esprom *r, uint8_t byte)
{
    if (!slip_decoder_push(&r->slip, byte))
        return false;
    handle(r, r->frame, r->slip.len);
    return true;
}
