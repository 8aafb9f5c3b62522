/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge_policy.h"

#include <string.h>

#include "base/semver.h"

/* ---- J1, J2: which image ---- */

static bool is_known_bad(const struct judge_facts *f, const struct judge_verdict *v)
{
    for (size_t i = 0; i < f->bad_count; i++) {
        if (memcmp(f->bad_ids[i], v->id, TDM_SHA256_LEN) == 0)
            return true;
    }
    return false;
}

static bool is_not_the_shown(const struct judge_facts *f, const struct judge_verdict *v)
{
    return f->shown_id != NULL && memcmp(f->shown_id, v->id, TDM_SHA256_LEN) != 0;
}

/* ---- J3 to J5: which device ---- */

static bool is_other_board(const struct judge_facts *f, const struct judge_verdict *v)
{
    for (size_t i = 0; i < f->compatible_count; i++) {
        if (strcmp(f->compatible[i], v->manifest.compatible) == 0)
            return false;
    }
    return f->compatible_count > 0;
}

static bool is_revision_outside(const struct manifest_side *side, uint16_t revision)
{
    bool is_over = side->revision_max != MANIFEST_REVISION_ANY && revision > side->revision_max;
    return revision != JUDGE_REVISION_UNKNOWN && (revision < side->revision_min || is_over);
}

static bool is_other_host_kind(const struct judge_facts *f, const struct judge_verdict *v)
{
    uint16_t family = v->manifest.host.family;
    return family != MANIFEST_HOST_NONE && f->host_family != MANIFEST_HOST_NONE && family != f->host_family;
}

/* An ESP host part, and a device that says which chip it has. */
static bool is_host_chip_asked(const struct judge_facts *f, const struct judge_verdict *v)
{
    return v->manifest.host.family == MANIFEST_HOST_ESP && f->host_family == MANIFEST_HOST_ESP &&
           f->host_chip != JUDGE_CHIP_UNKNOWN;
}

static bool is_other_host_chip(const struct judge_facts *f, const struct judge_verdict *v)
{
    return is_host_chip_asked(f, v) && f->host_chip != v->manifest.host.chip;
}

static bool is_other_host_revision(const struct judge_facts *f, const struct judge_verdict *v)
{
    return is_host_chip_asked(f, v) && is_revision_outside(&v->manifest.host, f->host_revision);
}

static bool is_radio_chip_asked(const struct judge_facts *f, const struct judge_verdict *v)
{
    return v->manifest.radio.family != MANIFEST_RADIO_NONE && f->radio_chip != JUDGE_CHIP_UNKNOWN;
}

static bool is_other_radio_chip(const struct judge_facts *f, const struct judge_verdict *v)
{
    return is_radio_chip_asked(f, v) && f->radio_chip != v->manifest.radio.chip;
}

static bool is_other_radio_revision(const struct judge_facts *f, const struct judge_verdict *v)
{
    return is_radio_chip_asked(f, v) && is_revision_outside(&v->manifest.radio, f->radio_revision);
}

static bool is_radio_flash_small(const struct judge_facts *f, const struct judge_verdict *v)
{
    return f->radio_flash_size > 0 && f->radio_flash_size < v->manifest.least_flash;
}

/* ---- J6: the half that stays ---- */

bool judge_policy_do_speak(const struct judge_half *radio, const struct judge_half *host)
{
    return radio->api >= host->least_api && host->api >= radio->least_api;
}

static bool is_other_half_unable(const struct judge_facts *f, const struct judge_verdict *v)
{
    const struct judge_half radio = {v->manifest.radio.api, v->manifest.radio.least_api};
    const struct judge_half host = {v->manifest.host.api, v->manifest.host.least_api};

    if (v->layout.kind == IMAGE_KIND_RADIO)
        return f->host.api > 0 && !judge_policy_do_speak(&radio, &f->host);
    if (v->layout.kind == IMAGE_KIND_HOST)
        return f->radio.api > 0 ? !judge_policy_do_speak(&f->radio, &host) : f->must_know_radio;
    return false;
}

/* ---- J7 to J9: how old ---- */

/* A plain image has no manifest, so its counter is 0. */
static bool is_counter_low(const struct judge_facts *f, const struct judge_verdict *v)
{
    return v->manifest.counter < f->counter_floor;
}

static bool is_expired(const struct judge_facts *f, const struct judge_verdict *v)
{
    return v->manifest.expires != 0 && f->now > v->manifest.expires;
}

static bool is_downgrade(const struct judge_facts *f, const struct judge_verdict *v)
{
    if (f->may_downgrade || f->pair_version == NULL || !semver_is_valid(f->pair_version))
        return false;
    return semver_compare(v->manifest.pair_version, f->pair_version) < 0;
}

/* ---- J10: room ---- */

static bool is_host_without_slots(const struct judge_facts *f, const struct judge_verdict *v)
{
    return v->layout.host_size > 0 && !f->takes_host;
}

