/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rfc2217: the bytes of Telnet (RFC 854) and of its serial port option (RFC 2217), both ways and for both sides.
 *
 * Used by   serial_rfc2217.c (client), sim/sim_ends.c (server), tests.   Uses  nothing: bytes in, events out.
 *
 *   data             every byte as it is, ff doubled
 *   ff VERB OPTION   fb WILL, fc WONT, fd DO, fe DONT
 *   ff fa 2c COMMAND VALUE... ff f0      ff doubled in it; a server's commands are 100 higher
 *   ff other         nothing to us
 *
 * Hostile peers   any bytes are a stream. A command longer than RFC2217_SUB_MAX is passed over whole. An option is answered
 *                 at most twice in each direction, so two sides cannot answer each other without end.
 * Memory          the caller owns the structs; they start as {0}.
 */
#ifndef TANDEM_LINUX_RFC2217_H
#define TANDEM_LINUX_RFC2217_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFC2217_SUB_MAX     16
#define RFC2217_COMMAND_MAX (6 + 2 * RFC2217_SUB_MAX) /* bytes on the wire */
#define RFC2217_FROM_SERVER 100

enum { TELNET_WILL = 0xfb, TELNET_WONT, TELNET_DO, TELNET_DONT };
enum { TELNET_BINARY = 0, TELNET_NO_GO_AHEAD = 3, TELNET_COM_PORT = 44 };

enum rfc2217_command {
    RFC2217_SET_BAUD = 1, /* 4 bytes, big endian; 0 asks */
    RFC2217_SET_DATA_SIZE,
    RFC2217_SET_PARITY,
    RFC2217_SET_STOP_SIZE,
    RFC2217_SET_CONTROL,
    RFC2217_SUSPEND = 8,
    RFC2217_RESUME,
    RFC2217_PURGE = 12
};

enum { RFC2217_8_BITS = 8, RFC2217_NO_PARITY = 1, RFC2217_1_STOP = 1, RFC2217_PURGE_INPUT = 1 };

enum rfc2217_control {
    RFC2217_NO_FLOW_CONTROL = 1,
    RFC2217_DTR_ON = 8,
    RFC2217_DTR_OFF,
    RFC2217_RTS_ON = 11,
    RFC2217_RTS_OFF
};

enum rfc2217_kind { RFC2217_NOTHING, RFC2217_DATA, RFC2217_OPTION, RFC2217_COMMAND };

struct rfc2217_event {
    enum rfc2217_kind kind;
    const uint8_t *data; /* DATA: within what was handed in. COMMAND: the value, until the next call */
    size_t len;
    uint8_t verb, option; /* OPTION  */
    uint8_t command;      /* COMMAND */
};

struct rfc2217_decoder {
    uint8_t state, verb;
    bool is_too_long;
    uint8_t sub[RFC2217_SUB_MAX];
    size_t sub_len;
};

/* len is not 0. How many bytes are done with, at least one; at most one event. */
size_t rfc2217_decode(struct rfc2217_decoder *d, const uint8_t *in, size_t len, struct rfc2217_event *event);

/* As much of the data as fits into cap; *used: how much that was. The length on the wire. */
size_t rfc2217_encode(uint8_t *out, size_t cap, const uint8_t *data, size_t len, size_t *used);

/* len at most RFC2217_SUB_MAX. The length on the wire. */
size_t rfc2217_command(uint8_t out[RFC2217_COMMAND_MAX], uint8_t command, const uint8_t *value, size_t len);

/* ---- options: binary, no go-ahead, COM port; all others are refused ---------------------------------------------------- */

enum { RFC2217_US, RFC2217_THEM, RFC2217_SIDES };
enum { RFC2217_OPTIONS = 3 };

struct rfc2217_options {
    uint8_t state[RFC2217_SIDES][RFC2217_OPTIONS];
    uint8_t refused[RFC2217_SIDES][256 / 8];
};

/* Asks whether that side may do the option: three bytes. */
size_t rfc2217_ask(struct rfc2217_options *o, int side, uint8_t option, uint8_t out[3]);
/* What is to be answered: three bytes, or 0. */
size_t rfc2217_answer(struct rfc2217_options *o, uint8_t verb, uint8_t option, uint8_t out[3]);
/* Whichever side offered it first. */
bool rfc2217_has_com_port(const struct rfc2217_options *o);
bool rfc2217_lacks_com_port(const struct rfc2217_options *o);

#endif
