/* SPDX-License-Identifier: Apache-2.0 */
#include "historian.h"

#include <string.h>
#include <time.h>

#include <tandem/history.h>

#define HISTORY_SIZE     ((uint64_t)128 * 1024) /* 32 results */
#define CLOCK_WAS_SET_AT 1577836800             /* 2020: a router without a battery begins at 1970 */

void historian_open(struct app *app, struct device *dev, enum device_use use)
{
    char path[DEVICE_PATH_MAX];
    struct tdm_fault why = {0};

    if (!device_beside_record(&app->cfg, app->cfg.slots.history, "-history", path, sizeof path))
        return;
    tdm_err err = flash_file_open(&dev->history, path, HISTORY_SIZE,
                                  use == DEVICE_LOOK ? FLASH_FILE_READ : FLASH_FILE_CREATE, &why);
    if (err != TDM_OK && use != DEVICE_LOOK)
        tdm_log_note(app->log, TDM_LOG_WARNING, "the history cannot be written", 0);
}

static uint64_t now(void)
{
    time_t t = time(NULL);
    return t >= CLOCK_WAS_SET_AT ? (uint64_t)t : 0;
}

void historian_follow(struct device *dev)
{
    static struct slot_store store; /* large, both: keep them off the stack */
    static struct slot_record rec;
    enum slot_store_state state;
    struct history_entry e;

    if (!dev->history.is_open || !dev->history.is_writable || !dev->record.is_open)
        return;
    slot_store_init(&store, &dev->record.port);
    if (slot_store_peek(&store, &rec, &state) != TDM_OK || state != SLOT_STORE_OK || rec.result.number == 0)
        return;
    if (history_find(&dev->history.port, rec.result.number, &e) == TDM_OK || rec.result.code == SLOT_RESULT_NONE ||
        rec.result.code == SLOT_RESULT_WAITING)
        return;
    e = (struct history_entry){.number = rec.result.number, .code = rec.result.code, .time = now()};
    memcpy(e.id, rec.result.id, sizeof e.id);
    slot_text_set(e.version, sizeof e.version, rec.result.version);
    slot_text_set(e.reason, sizeof e.reason, rec.result.reason);
    if (history_append(&dev->history.port, &e) != TDM_OK)
        dev->history.is_writable = false; /* best effort: the record still holds it */
}
