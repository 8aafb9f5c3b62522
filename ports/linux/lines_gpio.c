/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/lines_gpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CHIP_PATH "/dev/gpiochip"

/* ---- reading what the configuration says ---------------------------------------------------------------------------- */

static bool copy(char *out, const char *text, size_t len)
{
    if (len == 0 || len >= GPIO_TEXT_MAX)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

static bool is_digits(const char *text, size_t len)
{
    return len > 0 && len <= 4 && strspn(text, "0123456789") >= len;
}

static bool read_chip(struct gpio_spec *s, const char *text, size_t len)
{
    int n;

    if (text[0] == '/')
        return copy(s->chip, text, len);
    if (is_digits(text, len))
        n = snprintf(s->chip, sizeof s->chip, CHIP_PATH "%.*s", (int)len, text);
    else
        n = snprintf(s->chip, sizeof s->chip, "/dev/%.*s", (int)(len < GPIO_TEXT_MAX ? len : GPIO_TEXT_MAX), text);
    return len > 0 && n > 0 && (size_t)n < sizeof s->chip;
}

static bool read_option(struct gpio_spec *s, const char *text, size_t len)
{
    const struct {
        const char *word;
        bool *flag;
    } options[] = {{":high", &s->is_high}, {":drain", &s->is_drain}};

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].word) != len || memcmp(text, options[i].word, len) != 0 || *options[i].flag)
            continue;
        *options[i].flag = true;
        return true;
    }
    return false;
}

static bool read_options(struct gpio_spec *s, const char *text, const char *end)
{
    for (size_t len; text < end; text += len) {
        len = 1 + strcspn(text + 1, ":,");
        if (!read_option(s, text, len))
            return false;
    }
    return true;
}

static bool read_line(struct gpio_spec *s, const char *text, size_t len)
{
    const char *end = text + len, *slash = NULL;
    size_t used = strcspn(text, ":,");

    *s = (struct gpio_spec){0};
    for (size_t i = 0; i < used; i++)
        slash = text[i] == '/' ? text + i : slash;
    if (slash != NULL && !read_chip(s, text, (size_t)(slash - text)))
        return false;
    const char *line = slash != NULL ? slash + 1 : text;
    size_t line_len = (size_t)(text + used - line);
    if (is_digits(line, line_len)) {
        for (size_t i = 0; i < line_len; i++)
            s->number = s->number * 10 + (uint32_t)(line[i] - '0');
        if (slash == NULL)
            return false;
    } else if (!copy(s->name, line, line_len)) {
        return false;
    }
    return read_options(s, text + used, end);
}

bool lines_gpio_read(const char *words, struct gpio_spec *reset, struct gpio_spec *boot)
{
    struct {
        const char *word;
        struct gpio_spec *spec;
        bool is_read;
    } lines[] = {{"RESET=", reset, false}, {"BOOT=", boot, false}};

    for (;;) {
        size_t len = strcspn(words, ","), i = 0;
        while (i < 2 && (strncmp(words, lines[i].word, strlen(lines[i].word)) != 0 || lines[i].is_read))
            i++;
        if (i == 2)
            return false;
        size_t head = strlen(lines[i].word);
        if (!read_line(lines[i].spec, words + head, len - head))
            return false;
        lines[i].is_read = true;
        if (words[len] == '\0')
            return lines[0].is_read && lines[1].is_read;
        words += len + 1;
    }
}

/* ---- the lines ------------------------------------------------------------------------------------------------------ */

