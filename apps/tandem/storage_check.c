/* SPDX-License-Identifier: Apache-2.0 */
#include "storage_check.h"

#include <string.h>

#include "advice.h"
#include "linux/block_place.h"

#define PLACES_MAX 8

struct place {
    const char *key, *path;
};

static bool is_place(const char *path)
{
    return path[0] != '\0' && strcmp(path, "none") != 0;
}

/* What this router uses; without a path of their own history and journal lie beside the record. */
static size_t list(const struct config *cfg, struct place *places)
{
    const struct {
        bool is_used;
        struct place place;
    } all[PLACES_MAX] = {
        {true, {"[slots] record", cfg->slots.record}},
        {is_place(cfg->slots.history), {"[slots] history", cfg->slots.history}},
        {is_place(cfg->slots.journal), {"[slots] journal", cfg->slots.journal}},
        {true, {"[slots] rcp-0", cfg->slots.rcp_0}},
        {true, {"[slots] rcp-1", cfg->slots.rcp_1}},
        {cfg->host.has_slots && strcmp(cfg->host.selector, "record") == 0,
         {"[host] boot-record", cfg->host.boot_record}},
        {cfg->host.has_slots, {"[host] slot-a", cfg->host.slot_a}},
        {cfg->host.has_slots, {"[host] slot-b", cfg->host.slot_b}},
    };
    size_t count = 0;

    for (size_t i = 0; i < PLACES_MAX; i++) {
        if (all[i].is_used)
            places[count++] = all[i].place;
    }
    return count;
}

int storage_check(struct app *app)
{
    struct place places[PLACES_MAX];
    size_t count = list(&app->cfg, places);

    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            if (block_place_is_shared(places[i].path, places[k].path))
                return app_fail(app, TDM_E_REFUSED, "storage_twice",
                                "%s = %s and %s = %s are one storage, or one lies on the other; %s", places[i].key,
                                places[i].path, places[k].key, places[k].path, advice_for("storage_twice"));
        }
    }
    return EXIT_OK;
}
