/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static tdm_err openssl_sha256_begin(struct tdm_crypto *c, struct tdm_sha256 *s)
{
    (void)c;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return TDM_E_IO;
    }
    s->impl = ctx;
    return TDM_OK;
}

static tdm_err openssl_sha256_update(struct tdm_crypto *c, struct tdm_sha256 *s, const uint8_t *data, size_t len)
{
    (void)c;
    return EVP_DigestUpdate(s->impl, data, len) == 1 ? TDM_OK : TDM_E_IO;
}

static tdm_err openssl_sha256_end(struct tdm_crypto *c, struct tdm_sha256 *s, uint8_t *out)
{
    unsigned int len = TDM_SHA256_LEN;
    int good = 1;

    (void)c;
    if (out != NULL)
        good = EVP_DigestFinal_ex(s->impl, out, &len);
    EVP_MD_CTX_free(s->impl);
    s->impl = NULL;
    return good == 1 && len == TDM_SHA256_LEN ? TDM_OK : TDM_E_IO;
}

static tdm_err openssl_sha256_peek(struct tdm_crypto *c, const struct tdm_sha256 *s, uint8_t *out)
{
    struct tdm_sha256 copy = {.impl = EVP_MD_CTX_new()};

    if (copy.impl != NULL && EVP_MD_CTX_copy_ex(copy.impl, s->impl) == 1)
        return openssl_sha256_end(c, &copy, out);
    EVP_MD_CTX_free(copy.impl);
    return TDM_E_IO;
}

/* ---- signatures ---- */

#define HALF       (TDM_P256_LEN / 2)
#define DER_MAX    72   /* two integers of at most 33 bytes with their heads, and the head of both */
#define POINT_FORM 0x04 /* X and Y follow, uncompressed */

/* The library says no to bad bytes and to too little memory in one way; only the second says nothing of the bytes. */
static tdm_err verdict_of_library(void)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? TDM_E_IO : TDM_E_TRUST;
}

static tdm_err open_key(const uint8_t *point, EVP_PKEY **key)
{
    char group[] = "prime256v1";
    uint8_t encoded[1 + TDM_P256_LEN] = {POINT_FORM};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    memcpy(encoded + 1, point, TDM_P256_LEN);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded),
                           OSSL_PARAM_construct_end()};
    tdm_err err = TDM_OK;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        err = TDM_E_IO;
    else if (EVP_PKEY_fromdata(ctx, key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        err = verdict_of_library();
    EVP_PKEY_CTX_free(ctx);
    return err;
}

/* r and s as the DER that the library wants. */
static tdm_err encode(const uint8_t *signature, uint8_t der[DER_MAX], size_t *len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
    int n = 0;

    if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else if (i2d_ECDSA_SIG(sig, NULL) <= DER_MAX) {
        n = i2d_ECDSA_SIG(sig, &der);
    }
    ECDSA_SIG_free(sig);
    *len = n > 0 ? (size_t)n : 0;
    return n > 0 ? TDM_OK : TDM_E_IO;
}

static tdm_err verify(EVP_PKEY *key, const uint8_t *digest, const uint8_t *der, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    tdm_err err = TDM_OK;

    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
        err = TDM_E_IO;
    else if (EVP_PKEY_verify(ctx, der, len, digest, TDM_SHA256_LEN) != 1)
        err = verdict_of_library();
    EVP_PKEY_CTX_free(ctx);
    return err;
}

static tdm_err openssl_p256_verify(struct tdm_crypto *c, const uint8_t *point, const uint8_t *digest,
                                   const uint8_t *signature)
{
    uint8_t der[DER_MAX];
    EVP_PKEY *key = NULL;
    size_t len;

    (void)c;
    ERR_clear_error(); /* verdict_of_library() looks at the last error */
    tdm_err err = encode(signature, der, &len);
    if (err == TDM_OK)
        err = open_key(point, &key);
    if (err == TDM_OK)
        err = verify(key, digest, der, len);
    EVP_PKEY_free(key);
    ERR_clear_error(); /* a refusal is our answer, not the next caller's error */
    return err;
}

static const struct tdm_crypto_ops openssl_ops = {.sha256_begin = openssl_sha256_begin,
                                                  .sha256_update = openssl_sha256_update,
                                                  .sha256_end = openssl_sha256_end,
                                                  .sha256_peek = openssl_sha256_peek,
                                                  .p256_verify = openssl_p256_verify};

void crypto_openssl_init(struct crypto_openssl *c)
{
    c->port.ops = &openssl_ops;
}
