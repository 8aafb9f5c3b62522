/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_facts.h"

#include <string.h>

/* Configured, or what the radio's ROM has told. An adopted bundle tells too, until another one is adopted. */
static uint16_t radio_chip(const struct install *in)
{
    if (in->cfg.radio_chip != JUDGE_CHIP_UNKNOWN)
        return in->cfg.radio_chip;
    return in->is_adopting && in->record.radio.flash_size == 0 ? JUDGE_CHIP_UNKNOWN : in->record.radio.chip;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void add_policy(const struct install *in, struct judge_facts *f)
{
    const struct install_policy *p = &in->cfg.policy;
    const struct slot_host_row *row = &in->record.host[in->plan.running];

    f->trust = p->trust;
    f->shown_id = p->shown_id;
    f->compatible = p->compatible;
    f->compatible_count = p->compatible_count;
    f->host_family = in->is_adopting ? MANIFEST_HOST_NONE : p->host_family; /* its host part is passed over */
    f->host_chip = p->host_chip;
    f->host_revision = p->host_revision;
    f->host = row->api != 0 ? (struct judge_half){row->api, row->least_radio_api} : p->host;
    f->radio = (struct judge_half){in->record.radio.api, in->record.radio.least_host_api};
    f->must_know_radio = true;
    f->counter_floor = in->record.counter_floor;
    f->now = later(in->record.time_floor, p->now);
    f->pair_version = row->pair_version;
    f->may_downgrade = p->may_downgrade || in->is_adopting; /* adopting tells what runs, it does not change it */
}

struct judge_facts install_facts(struct install *in)
{
    const struct install_config *c = &in->cfg;
    bool takes_host = c->host->has_slots || in->is_adopting;
    struct judge_facts f = {
        .bundle_room = c->rcp_slots[in->plan.rcp]->size,
        .host_room = c->host->has_slots && !in->is_adopting ? c->host->slots[in->plan.host]->size : 0,
        .takes_host = takes_host,
        .radio_chip = radio_chip(in),
        .radio_revision = in->record.radio.revision,
        .radio_flash_size = in->record.radio.flash_size,
        .bad_ids = (const uint8_t(*)[TDM_SHA256_LEN])in->bad_ids,
    };

    for (size_t i = 0; i < SLOT_BAD_MAX; i++) {
        if (!slot_id_is_zero(in->record.bad[i].id))
            memcpy(in->bad_ids[f.bad_count++], in->record.bad[i].id, SLOT_ID_LEN);
    }
    if (!in->plan.is_back) /* what was proven once may run again: keys and clocks may have changed since */
        add_policy(in, &f);
    return f;
}
