/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: port to a source of bytes named by a URL or a file name, whole or in parts.
 *
 * Implemented by  ports/linux/http_curl.c (https, and http when configured), ports/linux/http_file.c (local files),
 *                 the simulator.
 *
 * Contract  get: fetches url and pushes the body into the sink, in order, from byte reply->start on. It returns when the
 *           body has ended (TDM_OK), the sink has refused (the sink's error: CANCELLED, if it has enough), or the
 *           transfer failed.
 *           TRUST: one side's certificate, name or key is not accepted. UNREACHABLE: no connection, or it broke.
 *           TIMEOUT: stalled. PEER: the server answered with an error status, or with another part than was asked for.
 *           REFUSED: the scheme of the URL or of a redirect is not allowed, or the TLS not what is demanded. TDM_OK does
 *           not prove that the body is whole: a server without lengths can end early; the format must tell.
 * Parts     Asked for a part, a source answers with that part (start is from), or with the whole file (start is 0): it
 *           has no ranges, or is_changed tells that its file is no longer the one that is gone on with. The caller looks at
 *           start before it keeps a byte. Another answer is a fault, and nothing of it is pushed: range_beyond_end
 *           (the file is shorter; length says how long), range_of_other_file (both with is_changed where that is certain),
 *           range_missing, range_refused, wrong_range, multipart_range. long_range and connection_broke come behind
 *           bytes that are good.
 * Secrets   user, password and client certificate go to the host and port of the URL alone, wherever it redirects to.
 * Memory    url and ask belong to the caller. reply is filled by the port as far as it got, also on failure; all but the
 *           fault and its detail stands in it before the first byte is pushed. Its fault is the port's own: when the sink
 *           refused, fault.err stays TDM_OK.
 */
#ifndef TANDEM_HTTP_H
#define TANDEM_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/sink.h>

#define TDM_HTTP_DETAIL_MAX    256
#define TDM_HTTP_VALIDATOR_MAX 128

/* {0}: the whole file. */
struct tdm_http_ask {
    uint64_t from;
    uint64_t count;        /* bytes from there on; 0: to the end                                   */
    const char *validator; /* of the file that is gone on with, as a reply told it; NULL or "": any */
    uint64_t length;       /* of that file; 0: not known                                           */
};

struct tdm_http_reply {
    int status;                             /* HTTP status, 0 when none came                       */
    bool has_length;                        /* length is told by the server                        */
    uint64_t length;                        /* bytes of the whole resource                         */
    uint64_t start;                         /* where in the resource the first pushed byte stands  */
    bool has_ranges;                        /* it can send parts: it did, or says so               */
    bool is_changed;                        /* it is certainly not the file that was asked for     */
    char validator[TDM_HTTP_VALIDATOR_MAX]; /* by which the same bytes are known again, or ""      */
    uint32_t retry_after_s;                 /* the server asks to be left alone so long; 0: not    */
    struct tdm_fault fault;                 /* why it failed; at: status or errno, where one is    */
    char detail[TDM_HTTP_DETAIL_MAX];       /* the library's own words about it, one line, or ""   */
};

struct tdm_http;

struct tdm_http_ops {
    tdm_err (*get)(struct tdm_http *h, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                   struct tdm_http_reply *reply);
};

struct tdm_http {
    const struct tdm_http_ops *ops;
};

TDM_MUST_USE tdm_err tdm_http_get(struct tdm_http *h, const char *url, const struct tdm_http_ask *ask,
                                  struct tdm_sink *body, struct tdm_http_reply *reply);

/* Is a part of the file asked for? */
bool tdm_http_is_part(const struct tdm_http_ask *ask);

#endif
