/* SPDX-License-Identifier: Apache-2.0 */
/* app_table: the shape of the command table in main.c, for main.c and the usage text. */
#ifndef TANDEM_APP_TABLE_H
#define TANDEM_APP_TABLE_H

struct app;

struct app_command {
    const char *noun, *verb; /* verb NULL: a command of one word */
    int (*run)(struct app *app, int argc, char **argv);
    const char *args, *help;
};

extern const struct app_command app_commands[]; /* ends with a NULL noun */

#endif
