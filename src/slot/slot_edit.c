/* SPDX-License-Identifier: Apache-2.0 */
/* What install and reconcile both ask of a record, and both do to it. Pure. */
#include <tandem/slot.h>

#include <string.h>

bool slot_id_equal(const uint8_t a[SLOT_ID_LEN], const uint8_t b[SLOT_ID_LEN])
{
    return memcmp(a, b, SLOT_ID_LEN) == 0;
}

bool slot_id_is_zero(const uint8_t id[SLOT_ID_LEN])
{
    static const uint8_t zero[SLOT_ID_LEN];

    return slot_id_equal(id, zero);
}

void slot_text_set(char *field, size_t cap, const char *text)
{
    size_t len = 0;

    while (len < cap - 1 && text[len] != '\0')
        len++;
    memset(field, 0, cap);
    memcpy(field, text, len);
}

void slot_reason_set(char field[SLOT_REASON_MAX + 1], const char *reason)
{
    char *end;

    slot_text_set(field, SLOT_REASON_MAX + 1, reason);
    if (strlen(reason) <= SLOT_REASON_MAX)
        return;
    end = strrchr(field, ':');
    if (end == NULL)
        end = strrchr(field, ' ');
    if (end != NULL)
        *end = '\0';
}

void slot_record_set_result(struct slot_record *rec, enum slot_result code, const struct slot_content *about,
                            const char *reason)
{
    static const struct slot_content nothing;

    if (about == NULL)
        about = &nothing;
    if (code != SLOT_RESULT_NONE && code != SLOT_RESULT_WAITING)
        rec->result.number++;
    if (code == SLOT_RESULT_OK || code == SLOT_RESULT_FAILED || code == SLOT_RESULT_CANCELLED) {
        rec->update.code = (uint8_t)code;
        slot_reason_set(rec->update.reason, reason);
    }
    rec->result.code = (uint8_t)code;
    slot_reason_set(rec->result.reason, reason);
    memcpy(rec->result.id, about->id, SLOT_ID_LEN);
    slot_text_set(rec->result.version, sizeof rec->result.version, about->version);
}

void slot_record_clear_back(struct slot_record *rec)
{
    rec->back.host = SLOT_HOST_NONE;
    rec->back.rcp = SLOT_RCP_NONE;
    rec->back.is_mixed = false;
    memset(rec->back.pair_version, 0, sizeof rec->back.pair_version);
}

void slot_record_first(struct slot_record *rec, enum tdm_host_slot running)
{
    memset(rec, 0, sizeof *rec);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        rec->host[i].rcp = SLOT_RCP_NONE;
    rec->host[running].content.state = SLOT_GOOD;
    slot_record_clear_back(rec);
    rec->radio.chip = rec->radio.revision = 0xffff;
}

static int find_bad(const struct slot_record *rec, const uint8_t id[SLOT_ID_LEN])
{
    for (int i = 0; i < SLOT_BAD_MAX; i++)
        if (slot_id_equal(rec->bad[i].id, id))
            return i;
    return -1;
}

const char *slot_record_bad_reason(const struct slot_record *rec, const uint8_t id[SLOT_ID_LEN])
{
    int i = slot_id_is_zero(id) ? -1 : find_bad(rec, id);
    return i < 0 ? NULL : rec->bad[i].reason;
}

static bool lies_in_a_slot(const struct slot_record *rec, const uint8_t id[SLOT_ID_LEN])
{
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        if (slot_id_equal(rec->host[i].content.id, id))
            return true;
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        if (slot_id_equal(rec->rcp[i].id, id))
            return true;
    return false;
}

/* The entry that the newest one takes the place of: its own, a free one, or the oldest of an image that is gone. */
static int place_for_bad(const struct slot_record *rec, const uint8_t id[SLOT_ID_LEN])
{
    static const uint8_t zero[SLOT_ID_LEN];
    int i = find_bad(rec, id);

    if (i < 0)
        i = find_bad(rec, zero);
    if (i >= 0)
        return i;
    for (i = SLOT_BAD_MAX - 1; i > 0 && lies_in_a_slot(rec, rec->bad[i].id);)
        i--;
    return i; /* four slots hold at most four images, so the list of eight always has such an entry */
}

void slot_record_add_bad(struct slot_record *rec, const uint8_t id[SLOT_ID_LEN], const char *reason)
{
    if (slot_id_is_zero(id))
        return;
    for (int i = place_for_bad(rec, id); i > 0; i--)
        rec->bad[i] = rec->bad[i - 1];
    memcpy(rec->bad[0].id, id, SLOT_ID_LEN);
    slot_text_set(rec->bad[0].reason, sizeof rec->bad[0].reason, reason);
}
