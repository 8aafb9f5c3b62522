/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_clock.h"

static uint32_t now_ms(struct tdm_clock *c)
{
    return ((struct fake_clock *)c)->now_ms;
}

static void sleep_ms(struct tdm_clock *c, uint32_t ms)
{
    fake_clock_pass((struct fake_clock *)c, ms);
}

static const struct tdm_clock_ops ops = {now_ms, sleep_ms};

void fake_clock_init(struct fake_clock *c, uint32_t start_ms)
{
    *c = (struct fake_clock){.port = {&ops}, .now_ms = start_ms};
}

void fake_clock_pass(struct fake_clock *c, uint32_t ms)
{
    c->now_ms += ms;
    c->passed_ms += ms;
}
