/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines in a build without libgpiod: it says so, and not that the line is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "linux/lines_gpio.h"

static void test_says_so(void **state)
{
    static const struct {
        const char *spec, *code;
        tdm_err err;
    } rows[] = {
        {"gpio:RESET=0/0,BOOT=0/1", "lines_not_built", TDM_E_UNSUPPORTED},
        {"gpio:RESET=RCP_RESET,BOOT=RCP_BOOT", "lines_not_built", TDM_E_UNSUPPORTED},
        {"gpio:RESET=0/0", "lines_bad_spec", TDM_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lines_linux l;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        tdm_err err = lines_linux_open(&l, rows[i].spec, NULL, 100, 50, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0 || l.is_open || l.port.is_wired)
            fail_msg("%s: %s, %s", rows[i].spec, tdm_err_name(err), why.code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
