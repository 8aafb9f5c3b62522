/* SPDX-License-Identifier: Apache-2.0 */
/* The U-Boot environment in a file, built here byte for byte, and a user's program: what they mean and how they fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc.h"
#include "linux/bootsel.h"
#include "linux/tandem_linux.h"
#include "support/temp_dir.h"

#define ENV_SIZE 4096u

static const char *in_dir(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", temp_dir, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(in_dir(name), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* ---- U-Boot --------------------------------------------------------------------------------------------------------- */

/*
 * One redundant copy: CRC-32 of the data (LE), a counter, then NAME=VALUE texts with a NUL each and one more at the end.
 * vars: such texts with '\n' for NUL.
 */
static void plant_copy(uint8_t *copy, uint8_t counter, const char *vars)
{
    memset(copy, 0, ENV_SIZE);
    copy[4] = counter;
    for (size_t i = 0; vars[i] != '\0'; i++)
        copy[5 + i] = (uint8_t)(vars[i] == '\n' ? '\0' : vars[i]);
    uint32_t crc = crc32_add(CRC32_START, copy + 5, ENV_SIZE - 5);
    for (int i = 0; i < 4; i++)
        copy[i] = (uint8_t)(crc >> (8 * i));
}

static void plant_env(const char *older, const char *newer)
{
    static uint8_t bytes[2 * ENV_SIZE];
    char config[256];

    plant_copy(bytes, 1, older);
    plant_copy(bytes + ENV_SIZE, 2, newer);
    write_file("env", bytes, sizeof bytes);
    snprintf(config, sizeof config, "# two copies\n%s/env 0x0000 0x1000 0x1000\n%s/env 0x1000 0x1000 0x1000\n",
             temp_dir, temp_dir);
    write_file("config", config, strlen(config));
}

static struct bootsel_uboot_config names(const char *file)
{
    return (struct bootsel_uboot_config){.file = file,
                                         .slot = "slot",
                                         .upgrade = "upgrade_available",
                                         .count = "bootcount",
                                         .limit = "bootlimit",
                                         .values = "A B"};
}

static void open_good(struct bootsel_uboot *u)
{
    static char config[128];
    struct tdm_fault why;

    snprintf(config, sizeof config, "%s", in_dir("config"));
    struct bootsel_uboot_config cfg = names(config);
    if (bootsel_uboot_open(u, &cfg, &why) != TDM_OK)
        fail_msg("%s: %s", why.code, why.what);
}

static void what_the_environment_says(void **state)
{
    static const struct {
        const char *name, *vars;
        tdm_err err;
        enum tdm_host_slot next;
        bool is_final, is_counted;
    } rows[] = {
        {"empty", "x=1\n", TDM_OK, TDM_HOST_A, true, false},
        {"for good", "slot=B\nupgrade_available=0\nbootlimit=3\n", TDM_OK, TDM_HOST_B, true, true},
        {"for good, a count left over", "slot=B\nbootcount=9\nbootlimit=3\n", TDM_OK, TDM_HOST_B, true, true},
        {"trial", "slot=B\nupgrade_available=1\nbootcount=0\nbootlimit=3\n", TDM_OK, TDM_HOST_B, false, true},
        {"the last start", "slot=B\nupgrade_available=1\nbootcount=2\nbootlimit=3\n", TDM_OK, TDM_HOST_B, false, true},
        {"used up", "slot=B\nupgrade_available=1\nbootcount=3\nbootlimit=3\n", TDM_OK, TDM_HOST_A, false, true},
        {"used up long ago", "slot=A\nupgrade_available=1\nbootcount=4\nbootlimit=3\n", TDM_OK, TDM_HOST_B, false,
         true},
        {"large numbers", "slot=B\nupgrade_available=1\nbootcount=299\nbootlimit=300\n", TDM_OK, TDM_HOST_B, false,
         true},
        {"large numbers, used up", "slot=B\nupgrade_available=1\nbootcount=300\nbootlimit=300\n", TDM_OK, TDM_HOST_A,
         false, true},
        {"no limit", "slot=B\nupgrade_available=1\nbootcount=9\n", TDM_OK, TDM_HOST_B, false, false},
        {"another word", "slot=C\n", TDM_E_FORMAT, TDM_HOST_A, true, false},
    };
    struct bootsel_uboot u;
    struct host_files h;
    enum tdm_host_slot slot;
    bool is_final;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        plant_env("slot=older\n", rows[i].vars);
        open_good(&u);
        host_files_init(&h, NULL, NULL, &u.port, TDM_HOST_A);
        tdm_err err = tdm_host_next(&h.port, &slot, &is_final);
        if (err != rows[i].err || (err == TDM_OK && (slot != rows[i].next || is_final != rows[i].is_final ||
                                                     h.port.counts_starts != rows[i].is_counted)))
            fail_msg("%s: %s, slot %d, final %d", rows[i].name, tdm_err_name(err), (int)slot, is_final);
    }
}

