/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/semver.h"
#include "image/manifest_format.h"

#define FLASH_UNIT 4096u

static tdm_err bad(struct tdm_fault *fault, const char *what, size_t at)
{
    return tdm_fault_set(fault, TDM_E_FORMAT, "bad_manifest", what, at);
}

static tdm_err check_counter_and_times(const struct manifest *m, struct tdm_fault *fault)
{
    if (m->counter > MANIFEST_COUNTER_MAX)
        return bad(fault, "security counter above 2147483647", MANIFEST_AT_COUNTER);
    if (m->issued > MANIFEST_TIME_MAX)
        return bad(fault, "time of issue after the year 9999", MANIFEST_AT_ISSUED);
    if (m->expires > MANIFEST_TIME_MAX)
        return bad(fault, "time of expiry after the year 9999", MANIFEST_AT_EXPIRES);
    if (m->expires != 0 && m->issued == 0)
        return bad(fault, "expires, but was never issued", MANIFEST_AT_EXPIRES);
    if (m->expires != 0 && m->expires <= m->issued)
        return bad(fault, "expires before it was issued", MANIFEST_AT_EXPIRES);
    return TDM_OK;
}

/* Ends within its field, and nothing stands behind its end. */
static bool is_zero_filled(const char *text, size_t size)
{
    for (size_t i = manifest_text_length(text, size); i < size; i++) {
        if (text[i] != '\0')
            return false;
    }
    return text[size - 1] == '\0';
}

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

/* Bytes of a vendor's or board's name at text, 0 when none begins there. */
static size_t name_length(const char *text)
{
    return strspn(text, LETTERS_AND_DIGITS) > 0 ? strspn(text, LETTERS_AND_DIGITS "._-") : 0;
}

bool manifest_compatible_is_valid(const char *text)
{
    size_t vendor = name_length(text);
    if (vendor == 0 || text[vendor] != ',')
        return false;
    size_t board = name_length(text + vendor + 1);
    return board > 0 && text[vendor + 1 + board] == '\0';
}

static tdm_err check_names(const struct manifest *m, struct tdm_fault *fault)
{
    if (!is_zero_filled(m->pair_version, sizeof m->pair_version))
        return bad(fault, "pair version not filled up with zeros", MANIFEST_AT_PAIR_VERSION);
    if (!semver_is_valid(m->pair_version))
        return bad(fault, "pair version is not MAJOR.MINOR.PATCH[-PRE]", MANIFEST_AT_PAIR_VERSION);
    if (!is_zero_filled(m->compatible, sizeof m->compatible))
        return bad(fault, "compatible not filled up with zeros", MANIFEST_AT_COMPATIBLE);
    if (!manifest_compatible_is_valid(m->compatible))
        return bad(fault, "compatible is not vendor,board in lower case", MANIFEST_AT_COMPATIBLE);
    return TDM_OK;
}

/* What differs between the two sides. */
static const struct side_row {
    size_t at;
    uint16_t last_family;
    const char *stray, *missing, *later, *revision, *api, *least_api;
} radio_row = {MANIFEST_AT_RADIO,
               MANIFEST_RADIO_ESP,
               "radio block in an image without radio parts",
               "no radio block in an image with radio parts",
               "radio of a family that a later format knows",
               "radio's least revision above its greatest",
               "radio API 0",
               "radio's least host API not from 1 to its own"},
  host_row = {MANIFEST_AT_HOST,
              MANIFEST_HOST_OPAQUE,
              "host block in an image without host part",
              "no host block in an image with a host part",
              "host of a family that a later format knows",
              "host's least revision above its greatest",
              "host API 0",
              "host's least radio API not from 1 to its own"};

static bool is_side_blank(const struct manifest_side *s)
{
    return s->family == 0 && s->chip == 0 && s->revision_min == 0 && s->revision_max == 0 && s->api == 0 &&
           s->least_api == 0;
}

static tdm_err check_side(const struct manifest_side *s, const struct side_row *row, bool has_part,
                          struct tdm_fault *fault)
{
    if (!has_part)
        return is_side_blank(s) ? TDM_OK : bad(fault, row->stray, row->at);
    if (s->family == 0)
        return bad(fault, row->missing, row->at);
    if (s->family > row->last_family)
        return tdm_fault_set(fault, TDM_E_TOO_NEW, "too_new", row->later, row->at);
    if (s->revision_min > s->revision_max)
        return bad(fault, row->revision, row->at + MANIFEST_AT_REVISION_MIN);
    if (s->api == 0)
        return bad(fault, row->api, row->at + MANIFEST_AT_API);
    if (s->least_api == 0 || s->least_api > s->api)
        return bad(fault, row->least_api, row->at + MANIFEST_AT_LEAST_API);
    return TDM_OK;
}

static tdm_err check_radio(const struct manifest *m, bool has_radio, struct tdm_fault *fault)
{
    if (check_side(&m->radio, &radio_row, has_radio, fault) != TDM_OK)
        return fault->err;
    if (!has_radio && m->least_flash != 0)
        return bad(fault, "flash size in an image without radio parts", MANIFEST_AT_LEAST_FLASH);
    if (has_radio && (m->least_flash == 0 || m->least_flash % FLASH_UNIT != 0))
        return bad(fault, "flash size not a multiple of 4096 above 0", MANIFEST_AT_LEAST_FLASH);
    return TDM_OK;
}

static tdm_err check_host(const struct manifest *m, bool has_host, struct tdm_fault *fault)
{
    if (check_side(&m->host, &host_row, has_host, fault) != TDM_OK)
        return fault->err;
    if (m->host.family != MANIFEST_HOST_OPAQUE)
        return TDM_OK;
    if (m->host.chip != 0)
        return bad(fault, "chip of an opaque host part", (size_t)MANIFEST_AT_HOST + MANIFEST_AT_CHIP);
    if (m->host.revision_max != 0) /* the least is not above it */
        return bad(fault, "chip revisions of an opaque host part", (size_t)MANIFEST_AT_HOST + MANIFEST_AT_REVISION_MIN);
    return TDM_OK;
}

tdm_err manifest_check_fields(const struct manifest *m, bool has_radio, bool has_host, struct tdm_fault *fault)
{
    if (check_counter_and_times(m, fault) != TDM_OK || check_names(m, fault) != TDM_OK ||
        check_radio(m, has_radio, fault) != TDM_OK)
        return fault->err;
    return check_host(m, has_host, fault);
}
