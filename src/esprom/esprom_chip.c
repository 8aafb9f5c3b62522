/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_chip.h"

/*
 * Revisions: fields WAFER_VERSION_MINOR and _MAJOR of each chip's eFuse table in its technical reference manual. The first
 * ESP32-S3 holds other facts in those bits, so that chip's revision stays unknown.
 */
/*       id  name        boot    spi_base     mac_reg      EUI-64  revision  magic words of the known revisions */
static const struct esprom_chip chips[] = {
    {5,
     "esp32c3",
     0x0000,
     0x60002000u,
     0x60008844u,
     false,
     {114, 3, 183, 184},
     {0x6921506fu, 0x1b31506fu, 0x4881606fu, 0x4361606fu}},
    {9, "esp32s3", 0x0000, 0x60002000u, 0x60007044u, false, {0, 0, 0, 0}, {0x00000009u}},
    {12, "esp32c2", 0x0000, 0x60002000u, 0x60008840u, false, {48, 4, 0, 52}, {0x6f51306fu, 0x7c41a06fu, 0x0c21e06fu}},
    {13, "esp32c6", 0x0000, 0x60003000u, 0x600b0844u, true, {114, 4, 0, 118}, {0x2ce0806fu}},
    {16, "esp32h2", 0x0000, 0x60003000u, 0x600b0844u, true, {114, 3, 0, 117}, {0xd7b73e80u}},
    {20, "esp32c61", 0x0000, 0x60003000u, 0x600b4844u, false, {64, 4, 0, 68}, {0x33f0206fu, 0x2421606fu, 0x7211606fu}},
    {23, "esp32c5", 0x2000, 0x60003000u, 0x600b4844u, true, {64, 4, 0, 68}, {0x1101406fu, 0x63e1406fu, 0x5fd1406fu}},
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
