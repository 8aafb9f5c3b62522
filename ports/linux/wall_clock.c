/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/wall_clock.h"

#include <sys/timex.h>
#include <time.h>

uint64_t wall_clock_now(void)
{
    time_t now = time(NULL);

    return now > 0 ? (uint64_t)now : 0;
}

bool wall_clock_is_synchronised(void)
{
    struct timex state = {.modes = 0}; /* nothing is set */
    int answer = adjtimex(&state);

    return answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}
