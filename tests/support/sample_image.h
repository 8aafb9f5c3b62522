/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_image: small valid OTA images in memory, written from docs/FORMAT.md and not with the product's writer.
 *
 * Used by   unit tests of judge, install and reconcile.   Uses  cmocka, OpenSSL's SHA-256.
 * Every field of the spec that is 0 takes the value in brackets.
 */
#ifndef SUPPORT_SAMPLE_IMAGE_H
#define SUPPORT_SAMPLE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_CAP 65536
#define SAMPLE_H2  16
#define SAMPLE_C6  13

struct sample_spec {
    uint16_t chip;       /* of the bootloader [ESP32-H2]               */
    uint16_t app_chip;   /* of the RCP firmware [chip]                 */
    const char *version; /* part 0 ["openthread-esp32/1; esp32h2; x"]  */
    size_t app_size;     /* payload bytes of the RCP firmware [512]    */
    size_t host_size;    /* bytes of an opaque host part, or payload bytes of an ESP one; 0: a radio-only image */
    bool host_is_esp;
    size_t manifest_size; /* bytes behind the NUL of part 0; 0: plain */
    uint8_t seed;         /* of all contents                          */
};

struct sample_image {
    uint8_t bytes[SAMPLE_CAP];
    size_t len, bundle_len;
    size_t part_at[6], part_len[6];
};

void sample_image_build(struct sample_image *s, const struct sample_spec *spec);

/* Make good again what a change inside part 2, 4 or an ESP part 5 broke: its checksum and its SHA-256. */
void sample_image_mend(struct sample_image *s, unsigned tag);

void sample_put32(uint8_t *at, uint32_t value);

#endif
