# SPDX-License-Identifier: Apache-2.0
"""A radio behind a serial server: resets by DTR and RTS, the rate, and a whole flash, against tandem-sim's server by esptool
and by Tandem, and against another server by Tandem."""

import os
import subprocess
import sys

import pytest

from router import router  # noqa: F401  a fixture
from serial_server import SerialServer
from simulator import Simulator
from test_boot import regions


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
