/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_token: the files by which a private server knows this router, and for which server they are.
 *
 * Used by   http_curl.c.   Uses  nothing.
 * Secrets   A token goes to one host and port, over https alone. A file that everybody may read or write is refused.
 * Faults    token_without_host, credentials_file, credentials_open; `file` is then the file that is meant.
 */
#ifndef TANDEM_HTTP_CURL_TOKEN_H
#define TANDEM_HTTP_CURL_TOKEN_H

#include "http_curl_url.h"
#include "linux/tandem_linux.h"

#define HTTP_TOKEN_MAX 4096

/* Is it this server, HOST or HOST:PORT (443 if none is said), that the URL names, over https? */
bool http_curl_token_is_for(const char *host, const struct http_curl_url *url);

/* out: the token for this server, or "". Also looks whether the netrc file, if there is one, may be used. */
TDM_MUST_USE tdm_err http_curl_token_read(const struct http_curl_config *cfg, const struct http_curl_url *url,
                                          char out[HTTP_TOKEN_MAX], const char **file, struct tdm_fault *why);

#endif
