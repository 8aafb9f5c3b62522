/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_facts: what the judge is told about this router, its record and its policy.
 *
 * Used by   install_store, install_replay.   Uses  slot, judge.
 * Memory    the facts point into `in`, which has to outlive them.
 */
#ifndef TANDEM_INSTALL_FACTS_H
#define TANDEM_INSTALL_FACTS_H

#include <tandem/install.h>

/* in->plan and in->record are set; without the length that a source has told. */
struct judge_facts install_facts(struct install *in);

#endif
