/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_chip.h"

/*
 * Revisions: fields WAFER_VERSION_MINOR and _MAJOR of each chip's eFuse table in its technical reference manual. The first
 * ESP32-S3 holds other facts in those bits, so that chip's revision stays unknown.
 */
static const struct esprom_chip chips[] = {
    {.id = 5,
     .name = "esp32c3",
     .spi_base = 0x60002000u,
     .mac_reg = 0x60008844u,
     .revision = {114, 3, 183, 184},
     .magic = {0x6921506fu, 0x1b31506fu, 0x4881606fu, 0x4361606fu}},
    {.id = 9, .name = "esp32s3", .spi_base = 0x60002000u, .mac_reg = 0x60007044u, .magic = {0x00000009u}},
    {.id = 12,
     .name = "esp32c2",
     .spi_base = 0x60002000u,
     .mac_reg = 0x60008840u,
     .revision = {48, 4, 0, 52},
     .crystals = {40, 26, 0},
     .magic = {0x6f51306fu, 0x7c41a06fu, 0x0c21e06fu}},
    {.id = 13,
     .name = "esp32c6",
     .spi_base = 0x60003000u,
     .mac_reg = 0x600b0844u,
     .has_eui64 = true,
     .revision = {114, 4, 0, 118},
     .magic = {0x2ce0806fu}},
    {.id = 16,
     .name = "esp32h2",
     .spi_base = 0x60003000u,
     .mac_reg = 0x600b0844u,
     .has_eui64 = true,
     .revision = {114, 3, 0, 117},
     .magic = {0xd7b73e80u}},
    {.id = 20,
     .name = "esp32c61",
     .spi_base = 0x60003000u,
     .mac_reg = 0x600b4844u,
     .revision = {64, 4, 0, 68},
     .magic = {0x33f0206fu, 0x2421606fu, 0x7211606fu}},
    {.id = 23,
     .name = "esp32c5",
     .bootloader_offset = 0x2000,
     .spi_base = 0x60003000u,
     .mac_reg = 0x600b4844u,
     .has_eui64 = true,
     .revision = {64, 4, 0, 68},
     .crystals = {48, 40, 0x60096110u},
     .magic = {0x1101406fu, 0x63e1406fu, 0x5fd1406fu}},
};

/* Chips that are refused by name: no radio of theirs is flashed here, or their ROM speaks otherwise. */
static const struct other_chip {
    uint32_t id, magic; /* 0: has none that tells it from others */
    const char *what;
} other_chips[] = {
    {0, 0x00f01d83u, "the chip is an ESP32, which is not flashed here"},
    {2, 0x000007c6u, "the chip is an ESP32-S2, which is not flashed here"},
    {18, 0x0addbad0u, "the chip is an ESP32-P4, which is not flashed here"},
    {25, 0, "the chip is an ESP32-H21, which is not flashed here yet"},
    {28, 0, "the chip is an ESP32-H4, which is not flashed here yet"},
    {32, 0, "the chip is an ESP32-S31, which is not flashed here yet"},
    {4, 0, "the chip is a withdrawn test part of Espressif's"},
    {6, 0, "the chip is a withdrawn test part of Espressif's"},
    {7, 0, "the chip is a withdrawn test part of Espressif's"},
    {10, 0, "the chip is a withdrawn test part of Espressif's"},
    {14, 0, "the chip is a withdrawn test part of Espressif's"},
    {17, 0, "the chip is a withdrawn test part of Espressif's"},
};

const struct esprom_chip *esprom_chip_at(size_t index)
{
    return index < sizeof chips / sizeof chips[0] ? &chips[index] : NULL;
}

const struct esprom_chip *esprom_chip_by_id(uint16_t id)
{
    const struct esprom_chip *chip;

    for (size_t i = 0; (chip = esprom_chip_at(i)) != NULL; i++)
        if (chip->id == id)
            return chip;
    return NULL;
}

const struct esprom_chip *esprom_chip_by_magic(uint32_t magic)
{
    const struct esprom_chip *chip;

    for (size_t i = 0; magic != 0 && (chip = esprom_chip_at(i)) != NULL; i++)
        for (size_t j = 0; j < ESPROM_MAGIC_MAX; j++)
            if (chip->magic[j] == magic)
                return chip;
    return NULL;
}

const char *esprom_other_chip_by_id(uint32_t id)
{
    for (size_t i = 0; i < sizeof other_chips / sizeof other_chips[0]; i++)
        if (other_chips[i].id == id)
            return other_chips[i].what;
    return NULL;
}

const char *esprom_other_chip_by_magic(uint32_t magic)
{
    for (size_t i = 0; magic != 0 && i < sizeof other_chips / sizeof other_chips[0]; i++)
        if (other_chips[i].magic == magic)
            return other_chips[i].what;
    return NULL;
}

/* The divider that the ROM set when it measured the rate tells the crystal: nearer to the one or to the other. */
uint8_t esprom_chip_crystal(const struct esprom_chip *chip, uint32_t baud, uint32_t divider)
{
    const struct esprom_crystals *c = &chip->crystals;
    uint64_t twice_hz = (uint64_t)baud * (divider & ESPROM_UART_DIVIDER_MASK) * 2;
    bool is_above = twice_hz > ((uint64_t)c->usual_mhz + c->other_mhz) * 1000000;

    return is_above == (c->usual_mhz > c->other_mhz) ? c->usual_mhz : c->other_mhz;
}

uint32_t esprom_chip_rate(uint32_t wanted, uint8_t rom_mhz, uint8_t crystal_mhz)
{
    if (rom_mhz == 0 || crystal_mhz == 0)
        return wanted;
    return (uint32_t)((uint64_t)wanted * rom_mhz / crystal_mhz);
}

/*
 * The third byte counts powers of two: 12 (hex) is 256 KiB and 1c is 256 MiB; makers who ran out of small numbers go
 * on at 32, again from 256 KiB, and use 20 to 22 for 64 to 256 MiB.
 */
uint32_t esprom_flash_size_of_id(uint32_t id)
{
    uint32_t capacity = id >> 16 & 0xff;

    if (capacity >= 0x12 && capacity <= 0x1c)
        return 1u << capacity;
    if (capacity >= 0x20 && capacity <= 0x22)
        return 1u << (capacity - 0x20 + 26);
    if (capacity >= 0x32 && capacity <= 0x3a)
        return 1u << (capacity - 0x20);
    return 0;
}

/* low holds the last four bytes of the address, high the first two and, on the chips with EUI-64, the two between. */
void esprom_chip_mac(const struct esprom_chip *chip, uint32_t low, uint32_t high, uint8_t out[8])
{
    uint32_t between = chip->has_eui64 ? high >> 16 : 0xfffeu;

    out[0] = (uint8_t)(high >> 8);
    out[1] = (uint8_t)high;
    out[2] = (uint8_t)(low >> 24);
    out[3] = (uint8_t)(between >> 8);
    out[4] = (uint8_t)between;
    out[5] = (uint8_t)(low >> 16);
    out[6] = (uint8_t)(low >> 8);
    out[7] = (uint8_t)low;
}
