/* SPDX-License-Identifier: Apache-2.0 */
/* Which slot runs, as the outside tells it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linux/host_running.h"
#include "support/temp_dir.h"

static void the_kernels_command_line(void **state)
{
    static const struct {
        const char *cmdline;
        tdm_err err;
        enum tdm_host_slot slot;
    } rows[] = {
        {"quiet tandem.slot=B root=/dev/x", TDM_OK, TDM_HOST_B},
        {"tandem.slot=A", TDM_OK, TDM_HOST_A},
        {"tandem.slot=b\n", TDM_OK, TDM_HOST_B},
        {"tandem.slot=B tandem.slot=B", TDM_OK, TDM_HOST_B},
        {"tandem.slot=A tandem.slot=B", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=C", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slot=AB", TDM_E_FORMAT, TDM_HOST_A},
        {"tandem.slots=B", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"xtandem.slot=B", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"tandem.slot", TDM_E_NOT_FOUND, TDM_HOST_A},
        {"", TDM_E_NOT_FOUND, TDM_HOST_A},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tdm_host_slot slot = TDM_HOST_A;
        tdm_err err = host_running_key(rows[i].cmdline, "tandem.slot", &slot);
        if (err != rows[i].err || (err == TDM_OK && slot != rows[i].slot))
            fail_msg("\"%s\": %s, slot %d", rows[i].cmdline, tdm_err_name(err), (int)slot);
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static tdm_err find(const char *from, enum tdm_host_slot *slot, struct tdm_fault *why)
{
    const struct host_running ask = {.from = from, .slots = {"/nonexistent/a", "/nonexistent/b"}};

    return host_running_find(&ask, slot, why);
}

static void where_the_running_slot_is_told(void **state)
{
    static const struct {
        const char *text; /* of the file; NULL: no file */
        tdm_err err;
        enum tdm_host_slot slot;
    } rows[] = {
        {"A\n", TDM_OK, TDM_HOST_A}, {"B", TDM_OK, TDM_HOST_B},           {"b\n", TDM_OK, TDM_HOST_B},
        {"", TDM_E_FORMAT, 0},       {"boot\n", TDM_E_FORMAT, 0},         {"C\n", TDM_E_FORMAT, 0},
        {"\nA", TDM_E_FORMAT, 0},    {NULL, TDM_E_NOT_FOUND, TDM_HOST_A},
    };
    char path[96], from[112];
    struct tdm_fault why;
    enum tdm_host_slot slot;

    (void)state;
    snprintf(path, sizeof path, "%s/running", temp_dir);
    snprintf(from, sizeof from, "file:%s", path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].text != NULL)
            write_text(path, rows[i].text);
        else
            assert_int_equal(remove(path), 0);
        tdm_err err = find(from, &slot, &why);
        if (err != rows[i].err || (err == TDM_OK && slot != rows[i].slot))
            fail_msg("row %d: %s", (int)i, tdm_err_name(err));
        assert_string_equal(why.code, err == TDM_OK ? "" : "running_unknown");
    }
    assert_int_equal(find("cmdline:tandem.no-such-key", &slot, &why), TDM_E_NOT_FOUND);
    static const char *const unknown[] = {"", "file:", "cmdline:", "B", "files:/x", "rootfs", "root:x", "uboot:"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(find(unknown[i], &slot, &why), TDM_E_FORMAT);
        assert_string_equal(why.code, "running_source");
    }
}

/* Sources that need a selector of their kind, and a root file system that lies in neither slot. */
static void nobody_to_ask(void **state)
{
    static const struct {
        const char *from;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"uboot:slot", TDM_E_UNSUPPORTED, "running_source"},
        {"command", TDM_E_UNSUPPORTED, "running_source"},
        {"root", TDM_E_NOT_FOUND, "running_unknown"},
    };
    enum tdm_host_slot slot;
    struct tdm_fault why;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (find(rows[i].from, &slot, &why) != rows[i].err || strcmp(why.code, rows[i].code) != 0)
            fail_msg("%s: %s %s", rows[i].from, tdm_err_name(why.err), why.code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernels_command_line),
        cmocka_unit_test_setup_teardown(where_the_running_slot_is_told, temp_dir_make, temp_dir_remove),
        cmocka_unit_test(nobody_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
