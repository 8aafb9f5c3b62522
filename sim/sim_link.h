/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_link: the ports serial, lines and clock, wired to a simulated chip in virtual time.
 *
 * Used by   tests and campaigns that run the engines against the chip in one process.   Uses  sim_chip.
 * Time      stands still unless somebody waits: read, sleep_ms, set_baud. Each wait goes from event to event.
 */
#ifndef TANDEM_SIM_LINK_H
#define TANDEM_SIM_LINK_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/lines.h>
#include <tandem/serial.h>

#include "sim_chip.h"

struct sim_link {
    struct tdm_serial serial;
    struct tdm_lines lines;
    struct tdm_clock clock;
    struct sim_chip *chip;
    uint64_t now_us;
    uint32_t baud;                     /* the host's */
    uint8_t heard[SIM_UART_HEARD_MAX]; /* arrived, not yet read */
    size_t heard_len, heard_pos;
};

/* The chip is set up by the caller; the host starts at the ROM's rate. */
void sim_link_init(struct sim_link *l, struct sim_chip *chip);

/* Let time pass. */
void sim_link_wait_us(struct sim_link *l, uint64_t us);

#endif
