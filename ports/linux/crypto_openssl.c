/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

#include <openssl/evp.h>

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

static const struct tdm_crypto_ops openssl_ops = {
    .sha256_begin = openssl_sha256_begin, .sha256_update = openssl_sha256_update, .sha256_end = openssl_sha256_end};

void crypto_openssl_init(struct crypto_openssl *c)
{
    c->port.ops = &openssl_ops;
}
