/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_chip: the registers that the chips have in common. What differs is a row of the table in esprom_chip.c.
 *
 * Used by   esprom_identify, the simulated ROM.   Layer 2: facts only.
 */
#ifndef TANDEM_ESPROM_CHIP_H
#define TANDEM_ESPROM_CHIP_H

#include <tandem/esprom.h>

/* This ROM word differs between chips and their revisions; only a fallback where GET_SECURITY_INFO is refused. */
#define ESPROM_MAGIC_REG 0x40001000u

/* The ROM's UART: input clocks to a bit, and the crystal is the input clock. */
#define ESPROM_UART_DIVIDER_REG  0x60000014u
#define ESPROM_UART_DIVIDER_MASK 0xfffffu

/* The SPI controller that leads to the flash: offsets from esprom_chip.spi_base. */
#define ESPROM_SPI_CMD      0x00u
#define ESPROM_SPI_USR      0x18u
#define ESPROM_SPI_USR2     0x20u
#define ESPROM_SPI_MISO_LEN 0x28u /* bits to read, minus one                  */
#define ESPROM_SPI_W0       0x58u /* first word of the data buffer             */

#define ESPROM_SPI_CMD_START    0x00040000u /* reads 1 until the transfer is over */
#define ESPROM_SPI_USR_ASK      0x90000000u /* a command byte, then input         */
#define ESPROM_SPI_USR2_8_BITS  0x70000000u /* the command has eight bits; it stands in the low ones */
#define ESPROM_FLASH_READ_ID    0x9fu       /* JEDEC: maker, type, capacity       */
#define ESPROM_FLASH_SIZE_LIMIT 0x01000000u /* the ROM knows 24 address bits      */

/* The chip whose ROM has this word at ESPROM_MAGIC_REG, or NULL. */
const struct esprom_chip *esprom_chip_by_magic(uint32_t magic);

/* A sentence about a chip that is known and not flashed here, or NULL. */
const char *esprom_other_chip_by_id(uint32_t id);
const char *esprom_other_chip_by_magic(uint32_t magic);

/* Which of the chip's two crystals it has, by the divider at a known rate; in MHz. */
uint8_t esprom_chip_crystal(const struct esprom_chip *chip, uint32_t baud, uint32_t divider);
/* The number for CHANGE_BAUDRATE that makes a ROM with this belief speak at wanted. */
uint32_t esprom_chip_rate(uint32_t wanted, uint8_t rom_mhz, uint8_t crystal_mhz);

/* Any row by number, NULL past the last: for lists of what is known. */
const struct esprom_chip *esprom_chip_at(size_t index);

/* Bytes of a flash by the answer to ESPROM_FLASH_READ_ID (maker in the low byte); 0 when it states none. */
uint32_t esprom_flash_size_of_id(uint32_t id);

/* The two words from mac_reg on, as an EUI-64 in the order in which it is printed. */
void esprom_chip_mac(const struct esprom_chip *chip, uint32_t low, uint32_t high, uint8_t out[8]);

#endif
