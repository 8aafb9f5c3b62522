/* SPDX-License-Identifier: Apache-2.0 */
#include "deskjudge.h"

#include <stddef.h>
#include <stdio.h>

#include "filework.h"
#include "refusal.h"

struct hearing {
    struct tdm_sink sink;
    struct judge judge;
};

struct judge_facts deskjudge_facts(void)
{
    return (struct judge_facts){.takes_host = true,
                                .radio_chip = JUDGE_CHIP_UNKNOWN,
                                .radio_revision = JUDGE_REVISION_UNKNOWN,
                                .host_chip = JUDGE_CHIP_UNKNOWN,
                                .host_revision = JUDGE_REVISION_UNKNOWN};
}

static tdm_err push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct hearing *h = (struct hearing *)(void *)((char *)sink - offsetof(struct hearing, sink));
    return judge_push(&h->judge, data, len);
}

int deskjudge_ask(struct app *app, const char *path, struct tdm_crypto *crypto, const struct judge_facts *facts,
                  struct judge_verdict *verdict)
{
    static struct hearing h; /* large: keep it off the stack */
    struct tdm_fault fault;
    char what[512], misfit[REFUSAL_MAX];

    tdm_fault_clear(&fault);
    h.sink.push = push;
    judge_init(&h.judge, crypto, facts, NULL);
    tdm_err err = filework_push(path, &h.sink, &fault);
    if (err == TDM_OK)
        err = judge_end(&h.judge, verdict);
    judge_drop(&h.judge);
    if (err == TDM_OK)
        return EXIT_OK;
    if (fault.err != TDM_OK)
        return app_fail_fault(app, path, &fault);
    fault = h.judge.fault;
    (void)snprintf(what, sizeof what, "%s%s", fault.what, refusal_words(&h.judge, misfit));
    fault.what = what;
    return app_fail_fault(app, path, &fault);
}