static void a_select_is_one_store_of_the_older_copy(void **state)
{
    static uint8_t before[2 * ENV_SIZE], after[2 * ENV_SIZE], meant[ENV_SIZE];
    static const char vars[] = "bootcount=0\nbootlimit=3\nslot=B\nupgrade_available=1\n";
    struct bootsel_uboot u;
    FILE *file;

    (void)state;
    plant_env("bootlimit=3\nslot=A\n", "bootlimit=3\nslot=A\n");
    file = fopen(in_dir("env"), "r");
    assert_int_equal(fread(before, 1, sizeof before, file), sizeof before);
    fclose(file);
    open_good(&u);
    assert_int_equal(u.port.ops->select(&u.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK);
    file = fopen(in_dir("env"), "r");
    assert_int_equal(fread(after, 1, sizeof after, file), sizeof after);
    fclose(file);
    /* The copy that was the newer one is untouched, so a cut leaves one of the two whole. */
    assert_memory_equal(after + ENV_SIZE, before + ENV_SIZE, ENV_SIZE);
    plant_copy(meant, 3, vars);
    assert_memory_equal(after + 4, meant + 4, 1 + sizeof vars); /* what follows is the library's business */
}

static void select_and_back(void **state)
{
    struct bootsel_uboot u;
    struct host_files h;
    enum tdm_host_slot slot;

    (void)state;
    plant_env("bootlimit=2\nslot=A\nbooted=A\n", "bootlimit=2\nslot=A\nbooted=B\n");
    open_good(&u);
    host_files_init(&h, NULL, NULL, &u.port, TDM_HOST_A);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK); /* reads back */
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_FINAL), TDM_OK);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_A, TDM_SELECT_FINAL), TDM_OK);
    assert_int_equal(bootsel_uboot_read(&u, "booted", &slot), TDM_OK);
    assert_int_equal(slot, TDM_HOST_B);
    assert_int_equal(bootsel_uboot_read(&u, "no-such", &slot), TDM_E_NOT_FOUND);
    assert_int_equal(bootsel_uboot_read(&u, "bootlimit", &slot), TDM_E_FORMAT);
}

static void an_environment_that_cannot_be_used(void **state)
{
    static const struct {
        const char *name, *config, *values;
        bool is_planted;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"no description", "missing", "A B", true, TDM_E_NOT_FOUND, "uboot_config"},
        {"one copy", "single", "A B", true, TDM_E_UNSUPPORTED, "uboot_single"},
        {"no valid copy", "config", "A B", false, TDM_E_CORRUPT, "uboot_environment"},
        {"valid ones after that", "config", "A B", true, TDM_OK, ""}, /* the library locks even what it cannot open */
        {"one value", "config", "A", true, TDM_E_FORMAT, "uboot_values"},
        {"equal values", "config", "A A", true, TDM_E_FORMAT, "uboot_values"},
        {"three values", "config", "A B C", true, TDM_E_FORMAT, "uboot_values"},
        {"no value", "config", "", true, TDM_E_FORMAT, "uboot_values"},
    };
    struct bootsel_uboot u;
    struct tdm_fault why;
    char single[160], path[128];

    (void)state;
    (void)alarm(60); /* a lock that is left behind is waited for without end */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        plant_env("slot=A\n", "slot=A\n");
        if (!rows[i].is_planted)
            write_file("env", (uint8_t[2 * ENV_SIZE]){0xff}, 2 * ENV_SIZE);
        snprintf(single, sizeof single, "%s/env 0x0 0x1000 0x1000\n\n# no more\n", temp_dir);
        write_file("single", single, strlen(single));
        snprintf(path, sizeof path, "%s", in_dir(rows[i].config));
        struct bootsel_uboot_config cfg = names(path);
        cfg.values = rows[i].values;
        tdm_err err = bootsel_uboot_open(&u, &cfg, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0)
            fail_msg("%s: %s %s", rows[i].name, tdm_err_name(err), why.code);
    }
    (void)alarm(0);
}

