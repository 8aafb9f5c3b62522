/* SPDX-License-Identifier: Apache-2.0 */
#include "app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/esprom.h>

#include "advice.h"
#include "app_table.h"
#include "out.h"
#include "plain_text.h"

#define SENTENCE_MAX 2048
#define USAGE_MOST   200 /* a longer usage line hides the sentence before it */

/* One exit number per cause. Part of the public interface: numbers are added, never changed. */
static const struct exit_row {
    tdm_err err;
    int number;
} exit_rows[] = {
    {TDM_OK, EXIT_OK},
    {TDM_E_BUG, EXIT_INTERNAL},
    {TDM_E_BOUNDS, EXIT_INTERNAL},
    {TDM_E_FORMAT, 10},
    {TDM_E_TRUNCATED, 11},
    {TDM_E_TOO_NEW, 12},
    {TDM_E_CORRUPT, 13},
    {TDM_E_NO_ROOM, 14},
    {TDM_E_REFUSED, 15},
    {TDM_E_MISMATCH, 16},
    {TDM_E_TRUST, 17},
    {TDM_E_NOT_FOUND, 20},
    {TDM_E_ACCESS, 21},
    {TDM_E_BUSY, 22},
    {TDM_E_IO, 23},
    {TDM_E_UNREACHABLE, 30},
    {TDM_E_TIMEOUT, 31},
    {TDM_E_PEER, 32},
    {TDM_E_NOISE, 33},
    {TDM_E_STATE, 40},
    {TDM_E_UNSUPPORTED, 41},
    {TDM_E_CANCELLED, 42},
    {TDM_E_POWER, EXIT_INTERNAL},
};

int app_exit_number(tdm_err err)
{
    for (size_t i = 0; i < sizeof exit_rows / sizeof exit_rows[0]; i++) {
        if (exit_rows[i].err == err)
            return exit_rows[i].number;
    }
    return EXIT_INTERNAL;
}

static int report(struct app *app, const char *cause, const char *code, int number, char *sentence, const uint64_t *at)
{
    cJSON *e;

    plain_text(sentence);
    progress_close(&app->progress);
    if (!app->is_json) {
        (void)fprintf(stderr, "tandem: %s\n", sentence);
        return number;
    }
    if (cJSON_HasObjectItem(app->result, "error"))
        return number; /* the first failure is the answer */
    e = cJSON_AddObjectToObject(app->result, "error");
    cJSON_AddStringToObject(e, "code", code);
    cJSON_AddStringToObject(e, "cause", cause);
    cJSON_AddStringToObject(e, "message", sentence);
    if (at != NULL)
        cJSON_AddNumberToObject(e, "at", (double)*at);
    return number;
}

int app_fail(struct app *app, tdm_err err, const char *code, const char *sentence, ...)
{
    char text[SENTENCE_MAX];
    va_list args;

    va_start(args, sentence);
    (void)vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    int number = strcmp(code, "bad_config") == 0 ? EXIT_CONFIG : app_exit_number(err);
    return report(app, tdm_err_name(err), code, number, text, NULL);
}

/* How `at` is told, by the beginning of the code; the first row that fits counts. */
enum at_kind { AT_NUMBER, AT_ERRNO, AT_BAUD, AT_CHIP, AT_UNTOLD };

static enum at_kind at_kind_of(const char *code)
{
    static const struct {
        const char *prefix;
        enum at_kind kind;
    } rows[] = {
        {"storage_too_small", AT_NUMBER},
        {"key_file_missing", AT_UNTOLD},
        {"key_file_unreadable", AT_ERRNO},
        {"storage_path", AT_NUMBER},
        {"wrong_chip_inside", AT_NUMBER},
        {"wrong_chip", AT_CHIP},
        {"port_baud", AT_BAUD},
        {"baud_failed", AT_BAUD},
        {"rom_other_speed", AT_BAUD},
        {"port_io", AT_ERRNO},
        {"storage_failed", AT_ERRNO},
        {"io", AT_ERRNO},
        {"port_", AT_UNTOLD},
        {"storage_", AT_UNTOLD},
        {"lines_", AT_UNTOLD},
        {"select_", AT_UNTOLD},
        {"rom_", AT_UNTOLD},
        {"radio_", AT_UNTOLD},
        {"flash_", AT_UNTOLD},
        {"not_in_loader", AT_UNTOLD},
        {"no_sync", AT_UNTOLD},
        {"no_loader", AT_UNTOLD},
        {"usb_download_only", AT_UNTOLD},
        {"not_a_rom", AT_UNTOLD},
        {"secure_download", AT_UNTOLD},
        {"not_an_rcp", AT_UNTOLD},
        {"bad_reply", AT_UNTOLD},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strncmp(code, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].kind;
    }
    return AT_NUMBER;
}

static void tell_at(const struct tdm_fault *fault, char *text, size_t room)
{
    const struct esprom_chip *chip = fault->at <= UINT16_MAX ? esprom_chip_by_id((uint16_t)fault->at) : NULL;
    enum at_kind kind = at_kind_of(fault->code);

    text[0] = '\0';
    if (kind == AT_CHIP && chip != NULL)
        (void)snprintf(text, room, " (it is an %s)", chip->name);
    if (fault->at == 0 || kind == AT_UNTOLD || kind == AT_CHIP)
        return;
    if (kind == AT_ERRNO)
        (void)snprintf(text, room, " (%s)", strerror((int)fault->at));
    else
        (void)snprintf(text, room, kind == AT_BAUD ? " (%" PRIu64 " baud)" : " (at %" PRIu64 ")", fault->at);
}

