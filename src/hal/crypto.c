/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/crypto.h>

tdm_err tdm_sha256_begin(struct tdm_sha256 *s, struct tdm_crypto *c)
{
    tdm_err err = c->ops->sha256_begin(c, s);
    s->crypto = err == TDM_OK ? c : NULL;
    return err;
}

tdm_err tdm_sha256_update(struct tdm_sha256 *s, const uint8_t *data, size_t len)
{
    if (s->crypto == NULL)
        return TDM_E_BUG;
    return s->crypto->ops->sha256_update(s->crypto, s, data, len);
}

tdm_err tdm_sha256_end(struct tdm_sha256 *s, uint8_t out[TDM_SHA256_LEN])
{
    struct tdm_crypto *c = s->crypto;

    if (c == NULL)
        return TDM_E_BUG;
    s->crypto = NULL;
    return c->ops->sha256_end(c, s, out);
}

tdm_err tdm_sha256_peek(const struct tdm_sha256 *s, uint8_t out[TDM_SHA256_LEN])
{
    if (s->crypto == NULL)
        return TDM_E_BUG;
    return s->crypto->ops->sha256_peek == NULL ? TDM_E_UNSUPPORTED : s->crypto->ops->sha256_peek(s->crypto, s, out);
}

void tdm_sha256_drop(struct tdm_sha256 *s)
{
    struct tdm_crypto *c = s->crypto;

    s->crypto = NULL;
    if (c != NULL)
        (void)c->ops->sha256_end(c, s, NULL); /* dropping has no result worth telling */
}

tdm_err tdm_p256_verify(struct tdm_crypto *c, const uint8_t point[TDM_P256_LEN], const uint8_t digest[TDM_SHA256_LEN],
                        const uint8_t signature[TDM_P256_LEN])
{
    return c->ops->p256_verify == NULL ? TDM_E_UNSUPPORTED : c->ops->p256_verify(c, point, digest, signature);
}
