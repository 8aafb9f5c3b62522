/* SPDX-License-Identifier: Apache-2.0 */
/*
 * radio_table: is the radio right, and if not, what comes next. Pure.
 *
 * Used by   reconcile. docs/DESIGN.md, "The pair transaction", says why a version text alone proves nothing.
 */
#ifndef TANDEM_RECONCILE_RADIO_TABLE_H
#define TANDEM_RECONCILE_RADIO_TABLE_H

#include <stdbool.h>

enum radio_holds { RADIO_HOLDS_WANTED, RADIO_HOLDS_OTHER, RADIO_HOLDS_UNKNOWN };

enum radio_text {
    RADIO_TEXT_WANTED,    /* byte for byte the bundle's                             */
    RADIO_TEXT_AS_PROVEN, /* not the bundle's, but what it said when last proven    */
    RADIO_TEXT_OTHER,
};

struct radio_facts {
    bool answers;
    enum radio_holds holds;
    enum radio_text text;
    bool is_compared; /* in this call, region by region, after the last write */
};

enum radio_next {
    RADIO_RIGHT,
    RADIO_RIGHT_MISNAMED, /* the digests prove it, but it gives itself another name than its bundle */
    RADIO_COMPARE,
    RADIO_FLASH,
};

enum radio_next radio_decide(const struct radio_facts *facts);

#endif
