/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record's bytes. The picture is docs/FORMAT.md, "Record"; `places` below repeats its offsets, and the CRC was
 * computed by Python (struct.pack of the same fields in the same order, then zlib.crc32), not by this code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/slot.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "slot/slot_record.h"

#define FULL_CRC 0x97fa7d14u

static struct slot_content content(uint8_t state, uint8_t fill, const char *version, uint32_t counter, uint64_t length)
{
    struct slot_content c = {.state = state, .counter = counter, .length = length};

    memset(c.id, fill, sizeof c.id);
    memset(c.digest, fill + 0x80, sizeof c.digest);
    slot_text_set(c.version, sizeof c.version, version);
    return c;
}

/* Every field differs from zero and from its neighbours. */
static struct slot_record full_record(void)
{
    struct slot_record rec = {0};

    rec.host[0].content = content(SLOT_GOOD, 1, "v1", 10, 0x123456);
    rec.host[0].content.issued = 1780000000;
    rec.host[0].content.is_signed = true;
    rec.host[0].rcp = SLOT_R0;
    slot_text_set(rec.host[0].pair_version, sizeof rec.host[0].pair_version, "1.2.3");
    rec.host[0].api = 11;
    rec.host[0].least_radio_api = 4;
    rec.host[1].content = content(SLOT_TRIAL, 2, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0xfffffffe, (1ull << 40) + 5);
    rec.host[1].rcp = SLOT_RCP_NONE;
    rec.host[1].content.issued = (1ull << 33) + 7;
    rec.host[1].is_mixed = true;
    slot_text_set(rec.host[1].pair_version, sizeof rec.host[1].pair_version, "2.0.0-rc.1");
    rec.host[1].api = 12;
    rec.host[1].least_radio_api = 5;
    rec.rcp[0] = content(SLOT_GOOD, 3, "v1", 10, 777);
    rec.rcp[0].issued = 1780000000;
    rec.rcp[0].is_signed = true;
    rec.rcp[1] = content(SLOT_BAD, 4, "", 0, 0);
    rec.trial.kind = SLOT_TRIAL_HOST;
    rec.trial.to = TDM_HOST_B;
    rec.trial.tries = 2;
    rec.trial.is_paid = true;
    rec.trial.is_back = true;
    rec.back.host = TDM_HOST_A;
    rec.back.rcp = SLOT_RCP_NONE;
    rec.back.is_mixed = true;
    slot_text_set(rec.back.pair_version, sizeof rec.back.pair_version, "1.2.2");
    rec.radio.is_known = true;
    memset(rec.radio.holds, 5, sizeof rec.radio.holds);
    rec.radio.begun = 6;
    rec.radio.failed = 2;
    rec.radio.chip = 16;
    rec.radio.revision = 103;
    rec.radio.flash_size = 4u << 20;
    rec.radio.text_crc = 0xa1b2c3d4;
    rec.radio.api = 10;
    rec.radio.least_host_api = 3;
    rec.radio.baud = 921600;
    rec.counter_floor = 0x01020304;
    rec.time_floor = 1790000000;
    for (int i = 0; i < SLOT_BAD_MAX; i++) {
        char reason[] = "reason 0";
        reason[7] = (char)('0' + i);
        memset(rec.bad[i].id, 0x40 + i, SLOT_ID_LEN);
        slot_text_set(rec.bad[i].reason, sizeof rec.bad[i].reason, reason);
    }
    rec.result.number = 0x11223344;
    rec.result.code = SLOT_RESULT_FAILED;
    slot_text_set(rec.result.reason, sizeof rec.result.reason, "radio silent");
    memset(rec.result.id, 0x55, sizeof rec.result.id);
    slot_text_set(rec.result.version, sizeof rec.result.version, "v9");
    rec.update.code = SLOT_RESULT_OK;
    rec.front.expires = 1800000000;
    slot_text_set(rec.front.compatible, sizeof rec.front.compatible, "acme,gate-1");
    rec.front.family = 2;
    rec.front.chip = 9;
    rec.front.revision_min = 3;
    rec.front.revision_max = 104;
    for (uint8_t i = 0; i < SLOT_SIGNERS_MAX; i++)
        memset(rec.front.signers[i], 0x21 + i, SLOT_KEY_ID_LEN);
    return rec;
}

