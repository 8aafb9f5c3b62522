/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests stand in for of libgpiod 1. */
#ifndef TANDEM_TESTS_GPIOD1_H
#define TANDEM_TESTS_GPIOD1_H

struct gpiod_chip;
struct gpiod_line;

enum { GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN = 1 << 0, GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW = 1 << 2 };

struct gpiod_chip *gpiod_chip_open(const char *path);
void gpiod_chip_close(struct gpiod_chip *chip);
struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset);
struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name);
int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags, int value);
int gpiod_line_set_value(struct gpiod_line *line, int value);
void gpiod_line_release(struct gpiod_line *line);

#endif
