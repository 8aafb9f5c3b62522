/* SPDX-License-Identifier: Apache-2.0 */
/* The matrix of docs/DESIGN.md, "The pair transaction", cell by cell: states down, events across. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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

static int named_state(const char *word)
{
    static const char *const words[SLOT_STATE_COUNT] = {"EMPTY", "WRITING", "STAGED", "TRIAL", "GOOD", "BAD"};

    for (int i = 0; i < SLOT_STATE_COUNT; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return REFUSED;
}

/* A row of the document: the state, then where each event leads; anything that is no state's name is a refusal. */
static void the_document_has_the_same_matrix(void **state)
{
    FILE *in = fopen(TANDEM_TEST_DATA "/../../docs/DESIGN.md", "re");
    char line[256], from[16], to[SLOT_EVENT_COUNT][16];
    int rows = 0;

    (void)state;
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        int cells = sscanf(line, "| %15s | %15s | %15s | %15s | %15s | %15s | %15s |", from, to[0], to[1], to[2], to[3],
                           to[4], to[5]);
        if (cells != 1 + SLOT_EVENT_COUNT || named_state(from) == REFUSED)
            continue;
        rows++;
        for (int ev = 0; ev < SLOT_EVENT_COUNT; ev++)
            if (named_state(to[ev]) != matrix[named_state(from)].to[ev])
                fail_msg("docs/DESIGN.md, %s, event %d: %s", from, ev, to[ev]);
    }
    (void)fclose(in);
    assert_int_equal(rows, SLOT_STATE_COUNT);
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
        cmocka_unit_test(the_document_has_the_same_matrix),
        cmocka_unit_test(states_and_events_that_do_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
