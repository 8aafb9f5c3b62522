/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial_backend: what the files of the serial port share. serial_open.c chooses by the address and moves bytes;
 * serial_tty.c, serial_tcp.c and serial_rfc2217.c each open one kind of wire.
 *
 * Used by   serial_open.c, lines_modem.c.   Every function leaves s->fd alone when it fails.
 */
#ifndef TANDEM_LINUX_SERIAL_BACKEND_H
#define TANDEM_LINUX_SERIAL_BACKEND_H

#include "linux/tandem_linux.h"

#define SERIAL_TCP_PREFIX     "socket://"
#define SERIAL_RFC2217_PREFIX "rfc2217://"

/* A tty: opened, locked against other programs, raw, at this rate. */
TDM_MUST_USE tdm_err serial_tty_open(struct serial_linux *s, const char *path, uint32_t baud, struct tdm_fault *why);
void serial_tty_close(struct serial_linux *s);

/* Both directions at any rate the driver can make; UNSUPPORTED when it comes out more than 3 % off. */
TDM_MUST_USE tdm_err serial_tty_set_raw(int fd, uint32_t baud);
/* Returns when everything written has left, TIMEOUT when the line does not take it. */
TDM_MUST_USE tdm_err serial_tty_drain(int fd);
TDM_MUST_USE tdm_err serial_tty_drop_input(int fd);

/* DTR and RTS, as far as this serial port has them. */
enum { SERIAL_DTR = 1, SERIAL_RTS = 2 };
bool serial_linux_has_modem(const struct serial_linux *s);
/* These are asserted and the others not. is_one_act: both move at once; else DTR, then RTS. */
TDM_MUST_USE tdm_err serial_linux_set_modem(struct serial_linux *s, unsigned lines, bool is_one_act);

bool serial_tty_has_modem(int fd);
TDM_MUST_USE tdm_err serial_tty_set_modem(int fd, unsigned lines, bool is_one_act);

/* HOST:PORT or [HOST]:PORT over TCP; as plain bytes, and with Telnet's serial port option. */
TDM_MUST_USE tdm_err serial_tcp_open(struct serial_linux *s, const char *address, uint32_t baud, struct tdm_fault *why);
TDM_MUST_USE tdm_err serial_rfc2217_open(struct serial_linux *s, const char *address, uint32_t baud,
                                         struct tdm_fault *why);
/* s->fd is connected. */
TDM_MUST_USE tdm_err serial_rfc2217_begin(struct serial_linux *s, uint32_t baud, struct tdm_fault *why);
TDM_MUST_USE tdm_err serial_rfc2217_set_modem(struct serial_linux *s, unsigned lines);

/* What is on the descriptor, as it is. What must happen even after the operator has had enough does not heed that. */
enum serial_heed { SERIAL_HEEDS_CANCEL, SERIAL_GOES_ON };
TDM_MUST_USE tdm_err serial_wire_receive(const struct serial_linux *s, uint8_t *buf, size_t cap,
                                         const struct tdm_deadline *deadline, enum serial_heed heed, size_t *got);
/* *sent is told whatever happens. */
TDM_MUST_USE tdm_err serial_wire_send(const struct serial_linux *s, const uint8_t *data, size_t len,
                                      const struct tdm_deadline *deadline, enum serial_heed heed, size_t *sent);

#endif
