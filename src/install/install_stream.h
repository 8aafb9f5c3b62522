/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_stream: the bytes of an install: from wherever they are through the judge into the slots.
 *
 * Used by   install.c; install_fail and the two behind it by its neighbours.   Uses  fetch, judge, slot, install_spans,
 *           install_store.
 * One loop  The front is asked for alone, and decides: what is installed already costs no more than that. Then comes span
 *           after span, in the order of the file: what a cut download has left in the slots, what the running pair has,
 *           the rest from the source. A source without ranges sends all of the file at once; then what is kept counts
 *           nothing, and the transfer ends where everything behind is on this router.
 * Again     After a broken transfer the judge goes on where it was, if the source can say that its file is the same one.
 *           From another address, or without such a word, the front is fetched anew, and what is in the slots replayed.
 */
#ifndef TANDEM_INSTALL_STREAM_H
#define TANDEM_INSTALL_STREAM_H

#include <tandem/install.h>

/* The first failure counts, whoever had it. */
tdm_err install_fail(struct install *in, tdm_err err, const char *code, const char *what);

/* Has the operator had enough? */
bool install_is_stopped(const struct install *in);

TDM_MUST_USE tdm_err install_commit(struct install *in);

/* Fetch, judge, free, write, sync. in->verdict is complete afterwards. STATE: it is what runs, nothing was touched. */
TDM_MUST_USE tdm_err install_stream_in(struct install *in, const char *url);

#endif
