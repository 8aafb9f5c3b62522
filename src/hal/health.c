/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/health.h>

#include <stddef.h>

tdm_err tdm_health_check(struct tdm_health *h, struct tdm_fault *why)
{
    tdm_fault_clear(why);
    if (h == NULL)
        return TDM_OK;
    tdm_err err = h->ops->check(h, why);
    if (err == TDM_OK)
        tdm_fault_clear(why);
    return err == TDM_OK ? TDM_OK : tdm_fault_set(why, err, "unhealthy", "the health check failed", 0);
}
