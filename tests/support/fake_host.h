/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_host: a border router's two slots and its bootloader, as a test scripts them.
 *
 * Used by   unit tests of install and reconcile.   Uses  fake_flash (slots, power).
 * The bootloader starts `selected`. During a trial it counts starts, and after start_limit of them it starts the other
 * slot; it does not rewrite its selection. start_limit 0: it never counts.
 */
#ifndef SUPPORT_FAKE_HOST_H
#define SUPPORT_FAKE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/host.h>

#include "support/fake_flash.h"

struct fake_host {
    struct tdm_host port;
    struct fake_power *power; /* NULL: the power never goes */

    /* The world. */
    enum tdm_host_slot running, selected;
    bool is_final;
    uint32_t starts, start_limit;

    /* Behaviour, set by the test at any time. */
    bool ignores_select;                       /* answers TDM_OK and changes nothing       */
    tdm_err running_err, next_err, select_err; /* unless TDM_OK: what these answer         */
    void (*on_select)(struct fake_host *h, enum tdm_host_slot slot, enum tdm_select how); /* before each, or NULL */
    void *watcher;

    /* What happened, read by the test. */
    uint64_t selects;
    enum tdm_host_slot last_slot;
    enum tdm_select last_how;
};

/* Runs and selects `running`, final. slot_a NULL: a host without slots. */
void fake_host_init(struct fake_host *h, struct fake_power *power, struct tdm_flash *slot_a, struct tdm_flash *slot_b,
                    enum tdm_host_slot running);
/* The machine starts: the bootloader chooses, counts, and running is what it chose. */
enum tdm_host_slot fake_host_restart(struct fake_host *h);

#endif
