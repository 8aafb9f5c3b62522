/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_ends: where the outside meets the simulated chip: a pty, a TCP port, a serial server (RFC 2217), a control
 *           socket, a flash file.
 *
 * Used by   tandem-sim.   Uses  the operating system.
 * Rates     a pty has no bits, but it has a termios: its speed is taken as the rate at which the host sends and
 *           listens. On plain TCP the host is taken to be at the chip's rate, on RFC 2217 it tells its own.
 * Nobody there  what the chip says while no program has the line open is lost, as on a cable.
 * Memory    what is opened is closed by sim_ends_close(), which also removes link and socket.
 */
#ifndef TANDEM_SIM_ENDS_H
#define TANDEM_SIM_ENDS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim_control.h"
#include "sim_rfc2217.h"

#define SIM_CONTROL_CLIENTS 4

struct sim_control_client {
    int fd;
    char line[SIM_CONTROL_LINE_MAX];
    size_t len;
};

struct sim_ends {
    int pty, tcp_listen, tcp, control_listen; /* -1: none */
    int rfc2217_listen, rfc2217;              /* likewise */
    int tcp_port, rfc2217_port;
    struct sim_rfc2217 server;
    uint8_t raw[4096]; /* of the server's client, not looked at yet */
    size_t raw_pos, raw_len;
    struct sim_control_client clients[SIM_CONTROL_CLIENTS];
    const char *pty_link, *control_path;
    bool pty_is_open; /* some program has the slave open */
};

/* False after a sentence on standard error. */
bool sim_ends_open(struct sim_ends *e, const char *pty_link, int tcp_port, int rfc2217_port, const char *control_path);
void sim_ends_close(struct sim_ends *e);

/* The flash file, mapped; NULL after a sentence on standard error. */
uint8_t *sim_ends_map_flash(const char *path, uint32_t size);

#define SIM_ENDS_POLL_MAX (5 + SIM_CONTROL_CLIENTS)
/* How long poll() may sleep when a closed pty must be looked at again by the clock. */
#define SIM_ENDS_LOOK_MS 10

size_t sim_ends_poll_set(const struct sim_ends *e, struct pollfd set[SIM_ENDS_POLL_MAX]);

/*
 * Serial bytes from the host, and the rate they were sent at. 0: none, or something else is to be done first: *act. LINES:
 * e->server.reset and boot are new; PURGE: what the chip has sent by now is to be forgotten. cap: at least sizeof e->raw.
 */
size_t sim_ends_receive(struct sim_ends *e, uint8_t *buf, size_t cap, uint32_t *baud, enum sim_rfc2217_act *act);
/* The rate at which the host listens. */
uint32_t sim_ends_listen_baud(const struct sim_ends *e);
void sim_ends_send(struct sim_ends *e, const uint8_t *data, size_t len);

/* The next whole line from a control client, and which one; false when there is none. */
bool sim_ends_control_line(struct sim_ends *e, char line[SIM_CONTROL_LINE_MAX], size_t *client);
void sim_ends_control_answer(struct sim_ends *e, size_t client, const char *answer);

#endif
