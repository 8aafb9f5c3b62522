/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: port to the border router's own two firmware slots and to what decides which of them starts.
 *
 * Implemented by  ports/linux/host_files.c with a boot selector (bootsel_*.c), the simulator.
 *
 * Contract  running: the slot this start of the machine booted. next: the slot the next start will boot, the
 *           bootloader's own fallback included, and whether that choice is final (no trial counter armed).
 *           select: one atomic act, durable when it returns TDM_OK, may be repeated. TRIAL: boot this slot next and arm
 *           the bootloader's start counter, if it has one. FINAL: boot this slot, counter off; confirm and switch back
 *           are both this. The caller reads the result back through next().
 *           The slots are written and read as flash regions; the running slot's region is never written.
 *           counts_starts: a bootloader counts the starts of a trial and falls back by itself. Without one a new host
 *           that does not get as far as the boot flow stays where it is.
 *           A host without slots (its system is updated by other means) has has_slots false, runs A for ever, and its
 *           slot pointers are never used.
 */
#ifndef TANDEM_HOST_H
#define TANDEM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/flash.h>

enum tdm_host_slot { TDM_HOST_A = 0, TDM_HOST_B = 1 };
#define TDM_HOST_SLOTS 2

enum tdm_select { TDM_SELECT_TRIAL, TDM_SELECT_FINAL };

struct tdm_host;

struct tdm_host_ops {
    tdm_err (*running)(struct tdm_host *h, enum tdm_host_slot *slot);
    tdm_err (*next)(struct tdm_host *h, enum tdm_host_slot *slot, bool *is_final);
    tdm_err (*select)(struct tdm_host *h, enum tdm_host_slot slot, enum tdm_select how);
};

struct tdm_host {
    const struct tdm_host_ops *ops;
    bool has_slots;
    bool counts_starts;
    struct tdm_flash *slots[TDM_HOST_SLOTS];
};

TDM_MUST_USE tdm_err tdm_host_running(struct tdm_host *h, enum tdm_host_slot *slot);
TDM_MUST_USE tdm_err tdm_host_next(struct tdm_host *h, enum tdm_host_slot *slot, bool *is_final);

/* Select and read back: MISMATCH when next() then names another slot or another finality. */
TDM_MUST_USE tdm_err tdm_host_select(struct tdm_host *h, enum tdm_host_slot slot, enum tdm_select how);

/* Whatever the bootloader had in mind: the proven host that runs is the one to start next. Errors as of select. */
TDM_MUST_USE tdm_err tdm_host_keep(struct tdm_host *h, enum tdm_host_slot running);

static inline enum tdm_host_slot tdm_host_other(enum tdm_host_slot slot)
{
    return slot == TDM_HOST_A ? TDM_HOST_B : TDM_HOST_A;
}

#endif
