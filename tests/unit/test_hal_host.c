/* SPDX-License-Identifier: Apache-2.0 */
/* A selection counts only when the bootloader's own answer agrees with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fake_host.h"

static const struct {
    const char *name;
    enum tdm_host_slot slot;
    enum tdm_select how;
    bool ignores;
    tdm_err select_err, next_err, err;
} rows[] = {
    {"trial of the other slot", TDM_HOST_B, TDM_SELECT_TRIAL, false, TDM_OK, TDM_OK, TDM_OK},
    {"final", TDM_HOST_B, TDM_SELECT_FINAL, false, TDM_OK, TDM_OK, TDM_OK},
    {"final, as it is already", TDM_HOST_A, TDM_SELECT_FINAL, false, TDM_OK, TDM_OK, TDM_OK},
    {"ignored: another slot is next", TDM_HOST_B, TDM_SELECT_FINAL, true, TDM_OK, TDM_OK, TDM_E_MISMATCH},
    {"ignored: the counter is not armed", TDM_HOST_A, TDM_SELECT_TRIAL, true, TDM_OK, TDM_OK, TDM_E_MISMATCH},
    {"refused", TDM_HOST_B, TDM_SELECT_TRIAL, false, TDM_E_IO, TDM_OK, TDM_E_IO},
    {"done, but nobody can say", TDM_HOST_B, TDM_SELECT_TRIAL, false, TDM_OK, TDM_E_IO, TDM_E_IO},
};

static void a_selection_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_host h;
        fake_host_init(&h, NULL, NULL, NULL, TDM_HOST_A);
        h.ignores_select = rows[i].ignores;
        h.select_err = rows[i].select_err;
        h.next_err = rows[i].next_err;
        tdm_err err = tdm_host_select(&h.port, rows[i].slot, rows[i].how);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].name, tdm_err_name(err));
    }
}

/* The fake's own bootloader, since install and reconcile believe it. */
static void a_trial_falls_back(void **state)
{
    struct fake_host h;
    enum tdm_host_slot next;
    bool is_final;

    (void)state;
    fake_host_init(&h, NULL, NULL, NULL, TDM_HOST_A);
    h.start_limit = 2;
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK);
    assert_int_equal(fake_host_restart(&h), TDM_HOST_B);
    assert_int_equal(fake_host_restart(&h), TDM_HOST_B);
    assert_int_equal(tdm_host_next(&h.port, &next, &is_final), TDM_OK);
    assert_true(next == TDM_HOST_A && !is_final);
    assert_int_equal(fake_host_restart(&h), TDM_HOST_A);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_FINAL), TDM_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(fake_host_restart(&h), TDM_HOST_B);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_selection_is_read_back),
        cmocka_unit_test(a_trial_falls_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
