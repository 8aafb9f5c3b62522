/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines by libgpiod 1, which this file plays. */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "support/gpio_scene.h"

/* A line belongs to its chip, as in the library: who closes the chip first loses it. */
struct gpiod_line {
    struct gpiod_chip *chip;
    int offset, is_requested;
};

struct gpiod_chip {
    int number;
    struct gpiod_line line;
};

struct gpiod_chip *gpiod_chip_open(const char *path)
{
    int number = gpio_scene_open(path);
    struct gpiod_chip *chip = number < 0 ? NULL : calloc(1, sizeof *chip);

    if (chip != NULL)
        chip->number = number;
    return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip)
{
    gpio_scene_close(chip->number);
    free(chip);
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset)
{
    if (!gpio_scene_has(chip->number, offset)) {
        errno = EINVAL;
        return NULL;
    }
    chip->line = (struct gpiod_line){chip, (int)offset, 0};
    return &chip->line;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name)
{
    int offset = gpio_scene_find(chip->number, name);

    return offset < 0 ? NULL : gpiod_chip_get_line(chip, (unsigned)offset);
}

int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags, int value)
{
    return gpio_scene_request(line->chip->number, line->offset, consumer,
                              (flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW) != 0,
                              (flags & GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN) != 0, value);
}

int gpiod_line_set_value(struct gpiod_line *line, int value)
{
    gpio_scene_set(line->chip->number, line->offset, value);
    return 0;
}

void gpiod_line_release(struct gpiod_line *line)
{
    gpio_scene_release(line->chip->number, line->offset);
}

int main(void)
{
    return gpio_scene_run();
}
