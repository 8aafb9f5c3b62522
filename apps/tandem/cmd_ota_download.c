/* SPDX-License-Identifier: Apache-2.0 */
/* tandem ota download: fetch an image, check it, store it in the free slots, switch to it; restart, or flash the radio. */
#include <string.h>
#include <strings.h>

#include "app.h"
#include "device.h"
#include "installer.h"
#include "linux/cancel.h"
#include "switching.h"
#include "trustfile.h"

struct download {
    struct device dev;
    struct install install;
    struct http_curl https;
    struct http_file file;
    struct trustlist trust;
};

static bool is_url(const char *text)
{
    return strstr(text, "://") != NULL;
}

/* Without anything to trust no server can be believed: said before anybody connects. */
static int check_trust(struct app *app, struct download *d, const char *url)
{
    const char *file = app->cfg.trust.file;

    if (strncasecmp(url, "https://", 8) != 0)
        return EXIT_OK;
    if (trustlist_read_own(&d->trust, file) != TDM_OK)
        return app_fail_fault(app, file, &d->trust.fault);
    bool is_empty = d->trust.count == 0;
    trustlist_free(&d->trust);
    if (is_empty && !app->cfg.trust.use_system)
        return app_fail(app, TDM_E_TRUST, "nothing_trusted",
                        "%s: this router trusts no server yet (%s has no certificate), so nothing was fetched; add the "
                        "server's certificate with `tandem trust add CERT`",
                        url, file);
    if (is_empty)
        d->https.cfg.ca_file = NULL; /* the system's store alone */
    return EXIT_OK;
}

static struct tdm_http *open_source(struct app *app, struct download *d, const char *from)
{
    const struct config *cfg = &app->cfg;
    const struct http_curl_config https = {
        .ca_file = cfg->trust.file,
        .use_system = cfg->trust.use_system,
        .allow_http = cfg->source.allow_http,
        .connect_ms = (uint32_t)cfg->source.connect_timeout_ms,
        .first_byte_ms = (uint32_t)cfg->source.first_byte_timeout_ms,
        .stall_ms = (uint32_t)cfg->source.stall_timeout_ms,
        .is_stopped = cancel_is_asked,
    };

    http_curl_init(&d->https, &https);
    http_file_init(&d->file);
    return is_url(from) ? &d->https.port : &d->file.port;
}

/* Until where: the image is stored; the switch is made too; the router restarts, or its radio is flashed. */
enum until { UNTIL_STAGED, UNTIL_ARMED, UNTIL_DONE };

static int download(struct app *app, struct download *d, const char *from, enum until until)
{
    struct tdm_http *source = open_source(app, d, from);
    bool needs_restart;
    int status = check_trust(app, d, from);

    if (status == EXIT_OK)
        status = device_open_storage(app, &d->dev, DEVICE_WORK);
    if (status != EXIT_OK)
        return status;
    cancel_on_signals();
    installer_init(&d->install, app, &d->dev, source);
    if (install_stage(&d->install, from) != TDM_OK)
        return installer_fail(app, &d->install, from);
    installer_describe(app, &d->install);
    if (cancel_is_asked())
        return app_fail(
            app, TDM_E_CANCELLED, "stopped_by_operator",
            "%s: stopped by the operator: the image is stored, and nothing was switched; `tandem ota apply` "
            "switches to it, `tandem ota cancel` drops it",
            from);
    if (until == UNTIL_STAGED) {
        cJSON_AddStringToObject(app->result, "next_step",
                                "`tandem ota apply` switches to it, `tandem ota cancel` drops it");
        return EXIT_OK;
    }
    if (install_arm(&d->install, &needs_restart) != TDM_OK)
        return installer_fail(app, &d->install, from);
    return switching_finish(app, &d->dev, needs_restart, until == UNTIL_DONE);
}

int cmd_ota_download(struct app *app, int argc, char **argv)
{
    bool stays = false, waits = false;
    const struct app_option options[] = {{"no-reboot", NULL, &stays}, {"stage-only", NULL, &waits}, {NULL, NULL, NULL}};
    static struct download d; /* large: keep it off the stack */
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    status = download(app, &d, argv[0], waits ? UNTIL_STAGED : stays ? UNTIL_ARMED : UNTIL_DONE);
    device_close(&d.dev); /* closing twice is fine */
    return status;
}
