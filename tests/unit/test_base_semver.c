/* SPDX-License-Identifier: Apache-2.0 */
/* Pair versions: the precedence example of Semantic Versioning 2.0.0 (item 11), and what the grammar takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/semver.h"

/* Strictly rising. The first eight are the specification's own chain. */
static const char *const chain[] = {
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.0.1-2",
    "1.0.1-10",
    "1.0.1-10.0",
    "1.0.1-999999999",
    "1.0.1--",
    "1.0.1--1",
    "1.0.1-0a",
    "1.0.1-A",
    "1.0.1-Z.9",
    "1.0.1-a",
    "1.0.1-a-b",
    "1.0.1-aa",
    "1.0.1",
    "1.0.2",
    "1.0.10",
    "1.0.999999999",
    "1.1.0-x",
    "1.1.0",
    "1.9.0",
    "1.10.0",
    "2.0.0-0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
    "999999999.999999999.999999999",
};

#define CHAIN (sizeof chain / sizeof chain[0])

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void test_every_two_of_the_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHAIN; i++) {
        assert_true(semver_is_valid(chain[i]));
        for (size_t j = 0; j < CHAIN; j++) {
            int want = (i > j) - (i < j);
            if (sign(semver_compare(chain[i], chain[j])) != want)
                fail_msg("%s against %s", chain[i], chain[j]);
        }
    }
}

static const struct {
    const char *text;
    bool is_valid;
} grammar[] = {
    {"0.0.0", true},
    {"1.4.0", true},
    {"999999999.0.0", true},
    {"0.999999999.0", true},
    {"0.0.999999999", true},
    {"1.4.0-0", true},
    {"1.4.0-999999999", true},
    {"1.4.0--", true},
    {"1.4.0-0a", true},
    {"1.4.0-01a", true},
    {"1.4.0-a.b.c.d.0", true},
    {"1.4.0-AZaz09-", true},
    {"", false},
    {"1", false},
    {"1.4", false},
    {"1.4.", false},
    {"1.4.0.", false},
    {"1.4.0.1", false},
    {".4.0", false},
    {"1..0", false},
    {"01.4.0", false},
    {"1.00.0", false},
    {"1.4.00", false},
    {"1000000000.0.0", false},
    {"0.1000000000.0", false},
    {"0.0.1000000000", false},
    {"99999999999999999999.0.0", false},
    {"1.4.0-", false},
    {"1.4.0-.", false},
    {"1.4.0-a.", false},
    {"1.4.0-.a", false},
    {"1.4.0-a..b", false},
    {"1.4.0-01", false},
    {"1.4.0-a.00", false},
    {"1.4.0-1000000000", false},
    {"1.4.0-a_b", false},
    {"1.4.0-a b", false},
    {"1.4.0-\xc3\xa4", false},
    {"1.4.0+x", false},
    {"1.4.0-a+x", false},
    {"1.4.0 ", false},
    {" 1.4.0", false},
    {"v1.4.0", false},
    {"-1.4.0", false},
    {"1.4.0\n", false},
    {"1.4.a", false},
    {"1,4,0", false},
};

static void test_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof grammar / sizeof grammar[0]; i++) {
        if (semver_is_valid(grammar[i].text) != grammar[i].is_valid)
            fail_msg("\"%s\" is %s", grammar[i].text, grammar[i].is_valid ? "valid" : "not valid");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_two_of_the_chain),
        cmocka_unit_test(test_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
