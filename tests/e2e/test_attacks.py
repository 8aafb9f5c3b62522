# SPDX-License-Identifier: Apache-2.0
"""The attack table (attack_rows.py, attack_rows_signed.py, attack_rows_more.py) against a router with keys, over HTTPS, one request a row.

The router has lived: a signed pair runs, proven, and a later image with the highest counter has failed its trial. Each
row begins with just that.
"""

import re

import pytest

import small_images
from attack_rows import FIRST, FRAME, HEADER, REVOKED, SECOND, Attack, pair
from attack_rows_more import MORE, MORE_CONTROLS, MORE_PARTS
from attack_rows_signed import CONTROLS, JUDGEMENTS, PARTS, SIGNATURES, STATEMENTS
from conftest import Command
from liar import Liar
from router_config import router_config
from simulator import Simulator
from test_boot import Router

ROW_54 = Attack(54, "image that failed its trial", "known_bad",
                lambda: pair(pair_version=b"1.6.0", counter=(1 << 31) - 1))
UNTOUCHED = HEADER + FRAME + SIGNATURES + STATEMENTS + JUDGEMENTS + [ROW_54] + MORE
FILES = ("host-a", "host-b", "rcp-0", "rcp-1", "boot", "record", "running")
POLICY = """\
[host]
kind = esp
chip = esp32s3
revision = 0.1
[device]
compatible = acme,board-of-a-later-day acme,br-s3-h2
clock = none
[images]
keys = {home}/keys
revoked-keys = {home}/revoked.pem
"""


class Target(Router):
    """A router with keys; `before` is what its storage holds when a row begins."""

    def __init__(self, home, tandem, loader, sim, server, certificate):
        super().__init__(home, tandem, loader, sim)
        self.server = server
        (home / "keys").mkdir()
        (home / "keys/first.pem").write_bytes(FIRST.public_pem)
        (home / "keys/second.pem").write_bytes(SECOND.public_pem)
        (home / "revoked.pem").write_bytes(REVOKED.public_pem)
        (home / "host-a").write_bytes(b"\xff" * (256 << 10))
        self.tandem("trust", "add", certificate.cert, ok=True)

    def configure(self, reboot):
        text = router_config(self.home, reboot, slot_size="256K", rcp_size="256K", sim=self.sim)
        (self.home / "tandem.conf").write_text(text + POLICY.format(home=self.home))

    def live(self):
        self.install(small_images.pair(FIRST))
        assert self.json("boot", ok=True)["state"] == "ok"
        self.install(ROW_54.make())
        for _ in range(5):      # starts, more than an update is given
            if self.json("boot", "--boot-check-command", "false")["state"] == "ok":
                break
            self.start()
        self.before, self.radio = self.storage(), self.sim.flash.read_bytes()
        self.status = self.json("ota", "status", ok=True)

    def install(self, image):
        (self.home / "image").write_bytes(image.bytes)
        self.tandem("ota", "download", self.home / "image", ok=True)
        self.start()

    def storage(self) -> dict[str, bytes]:
        return {name: (self.home / name).read_bytes() for name in FILES}

    def restore(self):
        for name, data in self.before.items():
            (self.home / name).write_bytes(data)
        if self.sim.flash.read_bytes() != self.radio:
            self.sim.overwrite(self.radio)
            self.sim.reset()
            self.sim.booted()

    def download(self, attack: Attack) -> dict:
        data, head = attack.file, "HTTP/1.1 200 OK\r\nConnection: close\r\n"
        if attack.told is not None:
            head += f"Content-Length: {len(data) + attack.told}\r\n"
        self.server.steps = [[head.encode() + b"\r\n" + data]]
        return self.json("ota", "download", f"https://localhost:{self.server.port}/image", "--no-reboot",
                         *attack.options)

    def is_in_use(self, slot: str) -> bool:
        """By the running pair. slot: as status names it."""
        return slot in (f"host {self.status['host']['running']}", self.status["radio"]["bundle"])

    def files_in_use(self) -> set[str]:
        return {f"host-{self.status['host']['running'].lower()}", self.status["radio"]["bundle"].replace("r", "rcp-")}


def plant(flash, image):
    """A radio that runs an image's firmware."""
    content = bytearray(b"\xff" * (4 << 20))
    for tag, at in small_images.FLASH_ARGS:
        content[at:at + len(image.parts[tag])] = image.parts[tag]
    flash.write_bytes(content)


@pytest.fixture(scope="module")
def target(tandem_bin, sim_bin, build_dir, certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks")
    server = Liar([], certificate)
    plant(folder / "flash.bin", small_images.pair())
    with Simulator(sim_bin, folder) as sim:
        target = Target(folder / "router", Command(tandem_bin, folder), build_dir / "bin/tandem-sim-loader", sim,
                        server, certificate)
        target.live()
        yield target
    server.stop()


@pytest.fixture
def router(target):
    target.restore()
    return target


def test_the_manual_counts_the_rows(repo):
    section = (repo / "docs/TESTING.md").read_text().split("## 10. ")[1].split("\n## ")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", section, re.M)] == [
        len(UNTOUCHED), len(PARTS + MORE_PARTS), len(CONTROLS + MORE_CONTROLS)]


def name(attack: Attack) -> str:
    return f"{attack.row} {attack.name}"


@pytest.mark.parametrize("attack", UNTOUCHED, ids=name)
def test_refused_before_anything_is_written(router, attack):
    answer = router.download(attack)
    assert answer["exit"] != 0 and answer["error"]["code"] == attack.code, answer
    assert router.storage() == router.before


@pytest.mark.parametrize("attack", PARTS + MORE_PARTS, ids=name)
def test_refused_while_the_free_slots_fill(router, attack):
    answer = router.download(attack)
    assert answer["exit"] != 0 and answer["error"]["code"] == attack.code, answer
    after, status = router.storage(), router.json("ota", "status", ok=True)
    for file in router.files_in_use() | {"boot"}:
        assert after[file] == router.before[file]
    assert status["state"] == "ok"
    assert {row["state"] for row in status["slots"]} <= {"good", "bad", "writing"}
    for was, row in zip(router.status["slots"], status["slots"]):
        assert row == was or not router.is_in_use(row["slot"])


@pytest.mark.parametrize("attack", CONTROLS + MORE_CONTROLS, ids=name)
def test_taken(router, attack):
    answer = router.download(attack)
    assert answer["exit"] == 0, answer
    assert answer["signed"] is True and answer["image_id"] == attack.make().id.hex()
