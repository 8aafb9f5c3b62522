/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot_table: what a start of the machine has to do, from what the record says and which host slot runs.
 *
 * Used by   reconcile.   Uses  slot's types. Pure: no port, nothing is changed.
 * docs/DESIGN.md, "The pair transaction", shows the same table.
 */
#ifndef TANDEM_RECONCILE_BOOT_TABLE_H
#define TANDEM_RECONCILE_BOOT_TABLE_H

#include <tandem/slot.h>

/* What is committed before anything is done. */
enum boot_commit {
    BOOT_COMMIT_NOTHING,
    BOOT_COMMIT_PAID_USED,   /* this start was paid for by whoever caused it                */
    BOOT_COMMIT_TRY_USED,    /* one try (or, after a verdict, one return) less              */
    BOOT_COMMIT_TRY_PREPAID, /* one try less, and with it the next start is paid            */
    BOOT_COMMIT_VERDICT,     /* the trial has failed                                        */
    BOOT_COMMIT_TRIAL_FOUND, /* a staged host runs that nobody armed: a trial from now on   */
};

enum boot_then {
    BOOT_RECONCILE,      /* make the radio right                                        */
    BOOT_SETTLE,         /* the running host is the one to start next; then the radio   */
    BOOT_SELECT_NEW,     /* switch to the trial's host again, restart                   */
    BOOT_SELECT_OLD,     /* switch to the other host for good, restart                  */
    BOOT_CANNOT_GO_BACK, /* degraded                                                    */
    BOOT_UNKNOWN_HOST,   /* degraded; nothing is selected or flashed                    */
};

struct boot_step {
    enum boot_commit commit;
    enum boot_then then;
};

struct boot_step boot_decide(const struct slot_record *rec, enum tdm_host_slot running);

#endif
