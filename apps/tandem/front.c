/* SPDX-License-Identifier: Apache-2.0 */
#include "front.h"

#include <string.h>

static tdm_err hash_signed(struct front *f, struct tdm_fault *why)
{
    struct tdm_sha256 sha = {0};
    tdm_err err = tdm_sha256_begin(&sha, f->crypto);

    if (err == TDM_OK)
        err = tdm_sha256_update(&sha, f->bytes, f->signed_len);
    if (err == TDM_OK)
        err = tdm_sha256_end(&sha, f->id);
    tdm_sha256_drop(&sha);
    return err == TDM_OK ? TDM_OK : tdm_fault_set(why, err, "crypto", "the digest library does not work", 0);
}

/* Offsets in the manifest become offsets in the image. */
static tdm_err at_image(const struct front *f, struct tdm_fault *why)
{
    why->at += f->manifest_at;
    return why->err;
}

static tdm_err open_frame(struct front *f, struct tdm_fault *why)
{
    if (manifest_open(f->bytes + f->manifest_at, f->len - f->manifest_at, f->digest_count, &f->frame, why) != TDM_OK ||
        manifest_check_cells(&f->frame, why) != TDM_OK)
        return at_image(f, why);
    return TDM_OK;
}

tdm_err front_open(struct front *f, struct tdm_fault *why)
{
    tdm_fault_clear(why);
    if (open_frame(f, why) != TDM_OK)
        return why->err;
    f->signed_len = f->manifest_at + f->frame.signed_len;
    return hash_signed(f, why);
}

tdm_err front_attach(struct front *f, const uint8_t point[TDM_P256_LEN], const uint8_t id[MANIFEST_KEY_ID_LEN],
                     const uint8_t signature[TDM_P256_LEN], struct tdm_fault *why)
{
    struct manifest_cell cell = {.algorithm = MANIFEST_ECDSA_P256_SHA256};
    tdm_err err = tdm_p256_verify(f->crypto, point, f->id, signature);

    if (err == TDM_E_TRUST)
        return tdm_fault_set(why, err, "bad_signature", "is not this key's signature of this image", 0);
    if (err != TDM_OK)
        return tdm_fault_set(why, err, "crypto", "the signature could not be checked", 0);
    memcpy(cell.key_id, id, sizeof cell.key_id);
    memcpy(cell.signature, signature, sizeof cell.signature);
    if (manifest_add_cell(f->bytes + f->manifest_at, f->len - f->manifest_at, f->digest_count, &cell, why) != TDM_OK)
        return at_image(f, why);
    return open_frame(f, why);
}

tdm_err front_sign(struct front *f, struct signing_key *key, struct tdm_fault *why)
{
    uint8_t signature[TDM_P256_LEN];
    tdm_err err = signing_sign(key, f->id, signature, why);

    return err == TDM_OK ? front_attach(f, key->point, key->id, signature, why) : err;
}
