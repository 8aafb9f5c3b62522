/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tiny_firmware.h"

#include <string.h>

#include "base/bytes.h"

#define LOAD_AT 0x4083cfd0u

void tiny_image(uint8_t *at, uint16_t chip_id, const char *text)
{
    uint8_t sum = 0xef;

    memset(at, 0, TINY_IMAGE_LEN);
    memcpy(at, (const uint8_t[]){0xe9, 1, 2, 0x2f}, 4);
    bytes_store_le32(at + 4, LOAD_AT);
    at[8] = 0xee;
    bytes_store_le16(at + 12, chip_id);
    bytes_store_le32(at + 24, LOAD_AT);
    bytes_store_le32(at + 28, TINY_SEGMENT);
    memcpy(at + 32, text, strnlen(text, TINY_SEGMENT - 1));
    for (uint32_t i = 0; i < TINY_SEGMENT; i++)
        sum ^= at[32 + i];
    at[TINY_IMAGE_LEN - 1] = sum;
}

void tiny_table(uint8_t *at, uint32_t app_at)
{
    memset(at, 0, 32);
    memcpy(at, (const uint8_t[]){0xaa, 0x50}, 2);
    bytes_store_le32(at + 4, app_at);
    bytes_store_le32(at + 8, 0x20000);
    memcpy(at + 12, "factory", 7);
}

void tiny_firmware(uint8_t *flash, uint16_t chip_id, const char *version)
{
    tiny_image(flash, chip_id, "bootloader");
    tiny_table(flash + TINY_TABLE_AT, TINY_APP_AT);
    tiny_image(flash + TINY_APP_AT, chip_id, version);
}
