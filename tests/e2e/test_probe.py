# SPDX-License-Identifier: Apache-2.0
"""`tandem rcp probe` names the layer that fails, and the wire to look at: one broken thing a row, on a simulated board."""

import pytest

from simulator import Simulator
from test_boot import Router, old, plant  # noqa: F401  old is a fixture

# Broken in the simulator, words of the command, code, a word of the hint. The radio's firmware is whole in each.
BOARDS = [
    ("a sound board", [], ["--reset"], "", ""),
    ("RESET not connected", ["reset"], ["--reset"], "lines_no_effect", "RESET wire"),
    ("BOOT not connected", ["boot"], ["--reset"], "not_in_loader", "GPIO9"),
    ("nothing reaches the radio", ["rx"], [], "no_sync", "this port's TX"),
    ("nothing comes from the radio", ["tx"], [], "no_answer", "power and ground"),
    ("second strap low", ["second-strap"], ["--reset"], "usb_download_only", "GPIO8"),
    ("flash silent", ["flash"], ["--reset"], "flash_not_found", "flash chip"),
    ("another chip than configured", [], ["--reset", "--radio-chip", "esp32c6"], "wrong_chip", "[radio] chip"),
]


@pytest.mark.parametrize("broken,words,code,hint", [row[1:] for row in BOARDS], ids=[row[0] for row in BOARDS])
def test_each_broken_layer_has_its_name(tmp_path, sim_bin, tandem, build_dir, old, broken, words, code, hint):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    faults = [word for what in broken for word in ("--broken", what)]
    with Simulator(sim_bin, tmp_path, *faults) as sim:
        sim.booted()
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        before = sim.flash.read_bytes()
        done = router.tandem("--json", "rcp", "probe", *words)
        said = router.json("rcp", "probe", *words)
        assert (said.get("error", {}).get("code", ""), said["exit"] == 0) == (code, code == ""), said
        assert hint in said.get("error", {}).get("message", ""), said
        assert done.returncode == said["exit"] and sim.flash.read_bytes() == before
        if not code:
            assert said["radio"]["version"] == old.version


def test_ports_that_are_none(tmp_path, sim_bin, tandem, build_dir, old):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path) as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        missing = router.json("rcp", "probe", "--radio-port", tmp_path / "nothing")
        assert missing["error"]["code"] == "port_not_found" and "[radio] port" in missing["error"]["message"]
        plain = router.json("rcp", "probe", "--radio-port", sim.flash)
        assert plain["error"]["code"] == "port_not_a_tty"
