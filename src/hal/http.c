/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/http.h>

tdm_err tdm_http_get(struct tdm_http *h, const char *url, uint64_t from, struct tdm_sink *body,
                     struct tdm_http_reply *reply)
{
    *reply = (struct tdm_http_reply){.status = 0};
    tdm_fault_clear(&reply->fault);
    return h->ops->get(h, url, from, body, reply);
}
