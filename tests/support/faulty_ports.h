/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty_ports: the ports of a test's world, of which a chosen call fails: the fifth write to storage, every call to the
 * host from the second on. A call that fails has done nothing.
 *
 * Used by   unit tests that sweep a fault over every call of a flow.   Uses  nothing of the world's own.
 * Order     faulty_plan(), then wrap each port once more after every time the world has set it up anew.
 */
#ifndef SUPPORT_FAULTY_PORTS_H
#define SUPPORT_FAULTY_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include <tandem/crypto.h>
#include <tandem/flash.h>
#include <tandem/host.h>
#include <tandem/lines.h>
#include <tandem/serial.h>

enum faulty_kind { FAULTY_READ, FAULTY_WRITE, FAULTY_HOST, FAULTY_CRYPTO, FAULTY_SERIAL, FAULTY_LINES, FAULTY_KINDS };

/* Calls of this kind from the nth (1 is the first) on answer err; only that one unless it is for good. n 0: none. */
void faulty_plan(enum faulty_kind kind, uint32_t n, bool is_for_good, tdm_err err);
/* Has the plan met a call? */
bool faulty_has_struck(void);

void faulty_flash(struct tdm_flash *f);
void faulty_host(struct tdm_host *h);
void faulty_crypto(struct tdm_crypto *c);
void faulty_serial(struct tdm_serial *s);
void faulty_lines(struct tdm_lines *l);

#endif
