# SPDX-License-Identifier: Apache-2.0
"""Downloads from another host, over a line that loses packets, is slow, far away, or breaks: the end is right, little is sent twice."""

import json
import random
import subprocess

import packer
import pytest

from gates import GateServer
from router import router  # noqa: F401
from tls_world import pki  # noqa: F401
from two_hosts import SERVER, TwoHosts, why_not

MIB, STEP = 1024 * 1024, 64 * 1024
HEADS = 1.10   # bytes on the wire for one of the file: packets of 1500 bytes, TLS, what the connection says of itself


@pytest.fixture(scope="module")
def hosts():
    reason = why_not()
    if reason:
        pytest.skip(reason)
    return TwoHosts


@pytest.fixture
def data(samples, tmp_path) -> bytes:
    (tmp_path / "host").write_bytes(random.Random(5).randbytes(MIB))
    return packer.pack(samples.build("esp32h2", "small", 2).dir, tmp_path / "host")


class Download:
    def __init__(self, net, router, pki, data, *options, act=None, stops=()):
        certificate = pki.issue(SERVER, names=f"IP:{SERVER}")
        router.adopted().trust(certificate.cert)
        self.net, self.router, self.data = net, router, data
        self.server = GateServer(certificate, data, listener=net.listener())
        self.server.act, self.server.stops = act, list(stops)
        self.before = net.received
        self.process = net.run([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download",
                                "--stage-only", f"https://{SERVER}:{self.server.port}/image", *options],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def notes(self):
        """What the program remarks, as it does."""
        for line in self.process.stderr:
            event = json.loads(line)
            if event["event"] == "note":
                yield event["what"]

    def ends_well(self) -> None:
        out = self.process.stdout.read()
        self.server.stop()
        assert self.process.wait(timeout=60) == 0, out
        host = packer.parts(self.data)[5]
        assert self.router.read("host-b")[:len(host)] == host
        slot = "rcp-0" if json.loads(out)["rcp_slot"] == "r0" else "rcp-1"
        assert self.router.read(slot)[:len(self.data) - len(host)] == self.data[:-len(host)]

    def received(self) -> int:
        return self.net.received - self.before


LINES = [  # name, delay in ms, percent lost, limit, of what is sent how much more may arrive
    ("a good line", 0, 0, None, 0),
    ("1 % lost", 0, 1, None, 0.03),
    ("5 % lost", 0, 5, None, 0.15),
    ("2 Mbit/s", 0, 0, "2mbit", 0.05),
    ("300 ms away", 300, 0, None, 0.10),
    ("2 Mbit/s, 100 ms away, 1 % lost", 100, 1, "2mbit", 0.15),
]


@pytest.mark.parametrize("delay, lost, limit, more", [row[1:] for row in LINES], ids=[row[0] for row in LINES])
def test_a_line(hosts, router, pki, data, delay, lost, limit, more):
    """Nothing is asked for twice; what the network loses it sends again by itself."""
    with hosts(delay_ms=delay) as net:
        if lost:
            net.lose(lost)
        if limit:
            net.limit(limit)
        download = Download(net, router, pki, data)
        remarks = list(download.notes())
        download.ends_well()
        assert not any("again" in remark for remark in remarks)
        assert download.server.wasted <= STEP
        assert not lost or net.lost > 0
        assert len(data) < download.received() <= (len(data) + STEP) * (HEADS + more)


BREAKS = [  # name, delay in ms, percent lost, limit
    ("a good line", 0, 0, None),
    ("1 % lost", 0, 1, None),
    ("2 Mbit/s", 0, 0, "2mbit"),
]


@pytest.mark.parametrize("delay, lost, limit", [row[1:] for row in BREAKS], ids=[row[0] for row in BREAKS])
def test_the_link_goes_down_and_comes_up_again(hosts, router, pki, data, delay, lost, limit):
    """Up only when the program has given the connection up: it goes on by a new one, from where it was."""
    with hosts(delay_ms=delay) as net:
        if lost:
            net.lose(lost)
        if limit:
            net.limit(limit)
        download = Download(net, router, pki, data, "--source-stall-timeout=2", "--source-connect-timeout=2",
                            "--source-retries=20", act=lambda: net.link("down"), stops=[len(data) // 2])
        tries = 0
        for remark in download.notes():
            if "trying again" in remark:
                tries += 1
                if tries == 1:
                    net.link("up")
        download.ends_well()
        assert tries >= 1 and len(download.server.requests) >= 2
        assert download.received() <= (len(data) + STEP) * (HEADS + 0.05)


def test_a_link_down_for_a_moment(hosts, router, pki, data):
    """The connection outlives it, and nobody has to ask again."""
    with hosts() as net:
        def blink():
            net.link("down")
            net.link("up")

        download = Download(net, router, pki, data, act=blink, stops=[len(data) // 2])
        remarks = list(download.notes())
        download.ends_well()
        assert not any("again" in remark for remark in remarks)
        assert download.server.wasted <= STEP
