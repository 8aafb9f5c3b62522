/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "linux/lines_backend.h"

static tdm_err lines_none_set(struct tdm_lines *port, bool reset, bool boot)
{
    (void)port;
    (void)reset;
    (void)boot;
    return TDM_OK;
}

static const struct tdm_lines_ops lines_none_ops = {.set = lines_none_set};

static tdm_err lines_none_open(struct lines_linux *l, struct tdm_fault *why)
{
    (void)why;
    l->port.ops = &lines_none_ops;
    return TDM_OK;
}

enum rest { TARGET_NONE, TARGET_MAYBE, TARGET_NEEDED };

static const struct lines_kind {
    const char *prefix;
    enum rest target; /* what may follow */
    bool is_wired;
    tdm_err (*open)(struct lines_linux *l, struct tdm_fault *why);
} lines_kinds[] = {
    {"none", TARGET_NONE, false, lines_none_open},         {"modem", TARGET_MAYBE, true, lines_modem_open},
    {"gpio:", TARGET_NEEDED, true, lines_gpio_open},       {"command:", TARGET_NEEDED, true, lines_command_open},
    {"control:", TARGET_NEEDED, true, lines_control_open},
};

static bool fits(enum rest target, char next)
{
    return target == TARGET_MAYBE || (target == TARGET_NEEDED) == (next != '\0');
}

/* The kind this spec names and the target behind its prefix, or NULL. */
static const struct lines_kind *find_kind(const char *spec, const char **target)
{
    for (size_t i = 0; i < sizeof lines_kinds / sizeof lines_kinds[0]; i++) {
        size_t len = strlen(lines_kinds[i].prefix);
        if (strncmp(spec, lines_kinds[i].prefix, len) != 0 || !fits(lines_kinds[i].target, spec[len]))
            continue;
        *target = spec + len;
        return &lines_kinds[i];
    }
    return NULL;
}

tdm_err lines_linux_open(struct lines_linux *l, const char *spec, struct serial_linux *serial, uint32_t reset_hold_ms,
                         uint32_t boot_hold_ms, struct tdm_fault *why)
{
    const char *target = "";
    const struct lines_kind *kind = find_kind(spec, &target);

    *l = (struct lines_linux){.serial = serial, .fd = -1};
    l->port = (struct tdm_lines){.ops = &lines_none_ops, .reset_hold_ms = reset_hold_ms, .boot_hold_ms = boot_hold_ms};
    if (kind == NULL)
        return tdm_fault_set(
            why, TDM_E_FORMAT, "lines_bad_spec",
            "lines are none, modem, modem-together, modem-classic, modem-usb, gpio:..., command:PROGRAM or "
            "control:SOCKET",
            0);
    size_t len = strlen(target);
    if (len >= sizeof l->target)
        return tdm_fault_set(why, TDM_E_FORMAT, "lines_bad_spec", "the name after the colon is too long", len);
    memcpy(l->target, target, len + 1);
    tdm_err err = kind->open(l, why);
    if (err != TDM_OK)
        return err;
    l->port.is_wired = kind->is_wired;
    l->is_open = true;
    return TDM_OK;
}

void lines_linux_close(struct lines_linux *l)
{
    if (!l->is_open)
        return;
    lines_gpio_close(l);
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
    l->port.is_wired = false;
    l->is_open = false;
}
