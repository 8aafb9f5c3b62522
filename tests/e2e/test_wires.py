# SPDX-License-Identifier: Apache-2.0
"""A radio behind a serial server: resets by DTR and RTS, the rate, and a whole flash, against tandem-sim's server by esptool
and by Tandem, and against another server by Tandem; the same with a network in between that takes its time."""

import contextlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from far_away import FarAway
from router import Router, router  # noqa: F401  one is a fixture
from serial_server import SerialServer
from simulator import Simulator
from test_boot import regions

SYNC = 0x08


def events(sim) -> list[str]:
    """What the pins went through, without the times."""
    lines = (sim.flash.parent / "sim.log").read_text().splitlines()
    return [line.split("# ")[1] for line in lines if "# " in line and not line.endswith("state")]


def esptool(sim, *arguments) -> str:
    done = subprocess.run([sys.executable, "-m", "esptool", "--chip", "esp32h2", "--port",
                           f"rfc2217://127.0.0.1:{sim.ready['rfc2217']}", "--no-stub", *map(str, arguments)],
                          capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def sim(sim_bin, tmp_path, samples):
    build = samples.build("esp32h2", "small", 1)
    (tmp_path / "sim").mkdir()
    flash = bytearray(b"\xff" * 0x80000)
    for at, data in regions(build):
        flash[at:at + len(data)] = data
    (tmp_path / "sim/flash.bin").write_bytes(flash)
    with Simulator(sim_bin, tmp_path / "sim", "--rfc2217", "0") as sim:
        yield sim


def test_esptool_with_its_default_reset(sim, tmp_path):
    """No --before, no --after, no option in the address: DTR and RTS do it, and afterwards the firmware runs."""
    content = os.urandom(5000)
    (tmp_path / "part.bin").write_bytes(content)
    said = esptool(sim, "--baud", "460800", "write-flash", "0x60000", tmp_path / "part.bin")
    assert "Hash of data verified" in said
    assert sim.flash.read_bytes()[0x60000:0x60000 + 5000] == content
    assert "reset 0 boot 1" in events(sim) and events(sim)[-2:] == ["reset 1 boot 0", "reset 0 boot 0"]
    assert sim.booted() == "radio"


@pytest.mark.parametrize("lines", ["modem", "modem-classic", "modem-together"])
def test_tandem_flashes(router, samples, sim, lines):  # noqa: F811
    new = samples.build("esp32h2", "small", 2)
    where = ("--radio-port", f"rfc2217://127.0.0.1:{sim.ready['rfc2217']}", "--radio-lines", lines)
    assert router.run("rcp", "adopt", new.dir).exit == 0
    answer = router.run(*where, "rcp", "update")
    assert answer.exit == 0, answer
    flash = sim.flash.read_bytes()
    for at, data in regions(new):
        assert flash[at:at + len(data)] == data
    info = router.run(*where, "rcp", "info")
    assert info.data["radio"]["version"] == new.version
    assert "reset 0 boot 1" in events(sim) and events(sim)[-1] == "reset 0 boot 0"


def test_plain_reset(router, sim):  # noqa: F811
    answer = router.run("--radio-port", f"rfc2217://127.0.0.1:{sim.ready['rfc2217']}", "--radio-lines", "modem-classic",
                        "rcp", "reset")
    assert answer.exit == 0, answer
    assert events(sim) == ["reset 1 boot 0", "reset 0 boot 0"]


def test_another_server(router, samples, sim):  # noqa: F811
    new = samples.build("esp32h2", "small", 2)
    assert router.run("rcp", "adopt", new.dir).exit == 0
    with SerialServer(sim) as server:
        answer = router.run("--radio-port", server.port, "--radio-lines", "modem", "--radio-flash-baud", "921600", "rcp",
                            "update")
    assert answer.exit == 0, answer
    flash = sim.flash.read_bytes()
    for at, data in regions(new):
        assert flash[at:at + len(data)] == data
    assert {9600, 115200, 460800, 921600} == set(server.rates) and server.purges > 10


@pytest.mark.parametrize("port,code", [("tcp", "port_not_serial_server"), (None, "port_unreachable")])
def test_no_serial_server(router, sim, free_port, port, code):  # noqa: F811
    number = sim.ready[port] if port else free_port()
    answer = router.run("--radio-port", f"rfc2217://127.0.0.1:{number}", "rcp", "reset")
    assert answer.code == code, answer
    assert str(number) in answer.message


@contextlib.contextmanager
def far_away(sim, way, seconds):
    """Words for a radio that is this far away: by its raw line, by tandem-sim's serial server, by pyserial's."""
    with contextlib.ExitStack() as stack:
        port = sim.tcp_port if way == "socket" else sim.ready["rfc2217"]
        if way == "another server":
            port = int(stack.enter_context(SerialServer(sim)).port.rsplit(":", 1)[1])
        far = stack.enter_context(FarAway(port, seconds))
        scheme, lines = ("socket", f"control:{sim.socket}") if way == "socket" else ("rfc2217", "modem")
        yield "--radio-port", f"{scheme}://127.0.0.1:{far.port}", "--radio-lines", lines


def heard_by_loader(sim, since=0) -> Counter:
    """How often the ROM was given which command."""
    lines = [line.split() for line in (sim.flash.parent / "sim.log").read_text().splitlines()[since:]]
    frames = b"".join(bytes.fromhex("".join(line[2:])) for line in lines if line[1] == ">").split(b"\xc0")
    return Counter(frame[1] for frame in frames if len(frame) >= 8 and frame[0] == 0)


def loader_starts(sim) -> int:
    lines = [line.split() for line in (sim.flash.parent / "sim.log").read_text().splitlines()]
    return b"".join(bytes.fromhex("".join(line[2:])) for line in lines if line[1] == "<").count(b"waiting for download")


def put_back(sim, build) -> None:
    """With the chip at rest."""
    assert sim.control("reset 1") == "ok"
    for at, data in regions(build):
        sim.overwrite(data, at)
    sim.reset()


@pytest.mark.parametrize("way", ["socket", "rfc2217", "another server"])
def test_latency_costs_time_alone(tmp_path, tandem_bin, samples, sim, way):
    """50 ms each way: the same commands as without, once each; no reset more, and nothing to recover from."""
    old, new = samples.build("esp32h2", "small", 1), samples.build("esp32h2", "small", 2)
    heard = []
    for seconds in (0, 0.05):
        put_back(sim, old)
        assert sim.booted() == "radio"
        since = len((sim.flash.parent / "sim.log").read_text().splitlines())
        router = Router(tmp_path / f"router-{seconds}", tandem_bin, new.dir).adopted()
        with far_away(sim, way, seconds) as where:
            answer = router.run(*where, "rcp", "update")
        assert answer.exit == 0 and answer.data["flash"]["recoveries"] == 0, answer
        flash = sim.flash.read_bytes()
        assert all(flash[at:at + len(data)] == data for at, data in regions(new))
        heard.append(heard_by_loader(sim, since))
    near, far = heard
    assert far.pop(SYNC) <= near.pop(SYNC) + 1      # it may be said again while the first one's answer is on its way
    assert near == far and sum(near.values()) > 30
    assert loader_starts(sim) == 2


@pytest.mark.parametrize("way", ["socket", "rfc2217"])
def test_loader_that_answers_after_several_syncs(router, sim, way):  # noqa: F811
    """A SYNC is said every 100 ms, the answer takes 300: the first one counts, not that to the latest."""
    with far_away(sim, way, 0.15) as where:
        answer = router.run(*where, "rcp", "probe", "--reset")
    assert answer.exit == 0 and answer.data["chip"]["name"] == "esp32h2", answer
    assert 1 < heard_by_loader(sim)[SYNC] <= 5 and loader_starts(sim) == 1
