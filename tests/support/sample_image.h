/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_image: small valid OTA images in memory, written from docs/FORMAT.md and not with the product's writer.
 *
 * Used by   unit tests of judge, install and reconcile.   Uses  cmocka, OpenSSL's SHA-256, sample_keys.
 * Every field of the spec that is 0 takes the value in brackets. What a manifest states can be changed in the bytes from
 * manifest_at on, before it is signed; the defaults:
 *
 *     issued 1000000000, expires never, counter 5, least flash 2 MiB, version 1.4.0, compatible acme,br-1,
 *     radio: its chip, revisions 0 to 99, API 11, least 4; host: opaque, or an ESP32-S3 likewise; extension 1 "test"
 */
#ifndef SUPPORT_SAMPLE_IMAGE_H
#define SUPPORT_SAMPLE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/sample_keys.h"

#define SAMPLE_CAP 65536
#define SAMPLE_H2  16
#define SAMPLE_C6  13
#define SAMPLE_S3  9

struct sample_spec {
    uint16_t chip;       /* of the bootloader [ESP32-H2]               */
    uint16_t app_chip;   /* of the RCP firmware [chip]                 */
    const char *version; /* part 0 ["openthread-esp32/1; esp32h2; x"]  */
    size_t app_size;     /* payload bytes of the RCP firmware [512]    */
    size_t host_size;    /* bytes of an opaque host part, or payload bytes of an ESP one; 0: a radio-only image */
    bool host_is_esp;
    size_t manifest_size; /* bytes behind the NUL of part 0; 0: plain */
    uint8_t seed;         /* of all contents                          */
    uint8_t cells;        /* signature cells, all blank: an image with a manifest; 0: none */
    bool is_host_only;    /* no radio parts; only with cells           */
};

struct sample_image {
    uint8_t bytes[SAMPLE_CAP];
    size_t len, bundle_len;
    size_t part_at[6], part_len[6];
    size_t manifest_at, cells_at; /* offsets; what is signed ends at cells_at */
};

void sample_image_build(struct sample_image *s, const struct sample_spec *spec);

/* Make good again what a change inside part 2, 4 or an ESP part 5 broke: its checksum and its SHA-256. */
void sample_image_mend(struct sample_image *s, unsigned tag);

/* State the digests of the parts as they are now. */
void sample_image_restate(struct sample_image *s);
/* Image id: what the keys sign. */
void sample_image_id(const struct sample_image *s, uint8_t id[32]);
/* One more signature, at its place among the others. */
void sample_image_sign(struct sample_image *s, const struct sample_key *key);
/* Cell i, 80 bytes. */
uint8_t *sample_image_cell(struct sample_image *s, size_t i);

void sample_put16(uint8_t *at, uint16_t value);
void sample_put32(uint8_t *at, uint32_t value);

#endif
