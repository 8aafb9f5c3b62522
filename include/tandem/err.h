/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: one error type for every module and port, named by cause and never by subsystem.
 *
 * Used by   everything.   Uses  nothing.
 * Numbers are for code (and, through the command line's table, for exit status); `code`, `what` and `at` are for
 * people and programs that read JSON. The core makes no sentences: apps/ does.
 */
#ifndef TANDEM_ERR_H
#define TANDEM_ERR_H

#include <stdint.h>

#define TDM_MUST_USE __attribute__((warn_unused_result))

typedef enum {
    TDM_OK = 0,
    TDM_E_BUG = -1,          /* our own mistake: wrong call order or argument                              */
    TDM_E_BOUNDS = -2,       /* outside the storage, or not aligned to what it can do                      */
    TDM_E_FORMAT = -3,       /* bytes that are not what their format says                                  */
    TDM_E_TRUNCATED = -4,    /* the stream ended before its contents did                                   */
    TDM_E_TOO_NEW = -5,      /* well formed, but from a version of the format this code does not know      */
    TDM_E_CORRUPT = -6,      /* stored or received bytes whose digest is not the stated one                */
    TDM_E_NOISE = -7,        /* damaged on a wire: checksum or framing; asking again may heal              */
    TDM_E_TIMEOUT = -8,      /* nothing came in time; asking again may heal                                */
    TDM_E_IO = -9,           /* the operating system or the device failed to read or write                 */
    TDM_E_NO_ROOM = -10,     /* larger than the place for it                                               */
    TDM_E_REFUSED = -11,     /* our policy says no                                                         */
    TDM_E_PEER = -12,        /* the other side (server, ROM, radio) answered with an error                 */
    TDM_E_MISMATCH = -13,    /* answered, but it is not the one expected: chip, version, board             */
    TDM_E_STATE = -14,       /* not now: the state does not allow it                                       */
    TDM_E_BUSY = -15,        /* somebody else is using it                                                  */
    TDM_E_NOT_FOUND = -16,   /* there is no such thing                                                     */
    TDM_E_ACCESS = -17,      /* not permitted by the operating system                                      */
    TDM_E_TRUST = -18,       /* identity or authenticity not proven: certificate, host name, signature     */
    TDM_E_UNREACHABLE = -19, /* no connection to the other side, or it broke                               */
    TDM_E_UNSUPPORTED = -20, /* a known thing that this build or this device cannot do                     */
    TDM_E_CANCELLED = -21,   /* the operator stopped it                                                    */
    TDM_E_POWER = -22,       /* simulator only: the power is gone, every port answers this                 */
} tdm_err;

#define TDM_ERR_COUNT 23

/* The cause as one lower-case word, for logs and JSON: "timeout". Never NULL. */
const char *tdm_err_name(tdm_err err);

/*
 * The first failure of an engine. Engines keep it and answer every later call with it.
 * code: stable identifier in snake_case, part of the public interface ("bad_header"). what: a few words for people,
 * without offset or file name ("header table longer than 4096 bytes"). at: offset in the engine's input, or the
 * offending number when the text says so. Both texts are static: nobody frees them.
 */
struct tdm_fault {
    tdm_err err;
    const char *code;
    const char *what;
    uint64_t at;
};

/* Forget: err TDM_OK, empty texts. */
void tdm_fault_clear(struct tdm_fault *f);

/* Keep the failure unless one is kept already; returns the one that is kept. */
tdm_err tdm_fault_set(struct tdm_fault *f, tdm_err err, const char *code, const char *what, uint64_t at);

/* Take over another engine's failure unless one is kept already; returns the one that is kept. */
tdm_err tdm_fault_from(struct tdm_fault *f, const struct tdm_fault *other);

#endif
