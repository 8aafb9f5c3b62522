/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/slot_state.h"

/* Not in the table: that a running host's own slots are never freed. Only install knows who runs. */
const struct slot_rule slot_rules[] = {
    {SLOT_EMPTY, SLOT_EV_FREE, SLOT_WRITING},   /* recorded before the first erase                   */
    {SLOT_WRITING, SLOT_EV_FREE, SLOT_WRITING}, /* an interrupted download starts over               */
    {SLOT_STAGED, SLOT_EV_FREE, SLOT_WRITING},  /* a newer download replaces it                      */
    {SLOT_GOOD, SLOT_EV_FREE, SLOT_WRITING},    /* the old fallback is given up                      */
    {SLOT_BAD, SLOT_EV_FREE, SLOT_WRITING},     /* its id stays in the list of refused images        */
    {SLOT_WRITING, SLOT_EV_WHOLE, SLOT_STAGED}, /* re-read from the medium and judged                */
    {SLOT_STAGED, SLOT_EV_ARM, SLOT_TRIAL},     /* recorded before the switch                        */
    {SLOT_GOOD, SLOT_EV_ARM, SLOT_TRIAL},       /* rollback: of the host slot, the bundle stays GOOD */
    {SLOT_TRIAL, SLOT_EV_PROVE, SLOT_GOOD},     /* radio right, host healthy, bootloader confirmed   */
    {SLOT_GOOD, SLOT_EV_PROVE, SLOT_GOOD},      /* a bundle that was proven with another host        */
    {SLOT_TRIAL, SLOT_EV_VERDICT, SLOT_BAD},    /* tries used up, or the radio cannot be had         */
    {SLOT_STAGED, SLOT_EV_CANCEL, SLOT_EMPTY},  /* the operator does not want it                     */
    {SLOT_TRIAL, SLOT_EV_CANCEL, SLOT_EMPTY},   /* likewise, before the restart                      */
};

const size_t slot_rule_count = sizeof slot_rules / sizeof slot_rules[0];

tdm_err slot_next(enum slot_state from, enum slot_event event, enum slot_state *to)
{
    for (size_t i = 0; i < slot_rule_count; i++) {
        if (slot_rules[i].from == from && slot_rules[i].event == event) {
            *to = slot_rules[i].to;
            return TDM_OK;
        }
    }
    return TDM_E_STATE;
}

const char *slot_state_name(enum slot_state s)
{
    static const char *const names[SLOT_STATE_COUNT] = {"empty", "writing", "staged", "trial", "good", "bad"};

    return (unsigned)s < SLOT_STATE_COUNT ? names[s] : "unknown";
}
