/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pair_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

static void breach(struct pair_watch *p, const char *what)
{
    if (p->broken == NULL)
        p->broken = what;
}

static void must(struct pair_watch *p, bool holds, const char *else_what)
{
    if (!holds)
        breach(p, else_what);
}

/* ---- what is known ------------------------------------------------------------------------------------------------- */

static void look(struct pair_watch *p)
{
    struct fake_flash medium = p->w->router.record;
    struct slot_store store;

    medium.mem = medium.durable;
    medium.power = NULL;
    slot_store_init(&store, &medium.port);
    assert_int_equal(slot_store_peek(&store, &p->seen_record, &p->seen_state), TDM_OK);
    memcpy(p->seen, medium.durable, sizeof p->seen);
    p->has_seen = true;
}

enum slot_store_state watch_peek(struct pair_watch *p, struct slot_record *out)
{
    assert_int_equal(p->w->router.record.port.size, sizeof p->seen);
    if (!p->has_seen || memcmp(p->seen, p->w->router.record.durable, sizeof p->seen) != 0)
        look(p);
    *out = p->seen_record;
    return p->seen_state;
}

static bool are_copies_alike(const struct pair_watch *p)
{
    const struct fake_flash *f = &p->w->router.record;
    return memcmp(f->durable, f->durable + f->port.erase_size, SLOT_RECORD_ROOM) == 0;
}

/* The record that announces an effect: in both copies, and durable. */
static bool announced(struct pair_watch *p, struct slot_record *rec)
{
    bool is_there = watch_peek(p, rec) == SLOT_STORE_OK;

    must(p, is_there, "an effect without any record");
    must(p, !is_there || are_copies_alike(p), "an effect before both copies of the record agree");
    return is_there;
}

static int find_image(const struct pair_watch *p, const struct slot_content *c)
{
    for (size_t i = 0; i < p->image_count; i++)
        if (memcmp(p->digests[i], c->digest, sizeof c->digest) == 0)
            return (int)i;
    return -1;
}

/* Which image this host's radio should hold, or -1 when none can run there. */
static int wanted_image(const struct pair_watch *p, const struct slot_record *rec, enum tdm_host_slot host)
{
    uint8_t rcp = rec->host[host].rcp;
    int i = rcp < SLOT_RCP_SLOTS ? find_image(p, &rec->rcp[rcp]) : -1;

    return i >= 0 && p->says[i] != NULL ? i : -1;
}

static bool is_radio_right(const struct pair_watch *p, const struct slot_record *rec, enum tdm_host_slot host)
{
    int i = wanted_image(p, rec, host);

    return i >= 0 && pair_radio_holds(p->w, p->images[i]);
}

static enum tdm_host_slot next_start(const struct pair_watch *p)
{
    struct fake_host copy = p->w->router.host;
    return fake_host_restart(&copy);
}

/* ---- before each effect -------------------------------------------------------------------------------------------- */

static bool is_named(const struct pair_watch *p, const struct slot_record *rec, int rcp)
{
    for (int h = 0; h < TDM_HOST_SLOTS; h++) {
        uint8_t state = rec->host[h].content.state;
        bool counts = h == (int)p->w->router.host.running || state == SLOT_GOOD || state == SLOT_TRIAL;
        if (counts && rec->host[h].rcp == rcp)
            return true;
    }
    return rec->back.rcp == rcp;
}

static void on_slot_write(struct fake_flash *f, void *watcher)
{
    struct pair_watch *p = watcher;
    struct install_world *r = &p->w->router;
    struct slot_record rec;

    if (!announced(p, &rec))
        return;
    for (int i = 0; i < 2; i++) {
        bool is_in_use = i == (int)r->host.running || i == (int)next_start(p) || rec.back.host == i;
        if (f == &r->host_slots[i])
            must(p, !is_in_use && rec.host[i].content.state == SLOT_WRITING, "a host slot in use is written");
        if (f == &r->rcp[i])
            must(p, !is_named(p, &rec, i) && rec.rcp[i].state == SLOT_WRITING, "an RCP slot in use is written");
    }
    must(p, rec.trial.kind == SLOT_TRIAL_NONE, "a slot is written during a trial");
}

