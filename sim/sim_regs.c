/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_regs.h"

#include <string.h>

#include "base/bytes.h"

/* Offsets in the SPI controller. */
enum { SPI_CMD = 0x00, SPI_ADDR = 0x04, SPI_USR1 = 0x1c, SPI_USR2 = 0x20, SPI_W0 = 0x58 };
#define SPI_CMD_USR (1u << 18)

/* Commands of the flash chip. */
enum { FLASH_RDID = 0x9f, FLASH_RDSFDP = 0x5a };

void sim_regs_init(struct sim_regs *r, const struct sim_part *part, uint32_t flash_size, const uint8_t mac[6])
{
    memset(r, 0, sizeof *r);
    r->part = part;
    r->flash_size = flash_size;
    memcpy(r->mac, mac, sizeof r->mac);
}

/* The two eFuse words of the MAC; what stands above it in the second is the part's. */
static uint32_t mac_word(const struct sim_regs *r, unsigned word)
{
    const uint8_t *m = r->mac;

    if (word == 0)
        return (uint32_t)m[2] << 24 | (uint32_t)m[3] << 16 | (uint32_t)m[4] << 8 | m[5];
    return (uint32_t)r->part->above_mac << 16 | (uint32_t)m[0] << 8 | m[1];
}

static const struct sim_reg *find_kept(const struct sim_regs *r, uint32_t addr)
{
    for (size_t i = 0; i < r->kept_count; i++)
        if (r->kept[i].addr == addr)
            return &r->kept[i];
    return NULL;
}

uint32_t sim_regs_read(const struct sim_regs *r, uint32_t addr)
{
    const struct sim_reg *kept;

    if (addr == r->part->efuse_mac || addr == r->part->efuse_mac + 4)
        return mac_word(r, (addr - r->part->efuse_mac) / 4);
    for (size_t i = 0; i < SIM_PART_REGS && r->part->regs[i].addr != 0; i++)
        if (r->part->regs[i].addr == addr)
            return r->part->regs[i].value;
    kept = find_kept(r, addr);
    if (kept != NULL)
        return kept->value;
    if (r->ram_base != 0 && addr >= r->ram_base && addr - r->ram_base <= SIM_RAM_SIZE - 4)
        return bytes_le32(r->ram + (addr - r->ram_base));
    return 0;
}

static void keep(struct sim_regs *r, uint32_t addr, uint32_t value)
{
    for (size_t i = 0; i < r->kept_count; i++)
        if (r->kept[i].addr == addr) {
            r->kept[i].value = value;
            return;
        }
    if (r->kept_count < SIM_REGS_KEPT)
        r->kept[r->kept_count++] = (struct sim_reg){addr, value};
}

static uint8_t size_exponent(uint32_t size)
{
    uint8_t n = 0;

    while (size > 1) {
        size >>= 1;
        n++;
    }
    return n;
}

/* Serial Flash Discoverable Parameters: the header, one parameter header, and the density word of the basic table. */
static uint32_t sfdp_word(const struct sim_regs *r, uint32_t addr)
{
    enum { TABLE = 0x30 };
    uint8_t page[64];

    memset(page, 0xff, sizeof page);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): 16 bytes, no text */
    memcpy(page, "SFDP\x06\x01\x00\xff\x00\x06\x01\x10\x30\x00\x00\xff", 16);
    bytes_store_le32(page + TABLE, 0xfff120e5);
    bytes_store_le32(page + TABLE + 4, r->flash_size * 8 - 1);
    return addr <= sizeof page - 4 ? bytes_le32(page + addr) : 0xffffffff;
}

static void spi_run(struct sim_regs *r)
{
    uint32_t base = r->part->spi_base, command = sim_regs_read(r, base + SPI_USR2) & 0xff;
    unsigned addr_bits = (sim_regs_read(r, base + SPI_USR1) >> 26) + 1;
    uint32_t addr = sim_regs_read(r, base + SPI_ADDR) & (addr_bits >= 32 ? 0xffffffff : (1u << addr_bits) - 1);
    uint32_t answer = 0;

    if (command == FLASH_RDID && r->is_flash_mute)
        answer = 0xffffff;
    else if (command == FLASH_RDID)
        answer =
            r->part->flash_maker | (uint32_t)r->part->flash_type << 8 | (uint32_t)size_exponent(r->flash_size) << 16;
    else if (command == FLASH_RDSFDP)
        answer = sfdp_word(r, addr);
    keep(r, base + SPI_W0, answer);
}

void sim_regs_write(struct sim_regs *r, uint32_t addr, uint32_t value, uint32_t mask)
{
    if (addr == r->part->spi_base + SPI_CMD) {
        if (value & mask & SPI_CMD_USR)
            spi_run(r); /* done at once, so the bit reads as 0 again */
        return;
    }
    keep(r, addr, (sim_regs_read(r, addr) & ~mask) | (value & mask));
}
