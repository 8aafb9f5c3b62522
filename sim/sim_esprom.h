/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_esprom: the ROM serial loader of a simulated chip: request bytes in, reply bytes and their cost in time out.
 *
 * Used by   sim_chip.   Uses  slip, md5, zlib, sim_regs, sim_flash.
 * Follows what an ESP32-C3 ROM, run in an emulator, answered (docs/SIMULATOR.md). What it keeps of a transfer is what that
 * ROM keeps: the next sequence number, the next flash address, an open inflater with up to 32 KiB not yet on flash.
 * Memory    the caller owns the struct; the inflater takes heap, sim_esprom_deinit() gives it back.
 * Time      nothing here waits: a reply says how long the ROM was busy before it.
 */
#ifndef TANDEM_SIM_ESPROM_H
#define TANDEM_SIM_ESPROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "sim_flash.h"
#include "sim_parts.h"
#include "sim_regs.h"
#include "slip/slip.h"

#define SIM_ROM_BAUD      115200u
#define SIM_ROM_BLOCK_MAX 4096u
#define SIM_ROM_FRAME_MAX 20480u
#define SIM_ROM_REPLY_MAX 256u
#define SIM_ROM_INFLATED  32768u
/* The flash size that the loader believes in before SPI_SET_PARAMS. */
#define SIM_ROM_FLASH_SIZE (2u * 1024 * 1024)

struct sim_flash_times {
    uint32_t erase_us;   /* a sector of 4096 */
    uint32_t program_us; /* a page of 256    */
};

#define SIM_SECURITY_BOOT     (1u << 0)
#define SIM_SECURITY_DOWNLOAD (1u << 2)

struct sim_rom_config { /* set by the caller */
    const struct sim_part *part;
    struct sim_flash *flash;
    uint8_t mac[6];
    struct sim_flash_times times;
    uint32_t security_flags; /* of GET_SECURITY_INFO; bit 2, secure download mode, is obeyed */
    uint8_t crypt_count;     /* odd: the flash is encrypted */
    bool is_strict;          /* refuse flash commands before SPI_ATTACH */
};

enum sim_rom_then { SIM_ROM_STAY, SIM_ROM_RESTART, SIM_ROM_RUN_NOTHING };

struct sim_rom_answer {
    uint64_t busy_us; /* before the first byte */
    uint8_t bytes[SIM_ROM_REPLY_MAX];
    size_t len;
    uint32_t new_baud; /* 0: as it is */
    const char *after; /* sent last, at the new rate; may be "" */
    enum sim_rom_then then;
};

struct sim_esprom {
    struct sim_rom_config cfg;
    struct sim_regs regs;
    struct slip_decoder slip;
    uint8_t frame[SIM_ROM_FRAME_MAX];
    struct sim_rom_answer answer;
    uint8_t last_op;
    uint32_t value; /* of the last SYNC or READ_REG; every reply carries it */
    bool is_synced, is_attached;
    uint32_t flash_size; /* by SPI_SET_PARAMS */

    uint32_t next_seq, next_addr, announced, written, blocks, block_size;
    bool has_begun;
    uint32_t mem_seq, mem_at;

    z_stream zlib;
    bool is_inflating, is_damaged;
    uint8_t inflated[SIM_ROM_INFLATED];
};

void sim_esprom_init(struct sim_esprom *r, const struct sim_rom_config *cfg);
void sim_esprom_deinit(struct sim_esprom *r);

/* True when this byte completes a request: r->answer is what the ROM does about it. */
bool sim_esprom_push(struct sim_esprom *r, uint8_t byte);

#endif
