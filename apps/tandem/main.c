/* SPDX-License-Identifier: Apache-2.0 */
/* tandem: the command table, the options every command knows, and the way out. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "app_table.h"
#include "help.h"

const struct app_command app_commands[] = {
    {"image", "create", cmd_image_create,
     "[--rcp-build-dir DIR] [--br-firmware FILE] --target-file OUT [--compatible VENDOR,BOARD --pair-version X.Y.Z "
     "--counter N --radio-api API:LEAST --host-api API:LEAST [--issued TIME] [--expires TIME] [--least-flash SIZE] "
     "[--radio-revision MIN:MAX] [--host-kind esp|opaque] [--host-chip CHIP] [--host-revision MIN:MAX] [--cells N] "
     "[--label TEXT] [--notes-url URL] [--sign KEY]...]",
     "pack an RCP build, host firmware or both into one image; state what it is for, and sign it"},
    {"image", "sign", cmd_image_sign,
     "FILE --sign KEY... | --print-digest | --attach-der SIG|--attach-raw SIG --key PUB",
     "sign an image's statement, or attach a signature that was made elsewhere"},
    {"image", "info", cmd_image_info, "FILE", "show what an image contains"},
    {"image", "verify", cmd_image_verify,
     "FILE [--key PUB|FOLDER [--revoked PUB|FOLDER] [--signatures K]] [--compatible VENDOR,BOARD]",
     "check an image as a router would"},
    {"image", "extract", cmd_image_extract, "FILE --output-dir DIR", "write an image's parts as files"},
    {"ota", "download", cmd_ota_download,
     "URL|FILE|FOLDER|- [URL|FILE...] [--stage-only|--no-reboot] [--insecure-tls] [--allow-downgrade] [--expect-id ID]",
     "fetch, check and store an image in the free slots, then switch to it"},
    {"ota", "apply", cmd_ota_apply, "[--no-reboot] [--allow-downgrade]",
     "switch to an update that is stored, after checking it once more"},
    {"ota", "cancel", cmd_ota_cancel, "", "take back an update that is stored or due and does not run yet"},
    {"ota", "confirm", cmd_ota_confirm, "", "keep the new pair that waits for it ([boot] confirm = manual)"},
    {"ota", "rollback", cmd_ota_rollback, "[--no-reboot]", "refuse the pair on trial, or go back to the older one"},
    {"ota", "history", cmd_ota_history, "", "show what became of the updates of this router"},
    {"ota", "status", cmd_ota_status, "", "show what runs, what is stored and what is due"},
    {"rcp", "probe", cmd_rcp_probe, "[--reset]", "ask the radio who it is; says which layer fails"},
    {"rcp", "info", cmd_rcp_info, "", "show what the radio holds and what it should hold"},
    {"rcp", "update", cmd_rcp_update, "[--dry-run]",
     "flash the radio with the bundle that belongs to the running host"},
    {"rcp", "reset", cmd_rcp_reset, "", "restart the radio by its RESET line"},
    {"rcp", "adopt", cmd_rcp_adopt, "DIR|IMAGE", "store a known-good RCP build as the running host's bundle"},
    {"trust", "add", cmd_trust_add, "CERT", "trust a server's certificate or CA (PEM)"},
    {"trust", "list", cmd_trust_list, "", "show the certificates this router trusts"},
    {"trust", "remove", cmd_trust_remove, "CERT|FINGERPRINT", "trust a certificate no longer"},
    {"boot", NULL, cmd_boot, "", "at every start, before the Thread stack: make the radio fit, prove or go back"},
    {NULL, NULL, NULL, NULL, NULL},
};

/* The words of the command line that no general option took. */
struct words {
    int count;
    char *word[64];
};

static const struct app_command *find(const struct words *w, int *used)
{
    for (const struct app_command *c = app_commands; c->noun != NULL; c++) {
        if (w->count > 0 && strcmp(c->noun, w->word[0]) == 0) {
            *used = c->verb == NULL ? 1 : 2;
            if (c->verb == NULL || (w->count > 1 && strcmp(c->verb, w->word[1]) == 0))
                return c;
        }
    }
    return NULL;
}

/* An option of the command that has been named: a key of the configuration may have the same name. */
static bool is_own(const struct words *w, const char *arg)
{
    int used;
    const struct app_command *c = find(w, &used);
    size_t n = strcspn(arg, "=");

    if (c == NULL || strncmp(arg, "--", 2) != 0)
        return false;
    for (const char *at = strstr(c->args, "--"); at != NULL; at = strstr(at + 2, "--")) {
        if (strncmp(at, arg, n) == 0 && strchr(" ].|", at[n]) != NULL) /* the end of the text too */
            return true;
    }
    return false;
}

