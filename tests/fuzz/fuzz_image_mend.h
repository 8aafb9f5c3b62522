/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_image_mend: makes sums and digests inside an image right again after the fuzzer has changed bytes under them, so
 * that it gets behind them. It changes only those sums; whether the image is any good remains for the code to say.
 * Signatures are fakes, which a verifier that knows fuzz_sign() believes.
 *
 * Used by   fuzz_judge, fuzz_install.   Uses  src/image, OpenSSL's SHA-256.
 */
#ifndef TANDEM_TESTS_FUZZ_IMAGE_MEND_H
#define TANDEM_TESTS_FUZZ_IMAGE_MEND_H

#include <openssl/sha.h>

#include <tandem/manifest.h>

#include "base/md5.h"
#include "fuzz.h"
#include "image/esp_app.h"
#include "image/image_header.h"
#include "image/partition_table.h"

#define FUZZ_SIGNATURE_LEN 8u

/* Checksum, then SHA-256, of a firmware file that is whole but for them. */
static inline void fuzz_mend_app(uint8_t *file, size_t len)
{
    struct esp_app a;
    size_t hashed = 0;

    for (int again = 0; again < 2; again++) {
        esp_app_init(&a);
        tdm_err err = esp_app_push(&a, file, len, &hashed);
        if (err == TDM_OK && esp_app_end(&a) == TDM_OK && a.info.has_digest)
            (void)SHA256(file, hashed, file + hashed);
        if (err == TDM_OK || strcmp(a.fault.code, "bad_checksum") != 0)
            return;
        file[a.fault.at] = a.checksum;
    }
}

/* Every checksum row of a partition table gets the sum of what is before it. */
static inline void fuzz_mend_table(uint8_t *table, size_t len)
{
    for (size_t at = 0; at + PARTITION_ROW_LEN <= len; at += PARTITION_ROW_LEN) {
        struct md5 md5;
        if (table[at] != 0xeb || table[at + 1] != 0xeb)
            continue;
        md5_begin(&md5);
        md5_add(&md5, table, at);
        md5_end(&md5, table + at + 16);
    }
}

/* What a fake signature over these bytes begins with. */
static inline void fuzz_sign(const uint8_t digest[SHA256_DIGEST_LENGTH], uint8_t *signature)
{
    memcpy(signature, digest, FUZZ_SIGNATURE_LEN);
    signature[0] &= 0x7fu; /* below the group's order */
}

/* The parts' digests in the manifest, then every used cell. */
static inline void fuzz_mend_manifest(uint8_t *image, size_t len, const struct image_layout *l)
{
    uint8_t *text = image + l->header_size, *end = text + l->parts[0].size, digest[SHA256_DIGEST_LENGTH];
    struct manifest_frame frame;
    struct tdm_fault fault;

    if (l->total_size > len)
        return;
    uint8_t *m = memchr(text, 0, l->parts[0].size);
    m = m != NULL ? m + 1 : NULL;
    tdm_fault_clear(&fault);
    if (m == NULL || m == end || manifest_open(m, (size_t)(end - m), l->part_count - 1, &frame, &fault) != TDM_OK)
        return;
    for (size_t i = 1; i < l->part_count; i++)
        (void)SHA256(image + l->parts[i].offset, l->parts[i].size, m + MANIFEST_FIXED_LEN + (i - 1) * 32);
    (void)SHA256(image, (size_t)(m - image) + frame.signed_len, digest);
    for (uint8_t *cell = m + frame.signed_len; cell < end; cell += MANIFEST_CELL_LEN)
        if (cell[8] != 0)
            fuzz_sign(digest, cell + 16);
}

static inline void fuzz_mend_image(uint8_t *image, size_t len)
{
    struct image_layout l;
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    if (len < IMAGE_ENTRY_LEN || image_header_begin(image, &l, &fault) != TDM_OK || len < l.header_size ||
        image_header_read(image, &l, &fault) != TDM_OK)
        return;
    for (size_t i = 0; i < l.part_count && l.parts[i].offset < len; i++) {
        const struct image_part *p = &l.parts[i];
        size_t there = len - p->offset < p->size ? len - p->offset : p->size;
        if (p->tag == IMAGE_TAG_PARTITION_TABLE)
            fuzz_mend_table(image + p->offset, there);
        else if (p->tag >= IMAGE_TAG_BOOTLOADER)
            fuzz_mend_app(image + p->offset, there);
    }
    fuzz_mend_manifest(image, len, &l);
}

#endif
