/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_parts: what the chips that we simulate differ in. One row each; all code is the same for all.
 *
 * Used by   every file of the simulated chip.   Uses  nothing.
 * The esp32c3 row is what a real ROM answered (docs/SIMULATOR.md lists what was seen and what is read from documents).
 */
#ifndef TANDEM_SIM_PARTS_H
#define TANDEM_SIM_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why the chip starts: what the ROM prints, and what the radio reports over Spinel. */
enum sim_cause { SIM_CAUSE_POWER, SIM_CAUSE_SOFTWARE, SIM_CAUSE_WATCHDOG, SIM_CAUSES };

struct sim_cause_row {
    uint8_t number;   /* in the ROM's rst: line     */
    const char *name; /* beside it                  */
    uint8_t spinel;   /* LAST_STATUS after the boot */
};

struct sim_reg {
    uint32_t addr, value;
};

#define SIM_PART_REGS 4

struct sim_part {
    const char *name; /* "esp32h2" */
    uint16_t id;
    const char *rom, *build; /* first two lines of the ROM's banner */
    uint8_t boot_loader, boot_flash;
    const char *boot_loader_text, *boot_flash_text;
    const char *wait_text;
    struct sim_cause_row causes[SIM_CAUSES];
    uint32_t bootloader_offset;
    uint32_t spi_base, efuse_mac;
    uint16_t above_mac;           /* upper half of the second MAC word: FF FE of an EUI-64, or other facts */
    uint8_t rom_mhz, crystal_mhz; /* what the ROM takes its crystal for, and what it is; 0: the same */
    bool prints_one_mode_line;
    uint8_t eco;              /* last word of GET_SECURITY_INFO           */
    uint8_t last_key_purpose; /* its byte 11                              */
    uint8_t flash_maker, flash_type;
    struct sim_reg regs[SIM_PART_REGS]; /* read-only; address 0 ends the list */
};

/* NULL when there is no such part. */
const struct sim_part *sim_part_by_name(const char *name);

#endif
