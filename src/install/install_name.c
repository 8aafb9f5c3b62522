/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "install/install_resume.h"
#include "install/install_spans.h"
#include "install/install_stream.h"

static tdm_err end(struct tdm_sha256 *sha, tdm_err err, uint8_t *out)
{
    if (err == TDM_OK)
        return tdm_sha256_end(sha, out);
    tdm_sha256_drop(sha);
    return err;
}

static tdm_err name_front(struct install *in, const struct judge_verdict *front)
{
    struct tdm_sha256 sha = {0};

    tdm_err err = tdm_sha256_begin(&sha, in->cfg.crypto);
    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, in->judge.header, front->layout.header_size);
    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, in->judge.parser.front, front->layout.parts[0].size);
    return end(&sha, err, in->claim.front);
}

/*
 * An address without user and password, which may change though the file is the same. Its query may name the file, and a
 * validator tells versions of one resource apart, not two of them.
 */
static tdm_err add_address(struct tdm_sha256 *sha, const char *url)
{
    const char *rest = strstr(url, "://");

    if (rest == NULL)
        return tdm_sha256_update(sha, (const uint8_t *)url, strlen(url));
    rest += 3;
    tdm_err err = tdm_sha256_update(sha, (const uint8_t *)url, (size_t)(rest - url));
    size_t host_len = strcspn(rest, "/?#");
    for (size_t i = host_len; i > 0; i--) {
        if (rest[i - 1] == '@') {
            rest += i;
            break;
        }
    }
    return err == TDM_OK ? tdm_sha256_update(sha, (const uint8_t *)rest, strcspn(rest, "#")) : err;
}

static tdm_err name_source(struct install *in)
{
    struct tdm_sha256 sha = {0};
    uint8_t length[8];
    struct bytes_writer w = bytes_writer_on(length, sizeof length);

    bytes_put_le64(&w, in->length);
    tdm_err err = tdm_sha256_begin(&sha, in->cfg.crypto);
    if (err == TDM_OK)
        err = add_address(&sha, in->url);
    if (err == TDM_OK) /* with its NUL, which stands in neither text */
        err = tdm_sha256_update(&sha, (const uint8_t *)in->validator, strlen(in->validator) + 1);
    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, length, sizeof length);
    return end(&sha, err, in->claim.source);
}

tdm_err install_resume_name(struct install *in, const struct judge_verdict *front)
{
    bool takes_host = in->plan.kind == SLOT_TRIAL_HOST;

    in->claim = (struct install_claim){
        .rcp = in->plan.is_host_alone ? SLOT_RCP_NONE : in->plan.rcp,
        .host = takes_host ? (uint8_t)in->plan.host : SLOT_HOST_NONE,
        .total = front->layout.total_size,
        .host_at = install_host_at(&front->layout),
    };
    tdm_err err = name_front(in, front);
    if (err == TDM_OK && !front->has_manifest)
        err = name_source(in);
    return err == TDM_OK ? TDM_OK : install_fail(in, err, "hash_failed", "the digest failed");
}
