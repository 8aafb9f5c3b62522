/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines by libgpiod 2, which this file plays. What is not given back, the leak sanitizer finds. */
#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "support/gpio_scene.h"

struct gpiod_chip {
    int number;
};

struct gpiod_line_settings {
    enum gpiod_line_direction direction;
    enum gpiod_line_drive drive;
    enum gpiod_line_value value;
    bool is_low;
};

struct gpiod_line_config {
    unsigned offset;
    struct gpiod_line_settings settings;
};

struct gpiod_request_config {
    const char *consumer;
};

struct gpiod_line_request {
    int chip, offset;
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

int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name)
{
    return gpio_scene_find(chip->number, name);
}

struct gpiod_line_settings *gpiod_line_settings_new(void)
{
    return calloc(1, sizeof(struct gpiod_line_settings));
}

void gpiod_line_settings_free(struct gpiod_line_settings *s)
{
    free(s);
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *s, enum gpiod_line_direction direction)
{
    s->direction = direction;
    return 0;
}

int gpiod_line_settings_set_drive(struct gpiod_line_settings *s, enum gpiod_line_drive drive)
{
    s->drive = drive;
    return 0;
}

void gpiod_line_settings_set_active_low(struct gpiod_line_settings *s, bool on)
{
    s->is_low = on;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *s, enum gpiod_line_value value)
{
    s->value = value;
    return 0;
}

struct gpiod_line_config *gpiod_line_config_new(void)
{
    return calloc(1, sizeof(struct gpiod_line_config));
}

void gpiod_line_config_free(struct gpiod_line_config *c)
{
    free(c);
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *c, const unsigned int *offsets, size_t count,
                                        struct gpiod_line_settings *s)
{
    if (count != 1)
        return -1;
    *c = (struct gpiod_line_config){offsets[0], *s};
    return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void)
{
    return calloc(1, sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *c)
{
    free(c);
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *c, const char *consumer)
{
    c->consumer = consumer;
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip, struct gpiod_request_config *who,
                                                    struct gpiod_line_config *lines)
{
    const struct gpiod_line_settings *s = &lines->settings;

    if (!gpio_scene_has(chip->number, lines->offset) || s->direction != GPIOD_LINE_DIRECTION_OUTPUT) {
        errno = EINVAL;
        return NULL;
    }
    if (gpio_scene_request(chip->number, (int)lines->offset, who->consumer, s->is_low,
                           s->drive == GPIOD_LINE_DRIVE_OPEN_DRAIN, s->value) != 0)
        return NULL;
    struct gpiod_line_request *r = calloc(1, sizeof *r);
    if (r != NULL)
        *r = (struct gpiod_line_request){chip->number, (int)lines->offset};
    return r;
}

int gpiod_line_request_set_value(struct gpiod_line_request *r, unsigned int offset, enum gpiod_line_value value)
{
    if ((int)offset != r->offset)
        return -1;
    gpio_scene_set(r->chip, r->offset, value);
    return 0;
}

void gpiod_line_request_release(struct gpiod_line_request *r)
{
    gpio_scene_release(r->chip, r->offset);
    free(r);
}

int main(void)
{
    return gpio_scene_run();
}