static bool is_bundle_large(const struct judge_facts *f, const struct judge_verdict *v)
{
    return f->bundle_room > 0 && v->layout.bundle_size > f->bundle_room;
}

static bool is_host_large(const struct judge_facts *f, const struct judge_verdict *v)
{
    return f->host_room > 0 && v->layout.host_size > f->host_room;
}

/* ---- the order ---- */

/* What a refusal points to: a field of the manifest, or how large the thing is. */
enum points_to { AT_START, AT_FIELD, AT_BUNDLE_SIZE, AT_HOST_SIZE };

#define ASKED_ID    1u /* of every image, when its id is known  */
#define ASKED_PLAIN 2u /* of a plain image's front              */
#define ASKED_ALL   4u /* of a manifest: every row              */

static const struct rule {
    bool (*is_broken)(const struct judge_facts *f, const struct judge_verdict *v);
    tdm_err err;
    const char *code, *what;
    enum points_to points_to;
    uint8_t field; /* offset in the manifest */
    uint8_t asked;
} rules[] = {
    {is_known_bad, TDM_E_REFUSED, "known_bad", "this image has failed on this router before", AT_START, 0, ASKED_ID},
    {is_not_the_shown, TDM_E_MISMATCH, "not_the_one_shown", "another image than the one that was shown", AT_START, 0,
     ASKED_ID},
    {is_other_board, TDM_E_MISMATCH, "wrong_board", "made for another board", AT_FIELD, 64, 0},
    {is_other_host_kind, TDM_E_MISMATCH, "wrong_host", "host firmware of another kind", AT_FIELD, 140, 0},
    {is_other_host_chip, TDM_E_MISMATCH, "wrong_host", "made for another host chip", AT_FIELD, 142, 0},
    {is_other_host_revision, TDM_E_MISMATCH, "wrong_host", "made for other revisions of the host chip", AT_FIELD, 144,
     0},
    {is_other_radio_chip, TDM_E_MISMATCH, "wrong_radio", "made for another radio chip", AT_FIELD, 130, 0},
    {is_other_radio_revision, TDM_E_MISMATCH, "wrong_radio", "made for other revisions of the radio chip", AT_FIELD,
     132, 0},
    {is_radio_flash_small, TDM_E_MISMATCH, "wrong_radio", "made for a radio with more flash", AT_FIELD, 28, 0},
    {is_other_half_unable, TDM_E_MISMATCH, "api_mismatch", "does not speak with the half that stays", AT_FIELD, 136, 0},
    {is_counter_low, TDM_E_REFUSED, "counter_too_low", "below this router's security counter", AT_FIELD, 24,
     ASKED_PLAIN},
    {is_expired, TDM_E_REFUSED, "expired", "the image has expired", AT_FIELD, 16, 0},
    {is_downgrade, TDM_E_REFUSED, "downgrade", "older than what runs", AT_FIELD, 32, 0},
    {is_host_without_slots, TDM_E_REFUSED, "host_has_no_slots",
     "carries host firmware, but this host has no slots of its own", AT_START, 0, ASKED_PLAIN},
    {is_bundle_large, TDM_E_NO_ROOM, "no_room", "radio bundle larger than its slot", AT_BUNDLE_SIZE, 0, ASKED_PLAIN},
    {is_host_large, TDM_E_NO_ROOM, "no_room", "host firmware larger than its slot", AT_HOST_SIZE, 0, ASKED_PLAIN},
};

static uint64_t place(const struct rule *r, const struct judge_verdict *v, uint64_t manifest_at)
{
    switch (r->points_to) {
    case AT_FIELD:
        return v->has_manifest ? manifest_at + r->field : 0;
    case AT_BUNDLE_SIZE:
        return v->layout.bundle_size;
    case AT_HOST_SIZE:
        return v->layout.host_size;
    case AT_START:
    default:
        return 0;
    }
}

static tdm_err ask(const struct judge_facts *f, const struct judge_verdict *v, unsigned which, uint64_t manifest_at,
                   struct tdm_fault *fault)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const struct rule *r = &rules[i];
        if (((r->asked | ASKED_ALL) & which) != 0 && r->is_broken(f, v))
            return tdm_fault_set(fault, r->err, r->code, r->what, place(r, v, manifest_at));
    }
    return TDM_OK;
}

tdm_err judge_policy_check(const struct judge_facts *f, const struct judge_verdict *v, uint64_t manifest_at,
                           struct tdm_fault *fault)
{
    return ask(f, v, ASKED_ALL, manifest_at, fault);
}

tdm_err judge_policy_check_plain(const struct judge_facts *f, const struct judge_verdict *v, struct tdm_fault *fault)
{
    return ask(f, v, ASKED_PLAIN, 0, fault);
}

tdm_err judge_policy_check_id(const struct judge_facts *f, const struct judge_verdict *v, struct tdm_fault *fault)
{
    return ask(f, v, ASKED_ID, 0, fault);
}
