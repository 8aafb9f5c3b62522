/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include <tandem/err.h>

static const char *const err_names[TDM_ERR_COUNT] = {
    "ok",        "bug",    "bounds",  "format",      "truncated",   "too_new",   "corrupt", "noise",
    "timeout",   "io",     "no_room", "refused",     "peer",        "mismatch",  "state",   "busy",
    "not_found", "access", "trust",   "unreachable", "unsupported", "cancelled", "power",
};

const char *tdm_err_name(tdm_err err)
{
    int i = -(int)err;
    return i >= 0 && i < TDM_ERR_COUNT ? err_names[i] : "unknown";
}

void tdm_fault_clear(struct tdm_fault *f)
{
    *f = (struct tdm_fault){.err = TDM_OK, .code = "", .what = "", .at = 0};
}

tdm_err tdm_fault_set(struct tdm_fault *f, tdm_err err, const char *code, const char *what, uint64_t at)
{
    if (f->err == TDM_OK)
        *f = (struct tdm_fault){.err = err, .code = code, .what = what, .at = at};
    return f->err;
}

tdm_err tdm_fault_from(struct tdm_fault *f, const struct tdm_fault *other)
{
    return tdm_fault_set(f, other->err, other->code, other->what, other->at);
}
