/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/radio_table.h"

#include <stddef.h>

enum compared { NO, YES, EITHER };

/* Of a radio that answers; the first row that fits counts, no row: flash. */
static const struct radio_row {
    enum radio_holds holds;
    enum radio_text text;
    enum compared compared;
    enum radio_next next;
} radio_rows[] = {
    {RADIO_HOLDS_WANTED, RADIO_TEXT_WANTED, EITHER, RADIO_RIGHT},
    {RADIO_HOLDS_WANTED, RADIO_TEXT_AS_PROVEN, EITHER, RADIO_RIGHT_MISNAMED},
    /* Somebody else may have flashed it since; the digests tell, and a wrong text in an image never makes a loop. */
    {RADIO_HOLDS_WANTED, RADIO_TEXT_OTHER, NO, RADIO_COMPARE},
    {RADIO_HOLDS_WANTED, RADIO_TEXT_OTHER, YES, RADIO_RIGHT_MISNAMED},
    {RADIO_HOLDS_UNKNOWN, RADIO_TEXT_WANTED, NO, RADIO_COMPARE},
    {RADIO_HOLDS_UNKNOWN, RADIO_TEXT_AS_PROVEN, NO, RADIO_COMPARE},
};

enum radio_next radio_decide(const struct radio_facts *facts)
{
    for (size_t i = 0; facts->answers && i < sizeof radio_rows / sizeof radio_rows[0]; i++) {
        const struct radio_row *row = &radio_rows[i];
        if (row->holds == facts->holds && row->text == facts->text &&
            (row->compared == EITHER || (row->compared == YES) == facts->is_compared))
            return row->next;
    }
    return RADIO_FLASH;
}
