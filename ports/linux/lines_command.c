/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "linux/lines_backend.h"
#include "linux/program.h"

#define COMMAND_MS 5000u

static tdm_err lines_command_set(struct tdm_lines *port, bool reset, bool boot)
{
    const char *const argv[] = {lines_linux_self(port)->target, reset ? "reset=1" : "reset=0",
                                boot ? "boot=1" : "boot=0", NULL};

    return program_run(argv, COMMAND_MS, NULL, 0);
}

static const struct tdm_lines_ops lines_command_ops = {.set = lines_command_set};

tdm_err lines_command_open(struct lines_linux *l, struct tdm_fault *why)
{
    /* A bare name would be looked for where whoever starts Tandem says. */
    if (strchr(l->target, '/') == NULL)
        return tdm_fault_set(why, TDM_E_FORMAT, "lines_bad_spec",
                             "the program for the lines is named without its folder", 0);
    if (access(l->target, X_OK) != 0) {
        tdm_err err = program_start_err(errno);
        bool is_missing = err == TDM_E_NOT_FOUND;
        return tdm_fault_set(why, err, is_missing ? "lines_not_found" : "lines_no_access",
                             is_missing ? "the program for the lines does not exist"
                                        : "the program for the lines may not be run",
                             (uint64_t)errno);
    }
    l->port.ops = &lines_command_ops;
    return TDM_OK;
}
