/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: the forms in which numbers, sizes, times and chips are given to a command and shown by it.
 *
 * Used by   statement, the image commands.   Uses  image/esp_chip.   Pure; nothing is kept.
 */
#ifndef TANDEM_VALUE_H
#define TANDEM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#define VALUE_TIME_LEN 21 /* 2026-07-23T13:06:47Z and its end */

/* Decimal digits alone, up to max. */
bool value_number(const char *text, uint64_t max, uint64_t *out);
/* "11:4". */
bool value_two(const char *text, uint16_t *first, uint16_t *second);
/* "0.0:1.99" or "0:199": two chip revisions, major and minor, or 100 times the one and the other. */
bool value_revisions(const char *text, uint16_t *first, uint16_t *second);
/* Bytes; the number may end in K or M, or KB or MB. */
bool value_size(const char *text, uint32_t *out);
/* Seconds since 1970, 2026-07-23T13:06:47Z, or a day: then its first second, or with is_end its last. */
bool value_time(const char *text, bool is_end, uint64_t *out);
/* "esp32h2". */
bool value_chip(const char *text, uint16_t *out);

/* 2026-07-23T13:06:47Z; "" for 0, which states nothing. */
const char *value_time_text(uint64_t seconds, char out[VALUE_TIME_LEN]);

#endif
