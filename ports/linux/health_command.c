/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "linux/program.h"
#include "linux/tandem_linux.h"

static tdm_err command_check(struct tdm_health *port, struct tdm_fault *why)
{
    struct health_command *h = (struct health_command *)(void *)port;
    const char *const argv[] = {"/bin/sh", "-c", h->command, NULL}; /* the owner's own words */

    tdm_err err = program_run(argv, h->timeout_ms, NULL, 0);
    if (err == TDM_E_TIMEOUT)
        return tdm_fault_set(why, err, "check_timeout", "the health check did not end in time", 0);
    if (err == TDM_E_PEER)
        return tdm_fault_set(why, err, "unhealthy", "the health check failed", 0);
    return err == TDM_OK ? TDM_OK : tdm_fault_set(why, err, "check_not_run", "the health check cannot be run", 0);
}

void health_command_init(struct health_command *h, const char *command, uint32_t timeout_ms)
{
    static const struct tdm_health_ops ops = {command_check};

    *h = (struct health_command){.port = {&ops}, .command = command, .timeout_ms = timeout_ms};
}
