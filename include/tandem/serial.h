/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial: port to the UART that leads to the radio, or to whatever stands in for it (TCP, RFC 2217, the simulator).
 *
 * Implemented by  ports/linux/serial_tty.c, serial_tcp.c; sim/.
 *
 * Contract  8N1, no flow control, raw bytes. read: waits until at least one byte is there or timeout_ms has passed
 *           (TIMEOUT, *got 0); gives what is there, at most cap. timeout_ms 0 only looks. write: takes all of len within
 *           timeout_ms or fails; the bytes may still be on their way. set_baud: waits until everything written has left,
 *           then changes both directions. drop_input: forgets bytes received and not yet read.
 *           UNREACHABLE when the line is gone (device unplugged, connection closed). CANCELLED, from read and write
 *           only, once the operator wants the work to stop: engines hand it on and do not try again.
 */
#ifndef TANDEM_SERIAL_H
#define TANDEM_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/err.h>

struct tdm_serial;

struct tdm_serial_ops {
    tdm_err (*read)(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got);
    tdm_err (*write)(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms);
    tdm_err (*set_baud)(struct tdm_serial *s, uint32_t baud);
    tdm_err (*drop_input)(struct tdm_serial *s);
};

struct tdm_serial {
    const struct tdm_serial_ops *ops;
};

TDM_MUST_USE tdm_err tdm_serial_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got);
TDM_MUST_USE tdm_err tdm_serial_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms);
TDM_MUST_USE tdm_err tdm_serial_set_baud(struct tdm_serial *s, uint32_t baud);
TDM_MUST_USE tdm_err tdm_serial_drop_input(struct tdm_serial *s);

#endif
