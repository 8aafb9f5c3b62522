/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/serial.h>

tdm_err tdm_serial_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    *got = 0;
    if (cap == 0)
        return TDM_E_BOUNDS;
    tdm_err err = s->ops->read(s, buf, cap, timeout_ms, got);
    if (err == TDM_OK && (*got == 0 || *got > cap))
        return TDM_E_BUG;
    return err;
}

tdm_err tdm_serial_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    return len == 0 ? TDM_OK : s->ops->write(s, data, len, timeout_ms);
}

tdm_err tdm_serial_set_baud(struct tdm_serial *s, uint32_t baud)
{
    return s->ops->set_baud(s, baud);
}

tdm_err tdm_serial_drop_input(struct tdm_serial *s)
{
    return s->ops->drop_input(s);
}
