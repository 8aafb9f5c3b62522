/* SPDX-License-Identifier: Apache-2.0 */
#include "plain_text.h"

#include <stddef.h>

/* By the first byte of a character: its length, and within what its second byte lies (RFC 3629; no C1 controls). */
static const struct first {
    unsigned char from, to;
    unsigned char len, least, most;
} firsts[] = {
    {' ', '~', 1, 0, 0},         {0xc2, 0xc2, 2, 0xa0, 0xbf}, {0xc3, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/* 0: none begins here. A text that ends in it has a NUL where a byte of 0x80 and more should be. */
static size_t char_len(const unsigned char *c)
{
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        const struct first *f = &firsts[i];
        if (c[0] < f->from || c[0] > f->to)
            continue;
        if (f->len > 1 && (c[1] < f->least || c[1] > f->most))
            return 0;
        for (size_t k = 2; k < f->len; k++) {
            if ((c[k] & 0xc0) != 0x80)
                return 0;
        }
        return f->len;
    }
    return 0;
}

void plain_text(char *text)
{
    while (*text != '\0') {
        size_t len = char_len((const unsigned char *)text);
        if (len == 0)
            *text = '?';
        text += len > 0 ? len : 1;
    }
}
