# SPDX-License-Identifier: Apache-2.0
"""How long RESET and BOOT are pulled is the configuration's word on every kind of wire: GPIO lines and a terminal's DTR and RTS on a
stand-in for the board (board_shim.c), DTR and RTS of a serial server by the simulated chip's own clock."""

import json
import os
import subprocess

import pytest

from conftest import REPO
from simulator import Simulator
from test_boot import old, plant  # noqa: F401  old is a fixture

@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("shim") / "board_shim.so"
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", made, REPO / "tests/e2e/board_shim.c"], check=True)
    return made


@pytest.fixture
def sim(sim_bin, tmp_path, old):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, "--rfc2217", "0") as sim:
        sim.booted()
        yield sim


def probe(tandem, sim, where, holds, **environment) -> None:
    """A reset into the loader, and one into the firmware."""
    words = ("--radio-reset-hold-ms", holds[0], "--radio-boot-hold-ms", holds[1]) if holds else ()
    done = tandem("--json", *where, *words, "rcp", "probe", "--reset", env=os.environ | environment)
    said = json.loads(done.stdout)
    assert done.returncode == 0 and said["chip"]["name"] == "esp32h2", said
    assert sim.booted() == "radio"


FREE, STRAP, BOTH, RESET = "reset 0 boot 0", "reset 0 boot 1", "reset 1 boot 1", "reset 1 boot 0"
# Lines, the levels and sleeps into the loader, into the firmware; R and B: for how long RESET and BOOT are configured to be pulled.
BOARDS = [
    ("gpio:RESET=0/17,BOOT=0/18", [STRAP, BOTH, "R", STRAP, "B", FREE], [RESET, "R", FREE]),
    ("modem-together", [RESET, "R", STRAP, "B", FREE], [RESET, "R", FREE]),
    ("modem-classic", [RESET, "R", STRAP, "B", FREE], [RESET, "R", FREE]),
]


@pytest.mark.parametrize("holds", [(), (7, 3), (230, 120)], ids=["by default", "short", "long"])
@pytest.mark.parametrize("lines,loader,firmware", BOARDS, ids=[row[0] for row in BOARDS])
def test_local_lines(tandem, sim, shim, tmp_path, lines, loader, firmware, holds):
    log = tmp_path / "board.log"
    probe(tandem, sim, ("--radio-port", sim.tty, "--radio-lines", lines), holds, LD_PRELOAD=str(shim), BOARD_LOG=str(log),
          BOARD_PINS=str(sim.socket), ASAN_OPTIONS="verify_asan_link_order=0")
    reset_ms, boot_ms = holds or (100, 50)
    slept = {"R": f"sleep {reset_ms}", "B": f"sleep {boot_ms}"}
    assert log.read_text().splitlines() == [slept.get(step, step) for step in loader + firmware]


def test_serial_server(tandem, sim, tmp_path):
    """By the chip's clock, to which a hold is at least as long as it was asked for; the simulator reads it a little early."""
    early = 100
    probe(tandem, sim, ("--radio-port", f"rfc2217://127.0.0.1:{sim.ready['rfc2217']}", "--radio-lines", "modem"), (730, 570))
    seen = [(int(line.split()[0]) / 1000, line.split("# ")[1]) for line in (tmp_path / "sim.log").read_text().splitlines()
            if "# reset" in line]
    levels = [level for _, level in seen]
    assert levels[-6:] == [RESET, STRAP, FREE, STRAP, RESET, FREE], seen
    held = [after - before for (before, _), (after, _) in zip(seen, seen[1:])][-5:]
    assert held[0] > 730 - early and held[1] > 570 - early and held[4] > 730 - early, seen
