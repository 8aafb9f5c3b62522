/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 2. Not run on hardware: tested against a stand-in for the library. */
#include <errno.h>
#include <gpiod.h>

#include "linux/lines_gpio.h"

static bool configure(struct gpiod_line_settings *settings, const struct gpio_spec *spec)
{
    gpiod_line_settings_set_active_low(settings, !spec->is_high);
    return gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) == 0 &&
           gpiod_line_settings_set_drive(settings, spec->is_drain ? GPIOD_LINE_DRIVE_OPEN_DRAIN
                                                                  : GPIOD_LINE_DRIVE_PUSH_PULL) == 0 &&
           gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE) == 0;
}

static struct gpiod_line_request *request(struct gpiod_chip *chip, unsigned offset, const struct gpio_spec *spec)
{
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *who = gpiod_request_config_new();
    struct gpiod_line_request *granted = NULL;

    if (settings != NULL && lines != NULL && who != NULL && configure(settings, spec) &&
        gpiod_line_config_add_line_settings(lines, &offset, 1, settings) == 0) {
        gpiod_request_config_set_consumer(who, "tandem");
        granted = gpiod_chip_request_lines(chip, who, lines);
    }
    int cause = errno; /* freeing may change it */
    gpiod_request_config_free(who);
    gpiod_line_config_free(lines);
    gpiod_line_settings_free(settings);
    errno = cause;
    return granted;
}

/* What it was asked for is what a line that was found cannot do; a number past the chip's last comes back so, too. */
static tdm_err refused(const struct gpio_spec *spec, int cause)
{
    tdm_err err = gpio_pin_err(cause);
    return err == TDM_E_NOT_FOUND && spec->name[0] != '\0' ? TDM_E_IO : err;
}

static tdm_err open_on(struct gpio_pin *pin, struct gpiod_chip *chip, const struct gpio_spec *spec, int *cause)
{
    bool is_named = spec->name[0] != '\0';
    int offset = is_named ? gpiod_chip_get_line_offset_from_name(chip, spec->name) : (int)spec->number;

    if (offset < 0) {
        *cause = errno;
        return TDM_E_NOT_FOUND;
    }
    struct gpiod_line_request *line = request(chip, (unsigned)offset, spec);
    if (line == NULL) {
        *cause = errno;
        return refused(spec, *cause);
    }
    *pin = (struct gpio_pin){.line = line, .offset = (unsigned)offset};
    return TDM_OK;
}

tdm_err gpio_pin_open(struct gpio_pin *pin, const char *path, const struct gpio_spec *spec, int *cause)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);

    if (chip == NULL) {
        *cause = errno;
        return gpio_pin_err(*cause);
    }
    tdm_err err = open_on(pin, chip, spec, cause);
    gpiod_chip_close(chip); /* the request goes on without it */
    return err;
}

tdm_err gpio_pin_set(struct gpio_pin *pin, bool is_asserted)
{
    enum gpiod_line_value value = is_asserted ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

    if (pin->line == NULL)
        return TDM_E_STATE;
    return gpiod_line_request_set_value(pin->line, pin->offset, value) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

void gpio_pin_close(struct gpio_pin *pin)
{
    if (pin->line == NULL)
        return;
    gpiod_line_request_release(pin->line);
    *pin = (struct gpio_pin){0};
}