/* `rcp probe` sends nobody to itself. */
static int advice_len(const struct app *app, const char *advice)
{
    bool is_probe = app->command != NULL && app->command->verb != NULL && strcmp(app->command->verb, "probe") == 0;
    const char *probe = is_probe && advice != NULL ? strstr(advice, "; `tandem rcp probe`") : NULL;

    if (advice == NULL)
        return 0;
    return probe != NULL ? (int)(probe - advice) : (int)strlen(advice);
}

int app_fail_fault(struct app *app, const char *where, const struct tdm_fault *fault)
{
    static const struct tdm_fault stopped = {TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator", 0};
    char text[SENTENCE_MAX], offset[128];

    if (fault->err == TDM_E_CANCELLED && strcmp(fault->code, stopped.code) != 0)
        fault = &stopped; /* whatever the engine was at */
    const char *advice = advice_for(fault->code);
    if (advice == NULL && app_exit_number(fault->err) == EXIT_INTERNAL)
        advice = "this is a mistake inside Tandem: please report it";
    tell_at(fault, offset, sizeof offset);
    (void)snprintf(text, sizeof text, "%s: %s%s%s%.*s", where,
                   fault->what != NULL && fault->what[0] != '\0' ? fault->what : tdm_err_name(fault->err), offset,
                   advice != NULL ? "; " : "", advice_len(app, advice), advice != NULL ? advice : "");
    return report(app, tdm_err_name(fault->err), fault->code, app_exit_number(fault->err), text, &fault->at);
}

int app_end(struct app *app, int status)
{
    progress_close(&app->progress);
    if (app->is_json)
        cJSON_AddNumberToObject(app->result, "exit", status);
    if (app->is_json)
        out_json(stdout, app->result);
    else
        out_table(stdout, app->result);
    return fflush(stdout) != 0 && status == EXIT_OK ? app_exit_number(TDM_E_IO) : status;
}

int app_usage(struct app *app, const char *sentence, ...)
{
    char text[SENTENCE_MAX];
    const struct app_command *c = app->command;
    va_list args;

    va_start(args, sentence);
    int n = vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    if (n > 0 && (size_t)n < sizeof text && c != NULL && strlen(c->args) > USAGE_MOST)
        (void)snprintf(text + n, sizeof text - (size_t)n, "; `tandem %s %s --help` lists the options", c->noun,
                       c->verb);
    else if (n > 0 && (size_t)n < sizeof text && c != NULL)
        (void)snprintf(text + n, sizeof text - (size_t)n, "; usage: tandem %s%s%s%s%s", c->noun, c->verb ? " " : "",
                       c->verb ? c->verb : "", c->args[0] != '\0' ? " " : "", c->args);
    else if (n > 0 && (size_t)n < sizeof text)
        (void)snprintf(text + n, sizeof text - (size_t)n, "; `tandem help` lists the commands");
    return report(app, "usage", "usage", EXIT_USAGE, text, NULL);
}

/*
 * The option that argv[i] names, or NULL; *value points behind "=" when there is one. Of several rows with one name the
 * first without a value, or the last.
 */
static const struct app_option *match(const struct app_option *options, const char *arg, const char **value)
{
    const char *equals = strchr(arg, '=');
    size_t n = equals != NULL ? (size_t)(equals - arg) : strlen(arg);
    const struct app_option *found = NULL;

    *value = equals != NULL ? equals + 1 : NULL;
    for (const struct app_option *o = options; o->name != NULL; o++) {
        if (n != strlen(o->name) + 2 || strncmp(arg + 2, o->name, n - 2) != 0)
            continue;
        if (o->value == NULL || *o->value == NULL)
            return o;
        found = o;
    }
    return found;
}

/* A name that stands in several rows was given once for each of them already. */
static bool is_used_up(const struct app_option *options, const struct app_option *o)
{
    return o > options && strcmp(o[-1].name, o->name) == 0 && *o->value != NULL;
}

int app_options(struct app *app, int *argc, char **argv, const struct app_option *options, int words)
{
    return app_options_many(app, argc, argv, options, words, words);
}

int app_options_many(struct app *app, int *argc, char **argv, const struct app_option *options, int least, int most)
{
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        const char *value = NULL;
        if (strncmp(argv[i], "--", 2) != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        const struct app_option *o = match(options, argv[i], &value);
        if (o == NULL)
            return app_usage(app, "there is no option %s", argv[i]);
        if (o->flag == NULL && is_used_up(options, o))
            return app_usage(app, "option --%s is given too often", o->name);
        if (o->flag != NULL && value != NULL)
            return app_usage(app, "option --%s takes no value", o->name);
        if (o->flag != NULL) {
            *o->flag = true;
            continue;
        }
        if (value == NULL && i + 1 >= *argc)
            return app_usage(app, "option --%s wants a value", o->name);
        *o->value = value != NULL ? value : argv[++i];
    }
    *argc = kept;
    if (kept < least)
        return app_usage(app, "something is missing");
    if (kept > most)
        return app_usage(app, "\"%s\" is one word too many", argv[most]);
    return EXIT_OK;
}

void app_add_hex(cJSON *to, const char *key, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char text[129];

    for (size_t i = 0; i < len && i < 64; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[len < 64 ? 2 * len : 128] = '\0';
    cJSON_AddStringToObject(to, key, text);
}
