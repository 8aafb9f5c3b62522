/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_manifest: manifests put together byte by byte from docs/FORMAT.md, so that the codec is not its own judge.
 *
 * Used by   test_image_manifest_*.c.   Uses  nothing of the codec.
 */
#ifndef TANDEM_TESTS_SAMPLE_MANIFEST_H
#define TANDEM_TESTS_SAMPLE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sample_kind { SAMPLE_PAIR, SAMPLE_RADIO, SAMPLE_HOST, SAMPLE_OPAQUE_PAIR, SAMPLE_KINDS };

struct sample_manifest {
    uint8_t b[5000];
    size_t len, digests, cells_at;
    bool has_radio, has_host;
};

/*
 * Version 2.3.4-rc.1 for acme,gate-1: counter 41, issued 1700000000, expires 1800000000, radio chip 13 revisions 1..2,
 * API 9, least 5, flash 4 MiB; host chip 9 revisions 3..104 (or opaque), API 8, least 7. Digest i is 32 bytes of
 * A0h + i. Without extensions; two cells, both blank.
 */
void sample_manifest_make(struct sample_manifest *s, enum sample_kind kind);

/* size bytes of value at an offset, little-endian; a text with zeros up to size. */
void sample_manifest_set(struct sample_manifest *s, size_t at, size_t size, uint64_t value);
void sample_manifest_text(struct sample_manifest *s, size_t at, size_t size, const char *text);
/* Put bytes between what stands before the cells and the cells. */
void sample_manifest_insert(struct sample_manifest *s, const void *bytes, size_t len);
/* Cell i: key id of 8 equal bytes, algorithm 1, r and s of 32 equal bytes each. */
void sample_manifest_sign(struct sample_manifest *s, size_t i, uint8_t key, uint8_t r, uint8_t low_s);

#endif
