/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/lines_modem_steps.h"

static tdm_err apply(struct lines_linux *l, const struct modem_step *steps, size_t count)
{
    struct clock_posix clock;

    clock_posix_init(&clock);
    for (size_t i = 0; i < count; i++) {
        tdm_err err = serial_linux_set_modem(l->serial, steps[i].lines, steps[i].is_one_act);
        if (err != TDM_OK)
            return err;
        if (steps[i].then_ms > 0)
            tdm_clock_sleep_ms(&clock.port, steps[i].then_ms);
    }
    return TDM_OK;
}

static tdm_err lines_modem_set(struct tdm_lines *port, bool reset, bool boot)
{
    struct lines_linux *l = lines_linux_self(port);
    struct modem_step steps[MODEM_STEPS_MAX];

    if (!l->serial->is_open)
        return TDM_E_STATE;
    return apply(l, steps, lines_modem_steps(&l->modem, reset, boot, steps));
}

/*
 * Whoever opens a port asserts DTR and RTS. Two transistors make nothing of that; without them, or inverted, it pulls RESET
 * or BOOT, and firmware that is held in reset cannot be asked. BOOT goes first: the strap is sampled as RESET rises.
 */
static tdm_err let_go(const struct lines_linux *l)
{
    const struct lines_modem *m = &l->modem;

    if (!m->is_direct && !m->reset_inverted && !m->boot_inverted)
        return TDM_OK;
    return serial_linux_set_modem(l->serial, lines_modem_idle(m), false);
}

static const struct tdm_lines_ops lines_modem_ops = {.set = lines_modem_set};

tdm_err lines_modem_open(struct lines_linux *l, struct tdm_fault *why)
{
    if (!lines_modem_read(&l->modem, l->target))
        return tdm_fault_set(
            why, TDM_E_FORMAT, "lines_bad_spec",
            "modem lines are modem, modem-together, modem-classic or modem-usb, and behind a colon any "
            "of direct, invert-reset, invert-boot",
            0);
    if (l->serial == NULL || !l->serial->is_open || !serial_linux_has_modem(l->serial))
        return tdm_fault_set(why, TDM_E_UNSUPPORTED, "lines_no_modem",
                             "DTR and RTS need a local serial port that has them, or rfc2217://", 0);
    tdm_err err = let_go(l);
    if (err != TDM_OK)
        return tdm_fault_set(why, err, "lines_failed", "DTR and RTS could not be moved", 0);
    l->port.ops = &lines_modem_ops;
    return TDM_OK;
}
