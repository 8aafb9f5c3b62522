/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests stand in for of libgpiod 2. */
#ifndef TANDEM_TESTS_GPIOD2_H
#define TANDEM_TESTS_GPIOD2_H

#include <stdbool.h>
#include <stddef.h>

struct gpiod_chip;
struct gpiod_line_settings;
struct gpiod_line_config;
struct gpiod_request_config;
struct gpiod_line_request;

enum gpiod_line_value {
    GPIOD_LINE_VALUE_ERROR = -1,
    GPIOD_LINE_VALUE_INACTIVE,
    GPIOD_LINE_VALUE_ACTIVE,
};
enum gpiod_line_direction { GPIOD_LINE_DIRECTION_AS_IS = 1, GPIOD_LINE_DIRECTION_INPUT, GPIOD_LINE_DIRECTION_OUTPUT };
enum gpiod_line_drive { GPIOD_LINE_DRIVE_PUSH_PULL = 1, GPIOD_LINE_DRIVE_OPEN_DRAIN };

struct gpiod_chip *gpiod_chip_open(const char *path);
void gpiod_chip_close(struct gpiod_chip *chip);
int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name);
struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip, struct gpiod_request_config *who,
                                                    struct gpiod_line_config *lines);
struct gpiod_line_settings *gpiod_line_settings_new(void);
void gpiod_line_settings_free(struct gpiod_line_settings *s);
int gpiod_line_settings_set_direction(struct gpiod_line_settings *s, enum gpiod_line_direction direction);
int gpiod_line_settings_set_drive(struct gpiod_line_settings *s, enum gpiod_line_drive drive);
void gpiod_line_settings_set_active_low(struct gpiod_line_settings *s, bool on);
int gpiod_line_settings_set_output_value(struct gpiod_line_settings *s, enum gpiod_line_value value);
struct gpiod_line_config *gpiod_line_config_new(void);
void gpiod_line_config_free(struct gpiod_line_config *c);
int gpiod_line_config_add_line_settings(struct gpiod_line_config *c, const unsigned int *offsets, size_t count,
                                        struct gpiod_line_settings *s);
struct gpiod_request_config *gpiod_request_config_new(void);
void gpiod_request_config_free(struct gpiod_request_config *c);
void gpiod_request_config_set_consumer(struct gpiod_request_config *c, const char *consumer);
int gpiod_line_request_set_value(struct gpiod_line_request *r, unsigned int offset, enum gpiod_line_value value);
void gpiod_line_request_release(struct gpiod_line_request *r);

#endif
