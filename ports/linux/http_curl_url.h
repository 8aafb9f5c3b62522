/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_url: what of a URL may go to whom.
 *
 * Used by   http_curl.c.   Uses  libcurl's URL parser.
 * Memory    texts are copied into the struct; longer ones than it has room for are refused.
 * Secrets   user and password are taken out of the URL at once, so no message and no other host ever sees them.
 */
#ifndef TANDEM_HTTP_CURL_URL_H
#define TANDEM_HTTP_CURL_URL_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>

#define HTTP_URL_MAX    8192 /* links that an object store has signed come to a few thousand */
#define HTTP_ORIGIN_MAX 352
#define HTTP_SECRET_MAX 256

struct http_curl_url {
    char text[HTTP_URL_MAX];      /* whole, but without user and password */
    char origin[HTTP_ORIGIN_MAX]; /* scheme://host:port, as one may compare them */
    char user[HTTP_SECRET_MAX];   /* decoded, or "" */
    char password[HTTP_SECRET_MAX];
    bool is_https;
};

/* FORMAT, code bad_url, when it cannot be read or is too long. */
TDM_MUST_USE tdm_err http_curl_url_read(struct http_curl_url *u, const char *url, struct tdm_fault *why);

#endif
