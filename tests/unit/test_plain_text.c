/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plain_text.h"

/* What is text, and what is not: the borders of the table of well-formed byte sequences in RFC 3629, section 4. */
static void test_texts(void **state)
{
    static const struct {
        const char *name, *text, *plain;
    } rows[] = {
        {"nothing", "", ""},
        {"the first and the last letter", " ~", " ~"},
        {"control characters", "a\x01\n\x1b[2J\x7f", "a???[2J?"},
        {"C1 controls, and the first behind them", "\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0"},
        {"two bytes", "\xc3\x80\xdf\xbf", "\xc3\x80\xdf\xbf"},
        {"two bytes where one does", "\xc0\x80\xc1\xbf", "????"},
        {"three bytes", "\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
         "\xe0\xa0\x80\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"three bytes where two do", "\xe0\x9f\xbf", "???"},
        {"surrogates", "\xed\xa0\x80", "???"},
        {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"four bytes where three do", "\xf0\x8f\xbf\xbf", "????"},
        {"behind the last character", "\xf4\x90\x80\x80\xf5\x80\x80\x80", "????????"},
        {"no beginning", "\x80\xbf\xfe\xff", "????"},
        {"cut off", "\xe2\x82", "??"},
        {"cut off by a letter", "\xf0\x90\x80z", "???z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", rows[i].text);
        plain_text(text);
        if (strcmp(text, rows[i].plain) != 0)
            fail_msg("%s: %s", rows[i].name, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
