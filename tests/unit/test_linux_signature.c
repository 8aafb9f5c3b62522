/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures through the crypto port: RFC 6979 A.2.5, our own, and every kind of no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include "linux/keys_openssl.h"
#include "linux/tandem_linux.h"
#include "support/sample_keys.h"

static struct crypto_openssl crypto;

static void from_hex(const char *text, uint8_t *out, size_t len)
{
    assert_int_equal(strlen(text), 2 * len);
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
}

/* RFC 6979, A.2.5: the public key, and two messages signed with SHA-256. */
#define RFC_POINT                                                                                                      \
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"                                                 \
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

static const struct {
    const char *message, *signature;
} published[] = {
    {"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
               "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
             "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
};

static void published_examples(void **state)
{
    uint8_t point[TDM_P256_LEN], signature[TDM_P256_LEN], digest[TDM_SHA256_LEN];

    (void)state;
    from_hex(RFC_POINT, point, sizeof point);
    for (size_t i = 0; i < 2; i++) {
        from_hex(published[i].signature, signature, sizeof signature);
        (void)SHA256((const uint8_t *)published[i].message, strlen(published[i].message), digest);
        assert_int_equal(tdm_p256_verify(&crypto.port, point, digest, signature), TDM_OK);
        from_hex(published[1 - i].signature, signature, sizeof signature);
        assert_int_equal(tdm_p256_verify(&crypto.port, point, digest, signature), TDM_E_TRUST);
    }
}

/* The key of the worked example in docs/FORMAT.md, which is that of the RFC. */
static void id_of_the_published_key(void **state)
{
    uint8_t point[TDM_P256_LEN], id[TDM_KEY_ID_LEN], want[TDM_KEY_ID_LEN];

    (void)state;
    from_hex(RFC_POINT, point, sizeof point);
    from_hex("5a7a78cca4a0f420", want, sizeof want);
    assert_int_equal(keys_id(point, id), TDM_OK);
    assert_memory_equal(id, want, sizeof id);
}

static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char prime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

struct case_bytes {
    uint8_t point[TDM_P256_LEN], digest[TDM_SHA256_LEN], signature[TDM_P256_LEN];
};

static void other_digest(struct case_bytes *c)
{
    c->digest[31] ^= 1;
}
static void other_r(struct case_bytes *c)
{
    c->signature[0] ^= 0x40;
}
static void other_s(struct case_bytes *c)
{
    c->signature[63] ^= 1;
}
static void swapped_halves(struct case_bytes *c)
{
    uint8_t half[32];
    memcpy(half, c->signature, 32);
    memcpy(c->signature, c->signature + 32, 32);
    memcpy(c->signature + 32, half, 32);
}
static void r_zero(struct case_bytes *c)
{
    memset(c->signature, 0, 32);
}
static void s_zero(struct case_bytes *c)
{
    memset(c->signature + 32, 0, 32);
}
static void both_zero(struct case_bytes *c)
{
    memset(c->signature, 0, 64);
}
static void r_order(struct case_bytes *c)
{
    from_hex(order, c->signature, 32);
}
static void s_order(struct case_bytes *c)
{
    from_hex(order, c->signature + 32, 32);
}
static void all_ones(struct case_bytes *c)
{
    memset(c->signature, 0xff, 64);
}
static void other_key(struct case_bytes *c)
{
    struct sample_key other;
    sample_key_make(&other, 2);
    memcpy(c->point, other.known.point, sizeof c->point);
    sample_key_free(&other);
}
static void point_off_the_curve(struct case_bytes *c)
{
    c->point[63] ^= 1;
}
static void point_zero(struct case_bytes *c)
{
    memset(c->point, 0, sizeof c->point);
}
static void point_past_the_field(struct case_bytes *c)
{
    from_hex(prime, c->point, 32);
}

static const struct {
    const char *name;
    void (*spoil)(struct case_bytes *c);
} rows[] = {
    {"another digest", other_digest},
    {"another r", other_r},
    {"another s", other_s},
    {"r and s swapped", swapped_halves},
    {"r is 0", r_zero},
    {"s is 0", s_zero},
    {"r and s are 0", both_zero},
    {"r is the order", r_order},
    {"s is the order", s_order},
    {"r and s are 2^256-1", all_ones},
    {"another key", other_key},
    {"a point off the curve", point_off_the_curve},
    {"the point 0, 0", point_zero},
    {"x is the field's prime", point_past_the_field},
};

static void every_kind_of_no(void **state)
{
    struct sample_key key;

    (void)state;
    sample_key_make(&key, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct case_bytes c = {.digest = {1, 2, 3}};
        memcpy(c.point, key.known.point, sizeof c.point);
        sample_key_sign(&key, c.digest, c.signature);
        if (tdm_p256_verify(&crypto.port, c.point, c.digest, c.signature) != TDM_OK)
            fail_msg("%s: the good one was refused", rows[i].name);
        rows[i].spoil(&c);
        tdm_err err = tdm_p256_verify(&crypto.port, c.point, c.digest, c.signature);
        if (err != TDM_E_TRUST)
            fail_msg("%s: answered %s", rows[i].name, tdm_err_name(err));
        assert_int_equal(ERR_peek_error(), 0);
    }
    sample_key_free(&key);
}

/* The port says yes to both forms of s: one meaning, one encoding is the manifest's rule and not the curve's. */
static void a_high_s_is_for_the_manifest_to_refuse(void **state)
{
    struct sample_key key;
    uint8_t digest[TDM_SHA256_LEN] = {9}, signature[TDM_P256_LEN];

    (void)state;
    sample_key_make(&key, 3);
    sample_key_sign(&key, digest, signature);
    sample_key_flip_s(signature);
    assert_int_equal(tdm_p256_verify(&crypto.port, key.known.point, digest, signature), TDM_OK);
    sample_key_free(&key);
}

static int set_up(void **state)
{
    (void)state;
    crypto_openssl_init(&crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples),
        cmocka_unit_test(id_of_the_published_key),
        cmocka_unit_test(every_kind_of_no),
        cmocka_unit_test(a_high_s_is_for_the_manifest_to_refuse),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
