/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_flash: NOR flash. Erasing a sector sets every bit, programming can only clear bits.
 *
 * Used by   the simulated chip, tests (it is a flash port as well).   Uses  hal/flash.
 * Memory    the caller owns the bytes: an array, or a file mapped by tandem-sim. They are taken as they are.
 * Units     bytes; sectors of SIM_FLASH_SECTOR, pages of SIM_FLASH_PAGE.
 */
#ifndef TANDEM_SIM_FLASH_H
#define TANDEM_SIM_FLASH_H

#include <stdint.h>

#include <tandem/flash.h>

#define SIM_FLASH_SECTOR 4096u
#define SIM_FLASH_PAGE   256u

struct sim_flash {
    struct tdm_flash port;
    uint8_t *mem;
    uint64_t sectors_erased, bytes_programmed; /* since init, for tests and benchmarks */
};

/* size: a multiple of SIM_FLASH_SECTOR. */
void sim_flash_init(struct sim_flash *f, uint8_t *mem, uint32_t size);

#endif
