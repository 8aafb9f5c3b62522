/* SPDX-License-Identifier: Apache-2.0 */
/* tandem trust add, list, remove: the certificates by which this router believes a server. */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "trustfile.h"
#include "trustfiles.h"

#define PREFIX_MIN 8 /* digits of a fingerprint that name a certificate */

static struct trustlist own, given; /* large: keep them off the stack */

static int done(int status)
{
    trustlist_free(&own);
    trustlist_free(&given);
    return status;
}

static int read_own(struct app *app)
{
    const char *file = app->cfg.trust.file;
    return trustlist_read_own(&own, file) == TDM_OK ? EXIT_OK : app_fail_fault(app, file, &own.fault);
}

/* What was not written was not done: then `done`, the list of what was, is not shown. */
static int write_own(struct app *app, const char *done)
{
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    if (trustlist_write(&own, app->cfg.trust.file, &fault) != TDM_OK) {
        cJSON_DeleteItemFromObject(app->result, done);
        return app_fail_fault(app, app->cfg.trust.file, &fault);
    }
    cJSON_AddStringToObject(app->result, "file", app->cfg.trust.file);
    return EXIT_OK;
}

/* ---- add ---- */

/* Move what is new from `given` to `own`. */
static int merge(struct app *app, cJSON *added, int *already)
{
    while (given.count > 0) {
        X509 *cert = given.certs[0];
        if (trustlist_find(&own, cert) >= 0) {
            ++*already;
            trustlist_remove(&given, 0);
            continue;
        }
        if (X509_up_ref(cert) != 1 || trustlist_append(&own, cert) != TDM_OK)
            return app_fail_fault(app, app->cfg.trust.file, &own.fault);
        if (trust_has_expired(cert))
            tdm_log_note(app->log, TDM_LOG_WARNING, "this certificate has expired: no server will be believed by it",
                         0);
        cJSON_AddItemToArray(added, trust_describe(cert));
        trustlist_remove(&given, 0);
    }
    return EXIT_OK;
}

int cmd_trust_add(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    int already = 0, status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    if (trustlist_read(&given, argv[0]) != TDM_OK)
        return done(app_fail_fault(app, argv[0], &given.fault));
    status = read_own(app);
    cJSON *added = cJSON_AddArrayToObject(app->result, "added");
    if (status == EXIT_OK)
        status = merge(app, added, &already);
    cJSON_AddNumberToObject(app->result, "trusted_already", already);
    if (status == EXIT_OK && cJSON_GetArraySize(added) > 0)
        status = write_own(app, "added");
    return done(status);
}

/* ---- list ---- */

/* The certificates of one file, each with its name: `trust remove` takes out only those of the router's own. */
static tdm_err add_file(cJSON *certificates, const char *file)
{
    tdm_err err = trustlist_read_own(&own, file);

    for (size_t i = 0; err == TDM_OK && i < own.count; i++) {
        cJSON *row = trust_describe(own.certs[i]);
        cJSON_AddStringToObject(row, "file", file);
        cJSON_AddItemToArray(certificates, row);
    }
    trustlist_free(&own);
    return err;
}

int cmd_trust_list(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    static struct trustfiles files; /* large */
    int status = app_options(app, &argc, argv, options, 0);

    if (status != EXIT_OK)
        return status;
    if (trustfiles_find(&files, &app->cfg) != TDM_OK)
        return app_fail_fault(app, files.at_fault, &files.fault);
    cJSON_AddStringToObject(app->result, "file", app->cfg.trust.file);
    cJSON_AddBoolToObject(app->result, "system_store_too", app->cfg.trust.use_system);
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < files.count; i++) {
        if (add_file(list, files.paths[i]) != TDM_OK)
            status = app_fail_fault(app, files.paths[i], &own.fault);
    }
    cJSON_AddNumberToObject(app->result, "count", cJSON_GetArraySize(list));
    cJSON_AddItemToObject(app->result, "certificates", list);
    return status;
}

/* ---- remove ---- */

/* A fingerprint's beginning as people write it: any case, with or without colons. */
static bool read_prefix(const char *text, char *out, size_t cap)
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        if (*text == ':')
            continue;
        if (!isxdigit((unsigned char)*text) || n + 1 >= cap)
            return false;
        out[n++] = (char)tolower((unsigned char)*text);
    }
    out[n] = '\0';
    return n >= PREFIX_MIN;
}

static bool begins_with(const X509 *cert, const char *prefix)
{
    cJSON *described = trust_describe(cert);
    const char *print = cJSON_GetStringValue(cJSON_GetObjectItem(described, "fingerprint"));
    bool does = print != NULL && strncmp(print, prefix, strlen(prefix)) == 0;

    cJSON_Delete(described);
    return does;
}

/* Place of the one certificate whose fingerprint begins so: -1 none, -2 more than one. */
static int find_prefix(const char *prefix)
{
    int found = -1;

    for (size_t i = 0; i < own.count; i++) {
        if (begins_with(own.certs[i], prefix))
            found = found == -1 ? (int)i : -2;
    }
    return found;
}

static void take_out(cJSON *removed, int at)
{
    cJSON_AddItemToArray(removed, trust_describe(own.certs[at]));
    trustlist_remove(&own, (size_t)at);
}

static int remove_by_fingerprint(struct app *app, const char *text, cJSON *removed)
{
    char prefix[2 * TDM_SHA256_LEN + 1];

    if (!read_prefix(text, prefix, sizeof prefix))
        return app_usage(app, "\"%s\" is neither a file nor %d or more digits of a fingerprint", text, PREFIX_MIN);
    int at = find_prefix(prefix);
    if (at == -2)
        return app_fail(app, TDM_E_REFUSED, "ambiguous", "%s: more than one certificate begins so; give more digits",
                        text);
    if (at >= 0)
        take_out(removed, at);
    return EXIT_OK;
}

static int remove_by_file(struct app *app, const char *path, cJSON *removed)
{
    if (trustlist_read(&given, path) != TDM_OK)
        return app_fail_fault(app, path, &given.fault);
    for (size_t i = 0; i < given.count; i++) {
        int at = trustlist_find(&own, given.certs[i]);
        if (at >= 0)
            take_out(removed, at);
    }
    return EXIT_OK;
}

int cmd_trust_remove(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    int status = app_options(app, &argc, argv, options, 1);

    if (status == EXIT_OK)
        status = read_own(app);
    if (status != EXIT_OK)
        return done(status);
    cJSON *removed = cJSON_AddArrayToObject(app->result, "removed");
    bool is_file = access(argv[0], F_OK) == 0;
    status = is_file ? remove_by_file(app, argv[0], removed) : remove_by_fingerprint(app, argv[0], removed);
    if (status == EXIT_OK && cJSON_GetArraySize(removed) == 0)
        status = app_fail(app, TDM_E_NOT_FOUND, "no_such_certificate",
                          "%s: no such certificate is trusted; `tandem trust list` shows those that are", argv[0]);
    if (status == EXIT_OK)
        status = write_own(app, "removed");
    return done(status);
}
