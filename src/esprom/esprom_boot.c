/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_boot.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *words;
    enum esprom_boot_kind kind;
} marks[] = {
    {"SPI_FAST_FLASH_BOOT", ESPROM_BOOT_APP},
    {"SPI_FLASH_BOOT", ESPROM_BOOT_APP},
    {"entry 0x", ESPROM_BOOT_ENTERED},
    {"invalid header:", ESPROM_BOOT_EMPTY},
    {"Checksum failure", ESPROM_BOOT_EMPTY},
    {"DOWNLOAD(", ESPROM_BOOT_LOADER},
    {"DOWNLOAD_BOOT", ESPROM_BOOT_LOADER},
    {"UART0_BOOT", ESPROM_BOOT_LOADER},
    {"waiting for download", ESPROM_BOOT_LOADER},
    {"wait uart0 download", ESPROM_BOOT_LOADER},
    {"USB_BOOT", ESPROM_BOOT_USB_ONLY},
    {"wait usb download", ESPROM_BOOT_USB_ONLY},
};

static const char *last_of(const char *text, const char *words)
{
    const char *last = NULL;

    for (const char *p = strstr(text, words); p; p = strstr(p + 1, words))
        last = p;
    return last;
}

enum esprom_boot_kind esprom_boot_judge(const char *text)
{
    enum esprom_boot_kind kind = ESPROM_BOOT_UNKNOWN;
    const char *latest = NULL;

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = last_of(text, marks[i].words);
        if (at && (!latest || at > latest)) {
            latest = at;
            kind = marks[i].kind;
        }
    }
    return kind;
}

void esprom_boot_collect(char *text, size_t cap, const uint8_t *data, size_t len)
{
    size_t used = strlen(text);

    for (size_t i = 0; i < len && used + 1 < cap; i++) {
        bool is_end = data[i] == '\r' || data[i] == '\n';
        if (is_end && (used == 0 || text[used - 1] == ' '))
            continue;
        if (is_end)
            text[used++] = ' ';
        else if (data[i] >= 0x20 && data[i] < 0x7f)
            text[used++] = (char)data[i];
    }
    text[used] = '\0';
}
