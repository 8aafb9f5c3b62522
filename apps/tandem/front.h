/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front: the beginning of an image that has a manifest: what is signed, its digest, and the signature cells behind it.
 *
 * Used by   image create, image sign.   Uses  tandem/manifest.h, signing, the crypto port.
 * Memory    the caller owns the struct. The caller fills `bytes`, `len` and the two places in it, then opens it.
 * Order     a signature is verified before its cell is placed; a front whose call failed has not changed.
 * Faults    those of manifest.h and signing.h, bad_signature; `at` is an offset in the image.
 */
#ifndef TANDEM_FRONT_H
#define TANDEM_FRONT_H

#include <tandem/image.h>

#include "signing.h"

struct front {
    uint8_t bytes[IMAGE_FRONT_MAX]; /* header table and part 0        */
    size_t len;
    size_t manifest_at; /* behind the version text and its NUL */
    size_t digest_count;
    struct tdm_crypto *crypto;
    struct manifest_frame frame;
    size_t signed_len; /* from the beginning of the image    */
    uint8_t id[TDM_SHA256_LEN];
};

TDM_MUST_USE tdm_err front_open(struct front *f, struct tdm_fault *why);

/* r and s of the key with this point and id: verified, turned to the low s, placed. */
TDM_MUST_USE tdm_err front_attach(struct front *f, const uint8_t point[TDM_P256_LEN],
                                  const uint8_t id[MANIFEST_KEY_ID_LEN], const uint8_t signature[TDM_P256_LEN],
                                  struct tdm_fault *why);
TDM_MUST_USE tdm_err front_sign(struct front *f, struct signing_key *key, struct tdm_fault *why);

#endif
