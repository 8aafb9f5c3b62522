/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app: what every command of `tandem` is given, and how it answers.
 *
 * Used by   main.c and the cmd_*.c files: one command, one file, one row of the table in main.c.
 * Answer    A command fills app->result, a cJSON object; main prints it as a table, or with --json as one object.
 *           A failure goes through app_fail() or app_fail_fault(): they make the sentence, the error object and the
 *           exit number. A command returns the exit number.
 * Memory    app and everything in it belong to main.
 */
#ifndef TANDEM_APP_H
#define TANDEM_APP_H

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include <tandem/err.h>
#include <tandem/log.h>

#include "config.h"
#include "progress.h"

struct app {
    struct config cfg;
    const struct app_command *command; /* NULL before it is known */
    bool is_json;
    int late; /* exit number of what failed while a command cleaned up; counts when nothing else did */
    cJSON *result;
    struct app_off_air {   /* the time without a Thread network, when the radio is flashed */
        bool was_stopped;  /* what uses the radio, before the first reset */
        uint32_t since_ms; /* if so */
        cJSON *flash;      /* of the result, once it says how long; NULL: not flashed, or no answer */
    } off_air;
    struct progress progress;
    struct tdm_log *log; /* progress.port */
};

/* Exit numbers by cause: docs/CLI.md, section "Exit numbers". */
enum {
    EXIT_OK = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
};
int app_exit_number(tdm_err err);

/* Report a failure: cause, stable code, one sentence that says what, where and what to do next. Returns the exit number. */
int app_fail(struct app *app, tdm_err err, const char *code, const char *sentence, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * The same for an engine's fault: "<where>: <what> (at N)[; advice]". where: file, URL or device. The advice for its
 * code comes from the table in advice.c, if there is one.
 */
int app_fail_fault(struct app *app, const char *where, const struct tdm_fault *fault);

/* Wrong use of a command: the sentence and the command's usage line. Returns EXIT_USAGE. */
int app_usage(struct app *app, const char *sentence, ...) __attribute__((format(printf, 2, 3)));

/* Print the result: what main does last, and a command that ends in the middle of its work. Returns the exit number. */
int app_end(struct app *app, int status);

/* ---- options of one command ---- */

struct app_option {
    const char *name;   /* without the dashes                          */
    const char **value; /* takes a value that goes here; or            */
    bool *flag;         /* takes none and sets this                    */
};

/*
 * Read --name VALUE, --name=VALUE and --flag from argv (argv[0] is the first word behind the verb), and check that
 * `words` other words are there; they are moved to argv[0..words). Table ends with a NULL name. An option that may be
 * given n times has n rows, one behind the other; of any other the last value counts. Returns EXIT_OK or the number
 * app_usage() gave.
 */
int app_options(struct app *app, int *argc, char **argv, const struct app_option *options, int words);
/* The same with least to most words. */
int app_options_many(struct app *app, int *argc, char **argv, const struct app_option *options, int least, int most);

/* ---- small helpers for results ---- */

void app_add_hex(cJSON *to, const char *key, const unsigned char *bytes, size_t len);

/* ---- commands ---- */

int cmd_image_create(struct app *app, int argc, char **argv);
int cmd_image_sign(struct app *app, int argc, char **argv);
int cmd_image_info(struct app *app, int argc, char **argv);
int cmd_image_verify(struct app *app, int argc, char **argv);
int cmd_image_extract(struct app *app, int argc, char **argv);
int cmd_ota_download(struct app *app, int argc, char **argv);
int cmd_ota_apply(struct app *app, int argc, char **argv);
int cmd_ota_cancel(struct app *app, int argc, char **argv);
int cmd_ota_confirm(struct app *app, int argc, char **argv);
int cmd_ota_rollback(struct app *app, int argc, char **argv);
int cmd_ota_history(struct app *app, int argc, char **argv);
int cmd_ota_status(struct app *app, int argc, char **argv);
int cmd_rcp_probe(struct app *app, int argc, char **argv);
int cmd_rcp_info(struct app *app, int argc, char **argv);
int cmd_rcp_update(struct app *app, int argc, char **argv);
int cmd_rcp_reset(struct app *app, int argc, char **argv);
int cmd_rcp_adopt(struct app *app, int argc, char **argv);
int cmd_trust_add(struct app *app, int argc, char **argv);
int cmd_trust_list(struct app *app, int argc, char **argv);
int cmd_trust_remove(struct app *app, int argc, char **argv);
int cmd_boot(struct app *app, int argc, char **argv);

#endif
