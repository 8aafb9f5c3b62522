/* SPDX-License-Identifier: Apache-2.0 */
/* Is the radio right: all 36 combinations of what is known about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "reconcile/radio_table.h"

static const char *const holds_name[] = {"holds it", "holds another", "holds what nobody knows"};
static const char *const text_name[] = {"says so", "says what it said when proven", "says something else"};

/* [holds][text][compared], of a radio that answers */
static const enum radio_next expected[3][3][2] = {
    [RADIO_HOLDS_WANTED] = {{RADIO_RIGHT, RADIO_RIGHT},
                            {RADIO_RIGHT_MISNAMED, RADIO_RIGHT_MISNAMED},
                            {RADIO_COMPARE, RADIO_RIGHT_MISNAMED}},
    [RADIO_HOLDS_OTHER] = {{RADIO_FLASH, RADIO_FLASH}, {RADIO_FLASH, RADIO_FLASH}, {RADIO_FLASH, RADIO_FLASH}},
    [RADIO_HOLDS_UNKNOWN] = {{RADIO_COMPARE, RADIO_FLASH}, {RADIO_COMPARE, RADIO_FLASH}, {RADIO_FLASH, RADIO_FLASH}},
};

static void every_combination(void **state)
{
    (void)state;
    for (int h = 0; h < 3; h++) {
        for (int t = 0; t < 3; t++) {
            for (int c = 0; c < 2; c++) {
                struct radio_facts f = {true, (enum radio_holds)h, (enum radio_text)t, c == 1};
                if (radio_decide(&f) != expected[h][t][c])
                    fail_msg("%s, %s, compared %d: %d", holds_name[h], text_name[t], c, (int)radio_decide(&f));
                f.answers = false;
                assert_int_equal(radio_decide(&f), RADIO_FLASH);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_combination)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
