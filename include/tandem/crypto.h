/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: port to SHA-256 and to the check of one kind of signature: ECDSA over P-256.
 *
 * Implemented by  ports/linux/crypto_openssl.c.
 *
 * Contract  Several digests may be under way at once, each in a struct the caller owns. Every begin is followed by one
 *           end; end with out NULL drops the digest. After a failed begin nothing needs to be ended. peek tells the
 *           digest of what came so far, which goes on; a port may have none (NULL): downloads are not gone on with then.
 */
#ifndef TANDEM_CRYPTO_H
#define TANDEM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#define TDM_SHA256_LEN 32
#define TDM_P256_LEN   64 /* a point X, Y, or a signature r, s: big-endian halves of 32 bytes */
#define TDM_KEY_ID_LEN 8
#define TDM_KEYS_MAX   16 /* keys that a device can know, revoked ones included */

/* A key the device knows. The id is the first 8 bytes of the SHA-256 of its DER SubjectPublicKeyInfo. */
struct tdm_key {
    uint8_t id[TDM_KEY_ID_LEN];
    uint8_t point[TDM_P256_LEN];
    bool is_revoked; /* its signatures count nothing; known, so that the refusal can say so */
};

/* One running digest. The port keeps its state in room or behind impl; nobody else looks inside. */
struct tdm_sha256 {
    struct tdm_crypto *crypto; /* NULL: not begun */
    void *impl;
    uint64_t room[16];
};

struct tdm_crypto;

struct tdm_crypto_ops {
    tdm_err (*sha256_begin)(struct tdm_crypto *c, struct tdm_sha256 *s);
    tdm_err (*sha256_update)(struct tdm_crypto *c, struct tdm_sha256 *s, const uint8_t *data, size_t len);
    tdm_err (*sha256_end)(struct tdm_crypto *c, struct tdm_sha256 *s, uint8_t *out);
    tdm_err (*sha256_peek)(struct tdm_crypto *c, const struct tdm_sha256 *s, uint8_t *out);
    tdm_err (*p256_verify)(struct tdm_crypto *c, const uint8_t *point, const uint8_t *digest, const uint8_t *signature);
};

struct tdm_crypto {
    const struct tdm_crypto_ops *ops;
};

TDM_MUST_USE tdm_err tdm_sha256_begin(struct tdm_sha256 *s, struct tdm_crypto *c);
TDM_MUST_USE tdm_err tdm_sha256_update(struct tdm_sha256 *s, const uint8_t *data, size_t len);
TDM_MUST_USE tdm_err tdm_sha256_end(struct tdm_sha256 *s, uint8_t out[TDM_SHA256_LEN]);
/* UNSUPPORTED where the port has no such thing. */
TDM_MUST_USE tdm_err tdm_sha256_peek(const struct tdm_sha256 *s, uint8_t out[TDM_SHA256_LEN]);
void tdm_sha256_drop(struct tdm_sha256 *s); /* a digest not begun, or ended already, is fine */

/*
 * Is this the signature of the key with this public point over a SHA-256 digest? OK: yes. TRUST: no, whatever the reason
 * (point not on the curve, r or s out of range, another key or digest). IO: it could not be found out.
 */
TDM_MUST_USE tdm_err tdm_p256_verify(struct tdm_crypto *c, const uint8_t point[TDM_P256_LEN],
                                     const uint8_t digest[TDM_SHA256_LEN], const uint8_t signature[TDM_P256_LEN]);

#endif
