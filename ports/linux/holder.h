/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holder: which other process has a device open, as far as /proc shows it to us.
 *
 * Used by   serial_tty.c. A process whose descriptors we may not see counts as none.
 */
#ifndef TANDEM_LINUX_HOLDER_H
#define TANDEM_LINUX_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* text: "NAME (process N)". except: who has this device open too does not count; 0: everybody does. */
bool holder_find(dev_t device, dev_t except, char *text, size_t cap);

#endif
