/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing: private keys, and the one kind of signature that images carry: ECDSA over P-256 and SHA-256.
 *
 * Used by   front (image create, image sign).   Uses  OpenSSL, linux/keys_openssl.
 * Keys      a PEM file, or a pkcs11: URI that OpenSSL's pkcs11 provider opens. A passphrase or PIN is asked for on the
 *           terminal.
 * Nonces    deterministic (RFC 6979) where the library or the device offers it, OpenSSL from 3.2 on; random otherwise:
 *           a nonce is nothing to write by hand.
 * Memory    signing_close() gives back what signing_open() took; a key that was never opened is fine.
 * Faults    codes bad_signing_key, key_is_public, key_wrong_kind, key_locked, no_provider, sign_failed, bad_signature_file
 *           and those of filework.
 */
#ifndef TANDEM_SIGNING_H
#define TANDEM_SIGNING_H

#include <stdbool.h>

#include <tandem/crypto.h>
#include <tandem/manifest.h>

struct evp_pkey_st; /* OpenSSL's key */

struct signing_key {
    struct evp_pkey_st *key;
    uint8_t point[TDM_P256_LEN];
    uint8_t id[MANIFEST_KEY_ID_LEN];
    bool is_deterministic; /* of the last signature */
};

TDM_MUST_USE tdm_err signing_open(struct signing_key *k, const char *place, struct tdm_fault *why);
/* r and s of a signature over a digest, as the library gives them; s may be high. */
TDM_MUST_USE tdm_err signing_sign(struct signing_key *k, const uint8_t digest[TDM_SHA256_LEN],
                                  uint8_t signature[TDM_P256_LEN], struct tdm_fault *why);
void signing_close(struct signing_key *k);

/* r and s of a signature in DER, all of it. */
TDM_MUST_USE tdm_err signing_read_der(const uint8_t *der, size_t len, uint8_t signature[TDM_P256_LEN],
                                      struct tdm_fault *why);

#endif
