/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc.h"

uint32_t crc32_add(uint32_t crc, const uint8_t *data, size_t len)
{
    uint32_t reg = ~crc;
    for (size_t i = 0; i < len; i++) {
        reg ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            reg = reg >> 1 ^ (0xedb88320u & (0u - (reg & 1u)));
    }
    return ~reg;
}

uint16_t fcs16_add(uint16_t reg, uint8_t byte)
{
    reg = (uint16_t)(reg ^ byte);
    for (int bit = 0; bit < 8; bit++)
        reg = (uint16_t)(reg >> 1 ^ (0x8408u & (0u - (reg & 1u))));
    return reg;
}

uint16_t fcs16_final(uint16_t reg)
{
    return (uint16_t)~reg;
}

uint8_t crc_xor8_add(uint8_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum ^= data[i];
    return sum;
}
