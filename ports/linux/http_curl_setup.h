/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_setup: what one request asks of the library: whom to believe, who we are, what to fetch.
 *
 * Used by   http_curl_visit.c.   Uses  libcurl, http_curl_tls.
 * Secrets   only to the server that the operator named: t->first.
 */
#ifndef TANDEM_HTTP_CURL_SETUP_H
#define TANDEM_HTTP_CURL_SETUP_H

#include "http_curl_visit.h"

#define HTTP_CURL_SET(option, value)                                                                                   \
    do {                                                                                                               \
        CURLcode set_rc = curl_easy_setopt(c, (option), (value));                                                      \
        if (set_rc != CURLE_OK)                                                                                        \
            return set_rc;                                                                                             \
    } while (0)

/* headers stay in place until the request is over. */
CURLcode http_curl_setup(CURL *c, struct http_curl_visit *t, struct curl_slist *headers);

/*
 * There is a connection, of which the library knows no end before the handshake's. It gives a silent address half of the time
 * that is left while others of its family follow: so what it is told first is the time for a connection, and only now more.
 */
void http_curl_setup_handshake(CURL *c, const struct http_curl_config *cfg);

#endif
