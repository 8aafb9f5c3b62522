/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: port to a monotonic clock, and deadlines that survive its wrap.
 *
 * Implemented by  ports/linux/clock_posix.c, the simulator (whose clock moves only when someone waits).
 * Units           milliseconds. now_ms wraps after 49.7 days; deadlines are right as long as they lie less than
 *                 24 days ahead.
 */
#ifndef TANDEM_CLOCK_H
#define TANDEM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct tdm_clock;

struct tdm_clock_ops {
    uint32_t (*now_ms)(struct tdm_clock *c);
    void (*sleep_ms)(struct tdm_clock *c,
                     uint32_t ms); /* at least ms; for hold times of lines, never to wait for an answer */
};

struct tdm_clock {
    const struct tdm_clock_ops *ops;
};

struct tdm_deadline {
    struct tdm_clock *clock;
    uint32_t at_ms;
};

uint32_t tdm_clock_now_ms(struct tdm_clock *c);
void tdm_clock_sleep_ms(struct tdm_clock *c, uint32_t ms);

struct tdm_deadline tdm_deadline_in(struct tdm_clock *c, uint32_t ms);
uint32_t tdm_deadline_left_ms(const struct tdm_deadline *d); /* 0 when it has passed */
static inline bool tdm_deadline_passed(const struct tdm_deadline *d)
{
    return tdm_deadline_left_ms(d) == 0;
}

#endif
