# SPDX-License-Identifier: Apache-2.0
"""The configuration file of a router in a test: every place in one folder."""


def router_config(home, reboot, *, slot_size, rcp_size="1M", sim=None) -> str:
    """sim: a running Simulator, whose line and pins are the radio's; without one there is no radio."""
    radio = f"port = {sim.tty}\nlines = control:{sim.socket}\nchip = esp32h2" if sim else f"port = {home}/no-radio"
    return f"""\
[radio]
{radio}
[slots]
record = {home}/record
rcp-0 = {home}/rcp-0
rcp-1 = {home}/rcp-1
rcp-size = {rcp_size}
[host]
slot-a = {home}/host-a
slot-b = {home}/host-b
slot-size = {slot_size}
boot-record = {home}/boot
running = file:{home}/running
reboot-command = {reboot}
[trust]
file = {home}/trust.pem
"""
