/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: the options of `image create` -> what an image states about itself, completed from the firmware files.
 *
 * Used by   image create.   Uses  rcp_build, tandem/manifest.h.
 * Memory    the caller owns both structs; the texts of the extensions are those of the command line.
 * Failures  are reported here, as a command does; the exit number is returned. What is wrong with the words alone is
 *           said before a file is read, all that is missing in one sentence.
 */
#ifndef TANDEM_STATEMENT_H
#define TANDEM_STATEMENT_H

#include <tandem/manifest.h>

#include "app.h"
#include "rcp_build.h"

struct statement_options { /* as given; NULL: not given */
    const char *compatible, *pair_version, *counter, *radio_api, *host_api;
    const char *cells, *issued, *expires, *least_flash, *radio_revision;
    const char *host_kind, *host_chip, *host_revision, *label, *notes_url;
};

/* Rows of a command's option table. */
#define STATEMENT_OPTIONS(o)                                                                                           \
    {"compatible", &(o)->compatible, NULL}, {"pair-version", &(o)->pair_version, NULL},                                \
        {"counter", &(o)->counter, NULL}, {"radio-api", &(o)->radio_api, NULL}, {"host-api", &(o)->host_api, NULL},    \
        {"cells", &(o)->cells, NULL}, {"issued", &(o)->issued, NULL}, {"expires", &(o)->expires, NULL},                \
        {"least-flash", &(o)->least_flash, NULL}, {"radio-revision", &(o)->radio_revision, NULL},                      \
        {"host-kind", &(o)->host_kind, NULL}, {"host-chip", &(o)->host_chip, NULL},                                    \
        {"host-revision", &(o)->host_revision, NULL}, {"label", &(o)->label, NULL},                                    \
    {                                                                                                                  \
        "notes-url", &(o)->notes_url, NULL                                                                             \
    }

bool statement_is_wanted(const struct statement_options *o);

/* Is everything there that such an image needs, and nothing that it cannot have? */
int statement_check(struct app *app, const struct statement_options *o, bool has_radio, bool has_host);

/* Everything but the digests. b: loaded. Time of issue: --issued, else SOURCE_DATE_EPOCH, else none. */
int statement_fill(struct app *app, const struct statement_options *o, struct rcp_build *b, struct manifest *m);

#endif
