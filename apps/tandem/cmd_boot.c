/* SPDX-License-Identifier: Apache-2.0 */
/* boot: what the init system runs at every start, before the Thread stack. */
#include "radiowork.h"

static const struct app_option options[] = {{0}};

/* A port that another program uses stops the command with nothing changed; any other trouble is the radio's. */
static int open_radio(struct app *app, struct device *dev)
{
    int status = device_open_radio(app, dev);

    if (status == app_exit_number(TDM_E_BUSY))
        return status;
    if (status != EXIT_OK)
        radiowork_stand_in(dev);
    return EXIT_OK;
}

static int run(struct app *app, struct device *dev)
{
    static struct reconcile flow; /* large: keep it off the stack */
    enum reconcile_outcome outcome;

    radiowork_init(app, dev, &flow);
    tdm_err err = reconcile_boot(&flow, &outcome);
    int status = radiowork_report(app, &flow, outcome, err);
    if (outcome != RECONCILE_RESTART)
        return status;
    int restarted = device_restart(app);
    return status != EXIT_OK ? status : restarted;
}

int cmd_boot(struct app *app, int argc, char **argv)
{
    static struct device dev;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_WORK);
    if (status == EXIT_OK)
        status = open_radio(app, &dev);
    if (status == EXIT_OK)
        status = run(app, &dev);
    device_close(&dev);
    return status;
}
