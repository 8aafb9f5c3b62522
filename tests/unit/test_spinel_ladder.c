/* SPDX-License-Identifier: Apache-2.0 */
/* How a radio that does not answer is woken, step by step, and how one is met that somebody else has reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/spinel_radio.h"

/* ---- the ladder ---------------------------------------------------------------------------------------------------- */

static void test_ladder(void **state)
{
#define SEVEN(a, b, c, d, e, f, g) #a ":1 " #b ":2 " #c ":5 " #d ":8 " #e ":176 " #f ":177 " #g ":4619"
#define TRIES(a, b, c)             #a ":1 " #b ":1 " #c ":1"
    static const struct {
        const char *name;
        enum spinel_effort effort;
        bool is_wired;
        int soft, hard; /* resets until it answers */
        tdm_err err;
        const char *asked;
        uint32_t ms;
    } rows[] = {
        {"awake, only asked", SPINEL_ASK, true, 0, 0, TDM_OK, SEVEN(1, 2, 3, 4, 5, 6, 7), 0},
        {"awake: no reset though allowed", SPINEL_RESET_HARD, true, 0, 0, TDM_OK, SEVEN(1, 2, 3, 4, 5, 6, 7), 0},
        {"asleep, only asked", SPINEL_ASK, true, 1, 1, TDM_E_TIMEOUT, TRIES(1, 2, 3), ALL_TRIES},
        {"woken by soft reset", SPINEL_RESET_SOFT, true, 1, 1, TDM_OK,
         TRIES(1, 2, 3) " R2 " SEVEN(4, 5, 6, 7, 8, 9, 10), ALL_TRIES},
        {"soft is enough", SPINEL_RESET_HARD, true, 1, 1, TDM_OK, TRIES(1, 2, 3) " R2 " SEVEN(4, 5, 6, 7, 8, 9, 10),
         ALL_TRIES},
        {"deaf to soft, hard not allowed", SPINEL_RESET_SOFT, true, NEVER, 1, TDM_E_TIMEOUT,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6), 2 * ALL_TRIES + NOTICE_MS},
        {"woken by hard reset", SPINEL_RESET_HARD, true, NEVER, 1, TDM_OK,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6) " H " SEVEN(7, 8, 9, 10, 11, 12, 13),
         2 * ALL_TRIES + NOTICE_MS + 100 + 300},
        {"hard is not wired", SPINEL_RESET_HARD, false, NEVER, 1, TDM_E_TIMEOUT, TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6),
         2 * ALL_TRIES + NOTICE_MS},
        {"dead", SPINEL_RESET_HARD, true, NEVER, NEVER, TDM_E_TIMEOUT,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6) " H " TRIES(7, 8, 9), 3 * ALL_TRIES + 2 * NOTICE_MS + 100},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->lines.port.is_wired = rows[i].is_wired;
        r->awake_after_soft = rows[i].soft;
        r->awake_after_hard = rows[i].hard;
        tdm_err err = spinel_probe(&r->probe, rows[i].effort, &r->who);
        radio_expect(rows[i].name, r, err, rows[i].err, rows[i].err == TDM_OK ? "" : "radio_silent");
        if (strcmp(r->asked, rows[i].asked) != 0 || r->clock.passed_ms != rows[i].ms)
            fail_msg("%s: asked %s, %llu ms", rows[i].name, r->asked, (unsigned long long)r->clock.passed_ms);
    }
}

/* What a reset cannot change is not answered with one. */
static void test_other_firmware_is_not_reset(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    radio_set_answer(r, 5, "\x05\x20", 2);
    radio_expect("NCP", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), TDM_E_MISMATCH, "not_an_rcp");
    assert_int_equal(r->soft_resets + (int)r->lines.resets, 0);
}

static void test_confusion_is_reset(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = WRONG_PROPERTY;
    r->odd_times = 3;
    radio_expect("confused", r, spinel_probe(&r->probe, SPINEL_RESET_SOFT, &r->who), TDM_OK, "");
    assert_int_equal(r->soft_resets, 1);
}

static void test_broken_line_is_told(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->awake_after_soft = r->awake_after_hard = NEVER;
    r->lines.broken = TDM_E_UNREACHABLE;
    radio_expect("line", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), TDM_E_UNREACHABLE, "lines_failed");
}

/* ---- after somebody else's reset ----------------------------------------------------------------------------------- */

static void test_after_reset(void **state)
{
    static const uint8_t watchdog[] = {0xb0, 0x06, 0x00, 0x78}, error[] = {0x80, 0x06, 0x00, 0x0d},
                         answer[] = {0x81, 0x06, 0x00, 0x70};
    static const struct {
        const char *name;
        const uint8_t *payload;
        size_t len;
        uint32_t notice_ms, waited_ms;
    } rows[] = {
        {"notice is there already", (const uint8_t *)"\x80\x06\x00\x70", 4, 0, 0},
        {"notice comes later", (const uint8_t *)"\x80\x06\x00\x70", 4, 1200, 1200},
        {"notice to all interfaces, watchdog", watchdog, sizeof watchdog, 40, 40},
        {"an error is no notice", error, sizeof error, 40, NOTICE_MS},
        {"an answer is no notice", answer, sizeof answer, 40, NOTICE_MS},
        {"notice too late", (const uint8_t *)"\x80\x06\x00\x70", 4, 2600, NOTICE_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        fake_serial_say(&r->serial, "ESP-ROM:esp32h2-20221101\r\n", 26, 0);
        radio_say(r, rows[i].payload, rows[i].len, rows[i].notice_ms, false);
        tdm_err err = spinel_probe_after_reset(&r->probe, &r->who);
        if (rows[i].notice_ms > NOTICE_MS) { /* the fake keeps bytes in order: answers queue behind the notice */
            radio_expect(rows[i].name, r, err, TDM_OK, "");
            continue;
        }
        radio_expect(rows[i].name, r, err, TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        if (r->clock.passed_ms != rows[i].waited_ms)
            fail_msg("%s: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);
    }
}

static void test_radio_without_notices_is_still_asked(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->is_quiet_reset = true;
    r->awake_after_soft = 1;
    r->awake_after_hard = NEVER;
    radio_expect("quiet", r, spinel_probe(&r->probe, SPINEL_RESET_SOFT, &r->who), TDM_OK, "");
    assert_int_equal(r->clock.passed_ms, ALL_TRIES + NOTICE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_other_firmware_is_not_reset),
        cmocka_unit_test(test_confusion_is_reset),
        cmocka_unit_test(test_broken_line_is_told),
        cmocka_unit_test(test_after_reset),
        cmocka_unit_test(test_radio_without_notices_is_still_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