/* 1: argv[i] was a general option, *i moved past its value. 0: not one. Negative: reported. */
static int take_general(struct app *app, int argc, char **argv, int *i, const char **config_file, bool set_keys)
{
    char name[64];
    struct config_problem why;
    const char *equals = strchr(argv[*i], '=');
    size_t n = equals != NULL ? (size_t)(equals - argv[*i]) : strlen(argv[*i]);

    if (strncmp(argv[*i], "--", 2) != 0 || n < 3 || n - 2 >= sizeof name)
        return 0;
    memcpy(name, argv[*i] + 2, n - 2);
    name[n - 2] = '\0';
    if (equals == NULL && strcmp(name, "json") == 0)
        return app->is_json = true, 1;
    if (equals == NULL && strcmp(name, "verbose") == 0)
        return app->progress.is_verbose = true, 1;
    if (equals == NULL && strcmp(name, "quiet") == 0)
        return app->progress.is_quiet = true, 1;
    bool is_file = strcmp(name, "config") == 0;
    if (!is_file && config_set_option(&app->cfg, name, NULL, &why) != TDM_OK)
        return 0;
    if (equals == NULL && *i + 1 >= argc)
        return -app_usage(app, "option --%s wants a value", name);
    const char *value = equals != NULL ? equals + 1 : argv[++*i];
    if (is_file)
        *config_file = value;
    else if (set_keys && config_set_option(&app->cfg, name, value, &why) != TDM_OK)
        return -app_fail(app, TDM_E_FORMAT, "bad_config", "option --%s: %s", name, why.sentence);
    return 1;
}

