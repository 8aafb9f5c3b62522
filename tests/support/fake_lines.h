/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_lines: reset and strap lines that tell the test's peer when the chip starts, and into what.
 *
 * The fake fails the test when reset was held shorter than reset_hold_ms, or the strap let go too early.
 */
#ifndef TANDEM_TEST_FAKE_LINES_H
#define TANDEM_TEST_FAKE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/lines.h>

#include "support/fake_clock.h"

struct fake_lines {
    struct tdm_lines port;
    struct fake_clock *clock;
    void (*on_reset)(struct fake_lines *l, void *peer, enum tdm_boot into); /* at the release; may be NULL */
    void *peer;
    tdm_err broken; /* not TDM_OK: set answers this */

    size_t resets, loader_resets; /* so far */
    bool reset, boot;             /* levels now */
    uint32_t reset_since_ms, released_at_ms;
};

void fake_lines_init(struct fake_lines *l, struct fake_clock *clock);

#endif
