/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_image: an ESP firmware image as the chip finds it on its flash: segments, checksum, digest.
 *
 * Used by   sim_boot.   Uses  sim_flash, libcrypto (SHA-256).
 * Says what is there and leaves the verdict to the caller: ROM and second-stage bootloader judge differently.
 */
#ifndef TANDEM_SIM_IMAGE_H
#define TANDEM_SIM_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_flash.h"

#define SIM_IMAGE_MAGIC        0xe9
#define SIM_IMAGE_SEGMENTS_MAX 16
#define SIM_IMAGE_SHA_LEN      32

struct sim_segment {
    uint32_t load, len, at; /* at: offset of its data in the flash */
};

struct sim_image {
    uint32_t first_word, entry;
    uint16_t chip_id;
    uint8_t spi_mode, spi_speed;
    struct sim_segment segments[SIM_IMAGE_SEGMENTS_MAX];
    unsigned segment_count;
    uint8_t sum, stored_sum;
    bool has_sha;
    uint8_t sha[SIM_IMAGE_SHA_LEN], stored_sha[SIM_IMAGE_SHA_LEN];
};

/* False when there is no image, or its segments leave the limit (an address on the flash). first_word is set anyway. */
bool sim_image_read(struct sim_image *img, struct sim_flash *flash, uint32_t at, uint32_t limit);

bool sim_image_sum_is_right(const struct sim_image *img);
bool sim_image_sha_is_right(const struct sim_image *img); /* true when there is none */

#endif
