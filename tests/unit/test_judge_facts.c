/* SPDX-License-Identifier: Apache-2.0 */
/* What the manifest states against itself and against the device: checks F and J1 to J10, each limit from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/judge_rows.h"

/* ---- F: one row for each check of the codec, which has tests of its own; F6 is the judge's ---- */

static void counter_2_31(void)
{
    sample_put32(stated(24), 0x80000000u);
}
static void counter_2_31_less_1(void)
{
    sample_put32(stated(24), 0x7fffffffu);
}
static void version_1_4(void)
{
    memcpy(stated(32), "1.4\0\0", 5);
}
static void no_radio_block(void)
{
    memset(stated(128), 0, 12);
}
static void radio_family_2(void)
{
    sample_put16(stated(128), 2);
}
static void host_family_3(void)
{
    sample_put16(stated(140), 3);
}
static void chip_in_an_opaque_host(void)
{
    sample_put16(stated(142), SAMPLE_S3);
}
static void critical_extension(void)
{
    image.bytes[image.cells_at - 7] = 0x80; /* the type's high byte */
}
static void radio_api_3(void)
{
    sample_put16(stated(136), 3);
    sample_put16(stated(138), 3);
}
static void radio_api_4(void)
{
    sample_put16(stated(136), 4);
}
static void host_api_3(void)
{
    sample_put16(stated(148), 3);
    sample_put16(stated(150), 3);
}
static void host_api_4(void)
{
    sample_put16(stated(148), 4);
}

/* ---- J1, J2: which image ---- */

static uint8_t ids[2][TDM_SHA256_LEN];

static void another_is_bad(void)
{
    memset(ids, 7, sizeof ids);
    facts.bad_ids = (const uint8_t(*)[TDM_SHA256_LEN])ids;
    facts.bad_count = 1;
}
static void it_is_bad(void)
{
    another_is_bad();
    sample_image_id(&image, ids[1]);
    facts.bad_count = 2;
}
static void it_is_beside_the_count(void)
{
    it_is_bad();
    facts.bad_count = 1;
}
static void it_was_shown(void)
{
    sample_image_id(&image, ids[0]);
    facts.shown_id = ids[0];
}
static void another_was_shown(void)
{
    it_was_shown();
    ids[0][31] ^= 1;
}

/* ---- J3: board ---- */

static const char *board[1];

static void only_board(const char *name)
{
    board[0] = name;
    facts.compatible = board;
    facts.compatible_count = 1;
}
static void longer_board(void)
{
    only_board("acme,br-1b");
}
static void shorter_board(void)
{
    only_board("acme,br-");
}
static void same_board(void)
{
    only_board("acme,br-1");
}
static void second_board_beside_the_count(void)
{
    facts.compatible_count = 1;
}
static void no_board(void)
{
    facts.compatible_count = 0;
}

/* ---- J4: host ---- */

static void host_is_esp(void)
{
    facts.host_family = MANIFEST_HOST_ESP;
}
static void host_is_opaque(void)
{
    facts.host_family = MANIFEST_HOST_OPAQUE;
}
static void host_is_unknown(void)
{
    facts.host_family = MANIFEST_HOST_NONE;
    facts.host_chip = 2;
}
static void host_chip_other(void)
{
    facts.host_chip = 2;
}
static void host_chip_unknown(void)
{
    facts.host_chip = JUDGE_CHIP_UNKNOWN;
}
static void host_revision_99(void)
{
    facts.host_revision = 99;
}
static void host_revision_100(void)
{
    facts.host_revision = 100;
}
static void host_revision_100_no_limit(void)
{
    facts.host_revision = 100;
    sample_put16(stated(146), 65535);
}
static void host_revision_stated_3(void)
{
    sample_put16(stated(144), 3);
}
static void host_revision_stated_2(void)
{
    sample_put16(stated(144), 2);
}
static void host_revision_unknown(void)
{
    facts.host_revision = JUDGE_REVISION_UNKNOWN;
}

/* ---- J5: radio ---- */

static void radio_chip_other(void)
{
    facts.radio_chip = SAMPLE_C6;
}
static void radio_chip_unknown(void)
{
    facts.radio_chip = JUDGE_CHIP_UNKNOWN;
    facts.radio_revision = 500;
}
static void radio_revision_99(void)
{
    facts.radio_revision = 99;
}
static void radio_revision_100(void)
{
    facts.radio_revision = 100;
}
static void radio_revision_100_no_limit(void)
{
    facts.radio_revision = 100;
    sample_put16(stated(134), 65535);
}
static void radio_revision_stated_10(void)
{
    sample_put16(stated(132), 10);
}
static void radio_revision_stated_11(void)
{
    sample_put16(stated(132), 11);
}
static void radio_revision_unknown(void)
{
    facts.radio_revision = JUDGE_REVISION_UNKNOWN;
}
static void flash_2_mib(void)
{
    facts.radio_flash_size = 0x200000;
}
static void flash_less_than_2_mib(void)
{
    facts.radio_flash_size = 0x1ff000;
}
static void flash_unknown(void)
{
    facts.radio_flash_size = 0;
}

