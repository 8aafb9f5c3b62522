/* SPDX-License-Identifier: Apache-2.0 */
/* boot: what the init system runs at every start, before the Thread stack. */
#include "radiowork.h"
#include "trialdog.h"

static const struct app_option options[] = {{0}};

/*
 * A port that another program uses, or will not give up, stops the command with nothing changed, as the operator does. Any
 * other trouble is the radio's: the start goes on without it, and ends with the number of what was said first.
 */
static int open_radio(struct app *app, struct device *dev, int *trouble)
{
    *trouble = device_open_radio(app, dev, DEVICE_START);
    if (dev->exclusive.has_failed || *trouble == app_exit_number(TDM_E_BUSY) ||
        *trouble == app_exit_number(TDM_E_CANCELLED))
        return *trouble;
    if (*trouble != EXIT_OK)
        radiowork_stand_in(dev);
    return EXIT_OK;
}

static int run(struct app *app, struct device *dev)
{
    static struct reconcile flow; /* large: keep it off the stack */
    static struct trialdog dog;   /* its thread outlives this call */
    enum reconcile_outcome outcome;

    radiowork_init(app, dev, &flow);
    flow.cfg.log = trialdog_begin(&dog, app, dev);
    tdm_err err = reconcile_boot(&flow, &outcome);
    trialdog_end(&dog, outcome == RECONCILE_RESTART && app->cfg.host.reboot_command[0] != '\0');
    int status = radiowork_report(app, &flow, outcome, err);
    if (outcome != RECONCILE_RESTART)
        return status;
    device_close(dev); /* a reboot command may look at the router */
    int restarted = device_restart(app);
    return status != EXIT_OK ? status : restarted;
}

int cmd_boot(struct app *app, int argc, char **argv)
{
    static struct device dev;
    int trouble = EXIT_OK;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_START);
    if (status == EXIT_OK)
        status = open_radio(app, &dev, &trouble);
    if (status == EXIT_OK)
        status = run(app, &dev);
    device_close(&dev);
    return trouble != EXIT_OK ? trouble : status;
}
