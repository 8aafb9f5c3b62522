/* SPDX-License-Identifier: Apache-2.0 */
/* tandem ota download: fetch an image, check it, store it in the free slots, switch to it; restart, or flash the radio. */
#include <string.h>

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
    uint8_t shown_id[TDM_SHA256_LEN];
};

/* Until where: the image is stored; the switch is made too; the router restarts, or its radio is flashed. */
enum until { UNTIL_STAGED, UNTIL_ARMED, UNTIL_DONE };

/* The id that the operator has looked at, as `image info` and `image verify` print it. */
static int read_id(struct app *app, struct download *d, const char *text)
{
    static const char digits[] = "0123456789abcdef";

    if (text == NULL)
        return EXIT_OK;
    if (strlen(text) != 2 * sizeof d->shown_id || strspn(text, digits) != strlen(text))
        return app_usage(app, "--expect-id takes an image id: 64 digits 0-9 and a-f");
    for (size_t i = 0; i < sizeof d->shown_id; i++)
        d->shown_id[i] =
            (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    d->dev.policy.install.shown_id = d->shown_id;
    return EXIT_OK;
}

static int download(struct app *app, struct download *d, enum until until)
{
    bool needs_restart;
    int status = device_open_storage(app, &d->dev, DEVICE_WORK);

    if (status != EXIT_OK)
        return status;
    cancel_on_signals();
    installer_init(&d->install, app, &d->dev, &d->source.port);
    d->install.cfg.retry = source_retry(&d->source, app, &d->dev.clock.port);
    d->install.cfg.is_source_once = d->source.is_once;
    tdm_err err = install_stage(&d->install, d->source.from);
    source_close(&d->source);
    const char *name = d->source.names[d->install.place]; /* where it came from at last */
    if (err != TDM_OK) {
        installer_add_transfer(app, &d->install, false);
        return installer_fail(app, &d->install, name);
    }
    installer_describe(app, &d->install);
    installer_add_transfer(app, &d->install, true);
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
    bool stays = false, waits = false, is_insecure = false, may_downgrade = false;
    const char *expected = NULL;
    const struct app_option options[] = {
        {"no-reboot", NULL, &stays},          {"stage-only", NULL, &waits},
        {"insecure-tls", NULL, &is_insecure}, {"allow-downgrade", NULL, &may_downgrade},
        {"expect-id", &expected, NULL},       {NULL, NULL, NULL}};
    static struct download d; /* large: keep it off the stack */
    int status = app_options_many(app, &argc, argv, options, 1, FETCH_PLACES_MAX);

    if (status == EXIT_OK)
        status = policy_load(app, &d.dev.policy);
    if (status == EXIT_OK)
        status = read_id(app, &d, expected);
    if (status != EXIT_OK)
        return status;
    d.dev.policy.install.may_downgrade = may_downgrade;
    status = source_open(&d.source, app, argv, argc, is_insecure, d.dev.policy.install.trust != NULL);
    if (status != EXIT_OK)
        return status;
    status = download(app, &d, waits ? UNTIL_STAGED : stays ? UNTIL_ARMED : UNTIL_DONE);
    device_close(&d.dev); /* closing twice is fine */
    return status;
}
