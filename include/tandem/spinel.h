/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spinel: ask a radio whether it is alive and who it is. Nothing else of Spinel is spoken here.
 *
 * Used by   reconcile, the rcp commands.   Uses  serial, lines, clock.
 * Memory    the caller owns the probe; nothing is allocated.
 * Facts     protocol 4; version text at most 127 bytes of printable ASCII; EUI-64 big-endian as printed on labels.
 * Fault     radio_silent (not a byte), radio_noise (bytes, but no answer), bad_reply, radio_refused (its status in at),
 *           radio_protocol (its number in at), not_an_rcp (the missing capability in at), port_lost, port_io,
 *           port_stuck, lines_failed.
 */
#ifndef TANDEM_SPINEL_H
#define TANDEM_SPINEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/err.h>
#include <tandem/lines.h>
#include <tandem/log.h>
#include <tandem/serial.h>

#define SPINEL_VERSION_MAX 127
#define SPINEL_FRAME_MAX   1300
#define SPINEL_CAPS_MAX    64

enum spinel_cap {
    SPINEL_CAP_CONFIG_RADIO = 34,
    SPINEL_CAP_RCP_API = 64,
    SPINEL_CAP_RCP_MIN_HOST_API = 65,
    SPINEL_CAP_MAC_RAW = 513
};

struct spinel_identity {
    uint32_t protocol_major, protocol_minor;
    char version[SPINEL_VERSION_MAX + 1]; /* byte for byte what the firmware says */
    uint8_t hwaddr[8];
    uint32_t caps[SPINEL_CAPS_MAX];
    size_t cap_count;
    uint32_t api, min_host_api; /* 1 when the firmware reports none */
    uint32_t radio_caps;        /* 0 when the firmware reports none */
};

bool spinel_has_cap(const struct spinel_identity *who, uint32_t cap);

/* How far to go to get an answer. Each step includes those before it. */
enum spinel_effort {
    SPINEL_ASK,        /* only ask                                          */
    SPINEL_RESET_SOFT, /* ask the firmware to reset its stack, then ask      */
    SPINEL_RESET_HARD, /* pull the RESET line, then ask                      */
};

/* Somebody who pulls the RESET line and reads what the chip prints then. TDM_OK: its firmware may come. Sets the rate. */
struct spinel_starter {
    tdm_err (*start)(struct spinel_starter *s, struct tdm_fault *fault);
};

struct spinel_config { /* set by the caller */
    struct tdm_serial *serial;
    struct tdm_lines *lines;
    struct tdm_clock *clock;
    struct tdm_log *log;
    uint32_t baud;
    uint32_t reply_ms;              /* per request; 0: 500  */
    uint32_t boot_ms;               /* for the notice after a reset; 0: 2000 */
    unsigned tries;                 /* of a request that stays without an answer; 0: 3 */
    struct spinel_starter *starter; /* for the RESET line; NULL: it is only pulled     */
};

struct spinel {
    struct spinel_config cfg;
    struct tdm_fault fault;
    bool goes_hard;                      /* the RESET line will be pulled if need be  */
    uint8_t tid;                         /* last transaction id used                  */
    uint8_t frame[SPINEL_FRAME_MAX + 2]; /* one received frame with its check sequence */
};

void spinel_init(struct spinel *s, const struct spinel_config *cfg);

/*
 * TIMEOUT when the radio does not answer; MISMATCH when it answers but is no RCP (protocol, capabilities): no reset
 * follows then. Without wired lines the last step of SPINEL_RESET_HARD is left out, so the one before it gets all the time
 * there is; with them it gets what firmware that listens needs, and bytes that are no Spinel at all are not asked to reset
 * a stack. who is whole after TDM_OK only.
 */
TDM_MUST_USE tdm_err spinel_probe(struct spinel *s, enum spinel_effort effort, struct spinel_identity *who);

/* Right after somebody else has reset the chip: wait for the notice, then ask. */
TDM_MUST_USE tdm_err spinel_probe_after_reset(struct spinel *s, struct spinel_identity *who);

#endif
