/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_options: the command line of tandem-sim.
 *
 * Used by   tandem-sim.   Uses  sim_chip (its configuration).
 * Texts point into argv.
 */
#ifndef TANDEM_SIM_OPTIONS_H
#define TANDEM_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_chip.h"

struct sim_options {
    struct sim_chip_config chip; /* all but the flash */
    const char *flash_file;
    uint32_t flash_size;
    const char *pty_link, *control, *log_file; /* NULL: none */
    int tcp_port, rfc2217_port;                /* -1: none   */
    bool boot_strap;
    int exit_status; /* when sim_options_read() says false */
};

/* False: help was shown, or a sentence says what is wrong. */
bool sim_options_read(struct sim_options *o, int argc, char **argv);

#endif
