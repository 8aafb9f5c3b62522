/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines_modem_steps: which states DTR and RTS take, one after the other, for the levels that RESET and BOOT shall have.
 *
 * Used by   lines_modem.c, tests.   Uses  nothing: it only decides.
 *
 * The two-transistor circuit of USB bridges and development boards, for which the steps are made:
 *
 *   RTS asserted alone   EN low      chip in reset
 *   DTR asserted alone   BOOT low    strap for the ROM loader
 *   both, or neither     nothing
 *
 * So the strap cannot stand while reset is held; it comes with the release, and EN rises slower than BOOT falls.
 *   together   both lines move in one act: no state in between. What a driver of the kernel can do.
 *   classic    DTR moves, then RTS: bridges that lose one of two changes in one request, and servers of RFC 2217.
 *   usb        the USB-Serial/JTAG unit inside the chip: there is no circuit; it watches for this very order of states.
 *   alternate  together and classic in turn with each reset into the loader, then both with a longer hold of the
 *              strap, for boards with a large capacitor at EN.
 * direct: DTR and RTS go straight to BOOT and RESET, with no circuit that couples them.
 * invert-reset, invert-boot: RTS, or DTR, is asserted where it would not be, and the other way round.
 */
#ifndef TANDEM_LINUX_LINES_MODEM_STEPS_H
#define TANDEM_LINUX_LINES_MODEM_STEPS_H

#include "linux/lines_backend.h"
#include "linux/serial_backend.h"

#define MODEM_STEPS_MAX    5
#define MODEM_LONG_HOLD_MS 500u /* on top of boot-hold-ms */
#define MODEM_USB_HOLD_MS  100u /* likewise */

struct modem_step {
    unsigned lines; /* SERIAL_DTR, SERIAL_RTS: asserted, the other one not */
    bool is_one_act;
    uint32_t then_ms;
};

/* The words behind "modem": "-WAY" or nothing, then ":OPTION,OPTION" or nothing. False: not understood. */
bool lines_modem_read(struct lines_modem *m, const char *words);

/* The state in which neither RESET nor BOOT is pulled. */
unsigned lines_modem_idle(const struct lines_modem *m);

/* How many steps lead to these levels. Each reset into the loader counts for `alternate`. */
size_t lines_modem_steps(struct lines_modem *m, bool reset, bool boot, struct modem_step out[MODEM_STEPS_MAX]);

#endif
