/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "image/manifest_format.h"

enum kind { U16, U32, U64, TEXT_32, TEXT_64 };

/* A member's name cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define SIDE(at, side)                                                                                                 \
    {(size_t)(at) + MANIFEST_AT_FAMILY, U16, offsetof(struct manifest, side.family)},                                  \
        {(size_t)(at) + MANIFEST_AT_CHIP, U16, offsetof(struct manifest, side.chip)},                                  \
        {(size_t)(at) + MANIFEST_AT_REVISION_MIN, U16, offsetof(struct manifest, side.revision_min)},                  \
        {(size_t)(at) + MANIFEST_AT_REVISION_MAX, U16, offsetof(struct manifest, side.revision_max)},                  \
        {(size_t)(at) + MANIFEST_AT_API, U16, offsetof(struct manifest, side.api)},                                    \
    {                                                                                                                  \
        (size_t)(at) + MANIFEST_AT_LEAST_API, U16, offsetof(struct manifest, side.least_api)                           \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct field {
    size_t at;
    enum kind kind;
    size_t member;
} fields[] = {
    {MANIFEST_AT_ISSUED, U64, offsetof(struct manifest, issued)},
    {MANIFEST_AT_EXPIRES, U64, offsetof(struct manifest, expires)},
    {MANIFEST_AT_COUNTER, U32, offsetof(struct manifest, counter)},
    {MANIFEST_AT_LEAST_FLASH, U32, offsetof(struct manifest, least_flash)},
    {MANIFEST_AT_PAIR_VERSION, TEXT_32, offsetof(struct manifest, pair_version)},
    {MANIFEST_AT_COMPATIBLE, TEXT_64, offsetof(struct manifest, compatible)},
    SIDE(MANIFEST_AT_RADIO, radio),
    SIDE(MANIFEST_AT_HOST, host),
};

#define FIELDS (sizeof fields / sizeof fields[0])

size_t manifest_text_length(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);
    return end ? (size_t)(end - text) : size;
}

static void load(struct bytes_reader *r, enum kind kind, void *member)
{
    switch (kind) {
    case U16:
        *(uint16_t *)member = bytes_get_le16(r);
        break;
    case U32:
        *(uint32_t *)member = bytes_get_le32(r);
        break;
    case U64:
        *(uint64_t *)member = bytes_get_le64(r);
        break;
    case TEXT_32:
        bytes_get(r, member, 32);
        break;
    case TEXT_64:
        bytes_get(r, member, 64);
        break;
    }
}

/* What a text's array holds behind its NUL is not written. */
static void store_text(struct bytes_writer *w, const char *text, size_t size)
{
    size_t len = manifest_text_length(text, size);
    bytes_put(w, text, len);
    bytes_put_zeros(w, size - len);
}

static void store(struct bytes_writer *w, enum kind kind, const void *member)
{
    switch (kind) {
    case U16:
        bytes_put_le16(w, *(const uint16_t *)member);
        break;
    case U32:
        bytes_put_le32(w, *(const uint32_t *)member);
        break;
    case U64:
        bytes_put_le64(w, *(const uint64_t *)member);
        break;
    case TEXT_32:
        store_text(w, member, 32);
        break;
    case TEXT_64:
        store_text(w, member, 64);
        break;
    }
}

void manifest_load_fields(const uint8_t *bytes, struct manifest *m)
{
    for (size_t i = 0; i < FIELDS; i++) {
        struct bytes_reader r = bytes_reader_on(bytes + fields[i].at, MANIFEST_FIXED_LEN - fields[i].at);
        load(&r, fields[i].kind, (uint8_t *)m + fields[i].member);
    }
}

void manifest_store_fields(const struct manifest *m, uint8_t *bytes)
{
    for (size_t i = 0; i < FIELDS; i++) {
        struct bytes_writer w = bytes_writer_on(bytes + fields[i].at, MANIFEST_FIXED_LEN - fields[i].at);
        store(&w, fields[i].kind, (const uint8_t *)m + fields[i].member);
    }
}
