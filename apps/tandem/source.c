/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "imagefolder.h"
#include "linux/cancel.h"

static bool has_scheme(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);
    return strncasecmp(text, scheme, n) == 0 && strncmp(text + n, "://", 3) == 0;
}

static bool is_url(const char *from)
{
    return strstr(from, "://") != NULL;
}

/* Where the host of a URL stands, with user and password before it; a slash more than there should be is overlooked. */
static const char *host_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return host + strspn(host, "/");
}

/* To be shown: without user and password, and up to the query, which may be a key. */
static void name_it(char *name, size_t room, const char *from)
{
    if (!is_url(from)) {
        (void)snprintf(name, room, "%s", from);
        return;
    }
    const char *host = host_of(from), *shown = host;
    size_t len = strcspn(host, "/?#");
    for (size_t i = 0; i < len; i++)
        shown = host[i] == '@' ? host + i + 1 : shown;
    (void)snprintf(name, room, "%.*s%.*s", (int)(host - from), from, (int)strcspn(shown, "?#"), shown);
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
                    s->names[0], app->cfg.trust.file);
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
                    s->names[0]);
}

/* ---- one port for every kind of place ---- */

static struct progress *watched; /* one program has one, and the question below comes without a context */

/* Asked again and again while nothing comes. */
static bool is_stopped(void)
{
    progress_tick(watched);
    return cancel_is_asked();
}

static tdm_err get(struct tdm_http *port, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                   struct tdm_http_reply *reply)
{
    struct source *s = (struct source *)port; /* its first member */
    return tdm_http_get(is_url(url) ? &s->https.port : &s->file.port, url, ask, body, reply);
}

/* Faster than anybody is. */
static uint32_t speed(uint64_t bytes_a_second)
{
    return bytes_a_second < UINT32_MAX ? (uint32_t)bytes_a_second : UINT32_MAX;
}

/* The least speed is no more than half of what is allowed: the one must not end what the other slows down. */
static uint32_t least_speed(const struct config *cfg)
{
    uint64_t most = cfg->source.max_speed / 2;
    return speed(most > 0 && most < cfg->source.min_speed ? most : cfg->source.min_speed);
}

static void init_ports(struct source *s, const struct app *app, bool is_insecure)
{
    static const struct tdm_http_ops ops = {.get = get};
    const struct config *cfg = &app->cfg;
    const struct http_curl_config https = {
        .ca_files = s->trust.paths,
        .ca_file_count = s->trust.count,
        .use_system = cfg->trust.use_system,
        .pins = cfg->trust.pin,
        .client_certificate = cfg->source.client_certificate,
        .client_key = cfg->source.client_key,
        .netrc = cfg->source.netrc,
        .token_file = cfg->source.token_file,
        .token_host = cfg->source.token_host,
        .allow_http = cfg->source.allow_http,
        .insecure_tls = is_insecure,
        .connect_ms = (uint32_t)cfg->source.connect_timeout_ms,
        .first_byte_ms = (uint32_t)cfg->source.first_byte_timeout_ms,
        .stall_ms = (uint32_t)cfg->source.stall_timeout_ms,
        .deadline_ms = (uint32_t)cfg->source.deadline_ms,
        .min_speed = least_speed(cfg),
        .min_speed_ms = (uint32_t)cfg->source.min_speed_time_ms,
        .max_speed = speed(cfg->source.max_speed),
        .is_stopped = is_stopped,
    };

    http_curl_init(&s->https, &https);
    http_file_init(&s->file);
    s->file.takes_input = true;
    s->port.ops = &ops;
}

/* ---- the places ---- */

/* base, and the last part of the path of `from`; not its query, nor its user: those are keys to that server alone. */
static bool join(char *out, size_t room, const char *base, size_t base_len, const char *from)
{
    size_t path = (size_t)(host_of(from) - from) + strcspn(host_of(from), "/?#");
    size_t end = path + strcspn(from + path, "?#"), at = end;

    while (at > path && from[at - 1] != '/')
        at--;
    bool has_slash = base_len > 0 && base[base_len - 1] == '/';
    int n = snprintf(out, room, "%.*s%s%.*s", (int)base_len, base, has_slash ? "" : "/", (int)(end - at), from + at);
    return n > 0 && (size_t)n < room;
}

