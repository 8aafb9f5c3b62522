/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: port to a source of bytes named by a URL or a file name.
 *
 * Implemented by  ports/linux/http_curl.c (https, and http when configured), ports/linux/http_file.c (local files),
 *                 ports/esp-idf, the simulator.
 *
 * Contract  get: fetches url from byte `from` and pushes the body into the sink, in order, from that byte on. It
 *           returns when the body has ended (TDM_OK), the sink has refused (the sink's error), or the transfer failed.
 *           TRUST: one side's certificate, name or key is not accepted. UNREACHABLE: no connection, or it broke.
 *           TIMEOUT: stalled. PEER: the server answered with an error status. REFUSED: the scheme of the URL or of a
 *           redirect is not allowed, or the TLS not what is demanded. TDM_OK does not prove that the body is whole: a
 *           server without lengths can end early; the format must tell.
 * Secrets   user, password and client certificate go to the host and port of the URL alone, wherever it redirects to.
 * Memory    url belongs to the caller. reply is filled by the port as far as it got, also on failure; status and
 *           length stand in it before the first byte is pushed. Its fault is the port's own: when the sink refused,
 *           fault.err stays TDM_OK.
 */
#ifndef TANDEM_HTTP_H
#define TANDEM_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/sink.h>

#define TDM_HTTP_DETAIL_MAX 256

struct tdm_http_reply {
    int status;                       /* HTTP status, 0 when none came                             */
    bool has_length;                  /* length is told by the server                              */
    uint64_t length;                  /* bytes of the whole resource                               */
    uint32_t retry_after_s;           /* the server asks to be left alone so long; 0: it does not  */
    struct tdm_fault fault;           /* why the transfer failed; at: status or errno, where one is */
    char detail[TDM_HTTP_DETAIL_MAX]; /* the library's own words about it, one line, or ""          */
};

struct tdm_http;

struct tdm_http_ops {
    tdm_err (*get)(struct tdm_http *h, const char *url, uint64_t from, struct tdm_sink *body,
                   struct tdm_http_reply *reply);
};

struct tdm_http {
    const struct tdm_http_ops *ops;
};

TDM_MUST_USE tdm_err tdm_http_get(struct tdm_http *h, const char *url, uint64_t from, struct tdm_sink *body,
                                  struct tdm_http_reply *reply);

#endif
