/* SPDX-License-Identifier: Apache-2.0 */
/* Who has signed: checks T2, M1 to M3 and G1 to G3, and that nothing is believed before them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/judge_rows.h"

#define CELL_LEN 80

/* ---- M: the manifest's frame ---- */

static void other_magic(void)
{
    *stated(0) ^= 1;
}
static void format_0(void)
{
    sample_put16(stated(4), 0);
}
static void format_2(void)
{
    sample_put16(stated(4), 2);
}
static void no_cells(void)
{
    *stated(6) = 0;
}
static void nine_cells(void)
{
    *stated(6) = 9;
}
static void one_cell_more(void)
{
    *stated(6) += 1;
}
/* The first signature slips into what is signed. */
static void one_cell_less(void)
{
    *stated(6) -= 1;
}
static void reserved_1(void)
{
    *stated(7) = 1;
}
static void told_one_less(void)
{
    facts.told_length = image.len - 1;
}
static void told_exactly(void)
{
    facts.told_length = image.len;
}
static void told_one_more(void)
{
    facts.told_length = image.len + 1;
}

/* ---- G1: cells ---- */

static void high_s(void)
{
    sample_key_flip_s(sample_image_cell(&image, 0) + 16);
}
static void cell_twice(void)
{
    memcpy(sample_image_cell(&image, 1), sample_image_cell(&image, 0), CELL_LEN);
}
static void cells_falling(void)
{
    uint8_t cell[CELL_LEN];
    memcpy(cell, sample_image_cell(&image, 0), CELL_LEN);
    memcpy(sample_image_cell(&image, 0), sample_image_cell(&image, 1), CELL_LEN);
    memcpy(sample_image_cell(&image, 1), cell, CELL_LEN);
}
static void blank_cell_first(void)
{
    memcpy(sample_image_cell(&image, 1), sample_image_cell(&image, 0), CELL_LEN);
    memset(sample_image_cell(&image, 0), 0, CELL_LEN);
}
static void byte_in_a_blank_cell(void)
{
    sample_image_cell(&image, 3)[79] = 1;
}

/* ---- G2: signatures ---- */

static void other_r(void)
{
    sample_image_cell(&image, 0)[40] ^= 1;
}
static void other_r_in_the_second(void)
{
    sample_image_cell(&image, 1)[40] ^= 1;
}
static void algorithm_2(void)
{
    sample_put16(sample_image_cell(&image, 0) + 8, 2);
}
static void text_changed(void)
{
    image.bytes[image.part_at[0]] ^= 1;
}
static void counter_raised(void)
{
    sample_put32(stated(24), 6);
}
static void digest_changed(void)
{
    *stated(152) ^= 1;
}
/* Two parts whose border moves by 4 bytes, both ends in order. */
static void table_changed(void)
{
    uint8_t *host = image.bytes + 12 * 6;
    sample_put32(image.bytes + 12 * 5 + 4, (uint32_t)image.part_len[4] + 4);
    sample_put32(host + 4, (uint32_t)image.part_len[5] - 4);
    sample_put32(host + 8, (uint32_t)image.part_at[5] + 4);
}
static void signature_of_another_image(void)
{
    uint8_t cell[CELL_LEN];
    memcpy(cell, sample_image_cell(&image, 0), CELL_LEN);
    judge_rows_build(PAIR, counter_raised);
    memcpy(sample_image_cell(&image, 0), cell, CELL_LEN);
}
static void unknown_key(void)
{
    signers = SIGNED_BY(KEY_UNKNOWN);
}
static void trusted_id_over_unknown_signature(void)
{
    memcpy(sample_image_cell(&image, 0), sample_keys[1].known.id, 8);
}
static void unknown_id_over_trusted_signature(void)
{
    memcpy(sample_image_cell(&image, 0), sample_keys[KEY_UNKNOWN].known.id, 8);
}
static void unknown_id_and_algorithm(void)
{
    unknown_id_over_trusted_signature();
    algorithm_2();
}

/* ---- G3: how many ---- */

