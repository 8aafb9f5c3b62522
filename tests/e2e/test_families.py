# SPDX-License-Identifier: Apache-2.0
"""A name with several addresses, of which some are silent: packets for them vanish, and nobody says so. The name is looked up as
users' names are, by the C library on a host of its own. Retries are off: what is taken was taken within one connect timer."""

import json
import subprocess

import pytest

from gates import GateServer
from router import image, router  # noqa: F401
from test_netns import hosts  # noqa: F401
from tls_world import pki  # noqa: F401
from two_hosts import SERVER, SERVER_SIX

NAME = "updates.example"
OTHER = "10.77.0.3"
OTHER_SIX, THIRD_SIX = "2001:db8:77::3", "2001:db8:77::4"

ROWS = [  # name, its addresses, those that are silent, those that the download may come from; none: it fails
    ("IPv6 and IPv4 are there", [SERVER_SIX, SERVER], [], {SERVER_SIX, SERVER}),
    ("IPv6 is silent", [SERVER_SIX, SERVER], [SERVER_SIX], {SERVER}),
    ("IPv4 is silent", [SERVER_SIX, SERVER], [SERVER], {SERVER_SIX}),
    ("three of IPv6 are silent", [SERVER_SIX, OTHER_SIX, THIRD_SIX, SERVER], [SERVER_SIX, OTHER_SIX, THIRD_SIX], {SERVER}),
    ("one of two of IPv6 is silent", [OTHER_SIX, SERVER_SIX], [OTHER_SIX], {SERVER_SIX}),
    ("one of two of IPv4 is silent", [OTHER, SERVER], [OTHER], {SERVER}),
    ("all are silent", [SERVER_SIX, SERVER], [SERVER_SIX, SERVER], set()),
    ("IPv6 alone, and silent", [SERVER_SIX], [SERVER_SIX], set()),
    ("IPv4 alone, and silent", [SERVER], [SERVER], set()),
]


@pytest.mark.parametrize("addresses, silent, come_from", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_name_with_silent_addresses(hosts, router, pki, image, addresses, silent, come_from):  # noqa: F811
    certificate = pki.issue(NAME, names=f"DNS:{NAME}")
    router.adopted().trust(certificate.cert)
    before, data = router.everything(), image()
    with hosts() as net:
        for address in (OTHER + "/29", OTHER_SIX + "/64", THIRD_SIX + "/64"):
            net.own(address)
        net.know(NAME, *addresses)
        for address in silent:
            net.silence(address)
        server = GateServer(certificate, data, listener=net.listener())
        process = net.run([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download",
                           f"https://{NAME}:{server.port}/image", f"--source-connect-timeout={10 if come_from else 2}", "--source-retries=0"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, remarks = process.communicate(timeout=60)
        vanished = [net.vanished(address) for address in silent]
        server.stop()
    said = json.loads(out)
    if come_from:
        assert process.returncode == said["exit"] == 0, out
        assert said["kind"] == "pair" and router.was_restarted
        assert set(server.reached) <= come_from and server.reached
        assert not [line for line in remarks.splitlines() if "again" in line]
    else:
        assert (process.returncode, said["error"]["code"]) == (31, "connect_timeout"), out
        assert f"{NAME}:{server.port}" in said["error"]["message"]
        assert "nothing was changed" in said["error"]["message"]
        assert router.everything() == before and not server.reached
    if silent[:1] == addresses[:1]:
        assert any(vanished), "it was asked, and said nothing"
