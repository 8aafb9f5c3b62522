/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/lines_modem_steps.h"

#include <string.h>

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static bool read_way(struct lines_modem *m, const char *text, size_t len)
{
    static const struct {
        const char *word;
        enum lines_modem_way way;
    } ways[] = {{"", MODEM_ALTERNATE}, {"-together", MODEM_TOGETHER}, {"-classic", MODEM_CLASSIC}, {"-usb", MODEM_USB}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!is_word(text, len, ways[i].word))
            continue;
        m->way = ways[i].way;
        return true;
    }
    return false;
}

static bool read_option(struct lines_modem *m, const char *text, size_t len)
{
    const struct {
        const char *word;
        bool *flag;
    } options[] = {{"direct", &m->is_direct}, {"invert-reset", &m->reset_inverted}, {"invert-boot", &m->boot_inverted}};

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (!is_word(text, len, options[i].word) || *options[i].flag)
            continue;
        *options[i].flag = true;
        return true;
    }
    return false;
}

bool lines_modem_read(struct lines_modem *m, const char *words)
{
    size_t len = strcspn(words, ":");

    *m = (struct lines_modem){0};
    if (!read_way(m, words, len))
        return false;
    for (const char *rest = words + len; *rest != '\0'; rest += len) {
        rest++; /* the colon, or a comma */
        len = strcspn(rest, ",");
        if (!read_option(m, rest, len))
            return false;
    }
    return m->way != MODEM_USB || (!m->is_direct && !m->reset_inverted && !m->boot_inverted);
}

static size_t straight(bool reset, bool boot, bool is_one_act, struct modem_step *out)
{
    out[0] = (struct modem_step){(boot ? SERIAL_DTR : 0) | (reset ? SERIAL_RTS : 0), is_one_act, 0};
    return 1;
}

/* Whatever an earlier program left, the way to "reset" begins where nothing is pulled. */
static size_t together(bool reset, bool boot, struct modem_step *out)
{
    if (!reset)
        return straight(false, boot, true, out);
    out[0] = (struct modem_step){0, true, 0};
    out[1] = (struct modem_step){SERIAL_DTR | SERIAL_RTS, true, 0};
    out[2] = (struct modem_step){SERIAL_RTS, true, 0};
    return 3;
}

static size_t usb(bool reset, bool boot, struct modem_step *out)
{
    static const struct modem_step into_loader[] = {
        {0, false, MODEM_USB_HOLD_MS},
        {SERIAL_DTR, false, MODEM_USB_HOLD_MS},
        {SERIAL_DTR | SERIAL_RTS, false, 0}, /* by way of both: neither alone would end in the application */
        {SERIAL_RTS, false, 0},
    };

    if (!reset || !boot) {
        (void)straight(reset, false, false, out);
        out[0].then_ms = reset ? MODEM_USB_HOLD_MS : 0;
        return 1;
    }
    memcpy(out, into_loader, sizeof into_loader);
    return sizeof into_loader / sizeof into_loader[0];
}

static size_t by_way(const struct lines_modem *m, bool is_classic, bool reset, bool boot, struct modem_step *out)
{
    if (m->way == MODEM_USB)
        return usb(reset, boot, out);
    if (m->is_direct)
        return straight(reset, boot, !is_classic, out);
    if (is_classic)
        return straight(reset, boot && !reset, false, out);
    return together(reset, boot, out);
}

static unsigned wired(const struct lines_modem *m, unsigned lines)
{
    bool boot = ((lines & SERIAL_DTR) != 0) != m->boot_inverted;
    bool reset = ((lines & SERIAL_RTS) != 0) != m->reset_inverted;

    return (boot ? SERIAL_DTR : 0) | (reset ? SERIAL_RTS : 0);
}

unsigned lines_modem_idle(const struct lines_modem *m)
{
    return wired(m, 0);
}

size_t lines_modem_steps(struct lines_modem *m, bool reset, bool boot, struct modem_step out[MODEM_STEPS_MAX])
{
    bool is_alternating = m->way == MODEM_ALTERNATE;

    if (reset && boot)
        m->attempts++;
    uint32_t earlier = m->attempts > 0 ? m->attempts - 1 : 0;
    bool is_classic = m->way == MODEM_CLASSIC || (is_alternating && earlier % 2 == 1);
    size_t count = by_way(m, is_classic, reset, boot, out);
    if (!reset && boot && is_alternating && earlier % 4 >= 2)
        out[count - 1].then_ms += MODEM_LONG_HOLD_MS;
    for (size_t i = 0; i < count; i++)
        out[i].lines = wired(m, out[i].lines);
    return count;
}
