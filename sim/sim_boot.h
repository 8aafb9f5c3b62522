/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_boot: what a start of the chip prints and where it ends: in the loader, in an application, or nowhere.
 *
 * Used by   sim_chip.   Uses  sim_parts, sim_image.
 * The ROM reads the second-stage bootloader from the flash, that one reads partition table and application. A wrong
 * checksum stops the ROM, a wrong digest does not; the bootloader refuses both in an application.
 * Pure      the whole start is judged at once from the flash as it is; sim_chip gives it its time.
 */
#ifndef TANDEM_SIM_BOOT_H
#define TANDEM_SIM_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim_flash.h"
#include "sim_image.h"
#include "sim_parts.h"

#define SIM_BOOT_TEXT_MAX      2048
#define SIM_PARTITION_TABLE_AT 0x8000u

enum sim_boot_end {
    SIM_BOOT_LOADER,       /* waits for a flasher                                        */
    SIM_BOOT_APP,          /* runs the application                                       */
    SIM_BOOT_NO_IMAGE,     /* the ROM repeats "invalid header" until its watchdog bites  */
    SIM_BOOT_STUCK,        /* silent until the watchdog bites                            */
    SIM_BOOT_STARTS_AGAIN, /* the bootloader found nothing to run and resets by software */
};

struct sim_boot {
    enum sim_boot_end end;
    char text[SIM_BOOT_TEXT_MAX]; /* at the ROM's rate                        */
    char again[32];               /* SIM_BOOT_NO_IMAGE: the line that repeats */
    size_t text_len;
    struct sim_image app; /* SIM_BOOT_APP */
};

void sim_boot_run(struct sim_boot *b, const struct sim_part *part, struct sim_flash *flash, bool to_loader,
                  enum sim_cause cause);

/* Both straps low: the ROM says so, and waits for USB alone. */
void sim_boot_wait_on_usb(struct sim_boot *b, const struct sim_part *part, enum sim_cause cause);

#endif
