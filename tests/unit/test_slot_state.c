/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix of docs/DESIGN.md, "The pair transaction", cell by cell: states down, events across. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <tandem/slot.h>

#define REFUSED (-1)

static const struct {
    enum slot_state from;
    int to[SLOT_EVENT_COUNT]; /* free, whole, arm, prove, verdict, cancel */
} matrix[] = {
    {SLOT_EMPTY, {SLOT_WRITING, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED}},
    {SLOT_WRITING, {SLOT_WRITING, SLOT_STAGED, REFUSED, REFUSED, REFUSED, REFUSED}},
    {SLOT_STAGED, {SLOT_WRITING, REFUSED, SLOT_TRIAL, REFUSED, REFUSED, SLOT_EMPTY}},
    {SLOT_TRIAL, {REFUSED, REFUSED, REFUSED, SLOT_GOOD, SLOT_BAD, SLOT_EMPTY}},
    {SLOT_GOOD, {SLOT_WRITING, REFUSED, SLOT_TRIAL, SLOT_GOOD, REFUSED, REFUSED}},
    {SLOT_BAD, {SLOT_WRITING, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED}},
};

static void every_pair_of_state_and_event(void **state)
{
    (void)state;
    assert_int_equal(sizeof matrix / sizeof matrix[0], SLOT_STATE_COUNT);
    for (size_t i = 0; i < SLOT_STATE_COUNT; i++) {
        for (int ev = 0; ev < SLOT_EVENT_COUNT; ev++) {
            enum slot_state to = SLOT_STATE_COUNT;
            int want = matrix[i].to[ev];
            tdm_err err = slot_next(matrix[i].from, (enum slot_event)ev, &to);
            int got = err == TDM_OK ? (int)to : REFUSED;
            if (got != want || (err != TDM_OK && (err != TDM_E_STATE || to != SLOT_STATE_COUNT)))
                fail_msg("%s, event %d: %d instead of %d", slot_state_name(matrix[i].from), ev, got, want);
        }
    }
}

static void states_and_events_that_do_not_exist(void **state)
{
    enum slot_state to = SLOT_GOOD;

    (void)state;
    assert_int_equal(slot_next(SLOT_STATE_COUNT, SLOT_EV_FREE, &to), TDM_E_STATE);
    assert_int_equal(slot_next(SLOT_GOOD, SLOT_EVENT_COUNT, &to), TDM_E_STATE);
    assert_int_equal(to, SLOT_GOOD);
    assert_string_equal(slot_state_name(SLOT_STATE_COUNT), "unknown");
    assert_string_equal(slot_state_name(SLOT_STAGED), "staged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_event),
        cmocka_unit_test(states_and_events_that_do_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
