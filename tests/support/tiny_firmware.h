/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tiny_firmware: the smallest flash contents that a chip boots: bootloader at 0, partition table at 0x8000, application
 * at 0x10000, each image one segment of TINY_SEGMENT bytes with a right checksum and no digest.
 *
 * Used by   unit tests of and with the simulated chip.
 */
#ifndef TANDEM_TEST_TINY_FIRMWARE_H
#define TANDEM_TEST_TINY_FIRMWARE_H

#include <stdint.h>

#define TINY_SEGMENT   96u
#define TINY_IMAGE_LEN 144u /* headers, segment, padding, checksum */
#define TINY_TABLE_AT  0x8000u
#define TINY_APP_AT    0x10000u

/* text: in the segment, NUL-ended. */
void tiny_image(uint8_t *at, uint16_t chip_id, const char *text);

/* One row: a factory application of 128 KiB there. The rest of the sector is left as it is. */
void tiny_table(uint8_t *at, uint32_t app_at);

/* All three, into a flash of at least 256 KiB that is erased. */
void tiny_firmware(uint8_t *flash, uint16_t chip_id, const char *version);

#endif
