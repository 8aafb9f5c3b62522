/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines_backend: what the files of the RESET and BOOT port share. lines_open.c chooses by the spec; each other file
 * drives one kind of line.
 *
 * Used by   lines_open.c, tests.   An open function sets l->port.ops and says in `why` what is missing.
 */
#ifndef TANDEM_LINUX_LINES_BACKEND_H
#define TANDEM_LINUX_LINES_BACKEND_H

#include "linux/tandem_linux.h"

static inline struct lines_linux *lines_linux_self(struct tdm_lines *port)
{
    return (struct lines_linux *)port;
}

TDM_MUST_USE tdm_err lines_modem_open(struct lines_linux *l, struct tdm_fault *why);
TDM_MUST_USE tdm_err lines_gpio_open(struct lines_linux *l, struct tdm_fault *why);
void lines_gpio_close(struct lines_linux *l); /* also when it was never opened */
TDM_MUST_USE tdm_err lines_command_open(struct lines_linux *l, struct tdm_fault *why);
TDM_MUST_USE tdm_err lines_control_open(struct lines_linux *l, struct tdm_fault *why);

#endif