static void on_select(struct fake_host *h, enum tdm_host_slot slot, enum tdm_select how)
{
    struct pair_watch *p = h->watcher;
    struct slot_record rec;

    if (!announced(p, &rec))
        return;
    bool is_trial = rec.trial.kind == SLOT_TRIAL_HOST && rec.trial.to == (uint8_t)slot &&
                    rec.host[slot].content.state == SLOT_TRIAL;
    bool is_proven = rec.trial.kind == SLOT_TRIAL_NONE && rec.host[slot].content.state == SLOT_GOOD;
    bool is_cancel = rec.back.host == slot && h->running == slot && rec.host[slot].content.state == SLOT_GOOD;
    if (how == TDM_SELECT_TRIAL)
        must(p, is_trial && rec.back.host != slot, "a host that is not on trial is selected for trial");
    else
        must(p, is_proven || is_cancel || (is_trial && h->running == slot && is_radio_right(p, &rec, slot)),
             "a pair is selected for good that is neither proven nor right");
}

static void on_radio_write(struct pair_world *w)
{
    struct pair_watch *p = w->router.host.watcher;
    struct slot_record rec;

    if (!announced(p, &rec))
        return;
    must(p, !rec.radio.is_known, "the radio is flashed while the record says what it holds");
    /* With the other bundle, which is none for a trial, the attempts of the own one are used up. */
    bool is_other = rec.trial.kind == SLOT_TRIAL_NONE && rec.radio.failed >= RECONCILE_FAILED_MAX;
    unsigned begun_max = is_other ? RECONCILE_OTHER_BEGUN_MAX : RECONCILE_BEGUN_MAX;
    unsigned failed_max = is_other ? RECONCILE_OTHER_FAILED_MAX : RECONCILE_FAILED_MAX;
    must(p, rec.radio.begun >= 1 && rec.radio.begun <= begun_max, "a flash that is not counted");
    must(p, rec.radio.failed < failed_max, "a flash after the last one that was granted");
}

void watch_begin(struct pair_watch *p, struct pair_world *w)
{
    struct slot_record rec;

    p->w = w;
    p->broken = NULL;
    p->is_back = p->newest_is_host = false;
    memset(p->newest, 0, sizeof p->newest);
    p->had_record = watch_peek(p, &rec) == SLOT_STORE_OK;
    p->floor_before = p->had_record ? rec.counter_floor : 0;
    w->on_radio_write = on_radio_write;
    w->router.host.on_select = on_select;
    w->router.host.watcher = p;
    for (int i = 0; i < 2; i++) {
        struct fake_flash *slots[] = {&w->router.host_slots[i], &w->router.rcp[i]};
        for (int k = 0; k < 2; k++) {
            slots[k]->on_write = on_slot_write;
            slots[k]->watcher = p;
        }
    }
}

void watch_image(struct pair_watch *p, const struct sample_image *s, const char *says)
{
    assert_true(p->image_count < WATCH_IMAGES);
    p->images[p->image_count] = s;
    (void)SHA256(s->bytes, s->bundle_len, p->digests[p->image_count]);
    p->says[p->image_count++] = says;
}

void watch_update(struct pair_watch *p, const struct sample_image *s, uint32_t counter)
{
    p->newest_is_host = s->cells_at > 0 && s->bundle_len == 0;
    if (s->cells_at > 0)
        sample_image_id(s, p->newest);
    else
        (void)SHA256(s->bytes, s->len, p->newest);
    p->newest_counter = counter;
}

void watch_back(struct pair_watch *p, const struct sample_image *s)
{
    struct slot_record rec;

    watch_update(p, s, p->floor_before);
    p->is_back = true;
    p->back_host = watch_peek(p, &rec) == SLOT_STORE_OK ? rec.back.host : SLOT_HOST_NONE;
}