/* ---- J6: the half that stays ---- */

static void host_speaks_4(void)
{
    facts.host.api = 4;
}
static void host_speaks_3(void)
{
    facts.host.api = 3;
}
static void host_wants_11(void)
{
    facts.host.least_api = 11;
}
static void host_wants_12(void)
{
    facts.host.least_api = 12;
}
static void host_api_unknown(void)
{
    facts.host = (struct judge_half){0, 12};
}
static void radio_speaks_4(void)
{
    facts.radio.api = 4;
}
static void radio_speaks_3(void)
{
    facts.radio.api = 3;
}
static void radio_wants_11(void)
{
    facts.radio.least_api = 11;
}
static void radio_wants_12(void)
{
    facts.radio.least_api = 12;
}
static void radio_api_unknown(void)
{
    facts.radio.api = 0;
}
static void radio_api_unknown_on_a_desk(void)
{
    facts.radio.api = 0;
    facts.must_know_radio = false;
}
static void both_halves_unable(void)
{
    facts.radio = facts.host = (struct judge_half){1, 200};
}

/* ---- J7 to J9: age ---- */

static void floor_6(void)
{
    facts.counter_floor = 6;
    facts.may_downgrade = true;
}
static void floor_0(void)
{
    facts.counter_floor = 0;
}
static void expires_now(void)
{
    sample_put32(stated(16), JUDGE_NOW);
}
static void expired_a_second_ago(void)
{
    sample_put32(stated(16), JUDGE_NOW - 1);
}
static void expired_without_a_clock(void)
{
    expired_a_second_ago();
    facts.now = 0;
}
static void runs_1_4_1(void)
{
    facts.pair_version = "1.4.1";
}
static void runs_1_4_1_but_may(void)
{
    facts.pair_version = "1.4.1";
    facts.may_downgrade = true;
}
static void runs_1_3_99(void)
{
    facts.pair_version = "1.3.99";
}
static void candidate_of_what_runs(void)
{
    memcpy(stated(32), "1.4.0-rc.1", 10);
}
static void runs_a_candidate(void)
{
    facts.pair_version = "1.4.0-rc.1";
}
static void runs_no_version(void)
{
    facts.pair_version = "";
}
static void runs_null(void)
{
    facts.pair_version = NULL;
}
static void runs_a_text(void)
{
    facts.pair_version = "openthread";
}

/* ---- J10: room ---- */

static void bundle_room_exact(void)
{
    facts.bundle_room = image.bundle_len;
}
static void bundle_room_small(void)
{
    facts.bundle_room = image.bundle_len - 1;
}
static void host_room_exact(void)
{
    facts.host_room = image.part_len[5];
}
static void host_room_small(void)
{
    facts.host_room = image.part_len[5] - 1;
}
static void no_limits(void)
{
    facts.bundle_room = facts.host_room = 0;
}
static void no_host_slots(void)
{
    facts.takes_host = false;
}
static void plain_below_the_floor(void)
{
    facts.trust = NULL;
    facts.counter_floor = 1;
}

#define GOOD TDM_OK, "", HELD

