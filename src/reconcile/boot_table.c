/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/boot_table.h"

enum where { ON_TO, ON_OTHER, ANYWHERE };

enum and { IS_PAID, HAS_TRIES, IS_GOOD, IS_STAGED, IS_BAD, CAN_RETURN, ALWAYS };

/* The first row that fits counts. */
static const struct boot_row {
    enum slot_trial_kind trial;
    enum where where;
    enum and and;
    struct boot_step step;
} boot_rows[] = {
    {SLOT_TRIAL_HOST, ON_TO, IS_PAID, {BOOT_COMMIT_PAID_USED, BOOT_RECONCILE}},
    {SLOT_TRIAL_HOST, ON_TO, HAS_TRIES, {BOOT_COMMIT_TRY_USED, BOOT_RECONCILE}},
    {SLOT_TRIAL_HOST, ON_TO, ALWAYS, {BOOT_COMMIT_VERDICT, BOOT_SELECT_OLD}},
    /* Whether the switch was never made or the bootloader fell back cannot be told, and need not be: it costs a try. */
    {SLOT_TRIAL_HOST, ON_OTHER, HAS_TRIES, {BOOT_COMMIT_TRY_PREPAID, BOOT_SELECT_NEW}},
    {SLOT_TRIAL_HOST, ON_OTHER, ALWAYS, {BOOT_COMMIT_VERDICT, BOOT_SETTLE}},
    {SLOT_TRIAL_RADIO, ON_TO, HAS_TRIES, {BOOT_COMMIT_TRY_USED, BOOT_RECONCILE}},
    {SLOT_TRIAL_RADIO, ANYWHERE, ALWAYS, {BOOT_COMMIT_VERDICT, BOOT_RECONCILE}},
    {SLOT_TRIAL_NONE, ANYWHERE, IS_GOOD, {BOOT_COMMIT_NOTHING, BOOT_SETTLE}},
    {SLOT_TRIAL_NONE, ANYWHERE, IS_STAGED, {BOOT_COMMIT_TRIAL_FOUND, BOOT_RECONCILE}},
    {SLOT_TRIAL_NONE, ANYWHERE, CAN_RETURN, {BOOT_COMMIT_TRY_USED, BOOT_SELECT_OLD}},
    {SLOT_TRIAL_NONE, ANYWHERE, IS_BAD, {BOOT_COMMIT_NOTHING, BOOT_CANNOT_GO_BACK}},
    {SLOT_TRIAL_NONE, ANYWHERE, ALWAYS, {BOOT_COMMIT_NOTHING, BOOT_UNKNOWN_HOST}},
};

static bool is_there(enum where where, const struct slot_record *rec, enum tdm_host_slot running)
{
    return where == ANYWHERE || (where == ON_TO) == (rec->trial.to == running);
}

static bool holds(enum and and, const struct slot_record *rec, enum tdm_host_slot running)
{
    uint8_t state = rec->host[running].content.state;

    switch (and) {
    case IS_PAID:
        return rec->trial.is_paid;
    case HAS_TRIES:
        return rec->trial.tries > 0;
    case IS_GOOD:
        return state == SLOT_GOOD;
    case IS_STAGED:
        return state == SLOT_STAGED;
    case IS_BAD:
        return state == SLOT_BAD;
    case CAN_RETURN:
        return state == SLOT_BAD && rec->trial.tries > 0 &&
               rec->host[tdm_host_other(running)].content.state == SLOT_GOOD;
    case ALWAYS:
        break;
    }
    return true;
}

struct boot_step boot_decide(const struct slot_record *rec, enum tdm_host_slot running)
{
    const struct boot_row *row = boot_rows, *last = &boot_rows[sizeof boot_rows / sizeof boot_rows[0] - 1];

    while (row != last &&
           (row->trial != rec->trial.kind || !is_there(row->where, rec, running) || !holds(row->and, rec, running)))
        row++;
    return row->step;
}
