/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_link: one command to the ROM loader and its reply, under a deadline.
 *
 * Used by   esprom_connect, esprom_identify, esprom_flash.   Uses  serial, clock, slip, esprom_packet.
 * Memory    the caller owns the link with its frame buffers.
 * Order     one command at a time; a reply is valid until the next one.
 * Retries   TIMEOUT and NOISE may heal, so a command that may be repeated is sent up to `tries` times. The ROM says
 *           "not understood" to a command that the wire damaged, so that is asked again, too.
 * Fault     link.fault tells of the last command only; the engine takes it over when it is final.
 */
#ifndef TANDEM_ESPROM_LINK_H
#define TANDEM_ESPROM_LINK_H

#include <tandem/esprom.h>

#include "esprom/esprom_packet.h"

#define ESPROM_LINK_TIMEOUT_MS 3000u   /* for commands that take no time of their own */
#define ESPROM_LINK_LONGEST_MS 240000u /* for any command */
#define ESPROM_LINK_TRIES      3u

struct esprom_ask {
    enum esprom_op op;
    const uint32_t *words; /* the data of a plain command */
    size_t word_count;
    const uint8_t *block; /* the data of a block command; NULL: plain */
    uint16_t block_len;
    uint32_t number;
    size_t expected;      /* bytes of the reply before its status */
    uint32_t timeout_ms;  /* without the time the bytes need on the wire; 0: ESPROM_LINK_TIMEOUT_MS */
    unsigned tries;       /* 0: ESPROM_LINK_TRIES. 1: repeating it would not be harmless */
    bool ends_in_silence; /* not repeated when nothing was answered: it may still be at work */
};

void esprom_link_init(struct esprom_link *l, struct tdm_serial *serial, struct tdm_clock *clock);

/* Port and link to another rate. */
TDM_MUST_USE tdm_err esprom_link_set_baud(struct esprom_link *l, uint32_t baud);

/* The two halves of asking once: send, and hear the answer. The frame stays in wire until the next command. */
TDM_MUST_USE tdm_err esprom_link_send(struct esprom_link *l, const struct esprom_ask *ask);
TDM_MUST_USE tdm_err esprom_link_hear(struct esprom_link *l, const struct esprom_ask *ask, struct esprom_reply *reply);
/* The frame that lies in wire once more, when its reply did not come. */
TDM_MUST_USE tdm_err esprom_link_send_again(struct esprom_link *l);

/* TDM_OK: *reply is a success. PEER: the ROM refused, its reason is fault.at. NOISE, TIMEOUT, or the port's error. */
TDM_MUST_USE tdm_err esprom_link_ask(struct esprom_link *l, const struct esprom_ask *ask, struct esprom_reply *reply);

/*
 * One SYNC; after TDM_OK the line is quiet again, whatever number of replies came. Input is not dropped: over a network
 * the reply to the last SYNC, or the text after a reset, may be on its way. Drop before the first what must not count.
 */
TDM_MUST_USE tdm_err esprom_link_sync(struct esprom_link *l, uint32_t timeout_ms, struct esprom_reply *reply);

/* Hear what the chip says by itself, until it is quiet for quiet_ms or longest_ms have passed. text: see esprom_boot. */
TDM_MUST_USE tdm_err esprom_link_listen(struct esprom_link *l, uint32_t quiet_ms, uint32_t longest_ms, char *text,
                                        size_t cap);

/* Common commands. */
TDM_MUST_USE tdm_err esprom_link_words(struct esprom_link *l, enum esprom_op op, const uint32_t *words, size_t count);
TDM_MUST_USE tdm_err esprom_link_read_reg(struct esprom_link *l, uint32_t reg, uint32_t *value);
TDM_MUST_USE tdm_err esprom_link_write_reg(struct esprom_link *l, uint32_t reg, uint32_t value);

/* Milliseconds for work on so many bytes of flash, at so many milliseconds a million: never short, never endless. */
uint32_t esprom_link_time_for(uint32_t bytes, uint32_t ms_per_million);

#endif