static void write_full(uint8_t bytes[SLOT_RECORD_LEN])
{
    struct slot_record rec = full_record();

    assert_int_equal(slot_record_write(&rec, 7, bytes), TDM_OK);
}

static void reseal(uint8_t *bytes)
{
    bytes_store_le32(bytes + SLOT_RECORD_LEN - 4, crc32_add(CRC32_START, bytes, SLOT_RECORD_LEN - 4));
}

static const struct {
    const char *name;
    size_t at, len;
    uint8_t bytes[8];
} places[] = {
    {"magic", 0, 4, {'T', 'd', 'R', 'c'}},
    {"version", 4, 2, {1, 0}},
    {"length", 6, 2, {0x55, 0x06}},
    {"sequence", 8, 4, {7, 0, 0, 0}},
    {"host A state", 12, 1, {SLOT_GOOD}},
    {"host A id", 13, 1, {1}},
    {"host A version", 45, 3, {'v', '1', 0}},
    {"host A counter", 77, 4, {10, 0, 0, 0}},
    {"host A issued", 81, 8, {0x00, 0xa5, 0x18, 0x6a, 0, 0, 0, 0}},
    {"host A length", 89, 8, {0x56, 0x34, 0x12, 0, 0, 0, 0, 0}},
    {"host A digest", 97, 1, {0x81}},
    {"host A signed", 129, 1, {1}},
    {"host A rcp, mixed, pair version", 130, 8, {0, 0, '1', '.', '2', '.', '3', 0}},
    {"host A API", 164, 4, {11, 0, 4, 0}},
    {"host B state", 168, 1, {SLOT_TRIAL}},
    {"host B signed, rcp, mixed, pair version", 285, 6, {0, 0xff, 1, '2', '.', '0'}},
    {"host B API", 320, 4, {12, 0, 5, 0}},
    {"r0 state", 324, 1, {SLOT_GOOD}},
    {"r0 signed", 441, 1, {1}},
    {"r1 state", 442, 1, {SLOT_BAD}},
    {"trial, back", 560, 8, {1, 1, 2, 1, 1, 0, 0xff, 1}},
    {"radio known", 600, 2, {1, 5}},
    {"radio begun, failed, chip, revision", 633, 6, {6, 2, 16, 0, 103, 0}},
    {"radio flash, text CRC", 639, 8, {0, 0, 0x40, 0, 0xd4, 0xc3, 0xb2, 0xa1}},
    {"radio API", 647, 4, {10, 0, 3, 0}},
    {"radio rate", 651, 4, {0x00, 0x10, 0x0e, 0x00}},
    {"counter floor", 655, 4, {4, 3, 2, 1}},
    {"time floor", 659, 8, {0x80, 0x3b, 0xb1, 0x6a, 0, 0, 0, 0}},
    {"bad 0", 667, 1, {0x40}},
    {"bad 7 reason", 1259, 8, {'r', 'e', 'a', 's', 'o', 'n', ' ', '7'}},
    {"result", 1307, 8, {0x44, 0x33, 0x22, 0x11, 2, 'r', 'a', 'd'}},
    {"result id, version", 1391, 4, {0x55, 'v', '9', 0}},
    {"update", 1424, 3, {1, 0, 0}},
    {"front expires", 1473, 8, {0x00, 0xd2, 0x49, 0x6b, 0, 0, 0, 0}},
    {"front compatible", 1481, 5, {'a', 'c', 'm', 'e', ','}},
    {"front host", 1545, 8, {2, 0, 9, 0, 3, 0, 104, 0}},
    {"front first key", 1553, 2, {0x21, 0x21}},
    {"front last key", 1616, 1, {0x28}},
    {"crc", 1617, 4, {0x14, 0x7d, 0xfa, 0x97}},
};

static void every_field_in_its_place(void **state)
{
    uint8_t bytes[SLOT_RECORD_LEN];

    (void)state;
    write_full(bytes);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (memcmp(bytes + places[i].at, places[i].bytes, places[i].len) != 0)
            fail_msg("%s is not at %d", places[i].name, (int)places[i].at);
    assert_int_equal(crc32_add(CRC32_START, bytes, SLOT_RECORD_LEN - 4), FULL_CRC);
}

