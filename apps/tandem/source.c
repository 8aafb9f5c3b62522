/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <string.h>
#include <strings.h>

#include "linux/cancel.h"

static bool has_scheme(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncasecmp(text, scheme, n) == 0 && strncmp(text + n, "://", 3) == 0;
}

/* The URL without what stands before the last @ of its host. */
static void name_it(struct source *s, const char *from)
{
    const char *host = strstr(from, "://");
    const char *at = NULL;

    if (host != NULL) {
        host += 3;
        size_t len = strcspn(host, "/?#");
        for (size_t i = 0; i < len; i++)
            at = host[i] == '@' ? host + i : at;
    }
    if (at == NULL)
        (void)snprintf(s->name, sizeof s->name, "%s", from);
    else
        (void)snprintf(s->name, sizeof s->name, "%.*s%s", (int)(host - from), from, at + 1);
}

/* With nothing to trust no server can be believed: said before anybody connects, unless the first server need not be. */
static int check_trust(struct source *s, struct app *app, bool is_needed)
{
    if (trustfiles_find(&s->trust, &app->cfg) != TDM_OK)
        return app_fail_fault(app, s->trust.at_fault, &s->trust.fault);
    if (s->trust.count > 0 || app->cfg.trust.use_system || !is_needed)
        return EXIT_OK;
    return app_fail(app, TDM_E_TRUST, "nothing_trusted",
                    "%s: this router trusts no server yet (%s has no certificate), so nothing was fetched; add the "
                    "server's certificate with `tandem trust add CERT`",
                    s->name, app->cfg.trust.file);
}

/* With keys an unsigned image is refused wherever it comes from; without them there would be nothing left to go by. */
static int check_insecure(const struct source *s, struct app *app, bool has_keys)
{
    if (has_keys)
        return EXIT_OK;
    return app_fail(app, TDM_E_REFUSED, "insecure_needs_signature",
                    "%s: an image from a server that proves nothing must be signed, and this router knows no key to "
                    "check that with, so nothing was fetched; configure [images] keys, or let the server prove "
                    "itself",
                    s->name);
}

static int open_url(struct source *s, struct app *app, const char *from, bool is_insecure, bool has_keys)
{
    const struct config *cfg = &app->cfg;
    bool is_https = has_scheme(from, "https");
    int status = EXIT_OK;

    if (is_insecure && !is_https)
        return app_usage(app, "--insecure-tls is for https:// URLs");
    if (is_insecure || (has_scheme(from, "http") && cfg->source.allow_http))
        status = check_insecure(s, app, has_keys);
    if (status == EXIT_OK)
        status = check_trust(s, app, is_https && !is_insecure);
    const struct http_curl_config https = {
        .ca_files = s->trust.paths,
        .ca_file_count = s->trust.count,
        .use_system = cfg->trust.use_system,
        .pins = cfg->trust.pin,
        .client_certificate = cfg->source.client_certificate,
        .client_key = cfg->source.client_key,
        .allow_http = cfg->source.allow_http,
        .insecure_tls = is_insecure,
        .connect_ms = (uint32_t)cfg->source.connect_timeout_ms,
        .first_byte_ms = (uint32_t)cfg->source.first_byte_timeout_ms,
        .stall_ms = (uint32_t)cfg->source.stall_timeout_ms,
        .deadline_ms = (uint32_t)cfg->source.deadline_ms,
        .min_speed = (uint32_t)cfg->source.min_speed,
        .min_speed_ms = (uint32_t)cfg->source.min_speed_time_ms,
        .is_stopped = cancel_is_asked,
    };
    http_curl_init(&s->https, &https);
    s->port = &s->https.port;
    return status;
}

int source_open(struct source *s, struct app *app, const char *from, bool is_insecure, bool has_keys)
{
    name_it(s, from);
    if (strstr(from, "://") != NULL)
        return open_url(s, app, from, is_insecure, has_keys);
    if (is_insecure)
        return app_usage(app, "--insecure-tls is for https:// URLs");
    http_file_init(&s->file);
    s->port = &s->file.port;
    return EXIT_OK;
}
