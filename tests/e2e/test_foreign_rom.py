# SPDX-License-Identifier: Apache-2.0
"""Tandem at a ROM loader that somebody else wrote: esp32-mock-bootloader, from the Python registry.

It knows the loader's commands, the registers that tell chip, address and flash, and a flash of 4 MiB; it has no lines, no
firmware that runs, and no baud rates. So a probe ends with a chip and a silent radio, and a flash ends with the word that a hand
has to reset the radio. What is then on the flash is read by esptool, which is nobody's of ours either.
"""

import hashlib
import json
import subprocess
import sys
import zlib

import pytest
from esp32_mock_bootloader import mock_bootloader

from router import router  # noqa: F401  a fixture
from test_boot import regions

SECTOR = 4096
# An EUI-64 of six bytes has ff fe in the middle, unless the chip's eFuse has two more: theirs are 00 00 here.
FLASHED = {"esp32h2": "0000", "esp32c6": "0000", "esp32c5": "0000", "esp32c3": "fffe", "esp32c61": "fffe",
           "esp32s3": "fffe", "esp32c2": "fffe"}
REFUSED = {"esp32": "ESP32,", "esp32s2": "ESP32-S2", "esp32p4": "ESP32-P4", "esp32h21": "ESP32-H21",
           "esp32h4": "ESP32-H4", "esp32s31": "ESP32-S31"}


@pytest.fixture
def loader(tmp_path, monkeypatch):
    monkeypatch.setenv("ESP32_MOCK_BOOTLOADER_STATE_DIR", str(tmp_path / "mock"))
    running = []

    def start(chip: str):
        running.append(mock_bootloader(chip=chip))
        return running[-1]

    yield start
    for one in running:
        one._require_started().proc.terminate()  # its own stop waits for a second first
        one.stop()


@pytest.fixture
def probe(tandem_bin, tmp_path):
    def run(chip):
        """Lines that move nothing: the loader listens all the time."""
        done = subprocess.run([tandem_bin, "--json", "--radio-port", chip.url(), "--radio-lines", "command:/bin/true", "rcp",
                               "probe", "--reset"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
        return json.loads(done.stdout)
    return run


def esptool(chip, *words) -> None:
    done = subprocess.run([sys.executable, "-m", "esptool", "--chip", chip.chip, "--port", chip.url(), "--no-stub", "--before",
                           "no-reset", "--after", "no-reset", *map(str, words)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", FLASHED)
def test_identity(loader, probe, name):
    said = probe(loader(name))
    layers = {row["layer"]: row["result"] for row in said["layers"]}
    assert layers["loader"] == "answers" and said["error"]["code"] == "radio_silent", said
    last = hashlib.sha256(name.encode()).hexdigest()[:6]
    assert said["chip"] == {"name": name, "flash_size": 4 << 20, "mac": f"240ac4{FLASHED[name]}{last}"}


@pytest.mark.parametrize("name", REFUSED)
def test_chips_that_are_refused_by_name(loader, probe, name):
    said = probe(loader(name))
    assert said["error"]["code"] == "other_chip" and REFUSED[name] in said["error"]["message"], said
    assert "chip" not in said


def test_flash_and_only_what_differs(loader, router, samples, tmp_path):  # noqa: F811
    """A blank flash, then three sectors that somebody else spoilt, then nothing to do."""
    build = samples.build("esp32h2", "large", 1)
    chip = loader("esp32h2")
    parts = list(regions(build))
    where = ("--radio-port", chip.url(), "--radio-lines", "none", "--radio-flash-baud", "115200")
    config = router.dir / "tandem.conf"
    config.write_text(config.read_text().replace("rcp-size = 256K", "rcp-size = 1M"))
    assert router.run("rcp", "adopt", build.dir).exit == 0

    def update() -> dict:
        answer = router.run(*where, "rcp", "update", timeout=200)
        assert answer.code == "needs_reset", answer
        return answer.data["flash"]

    def read(at, size) -> bytes:
        esptool(chip, "read-flash", hex(at), size, tmp_path / "read")
        return (tmp_path / "read").read_bytes()

    def is_whole() -> bool:
        return all(read(at, len(data)) == data for at, data in parts)

    first = update()
    assert first["rewritten"] == first["sectors"] == sum(-(-len(data) // SECTOR) for _, data in parts)
    packed = sum(len(zlib.compress(data, 9)) for _, data in parts)
    assert packed * 0.9 < first["bytes_sent"] < packed * 1.1 and is_whole()

    app_at, app = max(parts, key=lambda part: len(part[1]))
    spoilt = [app_at + i * SECTOR for i in (1, 2, len(app) // SECTOR - 1)]
    (tmp_path / "junk").write_bytes(b"\x00junk" * 100)
    esptool(chip, "write-flash", *[word for at in spoilt for word in (hex(at), tmp_path / "junk")])
    second = update()
    assert second["rewritten"] == len(spoilt) and is_whole()
    wanted = [app[at - app_at:at - app_at + SECTOR] for at in spoilt]
    assert second["bytes_sent"] <= sum(len(zlib.compress(sector, 9)) for sector in wanted)

    third = update()
    assert third["rewritten"] == third["bytes_sent"] == 0
