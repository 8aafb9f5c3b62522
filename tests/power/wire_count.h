/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_count: what a host sends to the loader, by kind; and what a flash must cost, by the sectors that are missing.
 *
 * Used by   wire_faults, wire_line.   Uses  zlib, slip.
 * Bytes     of packets before SLIP escapes some of them, with the two marks around each.
 * Needed    is reckoned from the flash itself: no digest and nothing of the engine takes part in it.
 */
#ifndef TANDEM_WIRE_COUNT_H
#define TANDEM_WIRE_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#define WIRE_INFLATED_UNIT 32768u /* what a ROM holds in memory before it writes it */

struct wire_count {
    uint64_t payload, bytes; /* of blocks alone, of all packets */
    unsigned blocks, begins, digests;
    /* the stream under way, as far as the chip has it */
    z_stream zlib;
    bool is_inflating;
    uint32_t offset, received, last; /* received: bytes of firmware; last: those of the latest block */
};

void wire_count_begin(struct wire_count *c);
void wire_count_end(struct wire_count *c);
/* One frame that the host sends; reaches_chip: whole, as it is. */
void wire_count_sent(struct wire_count *c, const uint8_t *frame, size_t len, bool reaches_chip);

struct wire_region {
    uint32_t offset, size;
};

struct wire_need {
    unsigned sectors, runs, blocks;
    uint64_t payload;
};

/* What is not right of the regions, and the blocks that carry it. */
struct wire_need wire_need_of(const uint8_t *flash, const uint8_t *wanted, const struct wire_region *regions,
                              size_t count, bool is_packed);

/* The bytes that a session without faults may send at most when so much is missing. */
uint64_t wire_need_bytes(const struct wire_need *need, const struct wire_region *regions, size_t count);

#endif
