/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc: the three checksums of our formats and wires.
 *
 * crc32: reflected 04C11DB7, as in zlib; "123456789" gives cbf43926. For records.
 * fcs16: CRC-16/X-25 as HDLC uses it; "123456789" gives 906e; the register after data and its FCS is FCS16_GOOD.
 * xor8:  the ROM loader's sum over a data block and an ESP image's over its segments; seed CRC_XOR_SEED.
 * All may be fed in pieces: pass the last result on.
 */
#ifndef TANDEM_BASE_CRC_H
#define TANDEM_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC32_START  0u
#define FCS16_START  0xffffu
#define FCS16_GOOD   0xf0b8u
#define CRC_XOR_SEED 0xefu

uint32_t crc32_add(uint32_t crc, const uint8_t *data, size_t len);

uint16_t fcs16_add(uint16_t reg, uint8_t byte);
/* What is sent, low byte first: the register's complement. */
uint16_t fcs16_final(uint16_t reg);

uint8_t crc_xor8_add(uint8_t sum, const uint8_t *data, size_t len);

#endif