static void nobody(void)
{
    signers = 0;
}
static void revoked_key(void)
{
    signers = SIGNED_BY(KEY_REVOKED);
}
static void good_and_revoked(void)
{
    signers = SIGNED_BY(0) | SIGNED_BY(KEY_REVOKED);
}
static void good_and_unknown(void)
{
    signers = SIGNED_BY(0) | SIGNED_BY(KEY_UNKNOWN);
}
static void two_good(void)
{
    signers = SIGNED_BY(0) | SIGNED_BY(1);
}
static void two_wanted(void)
{
    trust.threshold = 2;
}
static void three_wanted(void)
{
    trust.threshold = 3;
}
static void two_of_two(void)
{
    two_good();
    two_wanted();
}
static void two_of_three(void)
{
    two_good();
    three_wanted();
}
static void good_and_revoked_of_two(void)
{
    good_and_revoked();
    two_wanted();
}
static void good_and_unknown_of_two(void)
{
    good_and_unknown();
    two_wanted();
}
static void revoked_and_unknown_of_two(void)
{
    signers = SIGNED_BY(KEY_REVOKED) | SIGNED_BY(KEY_UNKNOWN);
    two_wanted();
}
static void good_and_revoked_of_three(void)
{
    good_and_revoked();
    three_wanted();
}
static void eight_of_eight(void)
{
    signers = 0xff;
    trust.threshold = 8;
}
static void seven_of_eight(void)
{
    signers = 0x7f;
    trust.threshold = 8;
}
static void threshold_0(void)
{
    trust.threshold = 0;
}
static void threshold_0_and_nobody(void)
{
    threshold_0();
    nobody();
}
static void keys_but_none_in_the_list(void)
{
    trust.count = 0;
}
static void other_r_of_a_revoked(void)
{
    const uint8_t *first = sample_image_cell(&image, 0);
    bool is_first = memcmp(first, sample_keys[KEY_REVOKED].known.id, 8) == 0;
    sample_image_cell(&image, is_first ? 0 : 1)[40] ^= 1;
}

/* ---- without keys ---- */

static void no_keys(void)
{
    facts.trust = NULL;
}
static void no_keys_and_nobody(void)
{
    no_keys();
    nobody();
}
static void no_keys_and_room(void)
{
    no_keys();
    facts.counter_floor = 0;
}

