/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_wire.h"

#define FRAME_BITS        10u
#define TOLERANCE_PERCENT 3u
#define NS_PER_S          1000000000u

void sim_wire_init(struct sim_wire *w, bool is_instant)
{
    w->head = w->count = 0;
    w->free_ns = w->lost = 0;
    w->is_instant = is_instant;
}

void sim_wire_drop(struct sim_wire *w)
{
    w->head = w->count = 0;
    w->free_ns = 0;
}

void sim_wire_put(struct sim_wire *w, uint64_t now_us, uint32_t baud, const uint8_t *data, size_t len)
{
    uint64_t now_ns = now_us * 1000, byte_ns = w->is_instant ? 0 : (uint64_t)FRAME_BITS * NS_PER_S / baud;

    if (w->free_ns < now_ns)
        w->free_ns = now_ns;
    for (size_t i = 0; i < len; i++) {
        if (w->count == SIM_WIRE_CAP) {
            w->lost += len - i;
            return;
        }
        w->free_ns += byte_ns;
        w->ring[(w->head + w->count++) % SIM_WIRE_CAP] = (struct sim_wire_byte){w->free_ns, baud, data[i]};
    }
}

uint64_t sim_wire_next_us(const struct sim_wire *w)
{
    return w->count == 0 ? SIM_WIRE_NEVER : (w->ring[w->head].due_ns + 999) / 1000;
}

bool sim_wire_take(struct sim_wire *w, uint64_t now_us, struct sim_wire_byte *out)
{
    if (sim_wire_next_us(w) > now_us)
        return false;
    *out = w->ring[w->head];
    w->head = (w->head + 1) % SIM_WIRE_CAP;
    w->count--;
    return true;
}

static bool same_rate(uint32_t a, uint32_t b)
{
    uint32_t apart = a > b ? a - b : b - a;

    return (uint64_t)apart * 100 <= (uint64_t)b * TOLERANCE_PERCENT;
}

/* The line while one byte passes: start bit low, eight data bits from the lowest, then idle high. Times in ns. */
static bool level_at(const struct sim_wire_byte *sent, uint64_t at)
{
    uint64_t bit = at * sent->baud / NS_PER_S;

    if (bit == 0)
        return false;
    return bit > 8 || ((sent->value >> (bit - 1)) & 1);
}

size_t sim_uart_hear(const struct sim_wire_byte *sent, uint32_t baud, uint8_t heard[SIM_UART_HEARD_MAX])
{
    uint64_t bit_ns = NS_PER_S / baud, end = (uint64_t)FRAME_BITS * NS_PER_S / sent->baud, at = 0;
    size_t n = 0;

    if (same_rate(sent->baud, baud)) {
        heard[0] = sent->value;
        return 1;
    }
    while (n < SIM_UART_HEARD_MAX) {
        uint8_t value = 0;
        while (at < end && level_at(sent, at)) /* a falling edge begins a frame */
            at += bit_ns / 4 + 1;
        if (at >= end)
            return n;
        if (level_at(sent, at + bit_ns / 2)) { /* too short for a start bit */
            at += bit_ns / 2;
            continue;
        }
        for (unsigned bit = 0; bit < 8; bit++)
            value |= (uint8_t)(level_at(sent, at + bit_ns * (2 * bit + 3) / 2) << bit);
        heard[n++] = value;
        at += bit_ns * FRAME_BITS;
    }
    return n;
}
