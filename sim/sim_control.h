/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_control: the commands that a person or a program gives to the simulated chip's pins, one a line.
 *
 * Used by   tandem-sim.   Uses  sim_chip.
 *   reset 0|1    boot 0|1    power 0|1    state    quit
 * Answer: "ok", "ok NAME" for state, or "error TEXT", each with a newline.
 */
#ifndef TANDEM_SIM_CONTROL_H
#define TANDEM_SIM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_chip.h"

#define SIM_CONTROL_LINE_MAX 64

/* line: without newline. False when the program is to end. */
bool sim_control_line(struct sim_chip *c, uint64_t now_us, const char *line, char answer[SIM_CONTROL_LINE_MAX]);

#endif
