/* SPDX-License-Identifier: Apache-2.0 */
/* ota history: what became of the updates of this router, newest first. */
#include <stdlib.h>
#include <time.h>

#include <tandem/history.h>

#include "historian.h"
#include "status.h"

#define ENTRIES_MAX 256u

static const struct app_option options[] = {{0}};

static int newest_first(const void *a, const void *b)
{
    uint32_t x = ((const struct history_entry *)a)->number, y = ((const struct history_entry *)b)->number;
    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t read_all(struct tdm_flash *flash, struct history_entry *entries)
{
    size_t count = 0;

    for (uint32_t i = 0; i < history_places(flash) && count < ENTRIES_MAX; i++) {
        if (history_get(flash, i, &entries[count]) == TDM_OK)
            count++;
    }
    qsort(entries, count, sizeof entries[0], newest_first);
    return count;
}

static void add(struct app *app, cJSON *list, const struct history_entry *e)
{
    time_t t = (time_t)e->time;
    char when[32] = "";
    struct tm utc;
    cJSON *row = cJSON_CreateObject();

    cJSON_AddItemToArray(list, row);
    cJSON_AddNumberToObject(row, "number", e->number);
    if (e->time != 0 && gmtime_r(&t, &utc) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cJSON_AddStringToObject(row, "time", when);
    cJSON_AddStringToObject(row, "result", status_result_word(e->code));
    cJSON_AddStringToObject(row, "version", e->version);
    if (slot_id_is_zero(e->id))
        cJSON_AddStringToObject(row, "image_id", "");
    else
        app_add_hex(row, "image_id", e->id, app->is_json ? SLOT_ID_LEN : 6);
    cJSON_AddStringToObject(row, "reason", e->reason);
}

int cmd_ota_history(struct app *app, int argc, char **argv)
{
    static struct history_entry entries[ENTRIES_MAX]; /* large, both: keep them off the stack */
    static struct device dev;
    int status = app_options(app, &argc, argv, options, 0);

    if (status != EXIT_OK)
        return status;
    historian_open(app, &dev, DEVICE_LOOK);
    size_t count = dev.history.is_open ? read_all(&dev.history.port, entries) : 0;
    cJSON *list = cJSON_AddArrayToObject(app->result, "history");
    for (size_t i = 0; i < count; i++)
        add(app, list, &entries[i]);
    if (count == 0)
        tdm_log_note(app->log, TDM_LOG_INFO, "no result of an update is recorded", 0);
    device_close(&dev);
    return EXIT_OK;
}
