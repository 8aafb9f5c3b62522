/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_esprom_calls.h"

#include "base/crc.h"

/* ---- flash --------------------------------------------------------------------------------------------------------- */

bool rom_is_out_of_flash(const struct sim_esprom *r, uint32_t addr, uint32_t len)
{
    uint32_t size = r->flash_size < r->cfg.flash->port.size ? r->flash_size : (uint32_t)r->cfg.flash->port.size;

    return addr > size || len > size - addr;
}

static bool program(struct sim_esprom *r, const uint8_t *data, uint32_t len)
{
    if (rom_is_out_of_flash(r, r->next_addr, len) ||
        tdm_flash_prog(&r->cfg.flash->port, r->next_addr, data, len) != TDM_OK)
        return false;
    r->next_addr += len;
    r->written += len;
    r->answer.busy_us += (uint64_t)(len + SIM_FLASH_PAGE - 1) / SIM_FLASH_PAGE * r->cfg.times.program_us;
    return true;
}

void rom_close_inflater(struct sim_esprom *r)
{
    if (r->is_inflating)
        (void)inflateEnd(&r->zlib); /* there is nothing to learn from a stream that is given up */
    r->is_inflating = r->is_damaged = false;
}

static bool erase(struct sim_esprom *r, uint32_t addr, uint32_t size)
{
    uint32_t whole = (uint32_t)(((uint64_t)size + SIM_FLASH_SECTOR - 1) / SIM_FLASH_SECTOR * SIM_FLASH_SECTOR);

    if (addr % SIM_FLASH_SECTOR != 0 || rom_is_out_of_flash(r, addr, size) ||
        tdm_flash_erase(&r->cfg.flash->port, addr, whole) != TDM_OK)
        return false;
    r->answer.busy_us += (uint64_t)(whole / SIM_FLASH_SECTOR) * r->cfg.times.erase_us;
    return true;
}

/* Address and sequence are set even when the range is refused: blocks that follow are written. */
uint8_t rom_flash_begin(struct sim_esprom *r, struct call *c)
{
    uint32_t size = bytes_get_le32(&c->in), blocks = bytes_get_le32(&c->in), block_size = bytes_get_le32(&c->in);
    uint32_t addr = bytes_get_le32(&c->in), encrypted = bytes_get_le32(&c->in);

    if (!c->in.ok || block_size > SIM_ROM_BLOCK_MAX)
        return ROM_BAD_FORMAT;
    if (encrypted != 0 || (r->cfg.is_strict && !r->is_attached))
        return ROM_FAILED;
    rom_close_inflater(r);
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

uint8_t rom_block_sum(const struct call *c)
{
    uint8_t sum = crc_xor8_add(CRC_XOR_SEED, c->payload + c->in.pos, bytes_left(&c->in));

    return sum == (c->checksum & 0xff) ? ROM_OK : ROM_BAD_CHECKSUM;
}

uint8_t rom_flash_data(struct sim_esprom *r, struct call *c)
{
    uint32_t len;
    uint8_t bad = block_head(&r->next_seq, c, &len);

    if (bad != ROM_OK)
        return bad;
    if (len % 4 != 0)
        return ROM_BAD_FORMAT;
    bad = rom_block_sum(c);
    if (bad != ROM_OK || !r->has_begun)
        return bad;
    return program(r, c->payload + c->in.pos, len) ? ROM_OK : ROM_FAILED;
}

uint8_t rom_flash_end(struct sim_esprom *r, struct call *c)
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

uint8_t rom_defl_begin(struct sim_esprom *r, struct call *c)
{
    uint8_t bad = rom_flash_begin(r, c);

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

    r->zlib.next_in = (z_const Bytef *)data;
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
uint8_t rom_defl_data(struct sim_esprom *r, struct call *c)
{
    uint32_t len;
    uint8_t bad = block_head(&r->next_seq, c, &len);

    if (bad != ROM_OK)
        return bad;
    bad = rom_block_sum(c);
    if (bad != ROM_OK) {
        r->is_damaged = true; /* a piece of the stream is missing from now on */
        return bad;
    }
    if (!r->is_inflating)
        return ROM_FAILED;
    bad = r->is_damaged ? ROM_OK : feed_inflater(r, c->payload + c->in.pos, len);
    return r->is_damaged && r->next_seq >= r->blocks ? ROM_BAD_ADLER : bad;
}

uint8_t rom_defl_end(struct sim_esprom *r, struct call *c)
{
    bool stays = bytes_get_le32(&c->in) != 0;

    if (!c->in.ok)
        return ROM_BAD_FORMAT;
    rom_close_inflater(r);
    if (!stays) {
        r->answer.then = SIM_ROM_RESTART;
        r->answer.after = "\xc0\xc0";
    }
    return ROM_OK;
}
