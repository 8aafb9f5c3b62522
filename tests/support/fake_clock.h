/* SPDX-License-Identifier: Apache-2.0 */
/* fake_clock: a clock that moves only when somebody waits on it, or on a fake that is tied to it. */
#ifndef TANDEM_TEST_FAKE_CLOCK_H
#define TANDEM_TEST_FAKE_CLOCK_H

#include <stdint.h>

#include <tandem/clock.h>

struct fake_clock {
    struct tdm_clock port;
    uint32_t now_ms;
    uint64_t passed_ms; /* all that was waited, without wrap */
};

void fake_clock_init(struct fake_clock *c, uint32_t now_ms);
void fake_clock_pass(struct fake_clock *c, uint32_t ms);

#endif
