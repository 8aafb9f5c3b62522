/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>

#include "linux/tandem_linux.h"

static uint32_t clock_posix_now_ms(struct tdm_clock *c)
{
    struct timespec now = {0};

    (void)c;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists and the pointer is ours */
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

static void clock_posix_sleep_ms(struct tdm_clock *c, uint32_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L};

    (void)c;
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ; /* left says what a signal took away */
}

static const struct tdm_clock_ops clock_posix_ops = {
    .now_ms = clock_posix_now_ms,
    .sleep_ms = clock_posix_sleep_ms,
};

void clock_posix_init(struct clock_posix *c)
{
    c->port.ops = &clock_posix_ops;
}
