/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_serial: a serial port whose other end is a function of the test.
 *
 * The test's peer hears every write at once and answers with fake_serial_say(), now or later. The clock moves only when
 * the code under test waits in read; so a missing answer costs exactly the deadline, and no test sleeps.
 * The fake fails the test when its contract is broken: no buffer, or a wait that nobody would sit through.
 */
#ifndef TANDEM_TEST_FAKE_SERIAL_H
#define TANDEM_TEST_FAKE_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/serial.h>

#include "support/fake_clock.h"

#define FAKE_SERIAL_QUEUE   65536
#define FAKE_SERIAL_WAIT_MS 240000u /* no single wait may be longer */

struct fake_serial {
    struct tdm_serial port;
    struct fake_clock *clock;
    uint32_t baud; /* as the code under test set it */
    void (*on_write)(struct fake_serial *s, void *peer, const uint8_t *data,
                     size_t len); /* may be NULL: nobody hears */
    void *peer;
    size_t read_max;               /* bytes one read gives at most, 0: all that have arrived */
    tdm_err broken;                /* not TDM_OK: every call answers this                    */
    uint32_t lacks_from, lacks_to; /* it cannot have these rates; 0: it can have all */

    size_t writes, drops, baud_changes; /* calls so far */

    struct {
        uint8_t byte;
        uint32_t at_ms;
    } queue[FAKE_SERIAL_QUEUE];
    size_t head, tail;
};

void fake_serial_init(struct fake_serial *s, struct fake_clock *clock);

/* The other end sends: the bytes arrive delay_ms from now, after those said before. */
void fake_serial_say(struct fake_serial *s, const void *data, size_t len, uint32_t delay_ms);

#endif
