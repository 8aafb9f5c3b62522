/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spinel_link: one request and its reply over HDLC on a serial port.
 *
 * Used by   spinel_probe.   Uses  serial, clock, log, hdlc, spinel_frame.
 * Replies   are known by their transaction id. What nobody asked for (log lines, radio packets, late answers, bytes of
 *           a boot loader) is dropped.
 * Retries   a request that stays without a usable reply is sent `tries` times in all, each with a new transaction id, so
 *           that a late answer to one try cannot pass for the answer to the next.
 * Memory    the caller owns link and buffer. A reply points into the buffer until the next call.
 */
#ifndef TANDEM_SPINEL_LINK_H
#define TANDEM_SPINEL_LINK_H

#include <tandem/clock.h>
#include <tandem/log.h>
#include <tandem/serial.h>

#include "hdlc/hdlc.h"
#include "spinel/spinel_frame.h"

struct spinel_link {
    struct tdm_serial *serial;
    struct tdm_clock *clock;
    struct tdm_log *log;
    struct tdm_fault *fault;
    uint32_t reply_ms;
    unsigned tries;
    uint8_t *tid; /* the last one used, kept by the caller from link to link */

    struct hdlc_decoder decoder;
    uint8_t in[64]; /* read and not yet decoded */
    size_t in_len, in_pos;
    uint64_t heard;      /* bytes of any kind                                  */
    uint32_t bad_frames; /* not Spinel, or not what the request can have wanted */
};

/* The caller has set the fields above the blank line; buf holds one frame and its FCS. */
void spinel_link_start(struct spinel_link *l, uint8_t *buf, size_t cap);

/* Send, expect nothing. The transaction id is the frame's own. */
TDM_MUST_USE tdm_err spinel_link_send(struct spinel_link *l, const struct spinel_frame *frame);

/* The value of a property, or TDM_E_PEER with the radio's status in fault.at. */
TDM_MUST_USE tdm_err spinel_link_get(struct spinel_link *l, uint32_t property, struct spinel_frame *reply);

/* True when a reset notice came within ms; false also when the port failed, and then the fault is set. */
bool spinel_link_saw_reset(struct spinel_link *l, uint32_t ms);

#endif