static const struct judge_row rows[] = {
    {"F1 counter of 2^31", PAIR, counter_2_31, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F1 counter of 2^31-1", PAIR, counter_2_31_less_1, NULL, GOOD},
    {"F2 version 1.4", PAIR, version_1_4, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F3 no radio block beside radio parts", PAIR, no_radio_block, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F3 radio family 2", PAIR, radio_family_2, NULL, TDM_E_TOO_NEW, "too_new", HELD},
    {"F4 host family 3", PAIR, host_family_3, NULL, TDM_E_TOO_NEW, "too_new", HELD},
    {"F4 chip of an opaque host", PAIR, chip_in_an_opaque_host, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F4 host block in a radio-only image", RADIO, host_family_3, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F3 radio block in a host-only image", HOST, radio_family_2, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"F5 critical extension", PAIR, critical_extension, NULL, TDM_E_TOO_NEW, "too_new", HELD},
    {"F6 radio older than its host accepts", PAIR, radio_api_3, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"F6 radio as old as its host accepts", PAIR, radio_api_4, NULL, GOOD},
    {"F6 host older than its radio accepts", PAIR, host_api_3, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"F6 host as old as its radio accepts", PAIR, host_api_4, NULL, GOOD},

    {"J1 another image is bad", PAIR, NULL, another_is_bad, GOOD},
    {"J1 the image is bad", PAIR, NULL, it_is_bad, TDM_E_REFUSED, "known_bad", HELD},
    {"J1 the image is bad, host only", HOST, NULL, it_is_bad, TDM_E_REFUSED, "known_bad", HELD},
    {"J1 an id behind the list", PAIR, NULL, it_is_beside_the_count, GOOD},
    {"J2 the one shown", PAIR, NULL, it_was_shown, GOOD},
    {"J2 not the one shown", PAIR, NULL, another_was_shown, TDM_E_MISMATCH, "not_the_one_shown", HELD},

    {"J3 second of the device's boards", PAIR, NULL, NULL, GOOD},
    {"J3 that board alone", PAIR, same_board, NULL, GOOD},
    {"J3 a board whose name goes on", PAIR, longer_board, NULL, TDM_E_MISMATCH, "wrong_board", HELD},
    {"J3 a board whose name ends before", PAIR, shorter_board, NULL, TDM_E_MISMATCH, "wrong_board", HELD},
    {"J3 a board behind the list", PAIR, second_board_beside_the_count, NULL, TDM_E_MISMATCH, "wrong_board", HELD},
    {"J3 host only", HOST, longer_board, NULL, TDM_E_MISMATCH, "wrong_board", HELD},
    {"J3 not asked", PAIR, no_board, NULL, GOOD},

    {"J4 opaque for an ESP host", PAIR, host_is_esp, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 ESP for an opaque host", ESP_PAIR, host_is_opaque, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 host not known", ESP_PAIR, host_is_unknown, NULL, GOOD},
    {"J4 the radio alone", RADIO, host_is_esp, NULL, GOOD},
    {"J4 another host chip", ESP_PAIR, host_chip_other, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 another host chip, host only", ESP_HOST, host_chip_other, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 host chip not known", ESP_PAIR, host_chip_unknown, NULL, GOOD},
    {"J4 highest host revision", ESP_PAIR, host_revision_99, NULL, GOOD},
    {"J4 host revision too high", ESP_PAIR, host_revision_100, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 no highest host revision", ESP_PAIR, host_revision_100_no_limit, NULL, GOOD},
    {"J4 least host revision", ESP_PAIR, host_revision_stated_2, NULL, GOOD},
    {"J4 host revision too low", ESP_PAIR, host_revision_stated_3, NULL, TDM_E_MISMATCH, "wrong_host", HELD},
    {"J4 host revision not known", ESP_PAIR, host_revision_unknown, NULL, GOOD},

    {"J5 another radio chip", PAIR, radio_chip_other, NULL, TDM_E_MISMATCH, "wrong_radio", HELD},
    {"J5 radio never asked", PAIR, radio_chip_unknown, NULL, GOOD},
    {"J5 another radio, but no radio parts", HOST, radio_chip_other, NULL, GOOD},
    {"J5 highest radio revision", PAIR, radio_revision_99, NULL, GOOD},
    {"J5 radio revision too high", PAIR, radio_revision_100, NULL, TDM_E_MISMATCH, "wrong_radio", HELD},
    {"J5 no highest radio revision", PAIR, radio_revision_100_no_limit, NULL, GOOD},
    {"J5 least radio revision", PAIR, radio_revision_stated_10, NULL, GOOD},
    {"J5 radio revision too low", PAIR, radio_revision_stated_11, NULL, TDM_E_MISMATCH, "wrong_radio", HELD},
    {"J5 radio revision not known", PAIR, radio_revision_unknown, NULL, GOOD},
    {"J5 flash as stated", PAIR, flash_2_mib, NULL, GOOD},
    {"J5 flash too small", PAIR, flash_less_than_2_mib, NULL, TDM_E_MISMATCH, "wrong_radio", HELD},
    {"J5 flash not known", PAIR, flash_unknown, NULL, GOOD},

    {"J6 host as old as the radio accepts", RADIO, host_speaks_4, NULL, GOOD},
    {"J6 host older than the radio accepts", RADIO, host_speaks_3, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"J6 radio as old as the host accepts", RADIO, host_wants_11, NULL, GOOD},
    {"J6 radio older than the host accepts", RADIO, host_wants_12, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"J6 host's numbers not known", RADIO, host_api_unknown, NULL, GOOD},
    {"J6 host only: radio as old as accepted", HOST, radio_speaks_4, NULL, GOOD},
    {"J6 host only: radio older than accepted", HOST, radio_speaks_3, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"J6 host only: as old as the radio accepts", HOST, radio_wants_11, NULL, GOOD},
    {"J6 host only: older than the radio accepts", HOST, radio_wants_12, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"J6 host only: radio not known", HOST, radio_api_unknown, NULL, TDM_E_MISMATCH, "api_mismatch", HELD},
    {"J6 host only: radio not known, on a desk", HOST, radio_api_unknown_on_a_desk, NULL, GOOD},
    {"J6 a pair brings both halves", PAIR, both_halves_unable, NULL, GOOD},

    {"J7 counter at the floor", PAIR, NULL, NULL, GOOD},
    {"J7 counter below the floor", PAIR, floor_6, NULL, TDM_E_REFUSED, "counter_too_low", HELD},
    {"J7 counter below the floor, radio only", RADIO, floor_6, NULL, TDM_E_REFUSED, "counter_too_low", HELD},
    {"J7 no floor", PAIR, floor_0, NULL, GOOD},
    {"J7 a plain image counts as 0", PLAIN, plain_below_the_floor, NULL, TDM_E_REFUSED, "counter_too_low", HELD},
    {"J8 the last second", PAIR, expires_now, NULL, GOOD},
    {"J8 a second later", PAIR, expired_a_second_ago, NULL, TDM_E_REFUSED, "expired", HELD},
    {"J8 no clock", PAIR, expired_without_a_clock, NULL, GOOD},
    {"J9 lower than what runs", PAIR, runs_1_4_1, NULL, TDM_E_REFUSED, "downgrade", HELD},
    {"J9 lower, and allowed", PAIR, runs_1_4_1_but_may, NULL, GOOD},
    {"J9 higher than what runs", PAIR, runs_1_3_99, NULL, GOOD},
    {"J9 candidate of what runs", PAIR, candidate_of_what_runs, NULL, TDM_E_REFUSED, "downgrade", HELD},
    {"J9 a candidate runs", PAIR, runs_a_candidate, NULL, GOOD},
    {"J9 no version recorded", PAIR, runs_no_version, NULL, GOOD},
    {"J9 no version told", PAIR, runs_null, NULL, GOOD},
    {"J9 what runs has no such version", PAIR, runs_a_text, NULL, GOOD},
    {"J10 bundle just fits", PAIR, NULL, bundle_room_exact, GOOD},
    {"J10 bundle a byte too large", PAIR, NULL, bundle_room_small, TDM_E_NO_ROOM, "no_room", HELD},
    {"J10 host part just fits", PAIR, NULL, host_room_exact, GOOD},
    {"J10 host part a byte too large", PAIR, NULL, host_room_small, TDM_E_NO_ROOM, "no_room", HELD},
    {"J10 host part a byte too large, host only", HOST, NULL, host_room_small, TDM_E_NO_ROOM, "no_room", HELD},
    {"J10 no limits", PAIR, NULL, no_limits, GOOD},
    {"J10 host without slots", PAIR, no_host_slots, NULL, TDM_E_REFUSED, "host_has_no_slots", HELD},
    {"J10 host without slots, radio only", RADIO, no_host_slots, NULL, GOOD},
};

static void stated_and_known(void **state)
{
    (void)state;
    judge_rows_run(rows, sizeof rows / sizeof rows[0]);
}

/* Where a refusal points: the field in the file. */
static void the_fault_names_the_field(void **state)
{
    struct judge_verdict v;

    (void)state;
    judge_rows_build(PAIR, floor_6);
    assert_int_equal(judge_catch_run(&facts, image.len, image.len, &v), TDM_E_REFUSED);
    assert_int_equal(judge.fault.at, image.manifest_at + 24);
    judge_rows_build(PAIR, version_1_4);
    assert_int_equal(judge_catch_run(&facts, image.len, image.len, &v), TDM_E_FORMAT);
    assert_int_equal(judge.fault.at, image.manifest_at + 32);
    judge_rows_build(PAIR, NULL);
    bundle_room_small();
    assert_int_equal(judge_catch_run(&facts, image.len, image.len, &v), TDM_E_NO_ROOM);
    assert_int_equal(judge.fault.at, image.bundle_len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stated_and_known),
        cmocka_unit_test(the_fault_names_the_field),
    };
    return cmocka_run_group_tests(tests, judge_rows_set_up, judge_rows_tear_down);
}
