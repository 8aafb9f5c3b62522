/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_stream: the bytes of an install: from the source through the judge into the slots, and back out of them.
 *
 * Used by   install.c.   Uses  fetch, judge, slot.
 * Order     The commit that frees the slots happens when the judge accepts the front, before the first byte is written.
 */
#ifndef TANDEM_INSTALL_STREAM_H
#define TANDEM_INSTALL_STREAM_H

#include <tandem/install.h>

/* The first failure counts, whoever had it. */
tdm_err install_fail(struct install *in, tdm_err err, const char *code, const char *what);

TDM_MUST_USE tdm_err install_commit(struct install *in);

/* Fetch, judge, free, write, sync. in->verdict is complete afterwards. STATE: it is what runs, nothing was touched. */
TDM_MUST_USE tdm_err install_stream_in(struct install *in, const char *url);

/* Read what in->plan names back from the medium, through the judge. */
TDM_MUST_USE tdm_err install_stream_back(struct install *in, uint64_t bundle_size, uint64_t host_size,
                                         struct judge_verdict *out);

/* The bundle of in->plan alone. */
TDM_MUST_USE tdm_err install_stream_bundle(struct install *in, uint64_t size, struct judge_verdict *out);

#endif
