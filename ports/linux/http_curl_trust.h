/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_curl_trust: the files by which both ends of a connection are believed.
 *
 * Used by   http_curl.c.   Uses  OpenSSL.
 * Memory    the store belongs to the caller: X509_STORE_free().
 * Faults    bad_trust_file, bad_pin; client_certificate_file, client_key_file, client_key_encrypted, client_key_misfit. `file` is
 *           then the name of the file that is meant.
 */
#ifndef TANDEM_HTTP_CURL_TRUST_H
#define TANDEM_HTTP_CURL_TRUST_H

#include <openssl/x509.h>

#include "linux/tandem_linux.h"

/* Every certificate that a server may be believed by, each an end of a chain whoever issued it. NULL: see the fault. */
X509_STORE *http_curl_trust_open(const struct http_curl_config *cfg, const char **file, struct tdm_fault *why);

/* Is this certificate itself among them? */
bool http_curl_trust_has(X509_STORE *trust, const X509 *cert);

/* "sha256//" and the Base64 of the SHA-256 of the certificate's public key, as [trust] pin takes it. */
#define HTTP_PIN_MAX 53 /* with the NUL */
bool http_curl_trust_pin(const X509 *cert, char out[HTTP_PIN_MAX]);
/* Pins as people write them: several with ';' between, or none. */
TDM_MUST_USE tdm_err http_curl_trust_check_pins(const char *pins, struct tdm_fault *why);

/* The router's own certificate and key: there, readable without a passphrase, and made for each other. */
TDM_MUST_USE tdm_err http_curl_trust_check_client(const struct http_curl_config *cfg, const char **file,
                                                  struct tdm_fault *why);

/* The file with the client's key: that of the certificate, unless the key has one of its own. */
const char *http_curl_trust_key_file(const struct http_curl_config *cfg);

#endif
