/* SPDX-License-Identifier: Apache-2.0 */
/* How a radio that does not answer is woken, step by step, and how one is met that somebody else has reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/spinel_radio.h"

#define SOFT_MS 500u /* for the notice of a soft reset, where the line can follow */

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
         2 * ALL_TRIES + SOFT_MS + 100 + 300},
        {"hard is not wired", SPINEL_RESET_HARD, false, NEVER, 1, TDM_E_TIMEOUT, TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6),
         2 * ALL_TRIES + NOTICE_MS},
        {"dead", SPINEL_RESET_HARD, true, NEVER, NEVER, TDM_E_TIMEOUT,
         TRIES(1, 2, 3) " R2 " TRIES(4, 5, 6) " H " TRIES(7, 8, 9), 3 * ALL_TRIES + SOFT_MS + NOTICE_MS + 100},
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

/* Text of a boot loader, another rate: no stack is there to be reset. Without a line there is nothing better to try. */
static void test_noise_is_reset_by_the_line_alone(void **state)
{
    static const struct {
        bool is_wired;
        int soft;
        size_t hard;
    } rows[] = {{true, 0, 1}, {false, 1, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->oddity = TEXT_ONLY;
        r->odd_times = 3;
        r->lines.port.is_wired = rows[i].is_wired;
        radio_expect("noise", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), TDM_OK, "");
        assert_int_equal(r->soft_resets, rows[i].soft);
        assert_int_equal(r->lines.resets, rows[i].hard);
    }
}

struct starter {
    struct spinel_starter port;
    struct radio *r;
    tdm_err err;
};

static tdm_err start_by_hand(struct spinel_starter *port, struct tdm_fault *fault)
{
    struct starter *s = (struct starter *)(void *)port;

    assert_int_equal(tdm_serial_set_baud(&s->r->serial.port, 115200), TDM_OK);
    assert_int_equal(tdm_lines_reset(&s->r->lines.port, &s->r->clock.port, TDM_BOOT_APP), TDM_OK);
    return s->err == TDM_OK ? TDM_OK : tdm_fault_set(fault, s->err, "no_firmware", "nothing to start", 0);
}

static void test_starter_decides_whether_it_is_waited_for(void **state)
{
    static const struct {
        tdm_err err;
        const char *code, *asked_after;
    } rows[] = {{TDM_OK, "", " H 7:1 8:2 9:5 10:8 11:176 12:177 13:4619"}, {TDM_E_STATE, "no_firmware", " H"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        struct starter s = {{start_by_hand}, r, rows[i].err};
        r->probe.cfg.starter = &s.port;
        r->awake_after_soft = NEVER;
        r->awake_after_hard = 1;
        radio_expect("starter", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), rows[i].err, rows[i].code);
        const char *hard = strstr(r->asked, " H");
        assert_non_null(hard);
        assert_string_equal(hard, rows[i].asked_after);
        assert_int_equal(r->serial.baud, rows[i].err == TDM_OK ? r->probe.cfg.baud : 115200);
    }
}

static void test_as_many_tries_as_wanted(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->probe.cfg.tries = 1;
    r->awake_after_soft = r->awake_after_hard = NEVER;
    radio_expect("once", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_E_TIMEOUT, "radio_silent");
    assert_int_equal(r->clock.passed_ms, FIRST_TRY);
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
        cmocka_unit_test(test_noise_is_reset_by_the_line_alone),
        cmocka_unit_test(test_starter_decides_whether_it_is_waited_for),
        cmocka_unit_test(test_as_many_tries_as_wanted),
        cmocka_unit_test(test_broken_line_is_told),
        cmocka_unit_test(test_after_reset),
        cmocka_unit_test(test_radio_without_notices_is_still_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
