/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_esprom_calls: one request on its way through the simulated loader, and the requests that write flash.
 *
 * Used by   sim_esprom.c (which dispatches), sim_esprom_flash.c.   Uses  sim_esprom.
 * A call returns 0 or the ROM's reason.
 */
#ifndef TANDEM_SIM_ESPROM_CALLS_H
#define TANDEM_SIM_ESPROM_CALLS_H

#include "base/bytes.h"
#include "sim_esprom.h"

enum {
    ROM_OK = 0,
    ROM_BAD_FORMAT = 5,
    ROM_FAILED = 6,
    ROM_BAD_CHECKSUM = 7,
    ROM_BAD_READ = 9,
    ROM_BAD_LENGTH = 0x0a,
    ROM_BAD_ADLER = 0x0c,
};

#define READ_SLOW_LEN 64

/* What a request hands to its row, and what the row adds to the reply. */
struct call {
    struct bytes_reader in; /* the payload */
    const uint8_t *payload;
    size_t payload_len;
    uint32_t checksum;
    uint8_t data[READ_SLOW_LEN];
    size_t data_len;
};

/* By what SPI_SET_PARAMS said, and by what there is. */
bool rom_is_out_of_flash(const struct sim_esprom *r, uint32_t addr, uint32_t len);
/* Of what is left of the payload. */
uint8_t rom_block_sum(const struct call *c);
void rom_close_inflater(struct sim_esprom *r);

uint8_t rom_flash_begin(struct sim_esprom *r, struct call *c);
uint8_t rom_flash_data(struct sim_esprom *r, struct call *c);
uint8_t rom_flash_end(struct sim_esprom *r, struct call *c);
uint8_t rom_defl_begin(struct sim_esprom *r, struct call *c);
uint8_t rom_defl_data(struct sim_esprom *r, struct call *c);
uint8_t rom_defl_end(struct sim_esprom *r, struct call *c);

#endif
