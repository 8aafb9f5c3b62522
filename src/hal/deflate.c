/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/deflate.h>

tdm_err tdm_deflate_begin(struct tdm_deflate *d)
{
    return d->ops->begin(d);
}

tdm_err tdm_deflate_push(struct tdm_deflate *d, const uint8_t *data, size_t len, struct tdm_sink *to)
{
    return d->ops->push(d, data, len, to);
}

tdm_err tdm_deflate_end(struct tdm_deflate *d, struct tdm_sink *to)
{
    return d->ops->end(d, to);
}