/* A number that was pulled out leaves a gap, so all are looked at; what may not be opened is told when nothing is found. */
static tdm_err open_anywhere(struct gpio_pin *pin, const struct gpio_spec *spec, int *cause)
{
    tdm_err worst = TDM_E_NOT_FOUND;
    int worst_cause = ENOENT;

    for (int i = 0; i < GPIO_CHIPS_MAX; i++) {
        char path[GPIO_TEXT_MAX];
        (void)snprintf(path, sizeof path, CHIP_PATH "%d", i);
        tdm_err err = gpio_pin_open(pin, path, spec, cause);
        if (err != TDM_E_NOT_FOUND && err != TDM_E_ACCESS)
            return err;
        if (err == TDM_E_ACCESS) {
            worst = err;
            worst_cause = *cause;
        }
    }
    *cause = worst_cause;
    return worst;
}

tdm_err gpio_pin_err(int cause)
{
    switch (cause) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTTY: /* not a GPIO chip */
    case EINVAL:
        return TDM_E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return TDM_E_ACCESS;
    case EBUSY:
        return TDM_E_BUSY;
    default:
        return TDM_E_IO;
    }
}

static tdm_err open_fault(struct tdm_fault *why, tdm_err err, int cause)
{
    uint64_t at = (uint64_t)cause;

    switch (err) {
    case TDM_E_UNSUPPORTED:
        return tdm_fault_set(why, err, "lines_not_built",
                             "this build of Tandem has no GPIO lines: it was made without libgpiod", 0);
    case TDM_E_NOT_FOUND:
        return tdm_fault_set(why, err, "lines_not_found", "there is no such GPIO chip or line", at);
    case TDM_E_ACCESS:
        return tdm_fault_set(why, err, "lines_no_access", "no permission to use the GPIO chip", at);
    case TDM_E_BUSY:
        return tdm_fault_set(why, err, "lines_busy", "another program uses the GPIO line", at);
    default:
        return tdm_fault_set(why, TDM_E_IO, "lines_refused", "the GPIO line cannot be an output of this kind", at);
    }
}

static tdm_err open_pin(struct gpio_pin *pin, const struct gpio_spec *spec, struct tdm_fault *why)
{
    int cause = 0;
    tdm_err err =
        spec->chip[0] != '\0' ? gpio_pin_open(pin, spec->chip, spec, &cause) : open_anywhere(pin, spec, &cause);

    return err == TDM_OK ? TDM_OK : open_fault(why, err, cause);
}

/* The strap first: it must stand when a reset is released. */
static tdm_err lines_gpio_set(struct tdm_lines *port, bool reset, bool boot)
{
    struct lines_linux *l = lines_linux_self(port);

    tdm_err err = gpio_pin_set(&l->boot, boot);
    return err != TDM_OK ? err : gpio_pin_set(&l->reset, reset);
}

static const struct tdm_lines_ops lines_gpio_ops = {.set = lines_gpio_set};

static bool is_same_line(const struct gpio_spec *a, const struct gpio_spec *b)
{
    return strcmp(a->chip, b->chip) == 0 && strcmp(a->name, b->name) == 0 && a->number == b->number;
}

tdm_err lines_gpio_open(struct lines_linux *l, struct tdm_fault *why)
{
    struct gpio_spec reset, boot;

    if (!lines_gpio_read(l->target, &reset, &boot))
        return tdm_fault_set(why, TDM_E_FORMAT, "lines_bad_spec",
                             "GPIO lines are gpio:RESET=CHIP/LINE,BOOT=CHIP/LINE, each with :high or :drain behind it",
                             0);
    if (is_same_line(&reset, &boot))
        return tdm_fault_set(why, TDM_E_FORMAT, "lines_bad_spec", "RESET and BOOT are named with the same GPIO line",
                             0);
    tdm_err err = open_pin(&l->boot, &boot, why);
    if (err != TDM_OK)
        return err;
    err = open_pin(&l->reset, &reset, why);
    if (err != TDM_OK) {
        gpio_pin_close(&l->boot);
        return err;
    }
    l->port.ops = &lines_gpio_ops;
    return TDM_OK;
}

void lines_gpio_close(struct lines_linux *l)
{
    gpio_pin_close(&l->reset);
    gpio_pin_close(&l->boot);
}
