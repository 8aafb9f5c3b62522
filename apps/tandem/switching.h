/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switching: what follows once a pair is armed: the restart, or the radio's own flash when the host stays.
 *
 * Used by   ota download, ota apply, ota rollback.   Uses  radiowork, device.
 */
#ifndef TANDEM_SWITCHING_H
#define TANDEM_SWITCHING_H

#include "app.h"
#include "device.h"

/* needs_restart: of the machine; else the radio is flashed now. may_go_on false: everything is ready, and the operator restarts or runs `tandem boot` when it suits. */
int switching_finish(struct app *app, struct device *dev, bool needs_restart, bool may_go_on);

#endif
