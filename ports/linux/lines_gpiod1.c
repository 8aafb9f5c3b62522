/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 1. Not run on hardware: tested against a stand-in for the library. */
#include <errno.h>
#include <gpiod.h>

#include "linux/lines_gpio.h"

static struct gpiod_line *find_line(struct gpiod_chip *chip, const struct gpio_spec *spec)
{
    return spec->name[0] != '\0' ? gpiod_chip_find_line(chip, spec->name) : gpiod_chip_get_line(chip, spec->number);
}

static tdm_err request(struct gpiod_line *line, const struct gpio_spec *spec, int *cause)
{
    int flags = (spec->is_high ? 0 : GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW) |
                (spec->is_drain ? GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN : 0);

    if (gpiod_line_request_output_flags(line, "tandem", flags, 0) == 0)
        return TDM_OK;
    *cause = errno;
    tdm_err err = gpio_pin_err(*cause);
    return err == TDM_E_NOT_FOUND ? TDM_E_IO : err; /* it was found: what it was asked for is what it cannot do */
}

tdm_err gpio_pin_open(struct gpio_pin *pin, const char *path, const struct gpio_spec *spec, int *cause)
{
    struct gpiod_chip *chip = gpiod_chip_open(path);

    if (chip == NULL) {
        *cause = errno;
        return gpio_pin_err(*cause);
    }
    struct gpiod_line *line = find_line(chip, spec);
    if (line == NULL)
        *cause = errno;
    tdm_err err = line == NULL ? TDM_E_NOT_FOUND : request(line, spec, cause);
    if (err != TDM_OK) {
        gpiod_chip_close(chip);
        return err;
    }
    *pin = (struct gpio_pin){.chip = chip, .line = line};
    return TDM_OK;
}

tdm_err gpio_pin_set(struct gpio_pin *pin, bool is_asserted)
{
    if (pin->line == NULL)
        return TDM_E_STATE;
    return gpiod_line_set_value(pin->line, is_asserted ? 1 : 0) == 0 ? TDM_OK : TDM_E_UNREACHABLE;
}

void gpio_pin_close(struct gpio_pin *pin)
{
    if (pin->line == NULL)
        return;
    gpiod_line_release(pin->line);
    gpiod_chip_close(pin->chip);
    *pin = (struct gpio_pin){0};
}
