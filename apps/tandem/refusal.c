/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/esp_chip.h"
#include "value.h"

static const char *chip_name(uint16_t id)
{
    const struct esp_chip *chip = esp_chip_by_id(id);
    return chip != NULL ? chip->name : "a chip that is not known here";
}

static void put_revisions(char *out, size_t room, const struct manifest_side *side, uint16_t own)
{
    char upto[24] = " on";

    if (side->revision_max != MANIFEST_REVISION_ANY)
        (void)snprintf(upto, sizeof upto, " to %d.%d", side->revision_max / 100, side->revision_max % 100);
    (void)snprintf(out, room, "it is for revisions %d.%d%s, this one has %d.%d", side->revision_min / 100,
                   side->revision_min % 100, upto, own / 100, own % 100);
}

static void tell_board(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    (void)snprintf(out, room, "it is for %s, this router is %s%s", v->manifest.compatible, f->compatible[0],
                   f->compatible_count > 1 ? " or one of the others in [device] compatible" : "");
}

static void tell_radio(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    const struct manifest_side *side = &v->manifest.radio;

    if (!v->has_manifest)
        (void)snprintf(out, room, "this router's is an %s", chip_name(f->radio_chip));
    else if (side->chip != f->radio_chip)
        (void)snprintf(out, room, "it is for an %s, this router's is an %s", chip_name(side->chip),
                       chip_name(f->radio_chip));
    else if (f->radio_flash_size > 0 && f->radio_flash_size < v->manifest.least_flash)
        (void)snprintf(out, room, "it needs %" PRIu32 " KiB, this one has %" PRIu32, v->manifest.least_flash / 1024,
                       f->radio_flash_size / 1024);
    else
        put_revisions(out, room, side, f->radio_revision);
}

static void tell_host(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    static const char *const kinds[] = {"unknown", "esp", "opaque"};
    const struct manifest_side *side = &v->manifest.host;

    if (side->family != f->host_family && side->family < 3 && f->host_family < 3)
        (void)snprintf(out, room, "it states %s, [host] kind is %s", kinds[side->family], kinds[f->host_family]);
    else if (side->chip != f->host_chip)
        (void)snprintf(out, room, "it is for an %s, [host] chip is %s", chip_name(side->chip), chip_name(f->host_chip));
    else
        put_revisions(out, room, side, f->host_revision);
}

static void tell_counter(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    (void)snprintf(out, room, "it states %" PRIu32 ", the least is %" PRIu32, v->manifest.counter, f->counter_floor);
}

static void tell_expiry(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    char then[VALUE_TIME_LEN], now[VALUE_TIME_LEN];

    (void)snprintf(out, room, "at %s, and by this router's time it is %s", value_time_text(v->manifest.expires, then),
                   value_time_text(f->now, now));
}

static void tell_version(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room)
{
    (void)snprintf(out, room, "it is %s, %s runs", v->manifest.pair_version, f->pair_version);
}

const char *refusal_words(const struct judge *j, char out[REFUSAL_MAX])
{
    static const struct {
        const char *code;
        void (*tell)(const struct judge_facts *f, const struct judge_verdict *v, char *out, size_t room);
    } rows[] = {
        {"wrong_board", tell_board},       {"wrong_radio", tell_radio}, {"wrong_host", tell_host},
        {"counter_too_low", tell_counter}, {"expired", tell_expiry},    {"downgrade", tell_version},
    };

    (void)snprintf(out, REFUSAL_MAX, ": ");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && j->fault.code != NULL; i++) {
        if (strcmp(rows[i].code, j->fault.code) == 0)
            return rows[i].tell(&j->facts, &j->verdict, out + 2, REFUSAL_MAX - 2), out;
    }
    out[0] = '\0';
    return out;
}
