/* SPDX-License-Identifier: Apache-2.0 */
/* Real programs: what they say, how they end, and that none is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "linux/program.h"

#define SHELL(script)                                                                                                  \
    {                                                                                                                  \
        "/bin/sh", "-c", (script), NULL                                                                                \
    }
#define LONG_MS  20000u
#define SHORT_MS 200u

static void how_a_program_ends(void **state)
{
    static const struct {
        const char *name;
        const char *argv[4];
        uint32_t timeout_ms;
        tdm_err err;
        const char *said;
    } rows[] = {
        {"says a line", SHELL("echo A trial"), LONG_MS, TDM_OK, "A trial\n"},
        {"says nothing", SHELL(":"), LONG_MS, TDM_OK, ""},
        {"found in PATH", {"echo", "x", NULL}, LONG_MS, TDM_OK, "x\n"},
        {"what goes to standard error is no answer", SHELL("echo no >&2; echo yes"), LONG_MS, TDM_OK, "yes\n"},
        {"status", SHELL("echo half; exit 3"), LONG_MS, TDM_E_PEER, "half\n"},
        {"ended by a signal", SHELL("kill -9 $$"), LONG_MS, TDM_E_PEER, ""},
        {"too long an answer", SHELL("echo 0123456789012345"), LONG_MS, TDM_E_NO_ROOM, "012345678901234"},
        {"as much as fits", SHELL("printf 012345678901234"), LONG_MS, TDM_OK, "012345678901234"},
        {"never ends", SHELL("echo on; while :; do sleep 100; done"), SHORT_MS, TDM_E_TIMEOUT, NULL},
        {"talks without end", SHELL("while :; do echo on; done"), SHORT_MS, TDM_E_TIMEOUT, NULL},
        {"leaves somebody behind with its output", SHELL("sleep 3 & echo done"), LONG_MS, TDM_OK, "done\n"},
        {"hears no terminal", SHELL("read x; echo \"<$x>\""), LONG_MS, TDM_OK, "<>\n"},
        {"not there", {"/nonexistent/program", NULL}, LONG_MS, TDM_E_NOT_FOUND, ""},
        {"not a program", {"/etc/passwd", NULL}, LONG_MS, TDM_E_ACCESS, ""},
    };
    char said[16];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tdm_err err = program_run(rows[i].argv, rows[i].timeout_ms, said, sizeof said);
        if (err != rows[i].err || (rows[i].said != NULL && strcmp(said, rows[i].said) != 0))
            fail_msg("%s: %s, \"%s\"", rows[i].name, tdm_err_name(err), said);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child at all */
        assert_int_equal(errno, ECHILD);
    }
}

static void nobody_listens(void **state)
{
    static const char *const good[] = {"true", NULL}, *const bad[] = {"false", NULL};

    (void)state;
    assert_int_equal(program_run(good, LONG_MS, NULL, 0), TDM_OK);
    assert_int_equal(program_run(bad, LONG_MS, NULL, 0), TDM_E_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(how_a_program_ends),
        cmocka_unit_test(nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
