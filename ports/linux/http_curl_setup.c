/* SPDX-License-Identifier: Apache-2.0 */
#include "http_curl_setup.h"

#include <string.h>

#include "http_curl_trust.h"

static CURLcode set_protocols(CURL *c, bool with_http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, with_http ? "https,http" : "https");
#else
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS,
                            with_http ? (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP) : (long)CURLPROTO_HTTPS);
#endif
}

/* What the URL says, else the token, else what the netrc file says. Over http:// only what the URL says. */
static CURLcode set_login(CURL *c, struct http_curl_visit *t)
{
    if (t->first.user[0] != '\0' || t->first.password[0] != '\0') {
        HTTP_CURL_SET(CURLOPT_USERNAME, t->first.user);
        HTTP_CURL_SET(CURLOPT_PASSWORD, t->first.password);
    } else if (t->token[0] != '\0') {
        HTTP_CURL_SET(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        HTTP_CURL_SET(CURLOPT_XOAUTH2_BEARER, t->token);
    } else if (t->url.is_https && t->cfg->netrc != NULL && t->cfg->netrc[0] != '\0') {
        HTTP_CURL_SET(CURLOPT_NETRC, (long)CURL_NETRC_REQUIRED);
        HTTP_CURL_SET(CURLOPT_NETRC_FILE, t->cfg->netrc);
    }
    return CURLE_OK;
}

/* What is for the server that the operator named, and for no other that it points to. */
static CURLcode set_secrets(CURL *c, struct http_curl_visit *t)
{
    bool has_certificate = t->cfg->client_certificate != NULL && t->cfg->client_certificate[0] != '\0';

    if (strcmp(t->first.origin, t->url.origin) != 0)
        return CURLE_OK;
    CURLcode rc = set_login(c, t);
    if (rc != CURLE_OK)
        return rc;
    if (t->cfg->insecure_tls) {
        HTTP_CURL_SET(CURLOPT_SSL_VERIFYPEER, 0L);
        HTTP_CURL_SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (has_certificate) {
        HTTP_CURL_SET(CURLOPT_SSLCERT, t->cfg->client_certificate);
        HTTP_CURL_SET(CURLOPT_SSLKEY, http_curl_trust_key_file(t->cfg));
        t->tls->has_certificate = true;
    }
    return CURLE_OK;
}

static CURLcode set_trust(CURL *c, struct http_curl_visit *t)
{
    HTTP_CURL_SET(CURLOPT_SSL_VERIFYPEER, 1L);
    HTTP_CURL_SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (t->cfg->pins != NULL && t->cfg->pins[0] != '\0')
        HTTP_CURL_SET(CURLOPT_PINNEDPUBLICKEY, t->cfg->pins);
    CURLcode rc = set_secrets(c, t);
    return rc != CURLE_OK ? rc : http_curl_tls_set(c, t->tls);
}

/* A speed limit waits after each piece: small ones, then. */
static uint32_t step_size(uint32_t max_speed)
{
    uint32_t size = max_speed / 64;
    return size < 1024 ? 1024 : size > 16384 ? 16384 : size;
}

/* HTTP/2 where the library and, in its handshake, the server know it. */
static long newest_version(void)
{
    bool has_2 = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0;
    return has_2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1;
}

/* A proxy is the environment's business, as everywhere: https_proxy, all_proxy, no_proxy. */
static CURLcode set_request(CURL *c, struct http_curl_visit *t, struct curl_slist *headers)
{
    HTTP_CURL_SET(CURLOPT_URL, t->url.text);
    HTTP_CURL_SET(CURLOPT_HTTPGET, 1L);
    HTTP_CURL_SET(CURLOPT_HTTP_VERSION, newest_version());
    HTTP_CURL_SET(CURLOPT_HTTPHEADER, headers);
    HTTP_CURL_SET(CURLOPT_USERAGENT, "tandem");
    HTTP_CURL_SET(CURLOPT_FOLLOWLOCATION, 0L); /* we do: each step is checked like the first */
    HTTP_CURL_SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    HTTP_CURL_SET(CURLOPT_NOSIGNAL, 1L);
    HTTP_CURL_SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->cfg->connect_ms);
    if (t->cfg->max_speed > 0)
        HTTP_CURL_SET(CURLOPT_BUFFERSIZE, (long)step_size(t->cfg->max_speed));
    return set_protocols(c, !t->url.is_https);
}

static CURLcode set_part(CURL *c, const struct tdm_http_ask *ask)
{
    char range[HTTP_RANGE_MAX];

    if (!tdm_http_is_part(ask))
        return CURLE_OK;
    http_curl_range_write(ask, range);
    return curl_easy_setopt(c, CURLOPT_RANGE, range); /* is copied */
}

void http_curl_setup_handshake(CURL *c, const struct http_curl_config *cfg)
{
    /* Refused, the handshake has what is left of the connect timer. */
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)cfg->connect_ms + (long)cfg->first_byte_ms);
}

/* The handle goes from one visit to the next, and all that it takes along is one connection. */
static CURLcode set_memory(CURL *c)
{
    HTTP_CURL_SET(CURLOPT_MAXCONNECTS, 1L);
    HTTP_CURL_SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    HTTP_CURL_SET(CURLOPT_SSL_SESSIONID_CACHE, 0L); /* a new connection shows its certificate again */
    return CURLE_OK;
}

CURLcode http_curl_setup(CURL *c, struct http_curl_visit *t, struct curl_slist *headers)
{
    CURLcode rc = set_trust(c, t);

    if (rc == CURLE_OK)
        rc = set_memory(c);
    if (rc == CURLE_OK)
        rc = set_part(c, t->ask);
    return rc != CURLE_OK ? rc : set_request(c, t, headers);
}
