/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: where an image comes from, a file or a server, and what the configuration says about believing that server.
 *
 * Used by   ota download.   Uses  the http ports, trustfiles.
 * Memory    the caller owns the struct (large); from is borrowed.
 */
#ifndef TANDEM_SOURCE_H
#define TANDEM_SOURCE_H

#include "app.h"
#include "linux/tandem_linux.h"
#include "trustfiles.h"

struct source {
    struct tdm_http *port;
    char name[1024]; /* as it may be shown and logged: without user and password */
    struct http_curl https;
    struct http_file file;
    struct trustfiles trust;
};

/*
 * is_insecure: believe whoever answers at this URL's host, once. has_keys: an unsigned image will be refused.
 * EXIT_OK, or the number of what was reported: nothing has been connected to yet.
 */
int source_open(struct source *s, struct app *app, const char *from, bool is_insecure, bool has_keys);

#endif
