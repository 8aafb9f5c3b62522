/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the boot table, and the borders between them. The rows are those of docs/DESIGN.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/boot_table.h"

#define NONE  SLOT_TRIAL_NONE
#define HOST  SLOT_TRIAL_HOST
#define RADIO SLOT_TRIAL_RADIO
#define A     TDM_HOST_A
#define B     TDM_HOST_B

static const struct row {
    const char *name;
    enum slot_trial_kind kind;
    enum tdm_host_slot to, running;
    unsigned tries;
    bool is_paid;
    enum slot_state state_a, state_b;
    enum boot_commit commit;
    enum boot_then then;
} rows[] = {
    {"new host, start paid", HOST, B, B, 2, true, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_PAID_USED, BOOT_RECONCILE},
    {"new host, last start, paid", HOST, B, B, 0, true, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_PAID_USED, BOOT_RECONCILE},
    {"new host, not paid", HOST, B, B, 2, false, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_TRY_USED, BOOT_RECONCILE},
    {"new host, last try", HOST, A, A, 1, false, SLOT_TRIAL, SLOT_GOOD, BOOT_COMMIT_TRY_USED, BOOT_RECONCILE},
    {"new host, none left", HOST, B, B, 0, false, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_VERDICT, BOOT_SELECT_OLD},
    {"old host finds a trial", HOST, B, A, 2, false, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_TRY_PREPAID, BOOT_SELECT_NEW},
    {"old host, the start was paid", HOST, B, A, 2, true, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_TRY_PREPAID,
     BOOT_SELECT_NEW},
    {"old host, none left", HOST, B, A, 0, false, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_VERDICT, BOOT_SETTLE},
    {"old host, none left, paid", HOST, B, A, 0, true, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_VERDICT, BOOT_SETTLE},
    {"radio trial", RADIO, A, A, 2, false, SLOT_GOOD, SLOT_EMPTY, BOOT_COMMIT_TRY_USED, BOOT_RECONCILE},
    {"radio trial, none left", RADIO, A, A, 0, false, SLOT_GOOD, SLOT_EMPTY, BOOT_COMMIT_VERDICT, BOOT_RECONCILE},
    {"radio trial of the other host", RADIO, A, B, 2, false, SLOT_GOOD, SLOT_GOOD, BOOT_COMMIT_VERDICT, BOOT_RECONCILE},
    {"no trial, proven host", NONE, A, A, 0, false, SLOT_GOOD, SLOT_EMPTY, BOOT_COMMIT_NOTHING, BOOT_SETTLE},
    {"no trial, proven host B, returns left", NONE, A, B, 5, false, SLOT_BAD, SLOT_GOOD, BOOT_COMMIT_NOTHING,
     BOOT_SETTLE},
    {"staged host runs unarmed", NONE, A, B, 0, false, SLOT_GOOD, SLOT_STAGED, BOOT_COMMIT_TRIAL_FOUND, BOOT_RECONCILE},
    {"refused host runs", NONE, A, B, 8, false, SLOT_GOOD, SLOT_BAD, BOOT_COMMIT_TRY_USED, BOOT_SELECT_OLD},
    {"refused host, last return", NONE, A, B, 1, false, SLOT_GOOD, SLOT_BAD, BOOT_COMMIT_TRY_USED, BOOT_SELECT_OLD},
    {"refused host, no returns", NONE, A, B, 0, false, SLOT_GOOD, SLOT_BAD, BOOT_COMMIT_NOTHING, BOOT_CANNOT_GO_BACK},
    {"refused host, nothing proven", NONE, A, B, 8, false, SLOT_WRITING, SLOT_BAD, BOOT_COMMIT_NOTHING,
     BOOT_CANNOT_GO_BACK},
    {"empty row runs", NONE, A, B, 8, false, SLOT_GOOD, SLOT_EMPTY, BOOT_COMMIT_NOTHING, BOOT_UNKNOWN_HOST},
    {"half-written host runs", NONE, A, B, 8, false, SLOT_GOOD, SLOT_WRITING, BOOT_COMMIT_NOTHING, BOOT_UNKNOWN_HOST},
    {"trial row without a trial", NONE, A, B, 8, false, SLOT_GOOD, SLOT_TRIAL, BOOT_COMMIT_NOTHING, BOOT_UNKNOWN_HOST},
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct slot_record rec;
        memset(&rec, 0, sizeof rec);
        rec.trial.kind = (uint8_t)row->kind;
        rec.trial.to = (uint8_t)row->to;
        rec.trial.tries = (uint8_t)row->tries;
        rec.trial.is_paid = row->is_paid;
        rec.host[A].content.state = (uint8_t)row->state_a;
        rec.host[B].content.state = (uint8_t)row->state_b;
        struct boot_step step = boot_decide(&rec, row->running);
        if (step.commit != row->commit || step.then != row->then)
            fail_msg("%s: commit %d, then %d", row->name, (int)step.commit, (int)step.then);
    }
}

