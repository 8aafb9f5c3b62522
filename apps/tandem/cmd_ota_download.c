/* SPDX-License-Identifier: Apache-2.0 */
/* tandem ota download: fetch an image, check it, store it in the free slots, switch to it; restart, or flash the radio. */
#include "app.h"
#include "device.h"
#include "installer.h"
#include "linux/cancel.h"
#include "source.h"
#include "switching.h"

struct download {
    struct device dev;
    struct install install;
    struct source source;
};

/* Until where: the image is stored; the switch is made too; the router restarts, or its radio is flashed. */
enum until { UNTIL_STAGED, UNTIL_ARMED, UNTIL_DONE };

static int download(struct app *app, struct download *d, const char *from, enum until until)
{
    const char *name = d->source.name;
    bool needs_restart;
    int status = device_open_storage(app, &d->dev, DEVICE_WORK);

    if (status != EXIT_OK)
        return status;
    cancel_on_signals();
    installer_init(&d->install, app, &d->dev, d->source.port);
    if (install_stage(&d->install, from) != TDM_OK)
        return installer_fail(app, &d->install, name);
    installer_describe(app, &d->install);
    if (cancel_is_asked())
        return app_fail(
            app, TDM_E_CANCELLED, "stopped_by_operator",
            "%s: stopped by the operator: the image is stored, and nothing was switched; `tandem ota apply` "
            "switches to it, `tandem ota cancel` drops it",
            name);
    if (until == UNTIL_STAGED) {
        cJSON_AddStringToObject(app->result, "next_step",
                                "`tandem ota apply` switches to it, `tandem ota cancel` drops it");
        return EXIT_OK;
    }
    if (install_arm(&d->install, &needs_restart) != TDM_OK)
        return installer_fail(app, &d->install, name);
    return switching_finish(app, &d->dev, needs_restart, until == UNTIL_DONE);
}

int cmd_ota_download(struct app *app, int argc, char **argv)
{
    bool stays = false, waits = false, is_insecure = false;
    const struct app_option options[] = {{"no-reboot", NULL, &stays},
                                         {"stage-only", NULL, &waits},
                                         {"insecure-tls", NULL, &is_insecure},
                                         {NULL, NULL, NULL}};
    static struct download d; /* large: keep it off the stack */
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    status = source_open(&d.source, app, argv[0], is_insecure);
    if (status != EXIT_OK)
        return status;
    status = download(app, &d, argv[0], waits ? UNTIL_STAGED : stays ? UNTIL_ARMED : UNTIL_DONE);
    device_close(&d.dev); /* closing twice is fine */
    return status;
}
