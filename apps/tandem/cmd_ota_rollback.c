/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ota rollback: a trial is refused; a proven pair makes way for the older one, which is tried like any other. Given again
 * before the older one has started, it goes on where it was cut.
 */
#include "installer.h"
#include "radiowork.h"
#include "status.h"
#include "switching.h"

static int back_to_older(struct app *app, struct device *dev, bool may_restart)
{
    static struct install in; /* large: keep it off the stack */
    bool needs_restart;

    installer_init(&in, app, dev, NULL);
    if (install_back(&in, &needs_restart) != TDM_OK)
        return installer_fail(app, &in, "the older pair");
    installer_describe(app, &in);
    return switching_finish(app, dev, needs_restart, may_restart);
}

static int refuse(struct app *app, struct device *dev, bool is_other_host, bool may_restart)
{
    static struct reconcile flow; /* large: keep it off the stack */
    enum reconcile_outcome outcome;
    int status = is_other_host ? EXIT_OK : device_open_radio(app, dev, DEVICE_WORK);

    if (status != EXIT_OK)
        return status;
    radiowork_stand_in(dev);
    radiowork_init(app, dev, &flow);
    tdm_err err = reconcile_refuse(&flow, &outcome);
    status =
        is_other_host ? radiowork_report_unasked(app, &flow, outcome, err) : radiowork_report(app, &flow, outcome, err);
    if (status != EXIT_OK || outcome != RECONCILE_RESTART)
        return status;
    return switching_finish(app, dev, true, may_restart);
}

static int rollback(struct app *app, struct device *dev, bool may_restart)
{
    static struct status s;

    int status = device_open_storage(app, dev, DEVICE_WORK);
    if (status == EXIT_OK)
        status = status_read(app, dev, &s);
    if (status != EXIT_OK)
        return status;
    if (s.record.trial.kind == SLOT_TRIAL_NONE || install_is_back_armed(&s.record, s.running))
        return back_to_older(app, dev, may_restart);
    /* The new host runs: the old one brings the radio back once it has started. */
    return refuse(app, dev, s.record.trial.kind == SLOT_TRIAL_HOST && s.record.trial.to == (uint8_t)s.running,
                  may_restart);
}

int cmd_ota_rollback(struct app *app, int argc, char **argv)
{
    bool stays = false;
    const struct app_option options[] = {{"no-reboot", NULL, &stays}, {NULL, NULL, NULL}};
    static struct device dev; /* large: keep it off the stack */
    int status = app_options(app, &argc, argv, options, 0);

    if (status == EXIT_OK)
        status = rollback(app, &dev, !stays);
    device_close(&dev);
    return status;
}
