/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_tls: what is demanded of a TLS connection, whatever the system's own configuration says, and what was met.
 *
 * Used by   http_curl.c.   Uses  OpenSSL, through libcurl.
 * Demands   TLS 1.2 or newer; keys and signatures of 112 bits or more (OpenSSL's level 2); no renegotiation; a chain that
 *           ends at one of the trusted certificates, each of them an end whoever issued it; a name among the
 *           certificate's alternative names. A common name alone does for a certificate that is itself trusted.
 * Memory    the struct is the caller's and stays in place while its handle lives, or a connection that the handle keeps. trust
 *           is borrowed for the handshake.
 */
#ifndef TANDEM_HTTP_CURL_TLS_H
#define TANDEM_HTTP_CURL_TLS_H

#include <curl/curl.h>
#include <openssl/x509.h>

#include <tandem/http.h>

#include "http_curl_trust.h"

#define TLS_ABOUT_MAX 200

struct http_curl_tls {
    /* set by the caller */
    X509_STORE *trust;
    bool has_certificate; /* one of our own, for this server */
    bool was_asked;       /* for it, by the server of the connection that was kept, if it is still used */

    /* what the connection has shown */
    bool has_begun;            /* a handshake: so there is a connection         */
    bool was_judged;           /* the server's certificate, with this verdict:  */
    int verdict;               /* X509_V_...                                    */
    bool is_common_name_only;  /* all was well but the certificate's names      */
    bool asked_certificate;    /* the server wants one of ours                  */
    bool asked_renegotiation;  /* the server wants to begin anew                */
    int alert_in, alert_out;   /* last fatal ones, 0: none                      */
    char about[TLS_ABOUT_MAX]; /* the certificate that a bad verdict is about   */
    char pin[HTTP_PIN_MAX];    /* of the server's key                           */
};

/* Is this libcurl one that speaks TLS by the OpenSSL we know? */
bool http_curl_tls_is_ours(void);

/* Make the handle demand it. */
CURLcode http_curl_tls_set(CURL *c, struct http_curl_tls *t);

/*
 * Was it TLS that made the transfer end with rc? Then the fault says how. status: of the answer, 0: none came.
 */
bool http_curl_tls_blame(const struct http_curl_tls *t, CURLcode rc, int status, struct tdm_fault *why);

#endif
