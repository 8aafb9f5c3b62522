/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help: what people read who ask the program how it is used.
 *
 * Used by   main.c. Uses the command table in main.c.
 * Text      at most HELP_WIDTH columns, no blanks at a line's end. Options are explained by a table in help.c; a test
 *           asks that every option of a command's usage line is in it.
 */
#ifndef TANDEM_HELP_H
#define TANDEM_HELP_H

#include <stdbool.h>
#include <stdio.h>

struct app_command;

/* All commands. */
void help_print_all(FILE *to);
/* The commands of one noun, such as "ota"; false, and nothing printed, when there is none of that name. */
bool help_print_noun(FILE *to, const char *noun);
/* Usage, meaning and options of one command. */
void help_print_command(FILE *to, const struct app_command *c);

#endif
