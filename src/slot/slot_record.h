/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_record: the whole record to bytes and back; docs/FORMAT.md, "Record", is the picture.
 *
 * Used by   slot_store.   Uses  base/sealed. Pure: no port.
 * Every byte has one meaning: what slot_record_read accepts, slot_record_write gives back byte for byte.
 */
#ifndef TANDEM_SLOT_RECORD_H
#define TANDEM_SLOT_RECORD_H

#include <stdint.h>

#include <tandem/slot.h>

#define SLOT_RECORD_LEN 1621u

/* out has room for SLOT_RECORD_LEN bytes. Texts are cut at their limit. */
TDM_MUST_USE tdm_err slot_record_write(const struct slot_record *rec, uint32_t sequence, uint8_t *out);
/*
 * FORMAT: no record, or a field has a value that does not exist. CORRUPT: the CRC is wrong. TOO_NEW: a later version.
 * After an error *rec is unspecified.
 */
TDM_MUST_USE tdm_err slot_record_read(const uint8_t *bytes, uint32_t room, struct slot_record *rec, uint32_t *sequence);

#endif