/* ---- a program ------------------------------------------------------------------------------------------------------ */

static void plant_program(const char *answer, int status)
{
    char script[256];

    snprintf(script, sizeof script, "#!/bin/sh\necho \"$@\" >> '%s/asked'\nprintf '%s'\nexit %d\n", temp_dir, answer,
             status);
    write_file("program", script, strlen(script));
    assert_int_equal(chmod(in_dir("program"), 0755), 0);
}

static void what_a_program_may_answer(void **state)
{
    static const struct {
        const char *answer;
        int status;
        tdm_err running, next;
        enum tdm_host_slot slot;
        bool is_final, is_counted;
    } rows[] = {
        {"A", 0, TDM_OK, TDM_E_FORMAT, TDM_HOST_A, false, false},
        {"B\\n", 0, TDM_OK, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"B trial\\n", 0, TDM_E_FORMAT, TDM_OK, TDM_HOST_B, false, false},
        {"A final\\n", 0, TDM_E_FORMAT, TDM_OK, TDM_HOST_A, true, false},
        {"A  final counts\\n", 0, TDM_E_FORMAT, TDM_OK, TDM_HOST_A, true, true},
        {"B trial counts", 0, TDM_E_FORMAT, TDM_OK, TDM_HOST_B, false, true},
        {"B trial always", 0, TDM_E_FORMAT, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"B maybe", 0, TDM_E_FORMAT, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"B trial counts more", 0, TDM_E_FORMAT, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"C", 0, TDM_E_FORMAT, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"", 0, TDM_E_FORMAT, TDM_E_FORMAT, TDM_HOST_B, false, false},
        {"A", 1, TDM_E_PEER, TDM_E_PEER, TDM_HOST_A, false, false},
    };
    struct bootsel_command c;
    struct bootsel sel;
    enum tdm_host_slot slot;
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s", in_dir("program"));
    bootsel_command_init(&c, path);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        plant_program(rows[i].answer, rows[i].status);
        tdm_err running = bootsel_command_running(&c, &slot), next = c.port.ops->load(&c.port, &sel);
        if (running != rows[i].running || (running == TDM_OK && slot != rows[i].slot))
            fail_msg("running \"%s\": %s", rows[i].answer, tdm_err_name(running));
        if (next != rows[i].next || (next == TDM_OK && (sel.next != rows[i].slot || sel.is_final != rows[i].is_final ||
                                                        (sel.limit > 0) != rows[i].is_counted)))
            fail_msg("next \"%s\": %s", rows[i].answer, tdm_err_name(next));
        if (next == TDM_OK)
            assert_int_equal(bootsel_choice(&sel), rows[i].slot); /* the program has chosen already */
    }
}

static void what_a_program_is_told(void **state)
{
    struct bootsel_command c;
    struct host_files h;
    char path[128], asked[64] = "";

    (void)state;
    snprintf(path, sizeof path, "%s", in_dir("program"));
    bootsel_command_init(&c, path);
    plant_program("B trial", 0);
    host_files_init(&h, NULL, NULL, &c.port, TDM_HOST_A);
    assert_int_equal(remove(in_dir("asked")), 0);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_OK);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_A, TDM_SELECT_FINAL),
                     TDM_E_MISMATCH); /* it says so, but did not */
    FILE *file = fopen(in_dir("asked"), "r");
    assert_non_null(file);
    assert_true(fread(asked, 1, sizeof asked - 1, file) > 0);
    fclose(file);
    assert_string_equal(asked, "select B trial\nnext\nselect A final\nnext\n");
    plant_program("B trial", 2);
    assert_int_equal(tdm_host_select(&h.port, TDM_HOST_B, TDM_SELECT_TRIAL), TDM_E_PEER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_environment_says), cmocka_unit_test(a_select_is_one_store_of_the_older_copy),
        cmocka_unit_test(select_and_back),           cmocka_unit_test(an_environment_that_cannot_be_used),
        cmocka_unit_test(what_a_program_may_answer), cmocka_unit_test(what_a_program_is_told),
    };
    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
