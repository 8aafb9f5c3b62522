/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a radio who it is: what it may answer, and the oddities of the wire. How it is woken: test_spinel_ladder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/spinel_radio.h"

#define QUESTIONS 7u

/* ---- who it is ----------------------------------------------------------------------------------------------------- */

static void test_captured_radio_is_known(void **state)
{
    static const uint8_t first[] = {0x7e, 0x81, 0x02, 0x01, 0xc5, 0xb2, 0x7e}; /* as the other host asked it */
    static const uint8_t address[] = {0x18, 0xb4, 0x30, 0, 0, 0, 0, 2};
    static const uint32_t caps[] = {5, 12, 24, 34, 513, 64, 65};
    (void)state;
    for (size_t read_max = 0; read_max <= 7; read_max++) { /* pieces of every size up to 7; 0: all at once */
        struct radio *r = radio_new();
        r->serial.read_max = read_max;
        radio_expect("captured", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        assert_int_equal(r->who.protocol_major, 4);
        assert_int_equal(r->who.protocol_minor, 3);
        assert_memory_equal(r->who.hwaddr, address, sizeof address);
        assert_int_equal(r->who.cap_count, 7);
        assert_memory_equal(r->who.caps, caps, sizeof caps);
        assert_int_equal(r->who.api, 11);
        assert_int_equal(r->who.min_host_api, 4);
        assert_int_equal(r->who.radio_caps, 0x7f);
        assert_string_equal(r->asked, "1:1 2:2 3:5 4:8 5:176 6:177 7:4619");
        assert_int_equal(r->first_len, sizeof first);
        assert_memory_equal(r->first_request, first, sizeof first);
        assert_int_equal(r->clock.passed_ms, 0); /* answered at once: nothing was waited for */
        assert_int_equal(r->lines.resets + (size_t)r->soft_resets, 0);
    }
}

static void test_transaction_numbers_go_on_and_skip_zero(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    for (int i = 0; i < 3; i++) {
        r->asked[0] = '\0';
        radio_expect("again", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    }
    assert_string_equal(r->asked, "15:1 1:2 2:5 3:8 4:176 5:177 6:4619");
}

static void test_old_radio_without_api_versions(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    radio_set_answer(r, 5, "\x05\x22\x81\x04", 4);
    r->oddity = REFUSED;
    r->odd_property = 4619;
    r->odd_times = 1;
    radio_expect("old", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    assert_int_equal(r->who.api, 1);
    assert_int_equal(r->who.min_host_api, 1);
    assert_int_equal(r->who.radio_caps, 0);
    assert_string_equal(r->asked, "1:1 2:2 3:5 4:8 5:4619");
    assert_false(spinel_has_cap(&r->who, SPINEL_CAP_RCP_API));
    assert_true(spinel_has_cap(&r->who, SPINEL_CAP_MAC_RAW));
}

/* ---- values that are not what they should be ----------------------------------------------------------------------- */

static void test_values(void **state)
{
    static char text127[128], text128[129], caps64[64], caps65[65];
    static const struct {
        const char *name;
        uint32_t property;
        const char *value;
        size_t len;
        tdm_err err;
        const char *code;
        uint64_t at;
    } rows[] = {
        {"protocol 4.9", 1, "\x04\x09", 2, TDM_OK, "", 0},
        {"protocol 5", 1, "\x05\x00", 2, TDM_E_MISMATCH, "radio_protocol", 5},
        {"protocol 3", 1, "\x03\x03", 2, TDM_E_MISMATCH, "radio_protocol", 3},
        {"protocol without minor", 1, "\x04", 1, TDM_E_FORMAT, "bad_reply", 1},
        {"protocol empty", 1, "", 0, TDM_E_FORMAT, "bad_reply", 1},
        {"protocol and more", 1, "\x04\x03\x00", 3, TDM_E_FORMAT, "bad_reply", 1},
        {"version of 1", 2, "x", 2, TDM_OK, "", 0},
        {"version of 127", 2, text127, 128, TDM_OK, "", 0},
        {"version of 128", 2, text128, 129, TDM_E_FORMAT, "bad_reply", 2},
        {"version empty", 2, "", 1, TDM_E_FORMAT, "bad_reply", 2},
        {"version of no bytes", 2, "", 0, TDM_E_FORMAT, "bad_reply", 2},
        {"version without NUL", 2, "a/b; esp32h2; c", 15, TDM_E_FORMAT, "bad_reply", 2},
        {"version and more", 2, "a/b\0c", 6, TDM_E_FORMAT, "bad_reply", 2},
        {"version with newline", 2, "a\nb", 4, TDM_E_FORMAT, "bad_reply", 2},
        {"version with escape", 2, "a\x1b[2Jb", 7, TDM_E_FORMAT, "bad_reply", 2},
        {"version with DEL", 2, "a\x7f", 3, TDM_E_FORMAT, "bad_reply", 2},
        {"version beyond ASCII", 2, "a\xc3\xa9", 4, TDM_E_FORMAT, "bad_reply", 2},
        {"no capabilities", 5, "", 0, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"a whole Thread device", 5, "\x05\x20\x81\x04", 4, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"no raw access", 5, "\x05\x22\x40", 3, TDM_E_MISMATCH, "not_an_rcp", 513},
        {"capability cut", 5, "\x22\x81\x04\x81", 4, TDM_E_FORMAT, "bad_reply", 5},
        {"64 capabilities", 5, caps64, 64, TDM_E_MISMATCH, "not_an_rcp", 34},
        {"65 capabilities", 5, caps65, 65, TDM_E_FORMAT, "bad_reply", 5},
        {"address of 7", 8, "1234567", 7, TDM_E_FORMAT, "bad_reply", 8},
        {"address of 9", 8, "123456789", 9, TDM_E_FORMAT, "bad_reply", 8},
        {"API cut", 176, "\x8b", 1, TDM_E_FORMAT, "bad_reply", 176},
        {"API of four bytes", 176, "\x80\x80\x80\x01", 4, TDM_E_FORMAT, "bad_reply", 176},
        {"minimum API empty", 177, "", 0, TDM_E_FORMAT, "bad_reply", 177},
        {"radio capabilities cut", 4619, "\xff", 1, TDM_E_FORMAT, "bad_reply", 4619},
    };
    (void)state;
    memset(text127, 'v', 127);
    memset(text128, 'v', 128);
    memset(caps64, 7, 64);
    memset(caps65, 7, 65);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        radio_set_answer(r, rows[i].property, rows[i].value, rows[i].len);
        radio_expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), rows[i].err, rows[i].code);
        if (r->probe.fault.at != rows[i].at)
            fail_msg("%s: at %llu", rows[i].name, (unsigned long long)r->probe.fault.at);
        if (rows[i].err == TDM_OK && rows[i].property == 2)
            assert_string_equal(r->who.version, rows[i].value);
    }
}

