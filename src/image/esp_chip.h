/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esp_chip: what an image must know of each ESP chip: its id in firmware headers, its name, where its bootloader lies.
 *
 * Used by   flash_args (through its callers), esp_app, judge, the image commands.   Uses  nothing.
 * What a flasher must know of a chip is in src/esprom; a unit test compares the facts that both have.
 */
#ifndef TANDEM_IMAGE_ESP_CHIP_H
#define TANDEM_IMAGE_ESP_CHIP_H

#include <stdint.h>

struct esp_chip {
    uint16_t id;                /* as in firmware headers */
    const char *name;           /* "esp32h2"              */
    uint32_t bootloader_offset; /* in flash, bytes        */
};

/* The chip with this id, or NULL when it is not known. */
const struct esp_chip *esp_chip_by_id(uint16_t id);

#endif
