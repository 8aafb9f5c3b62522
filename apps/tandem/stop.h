/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop: Ctrl-C, a hang-up or a polite kill while a router is at work.
 *
 * Used by   device, ota download, main.
 * Power     a command stopped here leaves the router as a power cut would, which every engine is made for; but the
 *           radio is not left in reset or in its ROM loader. A second signal ends the program at once.
 */
#ifndef TANDEM_STOP_H
#define TANDEM_STOP_H

#include <stdbool.h>

#include "device.h"

/* From here on signals are noted instead of ending the program. Again is fine. */
void stop_watch(void);
bool stop_is_asked(void);

/* Every use of the radio's serial port looks first: asked to stop, it restarts the radio and ends the program. */
void stop_guard_radio(struct app *app, struct device *dev);

#endif
