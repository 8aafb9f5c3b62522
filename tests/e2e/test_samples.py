# SPDX-License-Identifier: Apache-2.0
"""The sample firmware is what the other tests take it for."""

import hashlib
import re
import ssl
import struct
import subprocess
import sys
import urllib.request
import zlib

import pytest
from conftest import make_samples

CHIPS = {"esp32h2": 16, "esp32c6": 13}
BUILDS = [(chip, size, release) for chip in CHIPS for size in ("small", "large") for release in (1, 2)]
SIZES = {"small": (16 * 1024, 24 * 1024), "large": (225 * 1024, 275 * 1024)}

# The table of a plain RCP build: nvs, phy_init, factory, and the MD5 of these three rows.
TABLE = bytes.fromhex("""
    aa 50 01 02 00 90 00 00 00 60 00 00 6e 76 73 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    aa 50 01 01 00 f0 00 00 00 10 00 00 70 68 79 5f 69 6e 69 74 00 00 00 00 00 00 00 00 00 00 00 00
    aa 50 00 00 00 00 01 00 00 00 10 00 66 61 63 74 6f 72 79 00 00 00 00 00 00 00 00 00 00 00 00 00
    eb eb ff ff ff ff ff ff ff ff ff ff ff ff ff ff f4 ad 4f 45 38 56 4b 5d 74 35 b6 2c 75 b6 95 24
""").ljust(3072, b"\xff")


def image_info(path) -> str:
    done = subprocess.run([sys.executable, "-m", "esptool", "image-info", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def header(path) -> tuple[int, int, int]:
    """Chip id, lowest and highest chip revision."""
    return struct.unpack_from("<HxHH", path.read_bytes(), 12)


@pytest.mark.parametrize("chip, size, release", BUILDS)
def test_esptool_accepts_application_and_bootloader(samples, chip, size, release):
    build = samples.build(chip, size, release)
    for path in (build.app, build.bootloader):
        info = image_info(path)
        assert re.search(r"Checksum: 0x[0-9a-f]{2} \(valid\)", info), path
        assert re.search(r"Validation hash: [0-9a-f]{64} \(valid\)", info), path
        assert header(path) == (CHIPS[chip], 0, 99), path
    assert "Project name: esp_ot_rcp" in image_info(build.app)


@pytest.mark.parametrize("chip, size, release", BUILDS)
def test_application_has_the_size_and_texture_of_firmware(samples, chip, size, release):
    data = samples.build(chip, size, release).app.read_bytes()
    low, high = SIZES[size]
    assert low <= len(data) <= high
    assert len(data) % 4 == 0
    assert 0.60 <= len(zlib.compress(data, 9)) / len(data) <= 0.70


@pytest.mark.parametrize("chip, size, release", BUILDS)
def test_version_text_is_in_a_segment_and_in_rcp_version(samples, chip, size, release):
    build = samples.build(chip, size, release)
    found = re.findall(rb"[\x20-\x7e]*/[\x20-\x7e]*; esp32[\x20-\x7e]*\0", build.app.read_bytes())
    assert found == [build.version.encode() + b"\0"]
    assert (build.dir / "rcp_version").read_bytes() == build.version.encode()
    assert f"; {chip};  20" in build.version and len(build.version) < 100


@pytest.mark.parametrize("chip", CHIPS)
def test_versions_differ_by_text_and_by_code(samples, chip):
    builds = [samples.build(chip, size, release) for size in ("small", "large") for release in (1, 2)]
    assert len({build.version for build in builds}) == 4
    assert len({build.app.read_bytes() for build in builds}) == 4


def test_bootloader_fits_before_the_partition_table(samples):
    for chip in CHIPS:
        assert 12 * 1024 <= samples.build(chip).bootloader.stat().st_size <= 0x8000


def test_partition_table_is_the_known_one(samples):
    assert samples.build().table.read_bytes() == TABLE


def test_flash_args_come_in_both_spellings(samples):
    lines = "\n0x0 bootloader/bootloader.bin\n0x10000 esp_ot_rcp.bin\n0x8000 partition_table/partition-table.bin\n"
    assert samples.build("esp32h2", "large", 1).flash_args.read_text() == \
        "--flash_mode dio --flash_freq 48m --flash_size 2MB" + lines
    assert samples.build("esp32h2", "large", 2).flash_args.read_text() == \
        "--flash-mode dio --flash-freq 48m --flash-size 2MB" + lines


@pytest.mark.parametrize("release", (1, 2))
def test_host_application_is_a_valid_esp32s3_image(samples, release):
    path = samples.host("esp32s3", release)
    info = image_info(path)
    assert "(valid)" in info and "(invalid" not in info and "Project name: esp_ot_br" in info
    assert header(path)[0] == 9
    assert path.stat().st_size == 1536 * 1024


def test_host_files_differ(samples):
    paths = [samples.host(kind, release) for kind in ("esp32s3", "linux") for release in (1, 2)]
    assert {path.stat().st_size for path in paths} == {1536 * 1024}
    assert len({path.read_bytes() for path in paths}) == 4
    assert samples.host("linux").read_bytes()[:1] != b"\xe9"


def test_a_second_run_makes_the_same_bytes(samples, tmp_path):
    def digests(root):
        files = sorted(path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert digests(make_samples(tmp_path / "again").root) == digests(samples.root)


def test_openssl_serves_a_sample(samples, https_server, certificate):
    port = https_server(samples.root)
    context = ssl.create_default_context(cafile=certificate.cert)
    with urllib.request.urlopen(f"https://localhost:{port}/samples.json", context=context, timeout=20) as answer:
        assert answer.read() == (samples.root / "samples.json").read_bytes()
