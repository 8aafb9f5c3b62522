/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines: port to the radio's RESET (EN) and BOOT strap inputs, as GPIOs or as DTR and RTS; the core cannot tell which.
 *
 * Implemented by  ports/linux/lines_modem.c, lines_command.c, lines_control.c; sim/.
 *
 * Contract  set: drive both inputs at once. reset true holds the chip in reset, boot true pulls the strap for the
 *           ROM loader (GPIO9 low on ESP32-H2, C6 and C3, while GPIO8 is high). Returns when the levels stand.
 *           is_wired false: there are no lines; set does nothing, and a person or another program does the resetting.
 *           The strap is sampled when reset is released: a reset by software does not sample it again.
 * Times     reset_hold_ms: how long reset is held. boot_hold_ms: how long the strap is held after the release.
 */
#ifndef TANDEM_LINES_H
#define TANDEM_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/err.h>

struct tdm_lines;

struct tdm_lines_ops {
    tdm_err (*set)(struct tdm_lines *l, bool reset, bool boot);
};

struct tdm_lines {
    const struct tdm_lines_ops *ops;
    bool is_wired;
    uint32_t reset_hold_ms; /* 100 is what vendor tools use */
    uint32_t boot_hold_ms;  /* 50 likewise                  */
};

enum tdm_boot { TDM_BOOT_APP, TDM_BOOT_LOADER };

/* Reset the chip into its application or its ROM loader, and leave both lines released. */
TDM_MUST_USE tdm_err tdm_lines_reset(struct tdm_lines *l, struct tdm_clock *clock, enum tdm_boot into);

#endif
