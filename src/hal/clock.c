/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/clock.h>

uint32_t tdm_clock_now_ms(struct tdm_clock *c)
{
    return c->ops->now_ms(c);
}

void tdm_clock_sleep_ms(struct tdm_clock *c, uint32_t ms)
{
    if (ms > 0)
        c->ops->sleep_ms(c, ms);
}

struct tdm_deadline tdm_deadline_in(struct tdm_clock *c, uint32_t ms)
{
    return (struct tdm_deadline){.clock = c, .at_ms = tdm_clock_now_ms(c) + ms};
}

uint32_t tdm_deadline_left_ms(const struct tdm_deadline *d)
{
    /* The difference of two counters that wrap is right as long as it is read as signed. */
    int32_t left = (int32_t)(d->at_ms - tdm_clock_now_ms(d->clock));
    return left > 0 ? (uint32_t)left : 0;
}
