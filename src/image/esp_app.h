/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esp_app: push-fed checker of one ESP firmware file (application or bootloader): structure, checksum, description.
 *
 * Used by   judge, rcp_build, imagefile.   Uses  layer 0, esp_chip.
 * Memory    the caller owns the struct; nothing is allocated.
 * Digest    A file may carry a SHA-256 of its own first bytes. This is a pure file and takes no crypto port, so the
 *           caller hashes: every push says how many of its bytes belong to the digest (always its first ones), and
 *           after esp_app_end() info.digest is what the caller's own digest must be, if info.has_digest.
 * Faults    codes bad_firmware, bad_checksum, truncated; `at` is the offset in the file.
 * Trailing  bytes behind the image (padding, signature sector) are legal and ignored: see info.image_size.
 * Format    docs/FORMAT.md, "ESP firmware file".
 */
#ifndef TANDEM_IMAGE_ESP_APP_H
#define TANDEM_IMAGE_ESP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>

#define ESP_APP_DIGEST_LEN 32
#define ESP_APP_TEXT_MAX   32
#define ESP_APP_HEADER_LEN 24
#define ESP_APP_MAGIC      0xe9u
#define ESP_APP_HEAD_LEN   176 /* file header, first segment header, description up to the IDF version */

enum esp_app_kind {
    ESP_APP_PLAIN,       /* no description: older bootloaders, bare firmware */
    ESP_APP_APPLICATION, /* application description                          */
    ESP_APP_BOOTLOADER,  /* bootloader description                           */
};

struct esp_app_info {
    enum esp_app_kind kind;
    uint16_t chip_id;
    uint16_t revision_min, revision_max; /* major * 100 + minor; max 65535: no limit */
    uint8_t segment_count;
    bool has_digest;
    uint8_t digest[ESP_APP_DIGEST_LEN];
    /* Applications only, and IDF version of bootloaders too; '?' stands for what is not printable. */
    char version[ESP_APP_TEXT_MAX + 1], project[ESP_APP_TEXT_MAX + 1], idf_version[ESP_APP_TEXT_MAX + 1];
    uint64_t image_size; /* bytes up to the checksum or digest; the file may be longer                         */
};

enum esp_app_state {
    ESP_APP_HEADER,
    ESP_APP_SEGMENT_HEADER,
    ESP_APP_SEGMENT,
    ESP_APP_CHECKSUM,
    ESP_APP_DIGEST,
    ESP_APP_TRAILER,
    ESP_APP_STATES
};

struct esp_app {
    struct tdm_fault fault;
    struct esp_app_info info; /* complete after esp_app_end(); chip and revisions from byte 24 on */
    enum esp_app_state state;
    uint64_t at;
    uint32_t segments_left, segment_left;
    uint8_t checksum;
    size_t held; /* bytes of a segment header or of the digest gathered so far */
    uint8_t segment_header[8];
    uint32_t first_segment_size;
    uint8_t head[ESP_APP_HEAD_LEN];
};

/* Do these first bytes of a file look like an ESP firmware file? fewer than ESP_APP_HEADER_LEN: no. */
bool esp_app_is_likely(const uint8_t *head, size_t len);

void esp_app_init(struct esp_app *a);
TDM_MUST_USE tdm_err esp_app_push(struct esp_app *a, const uint8_t *data, size_t len, size_t *hashed);
TDM_MUST_USE tdm_err esp_app_end(struct esp_app *a);

/* What the bytes so far say of kind, version and project; ESP_APP_HEAD_LEN of them are enough. esp_app_end() does it too. */
void esp_app_describe(struct esp_app *a);

#endif
