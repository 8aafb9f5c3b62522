/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plain_text.h"

#define LABEL_WIDTH 22
#define COLUMNS_MAX 12
#define WIDE        120 /* one row that is wider stands in lines of its own */

void out_json(FILE *to, const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);

    if (text == NULL)
        abort(); /* out of memory */
    plain_text(text);
    (void)fprintf(to, "%s\n", text);
    cJSON_free(text);
}

/* A value as one word or text; buf for numbers. Texts come from images, storage and the names of files. */
static const char *plain(const cJSON *v, char *buf, size_t room)
{
    if (v == NULL || cJSON_IsNull(v))
        return "-";
    if (cJSON_IsBool(v))
        return cJSON_IsTrue(v) ? "yes" : "no";
    if (cJSON_IsString(v)) {
        plain_text(v->valuestring);
        return v->valuestring[0] != '\0' ? v->valuestring : "-";
    }
    if (cJSON_IsNumber(v) && v->string != NULL && strcmp(v->string, "flash_offset") == 0) {
        (void)snprintf(buf, room, "0x%" PRIx64,
                       (uint64_t)v->valuedouble); /* as flash_args and partition tables say it */
        return buf;
    }
    if (cJSON_IsNumber(v)) {
        (void)snprintf(buf, room, v->valuedouble == (double)(int64_t)v->valuedouble ? "%.0f" : "%.2f", v->valuedouble);
        return buf;
    }
    return "";
}

static void print_label(FILE *to, int depth, const char *key, int width)
{
    (void)fprintf(to, "%*s", depth * 2, "");
    for (const char *c = key; *c != '\0'; c++)
        (void)fputc(*c == '_' ? ' ' : *c, to);
    for (int n = (int)strlen(key) + depth * 2; n < width; n++)
        (void)fputc(' ', to);
}

/* The columns of a list of objects: the keys of its first item. Returns how many, and how wide all are together. */
static int measure(const cJSON *list, const char *keys[COLUMNS_MAX], int widths[COLUMNS_MAX], int *all)
{
    int count = 0;
    char buf[32];

    *all = 0;
    for (const cJSON *c = list->child->child; c != NULL && count < COLUMNS_MAX; c = c->next) {
        int width = (int)strlen(c->string);
        for (const cJSON *item = list->child; item != NULL; item = item->next) {
            int n = (int)strlen(plain(cJSON_GetObjectItem(item, c->string), buf, sizeof buf));
            width = n > width ? n : width;
        }
        *all += width + 2;
        keys[count] = c->string;
        widths[count++] = width;
    }
    return count;
}

static bool is_one_wide_row(const cJSON *list)
{
    const char *keys[COLUMNS_MAX];
    int widths[COLUMNS_MAX], all;

    (void)measure(list, keys, widths, &all);
    return list->child->next == NULL && all > WIDE;
}

/* Items without a key show "-". */
static void print_columns(FILE *to, const cJSON *list, int depth)
{
    const char *keys[COLUMNS_MAX];
    int widths[COLUMNS_MAX], all, count = measure(list, keys, widths, &all);
    char buf[32];

    (void)fprintf(to, "%*s", depth * 2, "");
    for (int i = 0; i < count; i++)
        print_label(to, 0, keys[i], i + 1 < count ? widths[i] + 2 : 0);
    (void)fputc('\n', to);
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        (void)fprintf(to, "%*s", depth * 2, "");
        for (int i = 0; i < count; i++)
            (void)fprintf(to, "%-*s", i + 1 < count ? widths[i] + 2 : 0,
                          plain(cJSON_GetObjectItem(item, keys[i]), buf, sizeof buf));
        (void)fputc('\n', to);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): our own results, which are three deep */
static void print_object(FILE *to, const cJSON *object, int depth)
{
    char buf[32];

    for (const cJSON *v = object->child; v != NULL; v = v->next) {
        if (cJSON_IsObject(v)) {
            print_label(to, depth, v->string, 0);
            (void)fputc('\n', to);
            print_object(to, v, depth + 1);
        } else if (cJSON_IsArray(v) && v->child != NULL && cJSON_IsObject(v->child)) {
            print_label(to, depth, v->string, 0);
            (void)fputc('\n', to);
            if (is_one_wide_row(v))
                print_object(to, v->child, depth + 1);
            else
                print_columns(to, v, depth + 1);
        } else if (cJSON_IsArray(v)) {
            for (const cJSON *item = v->child; item != NULL; item = item->next) {
                print_label(to, depth, item == v->child ? v->string : "", LABEL_WIDTH);
                (void)fprintf(to, "  %s\n", plain(item, buf, sizeof buf));
            }
        } else {
            print_label(to, depth, v->string, LABEL_WIDTH);
            (void)fprintf(to, "  %s\n", plain(v, buf, sizeof buf));
        }
    }
}

void out_table(FILE *to, const cJSON *tree)
{
    print_object(to, tree, 0);
}
