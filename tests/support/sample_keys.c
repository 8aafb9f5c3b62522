/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

static EC_GROUP *p256(void)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    assert_non_null(group);
    return group;
}

/* The private number is a digest of n, the public point its product with the base point. */
static void make_numbers(unsigned n, BIGNUM **secret, uint8_t encoded[1 + TDM_P256_LEN])
{
    EC_GROUP *group = p256();
    EC_POINT *point = EC_POINT_new(group);
    uint8_t digest[32];
    char text[40];

    snprintf(text, sizeof text, "sample key number %u", n);
    (void)SHA256((const uint8_t *)text, strlen(text), digest);
    *secret = BN_bin2bn(digest, sizeof digest, NULL);
    assert_non_null(*secret);
    assert_int_equal(EC_POINT_mul(group, point, *secret, NULL, NULL, NULL), 1);
    assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, 1 + TDM_P256_LEN, NULL),
                     1 + TDM_P256_LEN);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

static EVP_PKEY *make_pkey(const BIGNUM *secret, const uint8_t *encoded)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, encoded, 1 + TDM_P256_LEN), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret), 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

void sample_key_make(struct sample_key *k, unsigned n)
{
    uint8_t encoded[1 + TDM_P256_LEN], digest[32], *der = NULL;
    BIGNUM *secret;

    make_numbers(n, &secret, encoded);
    *k = (struct sample_key){.pkey = make_pkey(secret, encoded)};
    BN_clear_free(secret);
    memcpy(k->known.point, encoded + 1, TDM_P256_LEN);
    int len = i2d_PUBKEY(k->pkey, &der);
    assert_int_equal(len, 91);
    (void)SHA256(der, (size_t)len, digest);
    memcpy(k->known.id, digest, TDM_KEY_ID_LEN);
    OPENSSL_free(der);
}

void sample_key_free(struct sample_key *k)
{
    EVP_PKEY_free(k->pkey);
    k->pkey = NULL;
}

void sample_key_flip_s(uint8_t signature[TDM_P256_LEN])
{
    EC_GROUP *group = p256();
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);

    assert_int_equal(BN_sub(s, EC_GROUP_get0_order(group), s), 1);
    assert_int_equal(BN_bn2binpad(s, signature + 32, 32), 32);
    BN_free(s);
    EC_GROUP_free(group);
}

static bool is_s_high(const uint8_t *signature)
{
    EC_GROUP *group = p256();
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL), *half = BN_new();

    assert_int_equal(BN_rshift1(half, EC_GROUP_get0_order(group)), 1);
    bool is_high = BN_cmp(s, half) > 0;
    BN_free(s);
    BN_free(half);
    EC_GROUP_free(group);
    return is_high;
}

void sample_key_sign(const struct sample_key *k, const uint8_t digest[TDM_SHA256_LEN], uint8_t signature[TDM_P256_LEN])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    uint8_t der[80];
    const uint8_t *at = der;
    size_t len = sizeof der;

    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, der, &len, digest, TDM_SHA256_LEN), 1);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32), 32);
    ECDSA_SIG_free(sig);
    EVP_PKEY_CTX_free(ctx);
    if (is_s_high(signature))
        sample_key_flip_s(signature);
}
