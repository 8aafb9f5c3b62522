/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the watchdog device; a file stands in for it, and the test beats instead of waiting for the thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/hw_watchdog.h"

static char path[] = "/tmp/tandem-watchdog-XXXXXX";

static void fed_is(const char *bytes, size_t len)
{
    char got[64];
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got, f);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(n, len);
    assert_memory_equal(got, bytes, len);
}

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    int err = unlink(path);
    memcpy(strrchr(path, '-') + 1, "XXXXXX", 6);
    return err;
}

/* Patience of 4 s: 3 beats; then the owner counts as hanging, until he tells that he is not. */
static void an_owner_that_hangs_is_not_fed(void **state)
{
    static struct watchdog w;

    (void)state;
    assert_int_equal(watchdog_open(&w, path, 2 * WATCHDOG_BEAT_S), TDM_OK);
    fed_is("\0", 1);
    for (int i = 0; i < 3; i++)
        assert_true(watchdog_beat(&w));
    assert_false(watchdog_beat(&w));
    fed_is("\0\0\0\0", 4);
    watchdog_alive(&w);
    assert_true(watchdog_beat(&w));
    watchdog_close(&w);
    fed_is("\0\0\0\0\0V", 6);
    watchdog_close(&w);
    fed_is("\0\0\0\0\0V", 6);
}

static void one_that_is_left_is_fed_no_more(void **state)
{
    static struct watchdog w; /* its thread outlives the test */

    (void)state;
    assert_int_equal(watchdog_open(&w, path, 100), TDM_OK);
    watchdog_leave(&w);
    assert_false(watchdog_beat(&w));
    fed_is("\0", 1);
}

static void one_that_is_not_there(void **state)
{
    struct watchdog w;

    (void)state;
    assert_int_equal(watchdog_open(&w, "/nonexistent/watchdog", 1), TDM_E_NOT_FOUND);
    watchdog_close(&w);
    watchdog_leave(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_owner_that_hangs_is_not_fed, make_file, remove_file),
        cmocka_unit_test_setup_teardown(one_that_is_left_is_fed_no_more, make_file, remove_file),
        cmocka_unit_test(one_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
