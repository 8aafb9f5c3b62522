/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

static struct host_files *self(struct tdm_host *port)
{
    return (struct host_files *)(void *)port;
}

static tdm_err files_running(struct tdm_host *port, enum tdm_host_slot *slot)
{
    *slot = self(port)->running;
    return TDM_OK;
}

static tdm_err files_next(struct tdm_host *port, enum tdm_host_slot *slot, bool *is_final)
{
    struct bootsel_port *selector = self(port)->selector;
    struct bootsel sel;

    tdm_err err = selector->ops->load(selector, &sel);
    if (err != TDM_OK)
        return err;
    *slot = bootsel_choice(&sel);
    *is_final = sel.is_final;
    return TDM_OK;
}

static tdm_err files_select(struct tdm_host *port, enum tdm_host_slot slot, enum tdm_select how)
{
    struct bootsel_port *selector = self(port)->selector;

    return selector->ops->select(selector, slot, how);
}

static const struct tdm_host_ops files_ops = {.running = files_running, .next = files_next, .select = files_select};

void host_files_init(struct host_files *h, struct tdm_flash *slot_a, struct tdm_flash *slot_b,
                     struct bootsel_port *selector, enum tdm_host_slot running)
{
    struct bootsel sel = {.limit = 0};

    *h = (struct host_files){.port = {.ops = &files_ops, .has_slots = true, .slots = {slot_a, slot_b}},
                             .selector = selector,
                             .running = running};
    /* A selector that cannot be read shows when it is asked for the next start; it protects nothing until then. */
    h->port.counts_starts = selector->ops->load(selector, &sel) == TDM_OK && sel.limit > 0;
}

/* ---- a host without slots ---------------------------------------------------------------------------------------- */

static tdm_err none_next(struct tdm_host *port, enum tdm_host_slot *slot, bool *is_final)
{
    (void)port;
    *slot = TDM_HOST_A;
    *is_final = true;
    return TDM_OK;
}

static tdm_err none_select(struct tdm_host *port, enum tdm_host_slot slot, enum tdm_select how)
{
    (void)port;
    return slot == TDM_HOST_A && how == TDM_SELECT_FINAL ? TDM_OK : TDM_E_UNSUPPORTED;
}

static const struct tdm_host_ops none_ops = {.running = files_running, .next = none_next, .select = none_select};

void host_none_init(struct host_files *h)
{
    *h = (struct host_files){.port = {.ops = &none_ops}, .running = TDM_HOST_A};
}
