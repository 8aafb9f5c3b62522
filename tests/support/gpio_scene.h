/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpio_scene: a board with GPIO chips, behind a stand-in for libgpiod, and what both majors of the library must do on it.
 *
 *   /dev/gpiochip0    0 RCP_RESET  1 RCP_BOOT  2 LED (somebody has it)  3 without a name, an input only
 *   /dev/gpiochip3    0 EXT_RESET  1 EXT_BOOT
 *   /dev/gpiochip5    may not be opened
 *
 * Used by   test_linux_gpiod1.c, test_linux_gpiod2.c, which play the library by these calls and run the tests.
 * What lines are told is written down: "+0/1 low" (request, released), "0/1=1" (value), "-0/1" (release).
 */
#ifndef TANDEM_TESTS_GPIO_SCENE_H
#define TANDEM_TESTS_GPIO_SCENE_H

#include <stdbool.h>

/* The number of the chip; -1 with errno. Every open handle is closed again. */
int gpio_scene_open(const char *path);
void gpio_scene_close(int chip);
/* An offset; -1 with errno. */
int gpio_scene_find(int chip, const char *name);
bool gpio_scene_has(int chip, unsigned offset);
int gpio_scene_request(int chip, int offset, const char *consumer, bool is_low, bool is_drain, int value);
void gpio_scene_set(int chip, int offset, int value);
void gpio_scene_release(int chip, int offset);

int gpio_scene_run(void);

#endif
