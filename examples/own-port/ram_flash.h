/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ram_flash: a storage port in memory, which behaves like NOR flash.
 *
 * Contract  <tandem/flash.h>. Ranges and alignment have been checked by the core before a function here is called.
 * Memory    the caller owns the struct and the bytes.
 * Power     nothing survives: on a device, sync returns when erases and programs are on the medium.
 */
#ifndef RAM_FLASH_H
#define RAM_FLASH_H

#include <tandem/flash.h>

struct ram_flash {
    struct tdm_flash port; /* what the core is given */
    uint8_t *bytes;
};

/* size: a multiple of 4096. */
void ram_flash_init(struct ram_flash *r, uint8_t *bytes, uint32_t size);

#endif