static void there_and_back(void **state)
{
    uint8_t bytes[SLOT_RECORD_LEN], again[SLOT_RECORD_LEN];
    struct slot_record rec;
    uint32_t sequence = 0;

    (void)state;
    write_full(bytes);
    memset(&rec, 0xa5, sizeof rec);
    assert_int_equal(slot_record_read(bytes, sizeof bytes, &rec, &sequence), TDM_OK);
    assert_int_equal(sequence, 7);
    assert_int_equal(slot_record_write(&rec, sequence, again), TDM_OK);
    assert_memory_equal(bytes, again, sizeof bytes);
}

/* What stands in memory after the end of a text must not reach the medium: the same record has the same bytes. */
static void garbage_after_a_text_stays_in_memory(void **state)
{
    uint8_t clean[SLOT_RECORD_LEN], dirty[SLOT_RECORD_LEN];
    struct slot_record rec = full_record();

    (void)state;
    write_full(clean);
    memset(rec.host[0].content.version + 3, 'z', SLOT_VERSION_MAX - 3);
    assert_int_equal(slot_record_write(&rec, 7, dirty), TDM_OK);
    assert_memory_equal(clean, dirty, sizeof clean);
}

/* One byte of a sealed record is replaced and the CRC made right again. */
static const struct {
    const char *name;
    size_t at;
    uint8_t value;
    tdm_err err;
} wrong[] = {
    {"magic", 0, 't', TDM_E_FORMAT},
    {"version 0", 4, 0, TDM_E_FORMAT},
    {"version 2", 4, 2, TDM_E_TOO_NEW},
    {"version 257", 5, 1, TDM_E_TOO_NEW},
    {"host A state", 12, 6, TDM_E_FORMAT},
    {"host A version without end", 47, 'x', TDM_OK}, /* still zeros behind it */
    {"host A version, byte after its end", 60, 'x', TDM_E_FORMAT},
    {"host B version without end", 232, 'x', TDM_E_FORMAT},
    {"host A rcp 2", 130, 2, TDM_E_FORMAT},
    {"host A rcp fe", 130, 0xfe, TDM_E_FORMAT},
    {"host A mixed 2", 131, 2, TDM_E_FORMAT},
    {"host A signed 2", 129, 2, TDM_E_FORMAT},
    {"host A pair version, byte after its end", 160, 1, TDM_E_FORMAT},
    {"r1 state", 442, 0xff, TDM_E_FORMAT},
    {"trial kind", 560, 3, TDM_E_FORMAT},
    {"trial to", 561, 2, TDM_E_FORMAT},
    {"trial to none", 561, 0xff, TDM_E_FORMAT},
    {"trial tries, any", 562, 0xff, TDM_OK},
    {"trial paid", 563, 2, TDM_E_FORMAT},
    {"trial back", 564, 2, TDM_E_FORMAT},
    {"back host none", 565, 0xff, TDM_OK},
    {"back host", 565, 2, TDM_E_FORMAT},
    {"back rcp", 566, 2, TDM_E_FORMAT},
    {"back mixed", 567, 2, TDM_E_FORMAT},
    {"back pair version, byte after its end", 599, 1, TDM_E_FORMAT},
    {"radio known", 600, 2, TDM_E_FORMAT},
    {"result code, last", 1311, 6, TDM_OK},
    {"result code", 1311, 7, TDM_E_FORMAT},
    {"result reason, byte after its end", 1359, 1, TDM_E_FORMAT},
    {"result version, byte after its end", 1423, 1, TDM_E_FORMAT},
    {"update code, last", 1424, 3, TDM_OK},
    {"update code", 1424, 4, TDM_E_FORMAT},
    {"update reason, byte after its end", 1472, 1, TDM_E_FORMAT},
    {"front compatible without end", 1492, 'x', TDM_OK},
    {"front compatible, byte after its end", 1500, 'x', TDM_E_FORMAT},
    {"front keys, not rising", 1569, 0x21, TDM_E_FORMAT},
    {"front keys, first one higher than the second", 1553, 0x23, TDM_E_FORMAT},
};

