/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/ioctl.h>

#include "linux/lines_backend.h"

/*
 * The two-transistor circuit of USB bridges and development boards:
 *
 *   RTS asserted alone   EN low      chip in reset
 *   DTR asserted alone   BOOT low    strap for the ROM loader
 *   both, or neither     nothing
 *
 * So the strap cannot stand while reset is held; it comes in the same act as the release, and EN rises slower than
 * BOOT falls. One ioctl moves both: two would pass through a state that is neither.
 */
int lines_modem_bits(bool reset, bool boot)
{
    if (reset)
        return TIOCM_RTS;
    return boot ? TIOCM_DTR : 0;
}

static tdm_err lines_modem_set(struct tdm_lines *port, bool reset, bool boot)
{
    const struct serial_linux *serial = lines_linux_self(port)->serial;
    int bits = 0;

    if (!serial->is_open)
        return TDM_E_STATE;
    if (ioctl(serial->fd, TIOCMGET, &bits) != 0)
        return TDM_E_UNREACHABLE;
    bits = (bits & ~(TIOCM_DTR | TIOCM_RTS)) | lines_modem_bits(reset, boot);
    return ioctl(serial->fd, TIOCMSET, &bits) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

static const struct tdm_lines_ops lines_modem_ops = {.set = lines_modem_set};

tdm_err lines_modem_open(struct lines_linux *l, struct tdm_fault *why)
{
    int bits = 0;

    if (l->serial == NULL || !l->serial->is_open || !l->serial->is_tty)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "lines_no_modem", "DTR and RTS need a local serial port", 0);
    if (ioctl(l->serial->fd, TIOCMGET, &bits) != 0)
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "lines_no_modem", "this serial port has no DTR and RTS",
                             (uint64_t)errno);
    l->port.ops = &lines_modem_ops;
    return TDM_OK;
}
