/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: port to SHA-256 and, once manifests are judged, to signature checks.
 *
 * Implemented by  ports/linux/crypto_openssl.c, ports/esp-idf (PSA).
 *
 * Contract  Several digests may be under way at once, each in a struct the caller owns. Every begin is followed by one
 *           end; end with out NULL drops the digest. After a failed begin nothing needs to be ended.
 */
#ifndef TANDEM_CRYPTO_H
#define TANDEM_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#define TDM_SHA256_LEN 32

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
};

struct tdm_crypto {
    const struct tdm_crypto_ops *ops;
};

TDM_MUST_USE tdm_err tdm_sha256_begin(struct tdm_sha256 *s, struct tdm_crypto *c);
TDM_MUST_USE tdm_err tdm_sha256_update(struct tdm_sha256 *s, const uint8_t *data, size_t len);
TDM_MUST_USE tdm_err tdm_sha256_end(struct tdm_sha256 *s, uint8_t out[TDM_SHA256_LEN]);
void tdm_sha256_drop(struct tdm_sha256 *s); /* a digest not begun, or ended already, is fine */

#endif
