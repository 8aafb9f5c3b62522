/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: where an image comes from, files, servers or standard input, and what the configuration says about believing that server.
 *
 * Used by   ota download.   Uses  the http ports, trustfiles, imagefolder.
 * Memory    the caller owns the struct (large); words are borrowed.
 */
#ifndef TANDEM_SOURCE_H
#define TANDEM_SOURCE_H

#include <tandem/fetch.h>

#include "app.h"
#include "linux/tandem_linux.h"
#include "trustfiles.h"

#define SOURCE_NAME_MAX 1024

struct source {
    struct tdm_http port; /* takes URLs, file names, and "-" */
    const char *from;     /* what to ask it for              */
    const char *mirrors[FETCH_PLACES_MAX - 1];
    size_t mirror_count;
    bool is_once;                                  /* standard input */
    char names[FETCH_PLACES_MAX][SOURCE_NAME_MAX]; /* from and mirrors, to be shown: no user, no password */
    char found[SOURCE_NAME_MAX];                   /* the image in a folder */
    char joined[FETCH_PLACES_MAX - 1][SOURCE_NAME_MAX];
    struct http_curl https;
    struct http_file file;
    struct trustfiles trust;
};

/*
 * words: a URL, file, folder or "-", and more URLs or files that hold the same image; those of [source] mirrors are added.
 * is_insecure: believe whoever answers at this URL's host, once. has_keys: an unsigned image will be refused.
 * EXIT_OK, or the number of what was reported: nothing has been connected to yet.
 */
int source_open(struct source *s, struct app *app, char **words, int count, bool is_insecure, bool has_keys);

void source_close(struct source *s); /* hangs up: nothing more is fetched */

/* How often it is tried again, as configured. */
struct fetch_retry source_retry(const struct source *s, const struct app *app, struct tdm_clock *clock);

#endif
