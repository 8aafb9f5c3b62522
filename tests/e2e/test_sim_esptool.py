# SPDX-License-Identifier: Apache-2.0
"""esptool, an independent flasher, against tandem-sim: it finds a chip, and the flash holds what it wrote."""

import hashlib
import subprocess
import sys

import pytest

from simulator import Simulator

# What each chip must answer; MAC as given to the simulator. Ids from Espressif's documents.
CHIPS = {
    "esp32h2": {"chip": "ESP32-H2", "mac": "60:55:f9:ff:fe:0a:0b:0c", "flash": ("c8", "4016")},
    "esp32c6": {"chip": "ESP32-C6", "mac": "60:55:f9:ff:fe:0a:0b:0c", "flash": ("20", "4016")},
    "esp32c3": {"chip": "ESP32-C3", "mac": "60:55:f9:0a:0b:0c", "flash": ("20", "4016")},
    "esp32c5": {"chip": "ESP32-C5", "mac": "60:55:f9:ff:fe:0a:0b:0c", "flash": ("c8", "4016")},
    "esp32c61": {"chip": "ESP32-C61", "mac": "60:55:f9:0a:0b:0c", "flash": ("c8", "4016")},
    "esp32s3": {"chip": "ESP32-S3", "mac": "60:55:f9:0a:0b:0c", "flash": ("c8", "4016")},
    "esp32c2": {"chip": "ESP32-C2", "mac": "60:55:f9:0a:0b:0c", "flash": ("20", "4016")},
}
MAC = "60:55:f9:0a:0b:0c"


def esptool(*arguments, cwd=None) -> str:
    done = subprocess.run([sys.executable, "-m", "esptool", *map(str, arguments)], cwd=cwd, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_chip(sim: Simulator, chip: str, *arguments, baud: int = 115200, cwd=None) -> str:
    return esptool("--chip", chip, "--port", sim.tty, "--baud", baud, "--no-stub", "--before", "no-reset", "--after",
                   "no-reset", *arguments, cwd=cwd)


def merged(chip: str, build, folder) -> bytes:
    """What the flash must hold, by esptool's own image builder."""
    out = folder / "merged.bin"
    esptool("--chip", chip, "merge-bin", "--pad-to-size", "4MB", "--output", out, "@flash_args", cwd=build.dir)
    return out.read_bytes()


@pytest.fixture
def start(sim_bin, tmp_path):
    running = []

    def start(*arguments, **options) -> Simulator:
        sim = Simulator(sim_bin, tmp_path, "--boot-strap", "1", "--mac", MAC, *arguments, **options)
        running.append(sim.__enter__())
        return sim

    yield start
    for sim in running:
        sim.__exit__()


@pytest.mark.parametrize("chip", CHIPS)
def test_identity(start, chip):
    sim = start("--strict", chip=chip)
    said = on_chip(sim, "auto", "flash-id")
    maker, device = CHIPS[chip]["flash"]
    for wanted in (f"Connected to {CHIPS[chip]['chip']}", f"MAC: {CHIPS[chip]['mac']}", f"Manufacturer: {maker}",
                   f"Device: {device}", "flash size: 4MB"):
        assert wanted in " ".join(said.split()), said
    assert CHIPS[chip]["mac"] in on_chip(sim, chip, "read-mac")
    assert CHIPS[chip]["chip"] in on_chip(sim, chip, "chip-id")


@pytest.mark.parametrize("chip", ["esp32c5", "esp32c2"])
def test_another_crystal_than_the_rom_thinks(start, chip):
    """esptool corrects the rate it asks for; only then does the simulated ROM speak at the one that is wanted."""
    assert "flash size: 4MB" in on_chip(start(chip=chip), chip, "flash-id", baud=460800)


@pytest.mark.parametrize("chip", [chip for chip in CHIPS if chip not in ("esp32h2", "esp32c6")])
def test_write_on_every_chip(start, tmp_path, chip):
    """Those that have no sample firmware: bytes of any kind, at a raised rate, proven by esptool and by the file."""
    content = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(200)) + bytes(3000)
    (tmp_path / "part.bin").write_bytes(content)
    sim = start("--strict", chip=chip)
    said = on_chip(sim, chip, "write-flash", "--compress", "0x20000", tmp_path / "part.bin", baud=460800)
    assert "Hash of data verified" in said
    flash = sim.flash.read_bytes()
    assert flash[0x20000:0x20000 + len(content)] == content and flash[:0x20000] == b"\xff" * 0x20000


@pytest.mark.parametrize("size,expected", [("1MB", "1MB"), ("8MB", "8MB"), ("16MB", "16MB")])
def test_flash_size(start, size, expected):
    sim = start("--flash-size", size)
    assert f"flash size: {expected}" in on_chip(sim, "esp32h2", "flash-id")


@pytest.mark.parametrize("chip", ["esp32h2", "esp32c6"])
@pytest.mark.parametrize("way", ["--no-compress", "--compress"])
def test_write_verify_boot(start, samples, tmp_path, chip, way):
    build = samples.build(chip, "small", 2)
    sim = start("--strict", chip=chip)
    assert "Hash of data verified" in on_chip(sim, chip, "write-flash", way, "@flash_args", cwd=build.dir)
    assert sim.flash.read_bytes() == merged(chip, build, tmp_path)
    said = on_chip(sim, chip, "verify-flash", "0x10000", build.app)
    assert "verify" in said.lower() and "successful" in said.lower(), said
    sim.reset()
    assert sim.booted() == "radio"


def test_rewrite_and_raised_rate(start, samples, tmp_path):
    """Over older, larger firmware, with the line as slow as its rate."""
    old, new = samples.build("esp32h2", "large", 1), samples.build("esp32h2", "small", 2)
    (tmp_path / "flash.bin").write_bytes(merged("esp32h2", old, tmp_path))
    sim = start(line_speed=True)
    on_chip(sim, "esp32h2", "write-flash", "--compress", "@flash_args", baud=921600, cwd=new.dir)
    flash = sim.flash.read_bytes()
    for at, part in ((0x8000, new.table), (0x10000, new.app)):
        assert flash[at:at + part.stat().st_size] == part.read_bytes()
    assert flash[0x20000:0x30000] == merged("esp32h2", old, tmp_path)[0x20000:0x30000]


def test_read_flash(start, tmp_path):
    pattern = b"".join(hashlib.sha256(bytes([i & 255, i >> 8])).digest() for i in range(2048))
    (tmp_path / "flash.bin").write_bytes(pattern)
    sim = start()
    on_chip(sim, "esp32h2", "read-flash", "0", "0x10000", tmp_path / "read.bin")
    assert (tmp_path / "read.bin").read_bytes() == pattern
    assert sim.flash.read_bytes()[0x10000:] == b"\xff" * (4 * 1024 * 1024 - 0x10000)


def test_erase_region(start, tmp_path):
    (tmp_path / "flash.bin").write_bytes(bytes(0x4000))
    sim = start()
    on_chip(sim, "esp32h2", "erase-region", "0x1000", "0x2000")
    flash = sim.flash.read_bytes()[:0x4000]
    assert flash == bytes(0x1000) + b"\xff" * 0x2000 + bytes(0x1000)
