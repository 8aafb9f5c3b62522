/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wall_clock: the system's time of day, and whether the kernel calls it synchronised.
 *
 * Used by   apps/ (has an image expired?).   Never used to measure time: that is tandem/clock.h.
 */
#ifndef LINUX_WALL_CLOCK_H
#define LINUX_WALL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 UTC. */
uint64_t wall_clock_now(void);

/* An NTP or PTP client says so by way of the kernel; after a start without one it is false. */
bool wall_clock_is_synchronised(void);

#endif
