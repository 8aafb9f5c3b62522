/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_text: a text with foreign names in it, as a terminal and JSON may have it. Names of files may be of any bytes.
 *
 * Used by   app.c, out.c.   Uses  nothing.
 */
#ifndef TANDEM_PLAIN_TEXT_H
#define TANDEM_PLAIN_TEXT_H

/* In place: a ? for each byte that a terminal would obey, or that is no UTF-8. */
void plain_text(char *text);

#endif
