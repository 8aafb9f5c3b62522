# SPDX-License-Identifier: Apache-2.0
"""Every chip that Tandem flashes, from a build directory to firmware that answers: what differs between them is done right
by the program, too (where the bootloader lies, registers, the rates of a crystal that the ROM takes for another)."""

import json

import pytest

from simulator import Simulator
from test_boot import Router
from test_image import LINES, OPTIONS, firmware, tiny_build

# Ids and the bootloader's place as Espressif's documents say.
CHIPS = {"esp32h2": (16, "0x0 "), "esp32c6": (13, "0x0 "), "esp32c5": (23, "0x2000 "), "esp32c3": (5, "0x0 "),
         "esp32c61": (20, "0x0 "), "esp32s3": (9, "0x0 "), "esp32c2": (12, "0x0 ")}


@pytest.mark.parametrize("chip", CHIPS)
def test_each_chip_is_flashed(tmp_path, sim_bin, tandem, build_dir, chip):
    number, bootloader = CHIPS[chip]
    version = f"openthread-esp32/5f2a91c-77aa01b; {chip};  2026-07-23 13:06:47 UTC"
    build = tiny_build(tmp_path / "build", version, number, OPTIONS + LINES.replace("0x0 ", bootloader))
    (build / "esp_ot_rcp.bin").write_bytes(firmware(number, b"code" + bytes(4) + version.encode() + bytes(1)))
    with Simulator(sim_bin, tmp_path, "--strict", chip=chip) as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        router.tandem("rcp", "adopt", build, "--radio-chip", chip, ok=True)
        done = router.json("rcp", "update", "--radio-chip", chip, ok=True)
        flash = sim.flash.read_bytes()
    assert done["done"] == ["radio flashed"] and done["radio"]["version"] == version, done
    assert (done["flash"]["baud"], done["flash"]["recoveries"]) == (460800, 0)
    for line in (build / "flash_args").read_text().splitlines()[1:]:
        at, name = line.split()
        data = (build / name).read_bytes()
        assert flash[int(at, 16):int(at, 16) + len(data)] == data, name


@pytest.mark.parametrize("chip", ["esp32c5"])
def test_a_bundle_for_another_chip_is_not_flashed(tmp_path, sim_bin, tandem, build_dir, chip):
    build = tiny_build(tmp_path / "build")
    with Simulator(sim_bin, tmp_path, chip=chip) as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        router.tandem("rcp", "adopt", build, ok=True)
        refused = router.tandem("--json", "rcp", "update")
        error = json.loads(refused.stdout)["error"]
        assert (error["code"], refused.returncode != 0) == ("wrong_chip", True), error
        assert chip in error["message"] and sim.flash.read_bytes() == b"\xff" * (4 << 20)
