/* SPDX-License-Identifier: Apache-2.0 */
#include "image/flash_args_text.h"

#include <string.h>

struct span {
    const char *p;
    size_t len;
};

struct parse {
    struct flash_args_text *out;
    struct tdm_fault *fault;
    size_t file_count;
};

static tdm_err bad(struct parse *p, const char *what)
{
    return tdm_fault_set(p->fault, TDM_E_FORMAT, "bad_flash_args", what, p->out->line_count);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool span_is(struct span s, const char *word)
{
    return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

static bool span_has(struct span s, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; len <= s.len && i <= s.len - len; i++) {
        if (memcmp(s.p + i, word, len) == 0)
            return true;
    }
    return false;
}

/* Takes the next line, without its line end, off the text. */
static struct span next_line(struct span *text)
{
    const char *end = memchr(text->p, '\n', text->len);
    struct span line = {text->p, end ? (size_t)(end - text->p) : text->len};
    size_t used = line.len + (end ? 1 : 0);

    text->p += used;
    text->len -= used;
    return line;
}

/* Takes the next word off the line; empty when there is none. */
static struct span next_word(struct span *line)
{
    struct span word;

    while (line->len > 0 && is_blank(line->p[0])) {
        line->p++;
        line->len--;
    }
    word = *line;
    while (line->len > 0 && !is_blank(line->p[0])) {
        line->p++;
        line->len--;
    }
    word.len -= line->len;
    return word;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(struct span s, uint32_t *out)
{
    size_t i = s.len > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X') ? 2 : 0;
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (; i < s.len; i++) {
        int d = hex_digit(s.p[i]);
        if (d < 0)
            return false;
        v = v << 4 | (uint64_t)d;
        if (v > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)v;
    return true;
}

/* "2MB" or "512KB". What says nothing about the size ("detect", "keep") is no size: 0. */
static bool read_flash_size(struct span s, uint32_t *out)
{
    uint32_t n = 0;
    size_t i = 0;

    *out = 0;
    if (span_is(s, "detect") || span_is(s, "keep"))
        return true;
    for (; i < s.len && i < 4 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        n = n * 10 + (uint32_t)(s.p[i] - '0');
    s.p += i;
    s.len -= i;
    if (n == 0 || !(span_is(s, "MB") || span_is(s, "KB")))
        return false;
    *out = s.p[0] == 'K' ? n * 1024u : n >= 4096u ? UINT32_MAX : n * 1024u * 1024u;
    return true;
}

static tdm_err read_options(struct parse *p, struct span line)
{
    struct span word = next_word(&line);

    if (word.len > 0 && word.p[0] != '-')
        return bad(p, "first line is not the line of options");
    for (; word.len > 0; word = next_word(&line)) {
        if (!span_is(word, "--flash-size") && !span_is(word, "--flash_size"))
            continue;
        if (!read_flash_size(next_word(&line), &p->out->flash_size))
            return bad(p, "flash size in the options not understood");
    }
    return TDM_OK;
}

static uint32_t tag_of(struct span path)
{
    if (span_has(path, "bootloader"))
        return IMAGE_TAG_BOOTLOADER;
    if (span_has(path, "partition_table") || span_has(path, "partition-table"))
        return IMAGE_TAG_PARTITION_TABLE;
    return IMAGE_TAG_RCP_APP;
}

/* Only files below the build directory belong to the build. */
static bool is_inside(struct span path)
{
    size_t start = 0;

    if (path.len == 0 || path.len > FLASH_ARGS_PATH_MAX || path.p[0] == '/' || memchr(path.p, 0, path.len))
        return false;
    for (size_t i = 0; i <= path.len; i++) {
        if (i < path.len && path.p[i] != '/')
            continue;
        if (i - start == 2 && path.p[start] == '.' && path.p[start + 1] == '.')
            return false;
        start = i + 1;
    }
    return true;
}

static tdm_err add_file(struct parse *p, const struct flash_args_file *file)
{
    static const char *const doubled[] = {
        "second bootloader", "second partition table",
        "second firmware: only bootloader, partition table and one firmware can be packed"};

    for (size_t i = 0; i < p->file_count; i++) {
        if (p->out->files[i].tag == file->tag)
            return bad(p, doubled[file->tag - IMAGE_TAG_BOOTLOADER]);
    }
    p->out->files[p->file_count++] = *file; /* three tags, none twice: it fits */
    return TDM_OK;
}

static tdm_err read_file_line(struct parse *p, struct span line)
{
    struct span offset = next_word(&line), path = next_word(&line);
    struct flash_args_file file = {.path = path.p, .path_len = path.len, .line = p->out->line_count};

    if (offset.len == 0)
        return TDM_OK;
    if (path.len == 0 || next_word(&line).len > 0)
        return bad(p, "line that is not a flash offset and a path");
    if (!read_hex(offset, &file.offset))
        return bad(p, "flash offset that is not a hexadecimal number of 32 bits");
    if (!is_inside(path))
        return bad(p, "path that leaves the build directory");
    file.tag = tag_of(path);
    return add_file(p, &file);
}

static tdm_err check_complete(struct parse *p)
{
    static const char *const missing[] = {"no line for the bootloader", "no line for the partition table",
                                          "no line for the firmware"};

    for (uint32_t tag = IMAGE_TAG_BOOTLOADER; tag <= IMAGE_TAG_RCP_APP; tag++) {
        if (!flash_args_text_file(p->out, tag))
            return bad(p, missing[tag - IMAGE_TAG_BOOTLOADER]);
    }
    return TDM_OK;
}

tdm_err flash_args_text_read(const char *text, size_t len, struct flash_args_text *out, struct tdm_fault *fault)
{
    struct parse p = {.out = out, .fault = fault};
    struct span rest = {text, len};

    *out = (struct flash_args_text){0};
    while (rest.len > 0) {
        struct span line = next_line(&rest);
        out->line_count++;
        tdm_err err = out->line_count == 1 ? read_options(&p, line) : read_file_line(&p, line);
        if (err != TDM_OK)
            return err;
    }
    return check_complete(&p);
}

const struct flash_args_file *flash_args_text_file(const struct flash_args_text *text, uint32_t tag)
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        if (text->files[i].tag == tag)
            return &text->files[i];
    }
    return NULL;
}

void flash_args_text_records(const struct flash_args_text *text, struct flash_args *out)
{
    for (size_t i = 0; i < FLASH_ARGS_RECORDS; i++) {
        out->records[i].tag = text->files[i].tag;
        out->records[i].offset = text->files[i].offset;
    }
}
