/* SPDX-License-Identifier: Apache-2.0 */
/* ota cancel: an update that is stored, or switched to and not yet started, is taken back. */
#include "installer.h"

static const struct app_option options[] = {{0}};

static int cancel(struct app *app, struct device *dev)
{
    static struct install in; /* large: keep it off the stack */
    int status = device_open_storage(app, dev, DEVICE_WORK);

    if (status != EXIT_OK)
        return status;
    installer_init(&in, app, dev, NULL);
    if (install_cancel(&in) != TDM_OK)
        return installer_fail(app, &in, "the update");
    if (in.has_dropped) {
        cJSON_AddStringToObject(app->result, "done",
                                "what was left of a download is dropped: the next one begins anew; what runs stays");
        return EXIT_OK;
    }
    app_add_hex(app->result, "image_id", in.record.result.id, sizeof in.record.result.id);
    cJSON_AddStringToObject(app->result, "version", in.record.result.version);
    cJSON_AddStringToObject(app->result, "done", "taken back; its slots are empty, what runs stays as it is");
    return EXIT_OK;
}

int cmd_ota_cancel(struct app *app, int argc, char **argv)
{
    static struct device dev;
    int status = app_options(app, &argc, argv, options, 0);

    if (status == EXIT_OK)
        status = cancel(app, &dev);
    device_close(&dev);
    return status;
}
