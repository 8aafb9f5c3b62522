/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_running: which host slot this start of the machine booted. It always comes from outside Tandem, and when it
 * cannot be told that is an error, never a guess.
 *
 *   file:PATH      the file's text is A or B
 *   cmdline:KEY    KEY=A or KEY=B on the kernel's command line
 *   root           the slot whose device holds the root file system
 *   uboot:VAR      a variable of the U-Boot environment that the boot script sets to the slot it boots
 *   command        what the selector's program answers to `running`
 *
 * Used by   apps/tandem/device.c.   Uses  bootsel, block_place.
 * Failures  running_source: not one of these words. running_unknown: not told there; NOT_FOUND, FORMAT, ACCESS, IO.
 */
#ifndef TANDEM_LINUX_HOST_RUNNING_H
#define TANDEM_LINUX_HOST_RUNNING_H

#include "linux/bootsel.h"

struct host_running { /* set by the caller; texts and structs are borrowed */
    const char *from;
    const char *slots[TDM_HOST_SLOTS];     /* paths, for root                            */
    const struct bootsel_uboot *uboot;     /* NULL: the selector is of another kind      */
    const struct bootsel_command *command; /* likewise                                   */
};

TDM_MUST_USE tdm_err host_running_find(const struct host_running *ask, enum tdm_host_slot *slot, struct tdm_fault *why);

/* The value of KEY in a command line; NOT_FOUND without one, FORMAT when it is neither A nor B or said both ways. */
TDM_MUST_USE tdm_err host_running_key(const char *cmdline, const char *key, enum tdm_host_slot *slot);

#endif
