/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_format: where the fields of a manifest lie; the C twin of docs/FORMAT.md, "The manifest".
 *
 * Used by   the manifest_*.c files of this room.   Uses  include/tandem/manifest.h, which has the limits.
 *
 *      0              152       152 + 32 N            len - 80 C        len
 *      | fixed block  | digests | extensions, if any  | C cells         |
 *      |<---------- signed, as is all before it ----->|
 */
#ifndef TANDEM_MANIFEST_FORMAT_H
#define TANDEM_MANIFEST_FORMAT_H

#include <tandem/manifest.h>

#define MANIFEST_MAGIC                                                                                                 \
    {                                                                                                                  \
        0x9a, 0x54, 0x44, 0x4d                                                                                         \
    } /* 9a can stand in no version text */

enum manifest_at {
    MANIFEST_AT_MAGIC = 0,
    MANIFEST_AT_FORMAT = 4,
    MANIFEST_AT_CELLS = 6,
    MANIFEST_AT_RESERVED = 7,
    MANIFEST_AT_ISSUED = 8,
    MANIFEST_AT_EXPIRES = 16,
    MANIFEST_AT_COUNTER = 24,
    MANIFEST_AT_LEAST_FLASH = 28,
    MANIFEST_AT_PAIR_VERSION = 32,
    MANIFEST_AT_COMPATIBLE = 64,
    MANIFEST_AT_RADIO = 128,
    MANIFEST_AT_HOST = 140,
};

/* In the block of a side. */
enum manifest_side_at {
    MANIFEST_AT_FAMILY = 0,
    MANIFEST_AT_CHIP = 2,
    MANIFEST_AT_REVISION_MIN = 4,
    MANIFEST_AT_REVISION_MAX = 6,
    MANIFEST_AT_API = 8,
    MANIFEST_AT_LEAST_API = 10,
};

/* In a cell; r and s are big-endian. */
enum manifest_cell_at {
    MANIFEST_AT_KEY_ID = 0,
    MANIFEST_AT_ALGORITHM = 8,
    MANIFEST_AT_CELL_RESERVED = 10,
    MANIFEST_AT_R = 16,
    MANIFEST_AT_S = 48,
};

#define MANIFEST_EXTENSION_HEAD 4 /* type u16, length u16 */
#define MANIFEST_CRITICAL       0x8000u
#define MANIFEST_LABEL          1u
#define MANIFEST_NOTES_URL      2u

/* Bytes before the extensions. */
size_t manifest_fixed_and_digests(size_t digest_count);

/* From issued on, the fields of the fixed block <-> the struct; nothing is checked. bytes: MANIFEST_FIXED_LEN. */
void manifest_load_fields(const uint8_t *bytes, struct manifest *m);
void manifest_store_fields(const struct manifest *m, uint8_t *bytes);

/* Bytes before a text's NUL; all when there is none. */
size_t manifest_text_length(const char *text, size_t size);

/* Checks F1 to F4 of fields that manifest_load_fields() has loaded. */
TDM_MUST_USE tdm_err manifest_check_fields(const struct manifest *m, bool has_radio, bool has_host,
                                           struct tdm_fault *fault);

#endif