static int add_mirrors(struct source *s, struct app *app, const char *from)
{
    const char *at = app->cfg.source.mirrors;

    for (at += strspn(at, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        size_t len = strcspn(at, " \t");
        if (s->mirror_count == FETCH_PLACES_MAX - 1)
            return app_fail(app, TDM_E_FORMAT, "too_many_mirrors",
                            "no more than %d addresses are tried in turn; name "
                            "fewer in [source] mirrors",
                            FETCH_PLACES_MAX);
        char *out = s->joined[s->mirror_count];
        if (!join(out, sizeof s->joined[0], at, len, from))
            return app_fail(app, TDM_E_FORMAT, "bad_mirror", "[source] mirrors: an address would be too long");
        s->mirrors[s->mirror_count++] = out;
        at += len;
    }
    return EXIT_OK;
}

static int set_places(struct source *s, struct app *app, char **words, int count, bool is_insecure)
{
    int status = EXIT_OK;

    s->from = words[0];
    if (imagefolder_is(words[0])) {
        status = imagefolder_find(app, words[0], s->found, sizeof s->found);
        s->from = s->found;
    }
    s->is_once = strcmp(words[0], "-") == 0;
    for (int i = 1; i < count; i++)
        s->mirrors[s->mirror_count++] = words[i];
    if (status == EXIT_OK && is_url(s->from) && !is_insecure)
        status = add_mirrors(s, app, s->from);
    name_it(s->names[0], sizeof s->names[0], s->is_once ? "standard input" : s->from);
    for (size_t i = 0; i < s->mirror_count; i++)
        name_it(s->names[i + 1], sizeof s->names[0], s->mirrors[i]);
    return status;
}

static bool has_place(const struct source *s, const char *scheme)
{
    bool has = has_scheme(s->from, scheme);

    for (size_t i = 0; i < s->mirror_count && !has; i++)
        has = has_scheme(s->mirrors[i], scheme);
    return has;
}

static int check_places(struct source *s, struct app *app, bool is_insecure, bool has_keys)
{
    bool is_https = has_place(s, "https"), is_http = has_place(s, "http");
    int status = EXIT_OK;

    if (is_insecure || (is_http && app->cfg.source.allow_http))
        status = check_insecure(s, app, has_keys);
    if (status == EXIT_OK && (is_https || is_http))
        status = check_trust(s, app, is_https && !is_insecure);
    return status;
}

int source_open(struct source *s, struct app *app, char **words, int count, bool is_insecure, bool has_keys)
{
    if (is_insecure && (count > 1 || !has_scheme(words[0], "https")))
        return app_usage(app, "--insecure-tls is for one https:// URL");
    for (int i = 0; i < count && count > 1; i++) {
        if (strcmp(words[i], "-") == 0)
            return app_usage(app, "standard input can be had once, and has no mirrors");
    }
    int status = set_places(s, app, words, count, is_insecure);
    if (status == EXIT_OK)
        status = check_places(s, app, is_insecure, has_keys);
    watched = &app->progress;
    if (status == EXIT_OK)
        init_ports(s, app, is_insecure);
    return status;
}

void source_close(struct source *s)
{
    http_curl_close(&s->https);
}

struct fetch_retry source_retry(const struct source *s, const struct app *app, struct tdm_clock *clock)
{
    uint32_t seed = 0;

    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = tdm_clock_now_ms(clock); /* only so that not all routers wait equally long */
    return (struct fetch_retry){
        .clock = clock,
        .mirrors = s->mirrors,
        .mirror_count = s->mirror_count,
        .retries = (uint32_t)app->cfg.source.retries,
        .wait_ms = (uint32_t)app->cfg.source.retry_wait_ms,
        .deadline_ms = (uint32_t)app->cfg.source.deadline_ms,
        .seed = seed,
        .is_stopped = is_stopped,
    };
}
