/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_host.h"

#include <stddef.h>

static struct fake_host *self(struct tdm_host *port)
{
    return (struct fake_host *)(void *)port;
}

static bool is_off(const struct fake_host *h)
{
    return h->power != NULL && h->power->is_off;
}

static bool is_used_up(const struct fake_host *h)
{
    return !h->is_final && h->start_limit > 0 && h->starts >= h->start_limit;
}

static tdm_err fake_running(struct tdm_host *port, enum tdm_host_slot *slot)
{
    struct fake_host *h = self(port);

    if (is_off(h))
        return TDM_E_POWER;
    if (h->running_err != TDM_OK)
        return h->running_err;
    *slot = h->running;
    return TDM_OK;
}

static tdm_err fake_next(struct tdm_host *port, enum tdm_host_slot *slot, bool *is_final)
{
    struct fake_host *h = self(port);

    if (is_off(h))
        return TDM_E_POWER;
    if (h->next_err != TDM_OK)
        return h->next_err;
    *slot = is_used_up(h) ? tdm_host_other(h->selected) : h->selected;
    *is_final = h->is_final;
    return TDM_OK;
}

static void obey(struct fake_host *h, enum tdm_host_slot slot, enum tdm_select how)
{
    h->selects++;
    h->last_slot = slot;
    h->last_how = how;
    if (h->ignores_select)
        return;
    h->selected = slot;
    h->is_final = how == TDM_SELECT_FINAL;
    h->starts = 0;
}

/* One atomic act: cut in the middle, it has happened or it has not. */
static tdm_err fake_select(struct tdm_host *port, enum tdm_host_slot slot, enum tdm_select how)
{
    struct fake_host *h = self(port);
    enum fake_power_verdict power = fake_power_step(h->power);

    if (power == FAKE_POWER_OFF)
        return TDM_E_POWER;
    if (h->on_select != NULL)
        h->on_select(h, slot, how);
    if (power == FAKE_POWER_ON && h->select_err != TDM_OK)
        return h->select_err;
    if (power == FAKE_POWER_ON || h->power->tear == FAKE_TEAR_ALL)
        obey(h, slot, how);
    return power == FAKE_POWER_ON ? TDM_OK : TDM_E_POWER;
}

static const struct tdm_host_ops fake_ops = {.running = fake_running, .next = fake_next, .select = fake_select};

void fake_host_init(struct fake_host *h, struct fake_power *power, struct tdm_flash *slot_a, struct tdm_flash *slot_b,
                    enum tdm_host_slot running)
{
    *h = (struct fake_host){
        .port = {.ops = &fake_ops, .has_slots = slot_a != NULL, .slots = {slot_a, slot_b}},
        .power = power,
        .running = running,
        .selected = running,
        .is_final = true,
    };
}

enum tdm_host_slot fake_host_restart(struct fake_host *h)
{
    h->running = is_used_up(h) ? tdm_host_other(h->selected) : h->selected;
    if (!h->is_final && !is_used_up(h))
        h->starts++;
    return h->running;
}