/* ---- the wire and its oddities ------------------------------------------------------------------------------------- */

/* Each oddity once (the next try is good), and for ever; and what it costs to find out. */
static void test_oddities(void **state)
{
    static const struct {
        const char *name;
        enum oddity oddity;
        uint32_t once_ms; /* what one of them costs; it must succeed then      */
        tdm_err for_ever;
        const char *code;
        uint32_t for_ever_ms;
    } rows[] = {
        {"mute", MUTE, FIRST_TRY, TDM_E_TIMEOUT, "radio_silent", ALL_TRIES},
        {"wrong transaction", WRONG_TID, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"wrong property", WRONG_PROPERTY, FIRST_TRY, TDM_E_FORMAT, "bad_reply", ALL_TRIES},
        {"other interface", OTHER_INTERFACE, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"set instead of told", AS_SET, FIRST_TRY, TDM_E_FORMAT, "bad_reply", ALL_TRIES},
        {"damaged", DAMAGED, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
        {"damaged, then good", DAMAGED_THEN_GOOD, 0, TDM_OK, "", 0},
        {"log first", LOG_FIRST, 0, TDM_OK, "", 0},
        {"boot text first", BOOT_TEXT_FIRST, 0, TDM_OK, "", 0},
        {"late", LATE, FIRST_TRY + 200, TDM_OK, "", QUESTIONS * (FIRST_TRY + 200)},
        {"only boot text", TEXT_ONLY, FIRST_TRY, TDM_E_TIMEOUT, "radio_noise", ALL_TRIES},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->oddity = rows[i].oddity;
        r->odd_times = 1;
        radio_expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
        assert_string_equal(r->who.version, CAPTURED);
        if (r->clock.passed_ms != rows[i].once_ms)
            fail_msg("%s once: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);

        r = radio_new();
        r->oddity = rows[i].oddity;
        r->odd_times = 1000;
        radio_expect(rows[i].name, r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), rows[i].for_ever, rows[i].code);
        if (r->clock.passed_ms != rows[i].for_ever_ms)
            fail_msg("%s for ever: %llu ms", rows[i].name, (unsigned long long)r->clock.passed_ms);
    }
}

static void test_each_try_has_its_own_number(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = MUTE;
    r->odd_property = 5;
    r->odd_times = 2;
    radio_expect("third try", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
    assert_string_equal(r->asked, "1:1 2:2 3:5 4:5 5:5 6:8 7:176 8:177 9:4619");
}

static void test_refusal_is_told(void **state)
{
    (void)state;
    struct radio *r = radio_new();
    r->oddity = REFUSED;
    r->odd_property = 8;
    r->odd_times = 1;
    radio_expect("refused", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_E_PEER, "radio_refused");
    assert_int_equal(r->probe.fault.at, 13);
    assert_string_equal(r->probe.fault.what, "property not known");
}

/* Input from before the probe is not an answer to it, even when it would fit. */
static void test_stale_input_is_dropped(void **state)
{
    static const uint8_t protocol_9[] = {0x81, 0x06, 0x01, 0x09, 0x00};
    (void)state;
    struct radio *r = radio_new();
    radio_say(r, protocol_9, sizeof protocol_9, 0, false);
    radio_expect("stale", r, spinel_probe(&r->probe, SPINEL_ASK, &r->who), TDM_OK, "");
}

static void test_lost_port_ends_it_at_once(void **state)
{
    static const struct {
        tdm_err err;
        const char *code;
    } rows[] = {{TDM_E_UNREACHABLE, "port_lost"}, {TDM_E_IO, "port_io"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct radio *r = radio_new();
        r->serial.broken = rows[i].err;
        radio_expect("hard", r, spinel_probe(&r->probe, SPINEL_RESET_HARD, &r->who), rows[i].err, rows[i].code);
        assert_int_equal(r->lines.resets, 0);
        radio_expect("after", r, spinel_probe_after_reset(&r->probe, &r->who), rows[i].err, rows[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_radio_is_known),
        cmocka_unit_test(test_transaction_numbers_go_on_and_skip_zero),
        cmocka_unit_test(test_old_radio_without_api_versions),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_oddities),
        cmocka_unit_test(test_each_try_has_its_own_number),
        cmocka_unit_test(test_refusal_is_told),
        cmocka_unit_test(test_stale_input_is_dropped),
        cmocka_unit_test(test_lost_port_ends_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
