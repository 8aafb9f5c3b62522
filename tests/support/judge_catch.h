/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_catch: one sample image, one judge and all that it lets out, side by side.
 *
 * Used by   unit tests of the judge.   Uses  cmocka, OpenSSL's SHA-256, the Linux crypto port, sample_image.
 * The output asserts the judge's promise: nothing before on_accept, which comes once; no bundle behind the host part.
 */
#ifndef SUPPORT_JUDGE_CATCH_H
#define SUPPORT_JUDGE_CATCH_H

#include <tandem/judge.h>

#include "linux/tandem_linux.h"
#include "support/sample_image.h"

struct judge_catch {
    struct judge_output port;
    unsigned accepts;
    uint16_t chip_at_accept;
    uint8_t id_at_accept[TDM_SHA256_LEN];
    bool was_signed_at_accept;
    size_t bundle_len, host_len;
    uint8_t bundle[SAMPLE_CAP], host[SAMPLE_CAP];
    tdm_err answer; /* to on_bundle and on_host */
};

/* Set by judge_catch_begin(), which the others presume. */
extern struct judge_catch caught;
extern struct sample_image image;
extern struct judge judge;
extern struct crypto_openssl judge_crypto;

void judge_catch_begin(const struct judge_facts *facts);
/* Push len bytes in pieces of step; the answer is that of the first failing call. */
tdm_err judge_catch_feed(const uint8_t *data, size_t len, size_t step);
/* The image's first len bytes, from begin to end. */
tdm_err judge_catch_run(const struct judge_facts *facts, size_t len, size_t step, struct judge_verdict *v);
/* What came out is what went in, and the digests are its own. */
void judge_catch_expect_good(const char *name, const struct judge_verdict *v);

#endif
