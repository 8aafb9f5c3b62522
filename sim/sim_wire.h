/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_wire: one direction of a serial line. Bytes go in at a rate and come out when they would have arrived.
 *
 * Used by   sim_chip (one wire each way), tests that add faults.   Uses  nothing.
 * Rate      8N1, so ten bit times a byte. A receiver at another rate (more than 3 % off) samples the waveform at its
 *           own times and gets what a UART would get of it: fewer, more or other bytes. Each byte is sampled on its own.
 * Full      a wire holds SIM_WIRE_CAP bytes; what does not fit is lost and counted.
 * Units     time in microseconds at the interface, nanoseconds inside, rates in bit/s.
 */
#ifndef TANDEM_SIM_WIRE_H
#define TANDEM_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_WIRE_CAP   32768u
#define SIM_WIRE_NEVER UINT64_MAX
/* A slow byte fills at most so many frames of a receiver ten times as fast. */
#define SIM_UART_HEARD_MAX 16

struct sim_wire_byte {
    uint64_t due_ns;
    uint32_t baud;
    uint8_t value;
};

struct sim_wire {
    struct sim_wire_byte ring[SIM_WIRE_CAP];
    size_t head, count;
    uint64_t free_ns; /* when the last byte put in has left the sender */
    uint64_t lost;
    bool is_instant; /* no line speed: everything is due at once */
};

void sim_wire_init(struct sim_wire *w, bool is_instant);
void sim_wire_drop(struct sim_wire *w);

/* Send at baud, the first bit at now_us or when the line is free. */
void sim_wire_put(struct sim_wire *w, uint64_t now_us, uint32_t baud, const uint8_t *data, size_t len);

/* When the next byte is whole, or SIM_WIRE_NEVER. */
uint64_t sim_wire_next_us(const struct sim_wire *w);

/* Take the next byte if it is due. */
bool sim_wire_take(struct sim_wire *w, uint64_t now_us, struct sim_wire_byte *out);

/* What a receiver at baud makes of one byte: how many values it puts into heard. */
size_t sim_uart_hear(const struct sim_wire_byte *sent, uint32_t baud, uint8_t heard[SIM_UART_HEARD_MAX]);

#endif
