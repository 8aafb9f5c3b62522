/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice: what a person can do about a fault, by its stable code. One table; the manual's list of codes is made of it.
 */
#ifndef TANDEM_ADVICE_H
#define TANDEM_ADVICE_H

/* A clause that follows "; " in a sentence, or NULL when there is nothing useful to say. */
const char *advice_for(const char *code);

#endif
