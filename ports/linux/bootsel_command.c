/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/bootsel.h"

#include <string.h>

#include "linux/program.h"

#define COMMAND_MS 10000u
#define ANSWER_MAX 128
#define WORDS_MAX  3

static const char *const letters[TDM_HOST_SLOTS] = {"A", "B"};

static struct bootsel_command *self(struct bootsel_port *port)
{
    return (struct bootsel_command *)(void *)port;
}

struct answer {
    char text[ANSWER_MAX];
    char *words[WORDS_MAX];
    size_t count;
};

/* One line of at least one word and at most WORDS_MAX. */
static tdm_err ask(const char *program, const char *question, struct answer *a)
{
    const char *const argv[] = {program, question, NULL};
    char *rest = NULL;

    a->count = 0;
    tdm_err err = program_run(argv, COMMAND_MS, a->text, sizeof a->text);
    if (err != TDM_OK)
        return err == TDM_E_NO_ROOM ? TDM_E_FORMAT : err;
    for (char *word = strtok_r(a->text, " \t\r\n", &rest); word != NULL; word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (a->count == WORDS_MAX)
            return TDM_E_FORMAT;
        a->words[a->count++] = word;
    }
    return a->count > 0 ? TDM_OK : TDM_E_FORMAT;
}

static bool find_slot(const char *word, enum tdm_host_slot *slot)
{
    *slot = strcmp(word, letters[TDM_HOST_B]) == 0 ? TDM_HOST_B : TDM_HOST_A;
    return strcmp(word, letters[*slot]) == 0;
}

static tdm_err command_load(struct bootsel_port *port, struct bootsel *out)
{
    struct answer a;

    tdm_err err = ask(self(port)->program, "next", &a);
    if (err != TDM_OK)
        return err;
    *out = (struct bootsel){.is_final = a.count > 1 && strcmp(a.words[1], "final") == 0};
    bool is_counted = a.count == 3 && strcmp(a.words[2], "counts") == 0;
    bool is_understood = a.count > 1 && find_slot(a.words[0], &out->next) &&
                         (out->is_final || strcmp(a.words[1], "trial") == 0) && (a.count == 2 || is_counted);
    out->limit = is_counted; /* the program has made the choice: no start of it is known here */
    return is_understood ? TDM_OK : TDM_E_FORMAT;
}

static tdm_err command_select(struct bootsel_port *port, enum tdm_host_slot slot, enum tdm_select how)
{
    const char *const argv[] = {self(port)->program, "select", letters[slot],
                                how == TDM_SELECT_FINAL ? "final" : "trial", NULL};

    return program_run(argv, COMMAND_MS, NULL, 0);
}

static const struct bootsel_ops command_ops = {.load = command_load, .select = command_select};

void bootsel_command_init(struct bootsel_command *c, const char *program)
{
    *c = (struct bootsel_command){.port.ops = &command_ops, .program = program};
}

tdm_err bootsel_command_running(const struct bootsel_command *c, enum tdm_host_slot *slot)
{
    struct answer a;

    tdm_err err = ask(c->program, "running", &a);
    if (err != TDM_OK)
        return err;
    return a.count == 1 && find_slot(a.words[0], slot) ? TDM_OK : TDM_E_FORMAT;
}
