/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/lines.h>

/* Reset first, strap with it: the strap stands before the release, and stays for boot_hold_ms after it. */
tdm_err tdm_lines_reset(struct tdm_lines *l, struct tdm_clock *clock, enum tdm_boot into)
{
    bool boot = into == TDM_BOOT_LOADER;

    tdm_err err = l->ops->set(l, true, boot);
    if (err == TDM_OK) {
        tdm_clock_sleep_ms(clock, l->reset_hold_ms);
        err = l->ops->set(l, false, boot);
    }
    if (err == TDM_OK && boot)
        tdm_clock_sleep_ms(clock, l->boot_hold_ms);
    /* Whatever failed, do not leave the chip in reset. */
    tdm_err released = l->ops->set(l, false, false);
    return err != TDM_OK ? err : released;
}