static void values_that_do_not_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t bytes[SLOT_RECORD_LEN];
        struct slot_record rec;
        uint32_t sequence;
        write_full(bytes);
        bytes[wrong[i].at] = wrong[i].value;
        reseal(bytes);
        tdm_err err = slot_record_read(bytes, sizeof bytes, &rec, &sequence);
        if (err != wrong[i].err)
            fail_msg("%s: %s", wrong[i].name, tdm_err_name(err));
    }
}

static tdm_err read_signers(const uint8_t first[SLOT_SIGNERS_MAX])
{
    uint8_t bytes[SLOT_RECORD_LEN];
    struct slot_record rec = full_record();
    uint32_t sequence;

    for (int i = 0; i < SLOT_SIGNERS_MAX; i++) {
        memset(rec.front.signers[i], 0, SLOT_KEY_ID_LEN);
        rec.front.signers[i][3] = first[i];
    }
    assert_int_equal(slot_record_write(&rec, 7, bytes), TDM_OK);
    return slot_record_read(bytes, sizeof bytes, &rec, &sequence);
}

static void the_front_names_each_signer_once(void **state)
{
    static const struct {
        const char *name;
        uint8_t keys[SLOT_SIGNERS_MAX];
        tdm_err err;
    } lists[] = {
        {"none", {0}, TDM_OK},
        {"one", {5}, TDM_OK},
        {"three", {1, 2, 9}, TDM_OK},
        {"eight", {1, 2, 3, 4, 5, 6, 7, 8}, TDM_OK},
        {"twice the same", {5, 5}, TDM_E_FORMAT},
        {"falling", {5, 4}, TDM_E_FORMAT},
        {"a gap", {5, 0, 6}, TDM_E_FORMAT},
        {"the first left out", {0, 6}, TDM_E_FORMAT},
        {"the last not in order", {1, 2, 3, 4, 5, 6, 8, 7}, TDM_E_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (read_signers(lists[i].keys) != lists[i].err)
            fail_msg("%s", lists[i].name);
}

static void every_single_byte_counts(void **state)
{
    uint8_t bytes[SLOT_RECORD_LEN];
    struct slot_record rec;
    uint32_t sequence;

    (void)state;
    write_full(bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] ^= 0x01;
        if (slot_record_read(bytes, sizeof bytes, &rec, &sequence) == TDM_OK)
            fail_msg("byte %d changed and nobody noticed", (int)i);
        bytes[i] ^= 0x01;
    }
    for (uint32_t room = 0; room < sizeof bytes; room++)
        if (slot_record_read(bytes, room, &rec, &sequence) == TDM_OK)
            fail_msg("accepted with %u bytes", (unsigned)room);
}

/* A later version may be longer or shorter; it is told from damage by its frame alone. */
static void a_newer_record_of_another_length(void **state)
{
    static const uint16_t lengths[] = {16, 400, SLOT_RECORD_ROOM};
    static uint8_t bytes[SLOT_RECORD_ROOM];
    struct slot_record rec;
    uint32_t sequence;

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint16_t len = lengths[i];
        memset(bytes, 0x77, sizeof bytes);
        memcpy(bytes, "TdRc", 4);
        bytes_store_le16(bytes + 4, 3);
        bytes_store_le16(bytes + 6, len);
        bytes_store_le32(bytes + len - 4, crc32_add(CRC32_START, bytes, len - 4u));
        assert_int_equal(slot_record_read(bytes, sizeof bytes, &rec, &sequence), TDM_E_TOO_NEW);
        bytes[9] ^= 1;
        assert_int_equal(slot_record_read(bytes, sizeof bytes, &rec, &sequence), TDM_E_CORRUPT);
    }
    bytes_store_le16(bytes + 6, 15);
    assert_int_equal(slot_record_read(bytes, sizeof bytes, &rec, &sequence), TDM_E_FORMAT);
    bytes_store_le16(bytes + 6, SLOT_RECORD_ROOM + 1);
    assert_int_equal(slot_record_read(bytes, sizeof bytes, &rec, &sequence), TDM_E_FORMAT);
}

