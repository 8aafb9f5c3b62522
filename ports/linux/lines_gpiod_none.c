/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/lines_gpio.h"

tdm_err gpio_pin_open(struct gpio_pin *pin, const char *chip, const struct gpio_spec *spec, int *cause)
{
    (void)pin;
    (void)chip;
    (void)spec;
    *cause = 0;
    return TDM_E_UNSUPPORTED;
}

tdm_err gpio_pin_set(struct gpio_pin *pin, bool is_asserted)
{
    (void)pin;
    (void)is_asserted;
    return TDM_E_UNSUPPORTED;
}

void gpio_pin_close(struct gpio_pin *pin)
{
    (void)pin;
}
