/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log and progress: how the core tells what it does, without words of its own making.
 *
 * Used by   engines and flows.   Implemented by  apps/ (screen, JSON lines), tests.
 * Texts are static and short; whoever implements these turns them into sentences. A listener must not call back
 * into the engine that reports.
 */
#ifndef TANDEM_LOG_H
#define TANDEM_LOG_H

#include <stdint.h>

enum tdm_log_level { TDM_LOG_ERROR, TDM_LOG_WARNING, TDM_LOG_INFO, TDM_LOG_DEBUG };

/* Phases in the order in which an update passes through them. */
enum tdm_phase {
    TDM_PHASE_FETCH,   /* bytes from the source                   */
    TDM_PHASE_VERIFY,  /* bytes read back from the slots          */
    TDM_PHASE_SWITCH,  /* record and boot selection               */
    TDM_PHASE_ASK,     /* questions to the radio                  */
    TDM_PHASE_CONNECT, /* reset into the radio's ROM              */
    TDM_PHASE_FLASH,   /* bytes into the radio's flash            */
    TDM_PHASE_PROVE,   /* digests from the ROM, answers after reset */
};

struct tdm_log {
    /* One remark. what is static text, value a number that belongs to it (0 when none does). */
    void (*note)(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value);
    /* done of total bytes (total 0: not known) of the thing named what. Called often; must be quick. */
    void (*progress)(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total);
};

void tdm_log_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value);
void tdm_log_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total);

#endif
