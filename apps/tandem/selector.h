/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selector: the host's two slots and what chooses between them, opened as [host] selector and [host] running say.
 *
 * Used by   device.c.   Uses  linux/bootsel.h, linux/host_running.h.
 */
#ifndef TANDEM_SELECTOR_H
#define TANDEM_SELECTOR_H

#include "device.h"

/* Everything of [host]; what is missing is made. Reported failures give the exit number. */
int selector_open_host(struct app *app, struct device *dev, enum device_use use);

#endif