bool watch_rot(struct pair_watch *p, uint8_t rcp)
{
    struct fake_flash *f = &p->w->router.rcp[rcp];
    struct slot_record rec;
    bool is_there = watch_peek(p, &rec) == SLOT_STORE_OK && rec.rcp[rcp].state >= SLOT_STAGED;
    int i = is_there ? find_image(p, &rec.rcp[rcp]) : -1;

    if (i < 0)
        return false;
    size_t at = p->images[i]->part_at[4] + 400;
    f->mem[at] ^= 4;
    f->durable[at] ^= 4;
    p->rotten[i] = true;
    return true;
}

/* ---- at any time --------------------------------------------------------------------------------------------------- */

static bool is_newest(const struct pair_watch *p, const struct slot_content *c)
{
    return !slot_id_is_zero(p->newest) && slot_id_equal(c->id, p->newest);
}

/* A rollback is proven when its bundle belongs to the host that was selected for good. */
static bool counts(const struct pair_watch *p, const struct slot_record *rec, int rcp)
{
    if (!p->is_back)
        return true;
    uint8_t selected = (uint8_t)p->w->router.host.selected;
    const struct slot_host_row *row = &rec->host[selected];
    return rec->trial.kind == SLOT_TRIAL_NONE && selected == p->back_host && row->rcp == rcp &&
           row->content.state == SLOT_GOOD; /* a refused one may name a bundle that another host has proven */
}

static int newest_slot(const struct pair_watch *p, const struct slot_record *rec, enum slot_state state)
{
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        if (is_newest(p, &rec->rcp[i]) && rec->rcp[i].state == state && counts(p, rec, i))
            return i;
    for (int h = 0; p->newest_is_host && h < TDM_HOST_SLOTS; h++)
        if (is_newest(p, &rec->host[h].content) && rec->host[h].content.state == state)
            return rec->host[h].rcp;
    return -1;
}

bool watch_is_proven(struct pair_watch *p)
{
    struct slot_record rec;
    return watch_peek(p, &rec) == SLOT_STORE_OK && newest_slot(p, &rec, SLOT_GOOD) >= 0;
}

bool watch_is_bad(struct pair_watch *p)
{
    struct slot_record rec;
    return watch_peek(p, &rec) == SLOT_STORE_OK && slot_record_bad_reason(&rec, p->newest) != NULL;
}

enum slot_state watch_state(struct pair_watch *p)
{
    struct slot_record rec;

    if (watch_peek(p, &rec) == SLOT_STORE_OK)
        for (int state = SLOT_BAD; state > SLOT_EMPTY; state--)
            if (newest_slot(p, &rec, (enum slot_state)state) >= 0)
                return (enum slot_state)state;
    return SLOT_EMPTY;
}

size_t watch_radio_image(const struct pair_watch *p)
{
    for (size_t i = 0; i < p->image_count; i++)
        if (pair_radio_holds(p->w, p->images[i]))
            return i;
    return WATCH_IMAGES;
}

static bool is_stored(const struct pair_watch *p, const struct fake_flash *f, const struct slot_content *c)
{
    struct fake_flash medium = *f;
    int i = find_image(p, c);

    medium.mem = f->durable;
    return (i >= 0 && p->rotten[i]) || world_is_whole(&medium, c);
}

static bool is_pair_stored(const struct pair_watch *p, const struct slot_record *rec, int h)
{
    const struct slot_host_row *row = &rec->host[h];
    const struct install_world *r = &p->w->router;

    if (row->content.state != SLOT_GOOD || (row->content.length > 0 && !is_stored(p, &r->host_slots[h], &row->content)))
        return false;
    return row->rcp == SLOT_RCP_NONE || is_stored(p, &r->rcp[row->rcp], &rec->rcp[row->rcp]);
}

