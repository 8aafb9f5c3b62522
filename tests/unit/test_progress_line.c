/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "progress_line.h"

/* ---- the speed ---- */

struct step {
    uint64_t at_ms, done;
};

static uint64_t rate_after(const struct step *steps, size_t count)
{
    struct progress_rate r = {.count = 0};

    progress_rate_begin(&r, steps[0].at_ms, steps[0].done);
    for (size_t i = 1; i < count; i++)
        progress_rate_note(&r, steps[i].at_ms, steps[i].done);
    return progress_rate_get(&r, steps[count - 1].at_ms, steps[count - 1].done);
}

static void the_speed(void **state)
{
    static const struct {
        const char *name;
        struct step steps[6];
        size_t count;
        uint64_t rate;
    } rows[] = {
        {"nothing yet", {{5000, 0}}, 1, 0},
        {"too early to say", {{5000, 0}, {5199, 99999}}, 2, 0},
        {"early", {{5000, 0}, {5200, 1000}}, 2, 5000},
        {"steady", {{0, 0}, {500, 1000}, {1000, 2000}, {1500, 3000}}, 4, 2000},
        {"what was there before does not count", {{0, 900000}, {1000, 901000}}, 2, 1000},
        {"nothing moves", {{0, 100}, {1000, 100}, {9000, 100}}, 3, 0},
        {"a silence counts as time", {{0, 0}, {1000, 8000}, {8000, 8000}}, 3, 1000},
        {"from the start again: the old bytes are gone", {{0, 0}, {1000, 90000}, {2000, 1000}, {3000, 3000}}, 4, 2000},
        {"faster than 4 GiB a second", {{0, 0}, {1000, 8000000000u}}, 2, 8000000000u},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t rate = rate_after(rows[i].steps, rows[i].count);
        if (rate != rows[i].rate)
            fail_msg("%s: %llu", rows[i].name, (unsigned long long)rate);
    }
}

/* Ten seconds at 1000 and then at 5000 bytes a second: after four of these nothing of the old speed is left. */
static void the_last_seconds_count(void **state)
{
    struct progress_rate r;
    uint64_t done = 0;

    (void)state;
    progress_rate_begin(&r, 0, 0);
    for (uint64_t t = 100; t <= 20000; t += 100) {
        done += t <= 10000 ? 100 : 500;
        progress_rate_note(&r, t, done);
        if (t == 10000)
            assert_int_equal(progress_rate_get(&r, t, done), 1000);
        if (t == 12000)
            assert_in_range(progress_rate_get(&r, t, done), 2500, 3500);
        if (t >= 14500)
            assert_int_equal(progress_rate_get(&r, t, done), 5000);
    }
}

/* ---- the line ---- */

static void expect(const char *name, int columns, const struct progress_state *s, const char *wanted)
{
    char line[256];

    progress_line(line, sizeof line, columns, s);
    if (strcmp(line, wanted) != 0)
        fail_msg("%s: \"%s\"", name, line);
}

#define MIB(n) ((uint64_t)(n) << 20)

static void the_line(void **state)
{
    static const struct {
        const char *name;
        int columns;
        struct progress_state s;
        const char *line;
    } rows[] = {
        {"half way",
         80,
         {"Downloading", "image", MIB(64), MIB(128), MIB(2)},
         "Downloading image [#############              ]  50%   2.0 MiB/s     0:32 left"},
        {"at first",
         80,
         {"Downloading", "image", 0, MIB(128), 0},
         "Downloading image [                           ]   0%"},
        {"through",
         80,
         {"Verifying", "slots", MIB(128), MIB(128), MIB(400)},
         "Verifying slots [#############################] 100%   400 MiB/s"},
        {"hours",
         100,
         {"Downloading", "image", 0, MIB(128), 20480},
         "Downloading image [                                        ]   0%  20.0 KiB/s  1:49:14 left"},
        {"nobody knows how much",
         80,
         {"Downloading", "image", MIB(3), 0, 1000},
         "Downloading image 3.0 MiB   1.0 KiB/s"},
        {"no room for a bar",
         57,
         {"Downloading", "image", MIB(64), MIB(128), MIB(2)},
         "Downloading image  50%   2.0 MiB/s     0:32 left"},
        {"hardly any room", 20, {"Downloading", "image", MIB(64), MIB(128), MIB(2)}, "Downloading image"},
        {"no speed",
         80,
         {"Switching", "boot selection", 1, 1, 0},
         "Switching boot selection [####################] 100%"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].name, rows[i].columns, &rows[i].s, rows[i].line);
}

static void the_words(void **state)
{
    static const struct {
        enum tdm_phase phase;
        const char *what, *said;
    } rows[] = {
        {TDM_PHASE_FETCH, "image", "Downloading image"},       {TDM_PHASE_VERIFY, "kept bytes", "Verifying kept bytes"},
        {TDM_PHASE_CONNECT, "buttons", "Waiting for buttons"}, {TDM_PHASE_FLASH, "write", "Flashing radio"},
        {TDM_PHASE_PROVE, "radio", "Proving radio"},           {TDM_PHASE_PROVE, "digest", "Comparing flash"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char said[64];
        struct progress_state s;
        progress_words(rows[i].phase, rows[i].what, &s);
        (void)snprintf(said, sizeof said, "%s %s", s.word, s.what);
        assert_string_equal(said, rows[i].said);
    }
}

static void the_remarks(void **state)
{
    static const struct {
        const char *what;
        uint64_t value;
        const char *said;
    } rows[] = {
        {"writing the firmware, bytes", 242512, "writing the firmware (242512 bytes)"},
        {"going on; bytes that are there", 65536, "going on: 65536 bytes are there"},
        {"trying again; milliseconds to wait", 1864, "trying again in 1.8 s"},
        {"trying again; milliseconds to wait", 0, "trying again in 0.0 s"},
        {"hold BOOT; seconds to do it", 60, "hold BOOT; there are 60 seconds to do it"},
        {"the line does not carry this rate:", 921600, "the line does not carry this rate: 921600"},
        {"trying that of RCP slot", 0, "trying that of RCP slot r0"},
        {"the proven host in slot", 0, "the proven host in slot A"},
        {"the proven host in slot", 1, "the proven host in slot B"},
        {"something else", 7, "something else (7)"},
        {"nothing to count", 0, "nothing to count"},
        {"", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char said[64];
        assert_string_equal(progress_note(said, sizeof said, rows[i].what, rows[i].value), rows[i].said);
    }
}

/* Whatever the numbers and the width: never as wide as the terminal, so nothing wraps. */
static void every_width(void **state)
{
    static const uint64_t numbers[] = {0, 1, 1023, 1024, 999999, 1 << 20, MIB(999), MIB(4096), UINT64_MAX / 2};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    char line[256];

    (void)state;
    for (int columns = 2; columns < 300; columns++) {
        for (size_t i = 0; i < COUNT * COUNT * COUNT; i++) {
            uint64_t total = numbers[i % COUNT], done = numbers[i / COUNT % COUNT];
            struct progress_state s = {"Downloading", "something with a long name",
                                       done < total || total == 0 ? done : total, total, numbers[i / COUNT / COUNT]};
            progress_line(line, sizeof line, columns, &s);
            assert_true(strlen(line) < (size_t)columns && strlen(line) < sizeof line);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_speed),   cmocka_unit_test(the_last_seconds_count),
        cmocka_unit_test(the_line),    cmocka_unit_test(the_words),
        cmocka_unit_test(the_remarks), cmocka_unit_test(every_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
