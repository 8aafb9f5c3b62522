/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/http.h>

#include <stddef.h>

/* What was kept for long and read back goes into a request: nothing but one line of text does. */
static bool is_good(const struct tdm_http_ask *ask)
{
    const char *text = ask->validator != NULL ? ask->validator : "";

    for (size_t i = 0; text[i] != '\0'; i++) {
        if (i >= TDM_HTTP_VALIDATOR_MAX - 1 || text[i] < ' ' || text[i] > '~')
            return false;
    }
    return ask->from <= INT64_MAX && ask->count <= INT64_MAX;
}

tdm_err tdm_http_get(struct tdm_http *h, const char *url, const struct tdm_http_ask *ask, struct tdm_sink *body,
                     struct tdm_http_reply *reply)
{
    *reply = (struct tdm_http_reply){.status = 0};
    tdm_fault_clear(&reply->fault);
    if (!is_good(ask))
        return tdm_fault_set(&reply->fault, TDM_E_BUG, "bug", "no such part of a file can be asked for", 0);
    return h->ops->get(h, url, ask, body, reply);
}

bool tdm_http_is_part(const struct tdm_http_ask *ask)
{
    return ask->from > 0 || ask->count > 0;
}
