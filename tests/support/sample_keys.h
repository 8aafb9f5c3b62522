/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_keys: P-256 keys for tests, always the same ones, and what they sign.
 *
 * Used by   unit tests of trust.   Uses  cmocka, OpenSSL; nothing of ours but the struct of a known key.
 */
#ifndef SUPPORT_SAMPLE_KEYS_H
#define SUPPORT_SAMPLE_KEYS_H

#include <openssl/evp.h>

#include <tandem/crypto.h>

struct sample_key {
    EVP_PKEY *pkey;
    struct tdm_key known; /* id and point, as a device knows them */
};

/* Key number n; the caller gives it back. Ids are computed from the DER that OpenSSL writes. */
void sample_key_make(struct sample_key *k, unsigned n);
void sample_key_free(struct sample_key *k);

/* r, s over a SHA-256 digest; s is the low one of the two. */
void sample_key_sign(const struct sample_key *k, const uint8_t digest[TDM_SHA256_LEN], uint8_t signature[TDM_P256_LEN]);
/* The other s of the same signature. */
void sample_key_flip_s(uint8_t signature[TDM_P256_LEN]);

#endif
