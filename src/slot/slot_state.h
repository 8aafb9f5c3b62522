/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_state: the rules by which a slot, of the host or of the radio, goes from one state to the next.
 *
 * Used by   slot_record (limits), install and reconcile through tandem/slot.h.   Uses  nothing. Pure.
 * The table in slot_state.c is the one in docs/DESIGN.md, "The pair transaction". What a start of the machine makes of
 * a state is the boot table's business (reconcile), not an event here.
 */
#ifndef TANDEM_SLOT_STATE_H
#define TANDEM_SLOT_STATE_H

#include <stddef.h>

#include <tandem/slot.h>

struct slot_rule {
    enum slot_state from;
    enum slot_event event;
    enum slot_state to;
};

extern const struct slot_rule slot_rules[];
extern const size_t slot_rule_count;

#endif
