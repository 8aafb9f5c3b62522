/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_rfc2217: a serial server (RFC 2217) with the simulated chip behind it: what it answers to one client.
 *
 * Used by   sim_ends.c.   Uses  ports/linux/rfc2217.h (bytes and events).
 * Lines     RTS and DTR lead to the chip through the usual two transistors: RTS alone resets, DTR alone pulls BOOT. While
 *           both are asserted, the chip stays as it was: its EN has a capacitor that outlasts the delay of any network.
 * Memory    the caller's; starts with sim_rfc2217_init().
 */
#ifndef TANDEM_SIM_RFC2217_H
#define TANDEM_SIM_RFC2217_H

#include "linux/rfc2217.h"

struct sim_rfc2217 {
    struct rfc2217_decoder decoder;
    struct rfc2217_options options;
    uint32_t baud;
    bool dtr, rts;
    bool reset, boot; /* what the chip gets of them */
    uint8_t reply[RFC2217_COMMAND_MAX];
    size_t reply_len; /* to be sent after each call */
};

enum sim_rfc2217_act { SIM_RFC2217_NOTHING, SIM_RFC2217_DATA, SIM_RFC2217_LINES, SIM_RFC2217_PURGE };

void sim_rfc2217_init(struct sim_rfc2217 *r, uint32_t baud);

/* len is not 0. How many bytes are done with, and what they ask for; *data: of DATA, within `in`. */
size_t sim_rfc2217_take(struct sim_rfc2217 *r, const uint8_t *in, size_t len, enum sim_rfc2217_act *act,
                        const uint8_t **data, size_t *data_len);

#endif
