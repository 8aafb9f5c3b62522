/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines_gpio: RESET and BOOT on two GPIO lines, through libgpiod.
 *
 *   gpio:RESET=LINE,BOOT=LINE     LINE: [CHIP/]NUMBER or [CHIP/]NAME, then :high, :drain
 *
 * Used by   lines_gpio.c, lines_gpiod1.c or lines_gpiod2.c or lines_gpiod_none.c (the build has one of them), tests.
 * CHIP      gpiochip0, 0 or /dev/gpiochip0. A NAME without a chip is looked for on all of them, a NUMBER needs one.
 * Levels    a line is asserted when it is low (:high: when it is high). :drain: it is driven low and never high.
 * Power     from the opening on a line is an output, released; after the close its level is the kernel's business.
 */
#ifndef TANDEM_LINUX_LINES_GPIO_H
#define TANDEM_LINUX_LINES_GPIO_H

#include "linux/lines_backend.h"

#define GPIO_TEXT_MAX  64
#define GPIO_CHIPS_MAX 64 /* /dev/gpiochip0 and so on are looked at for a name */

struct gpio_spec {
    char chip[GPIO_TEXT_MAX]; /* a path, or "": any */
    char name[GPIO_TEXT_MAX]; /* "": number */
    uint32_t number;
    bool is_high, is_drain;
};

/* "RESET=...,BOOT=..."; false: not understood. */
bool lines_gpio_read(const char *words, struct gpio_spec *reset, struct gpio_spec *boot);

/*
 * The library. gpio_pin_open() asks for the line as an output, released. NOT_FOUND: no such chip, or no such line on it;
 * BUSY: another program has it; ACCESS; UNSUPPORTED: this build has no libgpiod; else IO. *cause is errno.
 */
TDM_MUST_USE tdm_err gpio_pin_open(struct gpio_pin *pin, const char *chip, const struct gpio_spec *spec, int *cause);
TDM_MUST_USE tdm_err gpio_pin_set(struct gpio_pin *pin, bool is_asserted);
void gpio_pin_close(struct gpio_pin *pin);

/* For the two files that have a library. */
tdm_err gpio_pin_err(int cause);

#endif