static void the_first_record(void **state)
{
    struct slot_record rec;

    (void)state;
    slot_record_first(&rec, TDM_HOST_B);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_GOOD);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_EMPTY);
    assert_int_equal(rec.host[TDM_HOST_B].rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.back.host, SLOT_HOST_NONE);
    assert_int_equal(rec.back.rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.radio.chip, 0xffff);
    assert_false(rec.radio.is_known);
}

static void refuse(struct slot_record *rec, uint8_t n, const char *reason)
{
    uint8_t id[SLOT_ID_LEN];

    memset(id, n, sizeof id);
    slot_record_add_bad(rec, id, reason);
}

static void refused_images(void **state)
{
    struct slot_record rec;
    uint8_t id[SLOT_ID_LEN] = {0};

    (void)state;
    slot_record_first(&rec, TDM_HOST_A);
    assert_null(slot_record_bad_reason(&rec, id)); /* the zero id stands in every free entry */
    slot_record_add_bad(&rec, id, "never");
    assert_string_equal(rec.bad[0].reason, "");
    for (uint8_t n = 1; n <= SLOT_BAD_MAX; n++)
        refuse(&rec, n, "first");
    assert_int_equal(rec.bad[0].id[0], 8);
    assert_int_equal(rec.bad[7].id[0], 1);
    refuse(&rec, 3, "again");
    assert_int_equal(rec.bad[0].id[0], 3);
    assert_string_equal(rec.bad[0].reason, "again");
    assert_int_equal(rec.bad[7].id[0], 1);

    memset(rec.rcp[1].id, 1, SLOT_ID_LEN); /* still in a slot: its verdict must not be forgotten */
    refuse(&rec, 9, "a reason that is longer than the field which has to keep it");
    assert_int_equal(rec.bad[0].id[0], 9);
    assert_int_equal(strlen(rec.bad[0].reason), SLOT_REASON_MAX);
    memset(id, 1, sizeof id);
    assert_string_equal(slot_record_bad_reason(&rec, id), "first");
    memset(id, 2, sizeof id);
    assert_null(slot_record_bad_reason(&rec, id));
}

/* Numbered are the results that a history keeps: not that nothing is left to say, nor that a trial waits. */
static void results(void **state)
{
    static const struct {
        enum slot_result code;
        const char *reason, *kept;
        uint32_t number;
    } rows[] = {
        {SLOT_RESULT_OK, "", "", 1},
        {SLOT_RESULT_WAITING, "", "", 1},
        {SLOT_RESULT_NONE, "", "", 1},
        {SLOT_RESULT_FAILED, "no digest fits: the radio answered with another one", "no digest fits", 2},
        {SLOT_RESULT_DEGRADED, "a reason that is longer than the field which has to keep it",
         "a reason that is longer than the field which", 3},
        {SLOT_RESULT_SUBSTITUTE, "exactly forty-seven bytes of a reason: it stays",
         "exactly forty-seven bytes of a reason: it stays", 4},
        {SLOT_RESULT_CANCELLED, "", "", 5},
    };
    struct slot_content about = content(SLOT_GOOD, 9, "v3", 0, 0);
    struct slot_record rec;

    (void)state;
    slot_record_first(&rec, TDM_HOST_A);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        slot_record_set_result(&rec, rows[i].code, i % 2 == 0 ? &about : NULL, rows[i].reason);
        assert_int_equal(rec.result.code, rows[i].code);
        assert_int_equal(rec.result.number, rows[i].number);
        assert_string_equal(rec.result.reason, rows[i].kept);
        assert_int_equal(rec.result.id[31], i % 2 == 0 ? 9 : 0);
        assert_string_equal(rec.result.version, i % 2 == 0 ? "v3" : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_in_its_place),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(garbage_after_a_text_stays_in_memory),
        cmocka_unit_test(values_that_do_not_exist),
        cmocka_unit_test(the_front_names_each_signer_once),
        cmocka_unit_test(every_single_byte_counts),
        cmocka_unit_test(a_newer_record_of_another_length),
        cmocka_unit_test(the_first_record),
        cmocka_unit_test(refused_images),
        cmocka_unit_test(results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
