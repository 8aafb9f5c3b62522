/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_spinel_frame: any bytes as a Spinel frame. A frame that is read means the same once it is written again, its value
 * lies within the bytes, and what has a status has one within 21 bits.
 */
#include "fuzz.h"
#include "spinel/spinel_frame.h"

enum { VALUE, STATUS };
const char *const fuzz_accepts[] = {[VALUE] = "a property's value", [STATUS] = "a status", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spinel_frame frame, again;
    uint32_t status = 0;
    uint8_t *bytes = fuzz_copy(data, size);

    tdm_err err = spinel_frame_parse(bytes, size, &frame);
    if (err == TDM_OK) {
        uint8_t *out = fuzz_copy(bytes, size);
        fuzz_must(frame.iid <= 3 && frame.tid <= SPINEL_TID_MAX && frame.command <= SPINEL_PACKED_MAX);
        fuzz_must(frame.value_len < size && frame.value + frame.value_len == bytes + size);
        size_t len = spinel_frame_encode(out, size, &frame); /* a number may have been longer than it needs to be */
        fuzz_must(len > 0 && len <= size && spinel_frame_encode(out, len - 1, &frame) == 0);
        fuzz_must(spinel_frame_encode(out, len, &frame) == len && spinel_frame_parse(out, len, &again) == TDM_OK);
        fuzz_must(again.iid == frame.iid && again.tid == frame.tid && again.command == frame.command);
        fuzz_must(again.property == frame.property && again.value_len == frame.value_len);
        fuzz_must(memcmp(again.value, frame.value, frame.value_len) == 0);
        bool has_status = spinel_frame_status(&frame, &status);
        fuzz_must(!has_status || (status <= SPINEL_PACKED_MAX && spinel_status_text(status)[0] != '\0'));
        fuzz_accept(has_status ? STATUS : VALUE);
        free(out);
    }
    free(bytes);
    return 0;
}