static const struct judge_row rows[] = {
    {"T2 a plain image", PLAIN, NULL, NULL, TDM_E_TRUST, "unsigned", HELD},
    {"T2 a plain image where no keys are", PLAIN, no_keys_and_room, NULL, TDM_OK, "", HELD},
    {"M1 other magic", PAIR, other_magic, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M1 format 0", PAIR, format_0, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M1 format 2", PAIR, format_2, NULL, TDM_E_TOO_NEW, "too_new", HELD},
    {"M2 no cells", PAIR, NULL, no_cells, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M2 nine cells", PAIR, NULL, nine_cells, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M2 eight cells", WIDE_PAIR, NULL, NULL, TDM_OK, "", HELD},
    {"M2 more cells than there is room for", PAIR, NULL, one_cell_more, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M2 reserved byte", PAIR, reserved_1, NULL, TDM_E_FORMAT, "bad_manifest", HELD},
    {"M3 told one byte less", PAIR, told_one_less, NULL, TDM_E_FORMAT, "wrong_length", HELD},
    {"M3 told the length", PAIR, told_exactly, NULL, TDM_OK, "", HELD},
    {"M3 told one byte more", PAIR, told_one_more, NULL, TDM_E_FORMAT, "wrong_length", HELD},
    {"M3 told one byte more, radio only", RADIO, told_one_more, NULL, TDM_E_FORMAT, "wrong_length", HELD},
    {"M3 told one byte more, host only", HOST, told_one_more, NULL, TDM_E_FORMAT, "wrong_length", HELD},
    {"M3 asked without keys too", PAIR, no_keys, told_one_less, TDM_E_FORMAT, "wrong_length", HELD},

    {"G1 the other s", PAIR, NULL, high_s, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 one signature twice", PAIR, two_wanted, cell_twice, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 cells not rising", PAIR, two_good, cells_falling, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 blank cell first", PAIR, NULL, blank_cell_first, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 byte in a blank cell", PAIR, NULL, byte_in_a_blank_cell, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 asked without keys too", PAIR, no_keys, byte_in_a_blank_cell, TDM_E_FORMAT, "bad_cells", HELD},
    {"G1 the last cell slips into what is signed", PAIR, NULL, one_cell_less, TDM_E_TRUST, "unsigned", HELD},

    {"G2 another r", PAIR, NULL, other_r, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 another algorithm", PAIR, NULL, algorithm_2, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 text of equal length", PAIR, NULL, text_changed, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 counter changed", PAIR, NULL, counter_raised, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 digest changed", PAIR, NULL, digest_changed, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 header table changed", PAIR, NULL, table_changed, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 radio only, text changed", RADIO, NULL, text_changed, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 host only, counter changed", HOST, NULL, counter_raised, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 signature of another image", PAIR, NULL, signature_of_another_image, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 unknown key under a trusted id", PAIR, unknown_key, trusted_id_over_unknown_signature, TDM_E_TRUST,
     "bad_signature", HELD},
    {"G2 one good, one bad, one wanted", PAIR, two_good, other_r_in_the_second, TDM_E_TRUST, "bad_signature", HELD},
    {"G2 a revoked key's signature is not looked at", PAIR, good_and_revoked, other_r_of_a_revoked, TDM_OK, "", HELD},

    {"G3 all cells blank", PAIR, nobody, NULL, TDM_E_TRUST, "unsigned", HELD},
    {"G3 all cells blank, radio only", RADIO, nobody, NULL, TDM_E_TRUST, "unsigned", HELD},
    {"G3 all cells blank, host only", HOST, nobody, NULL, TDM_E_TRUST, "unsigned", HELD},
    {"G3 unknown key", PAIR, unknown_key, NULL, TDM_E_TRUST, "unknown_key", HELD},
    {"G3 trusted signature under an unknown id", PAIR, NULL, unknown_id_over_trusted_signature, TDM_E_TRUST,
     "unknown_key", HELD},
    {"G3 unknown key and algorithm", PAIR, NULL, unknown_id_and_algorithm, TDM_E_TRUST, "unknown_key", HELD},
    {"G3 no key in the list", PAIR, keys_but_none_in_the_list, NULL, TDM_E_TRUST, "unknown_key", HELD},
    {"G3 revoked key", PAIR, revoked_key, NULL, TDM_E_TRUST, "revoked_key", HELD},
    {"G3 good and revoked, two wanted", PAIR, good_and_revoked_of_two, NULL, TDM_E_TRUST, "revoked_key", HELD},
    {"G3 good and revoked, three wanted", PAIR, good_and_revoked_of_three, NULL, TDM_E_TRUST, "too_few_signatures",
     HELD},
    {"G3 revoked and unknown, two wanted", PAIR, revoked_and_unknown_of_two, NULL, TDM_E_TRUST, "unknown_key", HELD},
    {"G3 good and unknown, two wanted", PAIR, good_and_unknown_of_two, NULL, TDM_E_TRUST, "too_few_signatures", HELD},
    {"G3 two of three", PAIR, two_of_three, NULL, TDM_E_TRUST, "too_few_signatures", HELD},
    {"G3 seven of eight", WIDE_PAIR, seven_of_eight, NULL, TDM_E_TRUST, "too_few_signatures", HELD},
    {"G3 none wanted is one wanted", PAIR, threshold_0_and_nobody, NULL, TDM_E_TRUST, "unsigned", HELD},
    {"G3 one of one", PAIR, NULL, NULL, TDM_OK, "", HELD},
    {"G3 two of one", PAIR, two_good, NULL, TDM_OK, "", HELD},
    {"G3 two of two", PAIR, two_of_two, NULL, TDM_OK, "", HELD},
    {"G3 eight of eight", WIDE_PAIR, eight_of_eight, NULL, TDM_OK, "", HELD},
    {"G3 good and unknown, one wanted", PAIR, good_and_unknown, NULL, TDM_OK, "", HELD},
    {"G3 good and revoked, one wanted", PAIR, good_and_revoked, NULL, TDM_OK, "", HELD},

    {"no keys: blank cells", PAIR, no_keys_and_nobody, NULL, TDM_OK, "", HELD},
    {"no keys: a wrong signature is not looked at", PAIR, no_keys, other_r, TDM_OK, "", HELD},
    {"no keys: changed after signing", PAIR, no_keys, counter_raised, TDM_OK, "", HELD},
};

static void who_has_signed(void **state)
{
    (void)state;
    judge_rows_run(rows, sizeof rows / sizeof rows[0]);
}

static tdm_err run(struct judge_verdict *v)
{
    return judge_catch_run(&facts, image.len, image.len, v);
}

/* Whose signatures were good stands in the verdict, others do not; without keys nobody has signed. */
static void the_verdict_names_the_signers(void **state)
{
    struct judge_verdict v;

    (void)state;
    judge_rows_build(PAIR, good_and_unknown);
    assert_int_equal(run(&v), TDM_OK);
    assert_true(v.has_manifest && v.is_signed && caught.was_signed_at_accept);
    assert_int_equal(v.signer_count, 1);
    assert_memory_equal(v.signers[0], sample_keys[0].known.id, TDM_KEY_ID_LEN);
    judge_rows_build(PAIR, no_keys);
    assert_int_equal(run(&v), TDM_OK);
    assert_true(v.has_manifest && !v.is_signed && !caught.was_signed_at_accept);
    assert_int_equal(v.signer_count, 0);
}

/* ---- a crypto port that fails ---- */

static struct tdm_crypto_ops broken_ops;
static unsigned calls_left;

static tdm_err broken_begin(struct tdm_crypto *c, struct tdm_sha256 *s)
{
    return calls_left-- == 0 ? TDM_E_IO : judge_crypto.port.ops->sha256_begin(c, s);
}
static tdm_err broken_update(struct tdm_crypto *c, struct tdm_sha256 *s, const uint8_t *data, size_t len)
{
    return calls_left-- == 0 ? TDM_E_IO : judge_crypto.port.ops->sha256_update(c, s, data, len);
}
static tdm_err broken_end(struct tdm_crypto *c, struct tdm_sha256 *s, uint8_t *out)
{
    tdm_err err = judge_crypto.port.ops->sha256_end(c, s, out);
    return out != NULL && calls_left-- == 0 ? TDM_E_IO : err;
}
static tdm_err broken_verify(struct tdm_crypto *c, const uint8_t *point, const uint8_t *digest,
                             const uint8_t *signature)
{
    return calls_left-- == 0 ? TDM_E_IO : judge_crypto.port.ops->p256_verify(c, point, digest, signature);
}

/* Whichever call fails first, the image is not accepted and the cause is told. */
static void a_crypto_port_that_fails(void **state)
{
    struct tdm_crypto broken = {&broken_ops};
    struct judge_verdict v;
    unsigned n = 0, unchecked = 0;

    (void)state;
    judge_rows_build(ESP_PAIR, NULL);
    broken_ops = *judge_crypto.port.ops;
    broken_ops.sha256_begin = broken_begin;
    broken_ops.sha256_update = broken_update;
    broken_ops.sha256_end = broken_end;
    broken_ops.p256_verify = broken_verify;
    for (tdm_err err = TDM_E_IO; err != TDM_OK; n++) {
        calls_left = n;
        judge_init(&judge, &broken, &facts, NULL);
        err = judge_catch_feed(image.bytes, image.len, image.len);
        err = err == TDM_OK ? judge_end(&judge, &v) : err;
        judge_drop(&judge);
        if (err == TDM_OK)
            continue;
        assert_int_equal(err, TDM_E_IO);
        if (strcmp(judge.fault.code, "signature_not_checked") == 0)
            unchecked++;
        else
            assert_string_equal(judge.fault.code, "hash_failed");
    }
    assert_true(n > 20);
    assert_int_equal(unchecked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_signed),
        cmocka_unit_test(the_verdict_names_the_signers),
        cmocka_unit_test(a_crypto_port_that_fails),
    };
    return cmocka_run_group_tests(tests, judge_rows_set_up, judge_rows_tear_down);
}
