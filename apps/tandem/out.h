/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out: prints a result. One tree for both readers: programs get it as JSON, people as a table made from the same keys.
 *
 * Used by   main.c. Keys are snake_case; the table shows them with blanks. A list of objects becomes columns.
 */
#ifndef TANDEM_OUT_H
#define TANDEM_OUT_H

#include <stdio.h>

#include <cjson/cJSON.h>

void out_json(FILE *to, const cJSON *tree); /* one line */
void out_table(FILE *to, const cJSON *tree);

#endif