/* The file comes before the options, so the command line is read twice: once for --config, once for the keys. */
static int read_command_line(struct app *app, int argc, char **argv, const char **config_file, bool set_keys,
                             struct words *words)
{
    words->count = 0;
    for (int i = 1; i < argc; i++) {
        int took = is_own(words, argv[i]) ? 0 : take_general(app, argc, argv, &i, config_file, set_keys);
        if (took < 0)
            return -took;
        if (took == 0 && words->count < (int)(sizeof words->word / sizeof words->word[0]))
            words->word[words->count++] = argv[i];
        else if (took == 0)
            return app_usage(app, "more than 64 words on the command line");
    }
    return EXIT_OK;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* What is answered without the configuration, so that a wrong one does not hide it. */
static bool is_about_tandem(const struct words *w)
{
    bool is_help = w->count > 0 && (strcmp(w->word[0], "help") == 0 || strcmp(w->word[0], "--version") == 0);

    for (int i = 0; i < w->count && !is_help; i++)
        is_help = asks_for_help(w->word[i]);
    return is_help;
}

/* Whether an option took back what the file demands of images, or of whoever sends them. */
static bool is_dropped(const char *file, const char *now, const char *no_demand)
{
    return strcmp(file, no_demand) != 0 && strcmp(now, no_demand) == 0;
}

/* How much is made of a date; a word that means nothing is refused later. */
static int clock_rank(const struct config *cfg)
{
    return strcmp(cfg->device.clock, "none") == 0 ? 0 : strcmp(cfg->device.clock, "trusted") == 0 ? 2 : 1;
}

/* An option may demand more than the file, or name other keys and boards. Less is a matter of the file. */
static int keep_demands(struct app *app, const struct config *file)
{
    const struct config *now = &app->cfg;
    const struct demand {
        const char *section, *key;
        bool is_less;
    } demands[] = {
        {"images", "keys", is_dropped(file->images.keys, now->images.keys, "")},
        {"images", "revoked-keys", is_dropped(file->images.revoked_keys, now->images.revoked_keys, "")},
        {"images", "signatures", now->images.signatures < file->images.signatures},
        {"device", "compatible", is_dropped(file->device.compatible, now->device.compatible, "")},
        {"device", "clock", clock_rank(now) < clock_rank(file)},
        {"host", "chip", is_dropped(file->host.chip, now->host.chip, "any")},
        {"host", "revision", is_dropped(file->host.revision, now->host.revision, "")},
        {"radio", "chip", is_dropped(file->radio.chip, now->radio.chip, "any")},
        {"trust", "pin", is_dropped(file->trust.pin, now->trust.pin, "")},
    };

    for (size_t i = 0; i < sizeof demands / sizeof demands[0] && file->file[0] != '\0'; i++) {
        const struct demand *d = &demands[i];
        if (d->is_less)
            return app_fail(app, TDM_E_FORMAT, "bad_config",
                            "option --%s-%s asks for less than [%s] %s in %s: change the file, if that is meant",
                            d->section, d->key, d->section, d->key, file->file);
    }
    return EXIT_OK;
}

static int configure(struct app *app, int argc, char **argv, struct words *words)
{
    static struct config of_file; /* large: keep it off the stack */
    const char *file = NULL;
    struct config_problem why;

    int status = read_command_line(app, argc, argv, &file, false, words);
    if (status != EXIT_OK)
        return status;
    progress_init(&app->progress, app->is_json, app->progress.is_verbose, app->progress.is_quiet);
    if (is_about_tandem(words))
        return EXIT_OK;
    tdm_err err = config_read_file(&app->cfg, file != NULL ? file : CONFIG_FILE_DEFAULT, &why);
    if (err != TDM_OK && (file != NULL || err != TDM_E_NOT_FOUND))
        return app_fail(app, TDM_E_FORMAT, "bad_config", "%s; `tandem help config` lists every key", why.sentence);
    of_file = app->cfg;
    status = read_command_line(app, argc, argv, &file, true, words);
    return status == EXIT_OK ? keep_demands(app, &of_file) : status;
}

/* Takes the first "help", "--help" or "-h" out of the words; false when there is none. */
static bool take_help(struct words *w)
{
    int at = w->count > 0 && strcmp(w->word[0], "help") == 0 ? 0 : -1;

    for (int i = 0; i < w->count && at < 0; i++)
        at = asks_for_help(w->word[i]) ? i : -1;
    if (at < 0)
        return false;
    memmove(w->word + at, w->word + at + 1, (size_t)(w->count - at - 1) * sizeof w->word[0]);
    w->count--;
    return true;
}

static int unknown(struct app *app, const struct words *w)
{
    const char *second = w->count > 1 ? w->word[1] : "";

    for (const struct app_command *c = app_commands; c->noun != NULL && w->count == 1; c++) {
        if (strcmp(c->noun, w->word[0]) == 0)
            return app_usage(app, "\"%s\" wants one more word, such as \"%s %s\"", c->noun, c->noun, c->verb);
    }
    if (w->word[0][0] == '-')
        return app_usage(app, "there is no option %s", w->word[0]);
    return app_usage(app, "there is no command \"%s%s%s\"", w->word[0], second[0] != '\0' ? " " : "", second);
}

/* Help is for people: with --json it goes to standard error, which leaves one object on standard output. */
static int help(struct app *app, const struct words *w)
{
    FILE *to = app->is_json ? stderr : stdout;
    int used;
    const struct app_command *c = find(w, &used);

    if (w->count == 0)
        help_print_all(to);
    else if (strcmp(w->word[0], "config") == 0)
        config_print_keys(to);
    else if (c != NULL)
        help_print_command(to, c);
    else if (w->count > 1 || !help_print_noun(to, w->word[0]))
        return unknown(app, w);
    return EXIT_OK;
}

static int run(struct app *app, int argc, char **argv)
{
    struct words w;
    int used;

    int status = configure(app, argc, argv, &w);
    if (status != EXIT_OK)
        return status;
    if (w.count == 0 && app->is_json)
        return app_usage(app, "no command");
    if (w.count == 0) {
        help_print_all(stderr);
        return EXIT_USAGE;
    }
    if (take_help(&w))
        return help(app, &w);
    if (strcmp(w.word[0], "--version") == 0) {
        cJSON_AddStringToObject(app->result, "tandem", TANDEM_VERSION);
        return EXIT_OK;
    }
    const struct app_command *c = find(&w, &used);
    if (c == NULL)
        return unknown(app, &w);
    app->command = c;
    return c->run(app, w.count - used, w.word + used);
}

/* One that we were given closed stays as good as closed, and its number does not go to a slot that we then print into. */
static void fill_standard_streams(void)
{
    int fd;

    do
        fd = open("/", O_PATH | O_DIRECTORY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd); /* nothing was written to it */
}

int main(int argc, char **argv)
{
    static struct app app; /* large: keep it off the stack */

    fill_standard_streams();
    app.result = cJSON_CreateObject();
    if (app.result == NULL)
        return EXIT_INTERNAL;
    app.log = &app.progress.port;
    config_defaults(&app.cfg);
    int status = run(&app, argc, argv);
    if (status == EXIT_OK)
        status = app.late;
    status = app_end(&app, status);
    cJSON_Delete(app.result);
    return status;
}
