/* SPDX-License-Identifier: Apache-2.0 */
/*
 * historian: keeps the history beside the record: what the record says last stands in the history too.
 *
 * Used by   device (after each command that may have had a result, and before it), ota history.   Uses  history, slot.
 * Best effort: a history that cannot be opened or written is a remark, and never keeps an update from going on.
 */
#ifndef TANDEM_HISTORIAN_H
#define TANDEM_HISTORIAN_H

#include "device.h"

/* Opens [slots] history; without one dev->history stays closed. */
void historian_open(struct app *app, struct device *dev, enum device_use use);
/* Append the record's last result unless it is there already. */
void historian_follow(struct device *dev);

#endif
