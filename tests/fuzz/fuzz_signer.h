/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_signer: the Linux crypto port with a verifier that believes fuzz_sign(). Which key signed does not matter, what was
 * signed does.
 *
 * Used by   fuzz_judge, fuzz_install.   Uses  fuzz_image_mend, ports/linux.
 */
#ifndef TANDEM_TESTS_FUZZ_SIGNER_H
#define TANDEM_TESTS_FUZZ_SIGNER_H

#include "fuzz_image_mend.h"
#include "linux/tandem_linux.h"

#define FUZZ_KEY_ID                                                                                                    \
    {                                                                                                                  \
        0x5a, 0x7a, 0x78, 0xcc, 0xa4, 0xa0, 0xf4, 0x20                                                                 \
    } /* of the key in tests/data/manifest */

static inline tdm_err fuzz_verify(struct tdm_crypto *c, const uint8_t *point, const uint8_t *digest,
                                  const uint8_t *signature)
{
    uint8_t good[FUZZ_SIGNATURE_LEN];

    (void)c, (void)point;
    fuzz_sign(digest, good);
    return memcmp(good, signature, sizeof good) == 0 ? TDM_OK : TDM_E_TRUST;
}

static inline struct tdm_crypto *fuzz_crypto_init(struct crypto_openssl *c)
{
    static struct tdm_crypto_ops ops;

    crypto_openssl_init(c);
    ops = *c->port.ops;
    ops.p256_verify = fuzz_verify;
    c->port.ops = &ops;
    return &c->port;
}

#endif
