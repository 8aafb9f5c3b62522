/* SPDX-License-Identifier: Apache-2.0 */
/* tandem rcp adopt: store a known-good RCP build, or an image's bundle, as the running host's own. */
#include <sys/stat.h>

#include "app.h"
#include "device.h"
#include "installer.h"
#include "rcp_build.h"

/* A build directory as a source of image bytes: packed while it is read, so nothing lies around in between. */
struct build_source {
    struct tdm_http port;
    struct rcp_build build;
};

static tdm_err build_get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                         struct tdm_http_reply *reply)
{
    struct build_source *s = (struct build_source *)(void *)port; /* its first member */

    (void)url, (void)ask; /* it is always packed as a whole */
    reply->has_length = true;
    reply->length = s->build.layout.total_size;
    return rcp_build_write(&s->build, body);
}

static const struct tdm_http_ops build_ops = {.get = build_get};

struct adoption {
    struct device dev;
    struct install install;
    struct build_source build;
    struct http_file file;
};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int adopt(struct app *app, struct adoption *a, const char *from)
{
    struct tdm_http *source = &a->file.port;
    int status = policy_load(app, &a->dev.policy);

    if (status == EXIT_OK)
        status = device_open_storage(app, &a->dev, DEVICE_WORK);
    if (status != EXIT_OK)
        return status;
    http_file_init(&a->file);
    if (is_folder(from)) {
        a->build.port.ops = &build_ops;
        source = &a->build.port;
        if (rcp_build_load(&a->build.build, from, NULL, &a->dev.crypto.port) != TDM_OK)
            return app_fail(app, a->build.build.problem.err, a->build.build.problem.code, "%s (nothing was changed)",
                            a->build.build.problem.sentence);
    }
    installer_init(&a->install, app, &a->dev, source);
    if (install_adopt(&a->install, from) != TDM_OK)
        return installer_fail(app, &a->install, from);
    installer_describe(app, &a->install);
    cJSON_AddStringToObject(app->result, "next_step", "run `tandem boot`: it compares the radio with this bundle");
    return EXIT_OK;
}

int cmd_rcp_adopt(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    static struct adoption a; /* large: keep it off the stack */
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    status = adopt(app, &a, argv[0]);
    rcp_build_free(&a.build.build);
    device_close(&a.dev);
    return status;
}
