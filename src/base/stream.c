/* SPDX-License-Identifier: Apache-2.0 */
/* The calls through layer 0's function pointers, so that callers read as plain calls. */
#include <tandem/log.h>
#include <tandem/sink.h>

void tdm_log_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    log->note(log, level, what, value);
}

void tdm_log_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    log->progress(log, phase, what, done, total);
}

tdm_err tdm_sink_push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return sink->push(sink, data, len);
}
