/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image create: an RCP build directory, and host firmware, into one image file. */
#include "app.h"
#include "filework.h"
#include "linux/tandem_linux.h"
#include "rcp_build.h"

static int write_image(struct app *app, const struct rcp_build *b, const char *target)
{
    static struct outfile out;
    tdm_err err = outfile_begin(&out, target);

    if (err == TDM_OK)
        err = rcp_build_write(b, &out.sink);
    if (err == TDM_OK)
        err = outfile_commit(&out);
    outfile_drop(&out);
    if (err != TDM_OK && out.fault.err == TDM_OK)
        (void)tdm_fault_set(&out.fault, err, "io", "cannot be written", 0);
    return err == TDM_OK ? EXIT_OK : app_fail_fault(app, target, &out.fault);
}

static void describe(struct app *app, const struct rcp_build *b, const char *target)
{
    const struct rcp_build_part *text = &b->parts[IMAGE_TAG_VERSION];

    cJSON_AddStringToObject(app->result, "file", target);
    cJSON_AddNumberToObject(app->result, "size", b->layout.total_size);
    cJSON_AddNumberToObject(app->result, "bundle_size", b->layout.bundle_size);
    cJSON_AddNumberToObject(app->result, "host_size", b->layout.host_size);
    cJSON_AddStringToObject(app->result, "rcp_version", (const char *)text->data); /* filework_read ends it with 0 */
    cJSON_AddBoolToObject(app->result, "version_in_firmware", b->has_version_inside);
}

static int create(struct app *app, struct rcp_build *b, const char *dir, const char *host, const char *target)
{
    struct crypto_openssl crypto;
    int status;

    crypto_openssl_init(&crypto);
    if (rcp_build_load(b, dir, host, &crypto.port) != TDM_OK)
        return app_fail(app, b->problem.err, b->problem.code, "%s (nothing was written)", b->problem.sentence);
    if (!b->has_version_inside)
        tdm_log_note(app->log, TDM_LOG_WARNING,
                     "the text of rcp_version is not in the RCP firmware: the radio would never answer with it and be "
                     "flashed in vain; configure the RCP project again",
                     0);
    status = write_image(app, b, target);
    if (status == EXIT_OK)
        describe(app, b, target);
    return status;
}

int cmd_image_create(struct app *app, int argc, char **argv)
{
    const char *dir = NULL, *host = NULL, *target = NULL;
    const struct app_option options[] = {{"rcp-build-dir", &dir, NULL},
                                         {"br-firmware", &host, NULL},
                                         {"target-file", &target, NULL},
                                         {NULL, NULL, NULL}};
    static struct rcp_build build;
    int status = app_options(app, &argc, argv, options, 0);

    if (status != EXIT_OK)
        return status;
    if (!dir || !target)
        return app_usage(app, "--rcp-build-dir and --target-file are wanted");
    status = create(app, &build, dir, host, target);
    rcp_build_free(&build);
    return status;
}