/* Each row of the document, in its order, and the example above that it decides. */
static const struct {
    const char *name, *line;
} document[] = {
    {"new host, start paid", "| HOST | the new slot | start paid | commit \"not paid\" → reconcile |"},
    {"new host, not paid", "| HOST | the new slot | tries left | commit tries − 1 → reconcile |"},
    {"new host, none left", "| HOST | the new slot | no tries | verdict |"},
    {"old host finds a trial", "| HOST | the other | tries left | commit tries − 1, paid → select the new slot → "
                               "restart; the radio is not touched |"},
    {"old host, none left", "| HOST | the other | no tries | verdict commit → settle → reconcile |"},
    {"radio trial", "| RADIO | its host | tries left | commit tries − 1 → reconcile |"},
    {"radio trial, none left", "| RADIO | any | else | verdict commit → reconcile |"},
    {"no trial, proven host",
     "| none | row GOOD | | settle: unless the next start is this slot for good, select it → reconcile |"},
    {"staged host runs unarmed",
     "| none | row STAGED | | somebody selected it by hand: it becomes a trial → reconcile |"},
    {"refused host runs",
     "| none | row BAD | other row GOOD, returns left | commit returns − 1 → select the other → restart |"},
    {"refused host, no returns",
     "| none | row BAD | else | select the other if it is GOOD, without a restart; degraded: cannot go back |"},
    {"empty row runs", "| none | anything else | | degraded: unknown host; nothing selected, nothing flashed |"},
};
#define DOCUMENT_ROWS (sizeof document / sizeof document[0])

static bool is_example(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return true;
    return false;
}

static void the_document_has_the_same_rows(void **state)
{
    FILE *in = fopen(TANDEM_TEST_DATA "/../../docs/DESIGN.md", "re");
    char line[256];
    size_t found = 0;
    bool is_here = false;

    (void)state;
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "### ", 4) == 0)
            is_here = strncmp(line, "### 3.3 ", 8) == 0;
        if (!is_here || line[0] != '|' || strncmp(line, "|--", 3) == 0 || strncmp(line, "| trial |", 9) == 0)
            continue;
        assert_true(found < DOCUMENT_ROWS);
        assert_string_equal(line, document[found].line);
        assert_true(is_example(document[found].name));
        found++;
    }
    (void)fclose(in); /* only read */
    assert_int_equal(found, DOCUMENT_ROWS);
}

/* With no trial pending nothing but a proven, a staged or a refused host is acted on, whatever the counts say. */
static void only_known_states_are_acted_on(void **state)
{
    (void)state;
    for (unsigned s = 0; s < SLOT_STATE_COUNT; s++) {
        for (unsigned tries = 0; tries < 4; tries++) {
            struct slot_record rec;
            memset(&rec, 0, sizeof rec);
            rec.trial.tries = (uint8_t)tries;
            rec.host[A].content.state = (uint8_t)s;
            struct boot_step step = boot_decide(&rec, A);
            bool is_acted_on = step.commit != BOOT_COMMIT_NOTHING || step.then == BOOT_SETTLE;
            assert_int_equal(is_acted_on, s == SLOT_GOOD || s == SLOT_STAGED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(the_document_has_the_same_rows),
        cmocka_unit_test(only_known_states_are_acted_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
