/* SPDX-License-Identifier: Apache-2.0 */
#include "support/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_whole(const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", TANDEM_TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, f), (size_t)size);
    text[size] = '\0';
    fclose(f);
    return text;
}

static void parse_hex(struct trace_step *s, const char *hex)
{
    s->data = malloc(strlen(hex) / 2 + 1);
    assert_non_null(s->data);
    while (*hex && !s->is_cut) {
        char *end;
        unsigned long byte = strtoul(hex, &end, 16);
        if (end != hex + strspn(hex, " ") + 2 || byte > 0xff)
            fail_msg("line %u: not hex: %.20s", s->line, hex);
        s->data[s->len++] = (uint8_t)byte;
        hex = end + strspn(end, " \r");
        s->is_cut = strncmp(hex, "...", 3) == 0;
    }
}

static void add_step(struct trace *t, const char *section, unsigned line, const char *text)
{
    t->steps = realloc(t->steps, (t->count + 1) * sizeof *t->steps);
    assert_non_null(t->steps);
    struct trace_step *s = &t->steps[t->count++];
    *s = (struct trace_step){.direction = text[0], .section = section, .line = line};
    parse_hex(s, text + 1 + strspn(text + 1, " \r"));
}

static void add_note(struct trace *t, const char *text)
{
    if (t->count == 0)
        return;
    struct trace_step *s = &t->steps[t->count - 1];
    if (s->note_count < TRACE_NOTES_MAX)
        s->notes[s->note_count++] = text + strspn(text, " ");
}

void trace_load(struct trace *t, const char *name)
{
    const char *section = "";
    unsigned line = 0;
    char *next;

    *t = (struct trace){.text = read_whole(name)};
    for (char *text = t->text; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        line++;
        if (strncmp(text, "## ", 3) == 0)
            section = text + 3;
        else if (text[0] == '#')
            add_note(t, text + 1);
        else if (text[0] == '>' || text[0] == '<')
            add_step(t, section, line, text);
    }
    assert_true(t->count > 0);
}

void trace_free(struct trace *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->steps[i].data);
    free(t->steps);
    free(t->text);
    *t = (struct trace){0};
}

const struct trace_step *trace_find(const struct trace *t, const char *section, char direction)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->steps[i].direction == direction && strcmp(t->steps[i].section, section) == 0)
            return &t->steps[i];
    fail_msg("no section %s with direction %c", section, direction);
    return NULL;
}

bool trace_is_one_frame(const struct trace_step *s, uint8_t mark)
{
    size_t marks = 0;

    for (size_t i = 0; i < s->len; i++)
        marks += s->data[i] == mark;
    return !s->is_cut && marks == 2 && s->len > 2 && s->data[0] == mark && s->data[s->len - 1] == mark;
}