static void visit_slots(struct pair_watch *p, const struct slot_record *rec)
{
    const struct install_world *r = &p->w->router;

    for (int i = 0; i < 2; i++) {
        const struct slot_content *host = &rec->host[i].content, *rcp = &rec->rcp[i];
        must(p, rcp->state < SLOT_STAGED || is_stored(p, &r->rcp[i], rcp),
             "the record claims a bundle that is not whole");
        must(p, host->state < SLOT_STAGED || host->length == 0 || is_stored(p, &r->host_slots[i], host),
             "the record claims a host that is not whole");
    }
    must(p, is_pair_stored(p, rec, 0) || is_pair_stored(p, rec, 1), "no proven pair is stored");
    if (rec->trial.kind != SLOT_TRIAL_NONE) {
        bool is_there = rec->back.host < TDM_HOST_SLOTS && rec->host[rec->back.host].content.state == SLOT_GOOD;
        must(p, is_there, "a trial without a host to go back to");
        must(p, rec->back.rcp == SLOT_RCP_NONE || is_stored(p, &r->rcp[rec->back.rcp], &rec->rcp[rec->back.rcp]),
             "a trial without a bundle to go back to");
    }
}

/* Success is recorded last, and the floor rises with it and not before. */
static void visit_success(struct pair_watch *p, const struct slot_record *rec)
{
    int slot = newest_slot(p, rec, SLOT_GOOD);
    const struct fake_host *h = &p->w->router.host;

    must(p, rec->counter_floor == (slot >= 0 ? p->newest_counter : p->floor_before),
         "the floor is not what was proven");
    if (slot < 0)
        return;
    must(p, rec->trial.kind == SLOT_TRIAL_NONE, "proven, and yet on trial");
    must(p, rec->host[h->selected].rcp == slot && h->is_final, "proven, and the boot loader may start another host");
    must(p, is_radio_right(p, rec, next_start(p)), "proven, and the radio does not hold it");
}

static void visit_selection(struct pair_watch *p, const struct slot_record *rec)
{
    enum tdm_host_slot next = next_start(p);
    uint8_t state = rec->host[next].content.state;

    must(p, state == SLOT_GOOD || state == SLOT_TRIAL || (state == SLOT_BAD && next == p->w->router.host.running),
         "the next start is of a host that is neither proven nor on trial");
    must(p, slot_record_bad_reason(rec, p->newest) == NULL || newest_slot(p, rec, SLOT_TRIAL) < 0,
         "a refused image is on trial");
}

void watch_visit(struct pair_watch *p)
{
    struct slot_record rec;

    if (watch_peek(p, &rec) != SLOT_STORE_OK) {
        must(p, !p->had_record, "the record is gone");
        return;
    }
    visit_slots(p, &rec);
    visit_success(p, &rec);
    visit_selection(p, &rec);
}

void watch_outcome(struct pair_watch *p, enum reconcile_outcome outcome)
{
    const struct fake_host *h = &p->w->router.host;
    struct slot_record rec;

    watch_visit(p);
    must(p, !p->w->flow.was_confirmed || watch_is_proven(p), "success is told and not recorded");
    must(p, outcome != RECONCILE_DEGRADED || p->w->flow.fault.err != TDM_OK, "degraded without a reason");
    if (outcome == RECONCILE_SUBSTITUTE && watch_peek(p, &rec) == SLOT_STORE_OK)
        must(p, is_radio_right(p, &rec, h->running), "a substitute is told, and the radio does not hold it");
    if (outcome != RECONCILE_OK && outcome != RECONCILE_UNMANAGED)
        return;
    must(p, h->is_final && h->selected == h->running, "at rest, and the boot loader may start another host");
    if (watch_peek(p, &rec) != SLOT_STORE_OK || outcome == RECONCILE_UNMANAGED)
        return;
    must(p, rec.trial.kind == SLOT_TRIAL_NONE && rec.host[h->running].content.state == SLOT_GOOD,
         "ok is told of a pair that is not proven");
    must(p, is_radio_right(p, &rec, h->running), "ok is told, and the radio does not hold its bundle");
    int i = wanted_image(p, &rec, h->running);
    must(p, i >= 0 && strcmp(pair_radio_runs(p->w), p->says[i]) == 0, "ok is told, and the radio does not run");
}
