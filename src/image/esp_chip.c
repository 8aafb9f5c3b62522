/* SPDX-License-Identifier: Apache-2.0 */
#include "image/esp_chip.h"

#include <stddef.h>

static const struct esp_chip chips[] = {
    {0, "esp32", 0x1000},     {2, "esp32s2", 0x1000},  {5, "esp32c3", 0},   {9, "esp32s3", 0},
    {12, "esp32c2", 0},       {13, "esp32c6", 0},      {16, "esp32h2", 0},  {18, "esp32p4", 0x2000},
    {20, "esp32c61", 0},      {23, "esp32c5", 0x2000}, {25, "esp32h21", 0}, {28, "esp32h4", 0x2000},
    {32, "esp32s31", 0x2000},
};

const struct esp_chip *esp_chip_by_id(uint16_t id)
{
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++) {
        if (chips[i].id == id)
            return &chips[i];
    }
    return NULL;
}
