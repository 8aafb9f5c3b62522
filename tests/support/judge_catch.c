/* SPDX-License-Identifier: Apache-2.0 */
#include "support/judge_catch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

struct judge_catch caught;
struct sample_image image;
struct judge judge;
struct crypto_openssl judge_crypto;

static tdm_err on_accept(struct judge_output *out, const struct judge_verdict *front)
{
    struct judge_catch *c = (struct judge_catch *)out;
    assert_int_equal(c->bundle_len + c->host_len, 0);
    c->accepts++;
    c->chip_at_accept = front->radio_chip;
    c->was_signed_at_accept = front->is_signed;
    memcpy(c->id_at_accept, front->id, sizeof c->id_at_accept);
    return TDM_OK;
}

static tdm_err on_bundle(struct judge_output *out, const uint8_t *data, size_t len)
{
    struct judge_catch *c = (struct judge_catch *)out;
    assert_int_equal(c->accepts, 1);
    assert_int_equal(c->host_len, 0);
    assert_true(len <= SAMPLE_CAP - c->bundle_len);
    memcpy(c->bundle + c->bundle_len, data, len);
    c->bundle_len += len;
    return c->answer;
}

static tdm_err on_host(struct judge_output *out, const uint8_t *data, size_t len)
{
    struct judge_catch *c = (struct judge_catch *)out;
    assert_int_equal(c->accepts, 1);
    assert_true(len <= SAMPLE_CAP - c->host_len);
    memcpy(c->host + c->host_len, data, len);
    c->host_len += len;
    return c->answer;
}

void judge_catch_begin(const struct judge_facts *facts)
{
    if (judge_crypto.port.ops == NULL)
        crypto_openssl_init(&judge_crypto);
    caught.accepts = 0;
    caught.bundle_len = caught.host_len = 0;
    caught.port = (struct judge_output){on_accept, on_bundle, on_host};
    judge_init(&judge, &judge_crypto.port, facts, &caught.port);
}

tdm_err judge_catch_feed(const uint8_t *data, size_t len, size_t step)
{
    tdm_err err = TDM_OK;
    for (size_t at = 0; at < len && err == TDM_OK; at += step)
        err = judge_push(&judge, data + at, len - at < step ? len - at : step);
    return err;
}

tdm_err judge_catch_run(const struct judge_facts *facts, size_t len, size_t step, struct judge_verdict *v)
{
    judge_catch_begin(facts);
    tdm_err err = judge_catch_feed(image.bytes, len, step);
    if (err == TDM_OK)
        return judge_end(&judge, v);
    judge_drop(&judge);
    return err;
}

void judge_catch_expect_good(const char *name, const struct judge_verdict *v)
{
    static const uint8_t zero[32];
    size_t host_at = image.part_at[5] > 0 ? image.part_at[5] : image.len, host_len = image.len - host_at;
    uint8_t id[32], bundle[32], host[32];

    (void)SHA256(image.bytes, image.cells_at > 0 ? image.cells_at : image.len, id);
    (void)SHA256(image.bytes, image.bundle_len, bundle);
    (void)SHA256(image.bytes + host_at, host_len, host);
    if (memcmp(v->id, id, 32) != 0 || memcmp(v->bundle_digest, image.bundle_len > 0 ? bundle : zero, 32) != 0 ||
        (host_len > 0 && memcmp(v->host_digest, host, 32) != 0))
        fail_msg("%s: a digest is wrong", name);
    if (caught.bundle_len != image.bundle_len || memcmp(caught.bundle, image.bytes, image.bundle_len) != 0)
        fail_msg("%s: the bundle that came out is not the one that went in", name);
    if (caught.host_len != host_len || memcmp(caught.host, image.bytes + host_at, host_len) != 0)
        fail_msg("%s: the host part that came out is not the one that went in", name);
    if (caught.chip_at_accept != v->radio_chip)
        fail_msg("%s: the chip was not known when the image was accepted", name);
    if (image.cells_at > 0 && memcmp(caught.id_at_accept, id, 32) != 0)
        fail_msg("%s: the id was not known when the image was accepted", name);
}
