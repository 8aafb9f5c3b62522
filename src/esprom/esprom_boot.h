/* SPDX-License-Identifier: Apache-2.0 */
/*
 * esprom_boot: what the text tells that a ROM prints after reset (115200 baud), and how to keep its printable start.
 *
 * Used by   esprom_connect, to say which layer failed; esprom_start.   Pure.
 * The words count, not the number after "boot:": its bits differ from board to board.
 */
#ifndef TANDEM_ESPROM_BOOT_H
#define TANDEM_ESPROM_BOOT_H

#include <stddef.h>
#include <stdint.h>

enum esprom_boot_kind {
    ESPROM_BOOT_UNKNOWN,  /* no text of a ROM                                              */
    ESPROM_BOOT_APP,      /* started from flash, or tries to                               */
    ESPROM_BOOT_ENTERED,  /* ... and went over to the program it found there               */
    ESPROM_BOOT_EMPTY,    /* ... and found none there that it would start                  */
    ESPROM_BOOT_LOADER,   /* waits for commands on the UART                                */
    ESPROM_BOOT_USB_ONLY, /* waits for commands on USB alone: both straps were low         */
};

/* text is NUL-ended. The last start in it counts: a chip may have started more than once. */
enum esprom_boot_kind esprom_boot_judge(const char *text);

/* Append what is printable of data; line ends become single spaces. text keeps its NUL within cap. */
void esprom_boot_collect(char *text, size_t cap, const uint8_t *data, size_t len);

#endif
