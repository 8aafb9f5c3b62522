/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_control.h"

#include <stdio.h>
#include <string.h>

static void set_reset(struct sim_chip *c, uint64_t now, bool on)
{
    sim_chip_lines(c, now, on, c->boot_pulled);
}

static void set_boot(struct sim_chip *c, uint64_t now, bool on)
{
    sim_chip_lines(c, now, c->in_reset, on);
}

static const struct input {
    const char *name;
    void (*set)(struct sim_chip *c, uint64_t now, bool on);
} inputs[] = {{"reset ", set_reset}, {"boot ", set_boot}, {"power ", sim_chip_power}};

static bool set_input(struct sim_chip *c, uint64_t now, const char *line)
{
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        size_t len = strlen(inputs[i].name);
        if (strncmp(line, inputs[i].name, len) != 0)
            continue;
        if (strcmp(line + len, "0") != 0 && strcmp(line + len, "1") != 0)
            return false;
        inputs[i].set(c, now, line[len] == '1');
        return true;
    }
    return false;
}

bool sim_control_line(struct sim_chip *c, uint64_t now_us, const char *line, char answer[SIM_CONTROL_LINE_MAX])
{
    if (strcmp(line, "state") == 0)
        (void)snprintf(answer, SIM_CONTROL_LINE_MAX, "ok %s\n", sim_chip_runs_name(c->runs));
    else if (strcmp(line, "quit") == 0 || set_input(c, now_us, line))
        (void)snprintf(answer, SIM_CONTROL_LINE_MAX, "ok\n");
    else
        (void)snprintf(answer, SIM_CONTROL_LINE_MAX, "error use reset|boot|power 0|1, state, quit\n");
    return strcmp(line, "quit") != 0;
}
