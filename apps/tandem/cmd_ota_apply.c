/* SPDX-License-Identifier: Apache-2.0 */
/* ota apply: switch to what `ota download --stage-only` has stored, after judging it once more. */
#include "installer.h"
#include "switching.h"

static int apply(struct app *app, struct device *dev, bool may_restart)
{
    static struct install in; /* large: keep it off the stack */
    bool needs_restart;
    int status = device_open_storage(app, dev, DEVICE_WORK);

    if (status != EXIT_OK)
        return status;
    installer_init(&in, app, dev, NULL);
    if (install_arm(&in, &needs_restart) != TDM_OK)
        return installer_fail(app, &in, "the stored update");
    installer_describe(app, &in);
    return switching_finish(app, dev, needs_restart, may_restart);
}

int cmd_ota_apply(struct app *app, int argc, char **argv)
{
    bool stays = false, may_downgrade = false;
    const struct app_option options[] = {
        {"no-reboot", NULL, &stays}, {"allow-downgrade", NULL, &may_downgrade}, {NULL, NULL, NULL}};
    static struct device dev;
    int status = app_options(app, &argc, argv, options, 0);

    if (status == EXIT_OK)
        status = policy_load(app, &dev.policy);
    dev.policy.install.may_downgrade = may_downgrade;
    if (status == EXIT_OK)
        status = apply(app, &dev, !stays);
    device_close(&dev);
    return status;
}
