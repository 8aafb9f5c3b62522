# SPDX-License-Identifier: Apache-2.0
"""Downloads that are killed, or cut off, at bytes the server chooses: the end is right, and next to nothing is sent twice.

The server stops at a byte, waits until the program has dealt with all that came, and only then the program is killed or
the connection is cut: so what is counted is what the program did not keep, and not what was on its way.
KILL_POINTS kills of the large image (3), KILL_SEED where.
"""

import hashlib
import os
import random
import subprocess

import pytest

import manifest
import packer
import stored_writes
from gates import CLOSE, RESET, GateServer
from killing import has_strace
from router import SOURCE, image, router  # noqa: F401
from router_config import router_config
from small_images import pair

STEP = 64 * 1024
CHECKPOINT = 1024 * 1024
MIB = 1024 * 1024


@pytest.fixture
def gates(certificate):
    servers = []

    def start(data: bytes, **options) -> GateServer:
        servers.append(GateServer(certificate, data, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def random_host(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def plain(samples, tmp_path):
    """plain(size) -> an image without manifest of this size."""
    def make(size: int) -> bytes:
        build = samples.build("esp32h2", "small", 2).dir
        bundle = len(packer.pack(build))
        (tmp_path / "host").write_bytes(random_host(size - bundle - 12))
        return packer.pack(build, tmp_path / "host")
    return make


@pytest.fixture(scope="module")
def large(samples, tmp_path_factory) -> bytes:
    """256 MiB."""
    build, host = samples.build("esp32h2", "small", 2).dir, tmp_path_factory.mktemp("large") / "host"
    host.write_bytes(random_host(256 * MIB - len(packer.pack(build)) - 12))
    data = packer.pack(build, host)
    host.unlink()
    return data


def signed(size: int) -> bytes:
    image = pair(KEY, host=manifest.Side(2, 0, 0, 0, 11, 4))
    room = size - len(image.bytes) + len(image.parts[5])
    return manifest.dataclasses.replace(image, parts={**image.parts, 5: random_host(room)}).bytes


KEY = manifest.Key.of_number(7)


class Big:
    """A router whose slots take an image of any size."""

    def __init__(self, router, certificate, room: int, *more: str):
        self.router = router
        slot = f"{-(-room // MIB)}M"
        config = router_config(router.dir, "true", slot_size=slot, rcp_size="256K") + SOURCE
        (router.dir / "tandem.conf").write_text(config)
        router.adopted().trust(certificate.cert)  # a plain build, which keys would refuse
        (router.dir / "tandem.conf").write_text(config + "\n".join(more))

    def words(self, url, *options) -> list[str]:
        return [str(word) for word in (self.router.program, "--config", self.router.dir / "tandem.conf", "--json", "ota",
                                       "download", "--stage-only", url, *options)]

    def start(self, url, *options, under=()) -> subprocess.Popen:
        return subprocess.Popen([*under, *self.words(url, *options)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def kill_at(self, server: GateServer, stop: int) -> None:
        server.held.clear()
        server.stops = [stop]
        process = self.start(server.url)
        server.wait_for_kill(process)
        process.kill()
        assert process.wait() == -9

    def finish(self, server: GateServer, data: bytes, *options) -> None:
        answer = self.router.run("ota", "download", "--stage-only", server.url, *options, timeout=250)
        assert answer.exit == 0, answer
        self.holds(data, answer)

    def holds(self, data: bytes, answer) -> None:
        host = packer.parts(data)[5]
        bundle = len(data) - len(host)
        slot = "rcp-0" if answer.data["rcp_slot"] == "r0" else "rcp-1"
        assert hashlib.sha256(self.router.read("host-b")[:len(host)]).digest() == hashlib.sha256(host).digest()
        assert self.router.read(slot)[:bundle] == data[:bundle]


# ---- killed ----------------------------------------------------------------------------------------------------------

def test_killed_at_every_64_kib(router, gates, certificate, plain):
    """One download, killed again and again."""
    data = plain(2 * MIB)
    server, big = gates(data), Big(router, certificate, 2 * MIB)
    wasted = 0
    for stop in range(STEP, len(data), STEP):
        big.kill_at(server, stop)
        assert server.wasted - wasted <= STEP, f"before {stop}: {server.wasted - wasted}"
        wasted = server.wasted
    big.finish(server, data)
    assert server.wasted - wasted <= STEP
    assert server.sent <= len(data) + 31 * STEP


@pytest.mark.parametrize("make", ["plain", "signed"])
@pytest.mark.parametrize("stop", [1, 5000, STEP - 1, STEP + 1, 5 * STEP + 12345, 2 * MIB - 1])
def test_killed_once(router, gates, certificate, plain, make, stop, tmp_path):
    data, more = (plain(2 * MIB), ()) if make == "plain" else (signed(2 * MIB), keys(tmp_path))
    server, big = gates(data), Big(router, certificate, 2 * MIB, *more)
    big.kill_at(server, stop)
    big.finish(server, data)
    assert server.wasted <= STEP


def keys(folder) -> tuple[str, ...]:
    (folder / "keys").mkdir()
    (folder / "keys/key.pem").write_bytes(KEY.public_pem)
    return ("[images]", f"keys = {folder}/keys", "[device]", "compatible = acme,br-s3-h2", "clock = none", "")


def test_killed_before_a_server_without_ranges(router, gates, certificate, plain):
    """From the start again, and right."""
    data = plain(2 * MIB)
    server, big = gates(data), Big(router, certificate, 2 * MIB)
    server.has_ranges = False
    for stop in (MIB, MIB + STEP):
        big.kill_at(server, stop)
    big.finish(server, data)
    assert server.sent == len(data) + 2 * MIB + STEP


def random_points(data: bytes) -> list[int]:
    """Printed, so that they can be had again."""
    points, seed = int(os.environ.get("KILL_POINTS", 3)), int(os.environ.get("KILL_SEED", 20261122))
    print(f"KILL_POINTS={points} KILL_SEED={seed}")
    return sorted(random.Random(seed).sample(range(len(data)), points))


def test_killed_at_random_points_of_a_large_image(router, gates, certificate, large):
    server, big = gates(large), Big(router, certificate, 256 * MIB)
    points = random_points(large)
    for stop in points:
        big.kill_at(server, stop)
    big.finish(server, large)
    assert server.wasted <= len(points) * STEP


# ---- cut off ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("act", [CLOSE, RESET])
def test_cut_off_at_every_64_kib(router, gates, certificate, plain, act):
    """Within one run."""
    data = plain(2 * MIB)
    server, big = gates(data), Big(router, certificate, 2 * MIB)
    server.act, server.stops = act, list(range(STEP, len(data), STEP))
    cuts = len(server.stops)
    big.finish(server, data, f"--source-retries={cuts}")
    assert server.stops == []
    assert server.wasted <= cuts * STEP


def test_cut_off_at_random_points_of_a_large_image(router, gates, certificate, large):
    server, big = gates(large), Big(router, certificate, 256 * MIB)
    points = random_points(large)
    server.act, server.stops = RESET, list(points)
    big.finish(server, large, f"--source-retries={len(points)}")
    assert server.stops == []
    assert server.wasted <= len(points) * STEP


# ---- without power ---------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not has_strace(), reason="strace is missing, or tracing is not permitted here")
@pytest.mark.parametrize("kept", ["none", "all", "some"])
def test_power_cut(router, gates, certificate, plain, kept, tmp_path):
    """What was written and not synced is lost, or lands in any order: at most one checkpoint is fetched again.

    Slow enough for a checkpoint each MiB: from a source that is quick beside the medium they are farther apart.
    """
    data = plain(7 * MIB // 2)
    server, big = gates(data), Big(router, certificate, 4 * MIB)
    big.kill_at(server, 1)  # every file is there
    wasted, luck = server.wasted, random.Random(1)
    for stop in (700_000, MIB + 900_000, 3 * MIB + 5):
        server.held.clear()
        server.stops = [stop]
        disk = stored_writes.Disk(router.dir)
        process = big.start(server.url, "--source-max-speed=1M", under=disk.strace(tmp_path / "log"))
        server.wait_for_kill(process)
        disk.kill(process)
        disk.lose(tmp_path / "log", kept, luck)
        assert server.wasted - wasted <= CHECKPOINT + STEP, f"before {stop}"
        wasted = server.wasted
    big.finish(server, data)
    assert server.wasted - wasted <= CHECKPOINT + STEP
