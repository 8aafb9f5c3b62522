/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_digest.h"

#include <string.h>

struct adder {
    struct tdm_sink sink;
    struct tdm_sha256 *sha;
};

uint32_t install_half_buf(const struct install *in)
{
    return in->cfg.buf_len / 2;
}

uint8_t *install_read_buf(const struct install *in)
{
    return in->cfg.buf + install_half_buf(in);
}

static tdm_err add(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return tdm_sha256_update(((struct adder *)(void *)sink)->sha, data, len);
}

tdm_err install_digest_add(const struct install *in, struct tdm_flash *flash, uint64_t from, uint64_t to,
                           struct tdm_sha256 *sha)
{
    struct adder to_sha = {{add}, sha};

    return slot_replay_part(flash, from, to, install_read_buf(in), install_half_buf(in), &to_sha.sink);
}

tdm_err install_digest_of(const struct install *in, struct tdm_flash *flash, uint64_t from, uint64_t to,
                          uint8_t digest[TDM_SHA256_LEN])
{
    struct tdm_sha256 sha = {0};

    tdm_err err = tdm_flash_reread(flash);
    if (err == TDM_OK)
        err = tdm_sha256_begin(&sha, in->cfg.crypto);
    if (err == TDM_OK)
        err = install_digest_add(in, flash, from, to, &sha);
    if (err == TDM_OK)
        return tdm_sha256_end(&sha, digest);
    tdm_sha256_drop(&sha);
    return err;
}

bool install_has_changed(const struct install *in, struct tdm_flash *flash, uint64_t length, const uint8_t *digest)
{
    uint8_t now[TDM_SHA256_LEN];

    return install_digest_of(in, flash, 0, length, now) == TDM_OK && memcmp(now, digest, sizeof now) != 0;
}
