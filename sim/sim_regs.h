/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_regs: what READ_REG and WRITE_REG see: identity, eFuses, the SPI controller with the flash behind it, some RAM.
 *
 * Used by   sim_esprom.   Uses  sim_parts, sim_flash (its size only).
 * Registers that nothing is known about keep what is written to them and start as 0. At most SIM_REGS_KEPT are kept.
 * SPI       writing CMD bit 18 runs the command in USR2: RDID, SFDP, status reads, reset. Everything else reads as 0.
 */
#ifndef TANDEM_SIM_REGS_H
#define TANDEM_SIM_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_flash.h"
#include "sim_parts.h"

#define SIM_REGS_KEPT 256
#define SIM_RAM_SIZE  65536u

struct sim_regs {
    const struct sim_part *part;
    uint32_t flash_size;
    bool is_flash_mute; /* its id reads as all ones */
    uint8_t mac[6];
    struct sim_reg kept[SIM_REGS_KEPT];
    size_t kept_count;
    uint32_t ram_base; /* where the last MEM_BEGIN pointed */
    uint8_t ram[SIM_RAM_SIZE];
};

void sim_regs_init(struct sim_regs *r, const struct sim_part *part, uint32_t flash_size, const uint8_t mac[6]);

uint32_t sim_regs_read(const struct sim_regs *r, uint32_t addr);
void sim_regs_write(struct sim_regs *r, uint32_t addr, uint32_t value, uint32_t mask);

#endif
