/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One part of the URL as text; a part that is not there is "". */
static bool take(CURLU *from, CURLUPart what, unsigned flags, char *out, size_t room)
{
    char *part = NULL;
    CURLUcode rc = curl_url_get(from, what, &part, flags);

    out[0] = '\0';
    if (rc == CURLUE_NO_USER || rc == CURLUE_NO_PASSWORD)
        return true;
    if (rc != CURLUE_OK)
        return false;
    bool fits = strlen(part) < room;
    if (fits)
        memcpy(out, part, strlen(part) + 1);
    curl_free(part);
    return fits;
}

static bool take_origin(CURLU *from, struct http_curl_url *u)
{
    char scheme[16], host[300], port[8];

    if (!take(from, CURLUPART_SCHEME, 0, scheme, sizeof scheme) || !take(from, CURLUPART_HOST, 0, host, sizeof host) ||
        !take(from, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof port))
        return false;
    for (char *c = host; *c != '\0'; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    u->is_https = strcasecmp(scheme, "https") == 0;
    int n = snprintf(u->origin, sizeof u->origin, "%s://%s:%s", scheme, host, port);
    return n > 0 && (size_t)n < sizeof u->origin;
}

/* The library lets the zone of an IPv6 address be anything; an @ there would make a user of what stands before it. */
static bool names_nobody(const struct http_curl_url *u)
{
    const char *host = strstr(u->text, "://");
    return host != NULL && memchr(host + 3, '@', strcspn(host + 3, "/?#")) == NULL;
}

/* Decoded first and read as a number only the next time (https://%30/ is 0, and 0 is 0.0.0.0): so a next time it gets. */
static bool take_text(CURLU *from, struct http_curl_url *u)
{
    return take(from, CURLUPART_URL, 0, u->text, sizeof u->text) &&
           curl_url_set(from, CURLUPART_URL, u->text, 0) == CURLUE_OK &&
           take(from, CURLUPART_URL, 0, u->text, sizeof u->text);
}

static bool read_parts(CURLU *from, struct http_curl_url *u, const char *url)
{
    return curl_url_set(from, CURLUPART_URL, url, 0) == CURLUE_OK &&
           take(from, CURLUPART_USER, CURLU_URLDECODE, u->user, sizeof u->user) &&
           take(from, CURLUPART_PASSWORD, CURLU_URLDECODE, u->password, sizeof u->password) &&
           curl_url_set(from, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
           curl_url_set(from, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK && take_text(from, u) && names_nobody(u) &&
           take_origin(from, u);
}

tdm_err http_curl_url_read(struct http_curl_url *u, const char *url, struct tdm_fault *why)
{
    CURLU *from = curl_url();
    bool is_read = from != NULL && read_parts(from, u, url);

    curl_url_cleanup(from); /* takes NULL */
    return is_read ? TDM_OK : tdm_fault_set(why, TDM_E_FORMAT, "bad_url", "this is not a URL", 0);
}
