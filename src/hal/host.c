/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/host.h>

tdm_err tdm_host_running(struct tdm_host *h, enum tdm_host_slot *slot)
{
    return h->ops->running(h, slot);
}

tdm_err tdm_host_next(struct tdm_host *h, enum tdm_host_slot *slot, bool *is_final)
{
    return h->ops->next(h, slot, is_final);
}

tdm_err tdm_host_select(struct tdm_host *h, enum tdm_host_slot slot, enum tdm_select how)
{
    enum tdm_host_slot next;
    bool is_final;

    tdm_err err = h->ops->select(h, slot, how);
    if (err != TDM_OK)
        return err;
    err = h->ops->next(h, &next, &is_final);
    if (err != TDM_OK)
        return err;
    return next == slot && is_final == (how == TDM_SELECT_FINAL) ? TDM_OK : TDM_E_MISMATCH;
}

tdm_err tdm_host_keep(struct tdm_host *h, enum tdm_host_slot running)
{
    enum tdm_host_slot next;
    bool is_final;

    tdm_err err = h->ops->next(h, &next, &is_final);
    if (err != TDM_OK || (next == running && is_final))
        return err;
    return tdm_host_select(h, running, TDM_SELECT_FINAL);
}
