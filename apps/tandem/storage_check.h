/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_check: no two configured places are, or lie on, the same storage. It looks before anything is opened or made.
 *
 * Used by   device.c.   Uses  linux/block_place.h.
 * Why       Host slots are overwritten as a whole: a record or bundle that lies inside one, as a file of a system that
 *           runs from it does, would be gone with the next update.
 */
#ifndef TANDEM_STORAGE_CHECK_H
#define TANDEM_STORAGE_CHECK_H

#include "app.h"

/* Code storage_twice, naming both keys. */
int storage_check(struct app *app);

#endif
