/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_line: the serial line between the engine and the simulated chip, whole frame by whole frame, with faults on it.
 *
 * Used by   wire_faults.   Uses  sim_link, wire_count.
 * Frames    numbered from 0 in each direction; what stands between frames passes byte by byte and is not counted.
 * Memory    one line, in wire_line.c.
 */
#ifndef TANDEM_WIRE_LINE_H
#define TANDEM_WIRE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/serial.h>

#include "sim_link.h"
#include "wire_count.h"

enum wire_fault {
    WIRE_LOST,
    WIRE_DOUBLED,
    WIRE_FLIPPED,
    WIRE_CUT,
    WIRE_LATE,
    WIRE_TOO_LATE,
    WIRE_TEXT,
    WIRE_RADIO_POWER,
    WIRE_HOST_POWER,
    WIRE_ALL_POWER, /* of host and radio */
    WIRE_FAULTS
};

enum wire_direction { WIRE_TO_CHIP, WIRE_TO_HOST, WIRE_DIRECTIONS };

struct wire_plan {
    enum wire_fault fault;
    enum wire_direction direction;
    unsigned frame;
    unsigned one_in; /* 0: only the frame above; else a draw for each frame, of the faults up to WIRE_TEXT */
};

extern const char *const wire_fault_names[WIRE_FAULTS];
extern const struct wire_plan wire_no_fault;

struct wire_end { /* how it went */
    unsigned frames[WIRE_DIRECTIONS];
    bool host_is_dead;
    bool may_stray; /* a ROM may have obeyed what nobody meant: a command with a flipped bit, as only blocks have a
                       checksum, or a block that others overtook, as no wire lets them */
    bool had_cut;   /* the radio lost its power */
};

/* A line without a past, over the link. cut: called when the radio has lost its power. */
struct tdm_serial *wire_line_begin(struct sim_link *link, const struct wire_plan *plan, struct wire_count *count,
                                   void (*cut)(void));
const struct wire_end *wire_line_end(void);

void wire_seed(uint64_t seed);
uint64_t wire_draw(uint64_t below);

#endif
