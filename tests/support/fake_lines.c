/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void release(struct fake_lines *l, bool boot)
{
    assert_true(l->clock->now_ms - l->reset_since_ms >= l->port.reset_hold_ms);
    assert_int_equal(boot, l->boot); /* the strap must not move together with the release */
    l->released_at_ms = l->clock->now_ms;
    l->resets++;
    l->loader_resets += boot;
    if (l->on_reset)
        l->on_reset(l, l->peer, boot ? TDM_BOOT_LOADER : TDM_BOOT_APP);
}

static tdm_err fake_set(struct tdm_lines *port, bool reset, bool boot)
{
    struct fake_lines *l = (struct fake_lines *)port;

    if (l->broken != TDM_OK || !l->port.is_wired)
        return l->broken;
    if (reset && !l->reset)
        l->reset_since_ms = l->clock->now_ms;
    if (!reset && l->reset)
        release(l, boot);
    else if (!reset && l->boot && !boot)
        assert_true(l->clock->now_ms - l->released_at_ms >= l->port.boot_hold_ms);
    l->reset = reset;
    l->boot = boot;
    return TDM_OK;
}

static const struct tdm_lines_ops ops = {fake_set};

void fake_lines_init(struct fake_lines *l, struct fake_clock *clock)
{
    memset(l, 0, sizeof *l);
    l->port = (struct tdm_lines){.ops = &ops, .is_wired = true, .reset_hold_ms = 100, .boot_hold_ms = 50};
    l->clock = clock;
}
