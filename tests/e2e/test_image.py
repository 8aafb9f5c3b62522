# SPDX-License-Identifier: Apache-2.0
"""tandem image create, info, verify, extract: against the oracle in packer.py, and against everything that is refused."""

import hashlib
import json
import re
import shutil
import struct
import sys
from pathlib import Path

import pytest

import packer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data/firmware"))
import espfiles  # noqa: E402

H2, C6, S3, C5 = 16, 13, 9, 23
VERSION = "openthread-esp32/5f2a91c-77aa01b; esp32h2;  2026-07-23 13:06:47 UTC"
OPTIONS = "--flash-mode dio --flash-freq 48m --flash-size 2MB\n"
LINES = "0x0 bootloader/bootloader.bin\n0x10000 esp_ot_rcp.bin\n0x8000 partition_table/partition-table.bin\n"
ROWS = [(1, 2, 0x9000, 0x6000, "nvs"), (1, 1, 0xF000, 0x1000, "phy_init"), (0, 0, 0x10000, 0x100000, "factory")]


def firmware(chip: int, data: bytes) -> bytes:
    return espfiles.esp_image(chip, 0x4083CFD0, 0x1F, [(0x4083CFD0, data.ljust((len(data) + 3) // 4 * 4, b"\0"))])


def tiny_build(folder: Path, version: str = VERSION, chip: int = H2, flash_args: str = OPTIONS + LINES, rows=ROWS) -> Path:
    """The smallest build directory that passes every check."""
    (folder / "bootloader").mkdir(parents=True)
    (folder / "partition_table").mkdir()
    (folder / "bootloader/bootloader.bin").write_bytes(firmware(chip, b"boot"))
    (folder / "partition_table/partition-table.bin").write_bytes(espfiles.partition_table(rows))
    (folder / "esp_ot_rcp.bin").write_bytes(firmware(chip, b"code" + version.encode() + b"\0"))
    (folder / "rcp_version").write_text(version)
    (folder / "flash_args").write_text(flash_args)
    return folder


@pytest.fixture
def build(tmp_path) -> Path:
    return tiny_build(tmp_path / "build")


def create(tandem, build: Path, host: Path | None = None, **options):
    out = build.parent / "image.bin"
    arguments = ["--br-firmware", host] if host else []
    return out, tandem("image", "create", "--rcp-build-dir", build, *arguments, "--target-file", out, **options)


def result(done) -> dict:
    return json.loads(done.stdout)


# ---- the same bytes as the existing packer ----

SHAPES = {
    "as it is": {},
    "older spelling": {"flash_args": OPTIONS.replace("flash-", "flash_") + LINES},
    "no last line end": {"flash_args": OPTIONS + LINES.rstrip("\n")},
    "other order": {"flash_args": OPTIONS + "".join(reversed(LINES.splitlines(keepends=True)))},
    "other offsets": {"flash_args": OPTIONS + LINES.replace("0x8000", "0x9000").replace("0x10000", "0x20000"),
                      "rows": [(0, 0, 0x20000, 0x10000, "factory")]},
    "bootloader at 0x2000": {"chip": C5, "flash_args": OPTIONS + LINES.replace("0x0 ", "0x2000 ")},
    "1 byte of version": {"version": "v"},
    "99 bytes of version": {"version": "v" * 99},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("host", [None, b"\x00opaque", firmware(S3, b"host")])
def test_same_bytes_as_the_oracle(tandem, tmp_path, shape, host):
    build = tiny_build(tmp_path / "build", **SHAPES[shape])
    host_file = tmp_path / "host.bin" if host else None
    if host:
        host_file.write_bytes(host)
    out, _ = create(tandem, build, host_file, ok=True)
    assert out.read_bytes() == packer.pack(build, host_file)
    assert [path.name for path in tmp_path.glob("image.bin*")] == ["image.bin"]
    tandem("image", "verify", out, ok=True)


@pytest.mark.parametrize("chip", ["esp32h2", "esp32c6"])
@pytest.mark.parametrize("size, release, host", [("small", 1, "linux"), ("small", 2, None), ("large", 2, "esp32s3")])
def test_same_bytes_for_sample_firmware(tandem, samples, tmp_path, chip, size, release, host):
    build = samples.build(chip, size, release)
    host_file = samples.host(host, release) if host else None
    out = tmp_path / "image.bin"
    arguments = ["--br-firmware", host_file] if host else []
    done = tandem("--json", "image", "create", "--rcp-build-dir", build.dir, *arguments, "--target-file", out, ok=True)
    assert out.read_bytes() == packer.pack(build.dir, host_file)
    assert result(done)["version_in_firmware"] is True
    verdict = result(tandem("--json", "image", "verify", out, ok=True))
    assert verdict["rcp_chip"] == chip
    assert verdict["rcp_version"] == build.version
    assert verdict["image_id"] == hashlib.sha256(out.read_bytes()).hexdigest()


def test_an_older_file_is_replaced(tandem, build):
    out = build.parent / "image.bin"
    out.write_bytes(b"older")
    out, _ = create(tandem, build, ok=True)
    assert out.read_bytes() == packer.pack(build)


# ---- what is refused: a sentence that names file (and line), and nothing written ----

def edit(name: str, change):
    def apply(build: Path):
        path = build / name
        path.write_bytes(change(path.read_bytes()))
    return apply


def flash_lines(text: str):
    return lambda build: (build / "flash_args").write_text(text)


def remove(name: str):
    return lambda build: (build / name).unlink()


def flip(at: int):
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1:] if at >= 0 else flip(len(data) + at)(data)


def new_checksum(data: bytes) -> bytes:
    """A wrong checksum under a digest that fits."""
    data = flip(-33)(data)
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


APP, BOOT, TABLE = "esp_ot_rcp.bin", "bootloader/bootloader.bin", "partition_table/partition-table.bin"
FOURTH = "0xd000 ota_data_initial.bin\n"

REFUSED = {
    "fourth file": (flash_lines(OPTIONS + LINES + FOURTH), r"flash_args:5: second firmware"),
    "double bootloader": (flash_lines(OPTIONS + LINES + "0x20000 bootloader.bin\n"), r"flash_args:5: second bootloader"),
    "missing line": (flash_lines(OPTIONS + "".join(LINES.splitlines(keepends=True)[:2])), r"flash_args:3: no line for the partition table"),
    "no options line": (flash_lines(LINES), r"flash_args:1: first line"),
    "three words": (flash_lines(OPTIONS + LINES.replace(APP, APP + " x")), r"flash_args:3: line that is not"),
    "path outside": (flash_lines(OPTIONS + LINES.replace(APP, "../" + APP)), r"flash_args:3: path that leaves"),
    "overlap after rounding": (edit(BOOT, lambda data: firmware(H2, bytes(0x8000))), r"flash_args:4: parts overlap"),
    "offset in a sector": (flash_lines(OPTIONS + LINES.replace("0x10000", "0x10010")), r"flash_args:3: .*multiple of 4096"),
    "beyond the flash": (flash_lines(OPTIONS.replace("2MB", "64KB") + LINES), r"flash_args:3: .*beyond the end"),
    "bootloader elsewhere": (flash_lines(OPTIONS + LINES.replace("0x0 ", "0x1000 ")), r"flash_args:2: bootloader not where .*esp32h2"),
    "no flash_args": (remove("flash_args"), r"flash_args: there is no such file"),
    "no firmware": (remove(APP), r"flash_args:3: .*esp_ot_rcp.bin: there is no such file"),
    "no rcp_version": (remove("rcp_version"), r"rcp_version: there is no such file"),
    "empty version": (edit("rcp_version", lambda data: b""), r"rcp_version:1: version text empty"),
    "100 bytes of version": (edit("rcp_version", lambda data: b"v" * 100), r"rcp_version:1: .*longer than 99"),
    "line end in version": (edit("rcp_version", lambda data: data + b"\n"), r"rcp_version:1: .*line end"),
    "space before version": (edit("rcp_version", lambda data: b" " + data), r"rcp_version:1: .*begins with a space"),
    "space behind version": (edit("rcp_version", lambda data: data + b" "), r"rcp_version:1: .*ends with a space"),
    "odd firmware": (edit(APP, lambda data: data + b"\xff"), r"esp_ot_rcp.bin: \d+ bytes, which is not a multiple of 4"),
    "odd table": (edit(TABLE, lambda data: data[:-2]), r"partition-table.bin: 3070 bytes"),
    "empty bootloader": (edit(BOOT, lambda data: b""), r"bootloader.bin: 0 bytes"),
    "other chip": (edit(APP, lambda data: firmware(C6, b"code")), r"bootloader.bin is for esp32h2, .*esp_ot_rcp.bin is for esp32c6"),
    "unknown chip": (lambda build: [edit(name, lambda data: firmware(999, b"code"))(build) for name in (APP, BOOT)], r"esp_ot_rcp.bin: for a chip that is not known"),
    "firmware that is none": (edit(APP, lambda data: b"text" * 20), r"esp_ot_rcp.bin: does not begin as ESP firmware"),
    "truncated firmware": (edit(APP, lambda data: data[:-16]), r"esp_ot_rcp.bin: firmware ends before"),
    "wrong checksum": (edit(APP, new_checksum), r"esp_ot_rcp.bin: checksum over the segments"),
    "wrong SHA-256": (edit(APP, flip(-1)), r"esp_ot_rcp.bin: SHA-256"),
    "wrong entry address": (edit(APP, flip(5)), r"esp_ot_rcp.bin: SHA-256"),
    "bootloader's wrong SHA-256": (edit(BOOT, flip(-1)), r"bootloader.bin: SHA-256"),
    "table damaged": (edit(TABLE, flip(8)), r"partition-table.bin: checksum over the rows"),
    "no app at the firmware's offset": (edit(TABLE, lambda data: espfiles.partition_table([(0, 0, 0x20000, 0x10000, "factory")])), r"partition-table.bin: no app partition begins at 0x10000, where .*flash_args:3 "),
    "partition too small": (lambda build: [edit(TABLE, lambda data: espfiles.partition_table([(0, 0, 0x10000, 0x1000, "factory")]))(build), edit(APP, lambda data: firmware(H2, bytes(0x1000)))(build)], r"esp_ot_rcp.bin: \d+ bytes, but its partition .* has 4096"),
    "partition beyond the flash": (edit(TABLE, lambda data: espfiles.partition_table([(0, 0, 0x10000, 0x200000, "factory")])), r"partition-table.bin: partition reaches beyond"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_sentence_and_nothing_written(tandem, build, case):
    damage, sentence = REFUSED[case]
    damage(build)
    before = sorted(path.name for path in build.parent.iterdir())
    out, done = create(tandem, build)
    assert done.returncode not in (0, 1, 2), done.stderr
    assert re.search(sentence, done.stderr), done.stderr
    assert sorted(path.name for path in build.parent.iterdir()) == before
    assert not out.exists()


def test_a_refusal_leaves_the_older_image_alone(tandem, build):
    out = build.parent / "image.bin"
    out.write_bytes(b"older")
    (build / APP).write_bytes(b"")
    _, done = create(tandem, build)
    assert done.returncode != 0
    assert out.read_bytes() == b"older"


def test_refused_with_a_code_in_json(tandem, build):
    (build / "flash_args").write_text(OPTIONS + LINES + FOURTH)
    done = tandem("--json", "image", "create", "--rcp-build-dir", build, "--target-file", build.parent / "image.bin")
    assert result(done)["error"]["code"] == "bad_flash_args"
    assert done.returncode == result(done)["exit"] == 10


HOSTS = {
    "empty": (b"", r"host.bin: empty"),
    "damaged application": (flip(-1)(firmware(S3, b"host")), r"host.bin: SHA-256"),
    "truncated application": (firmware(S3, b"host")[:-5], r"host.bin: firmware ends before"),
}


@pytest.mark.parametrize("case", HOSTS)
def test_refused_host_firmware(tandem, build, case):
    data, sentence = HOSTS[case]
    host = build.parent / "host.bin"
    host.write_bytes(data)
    out, done = create(tandem, build, host)
    assert done.returncode != 0 and re.search(sentence, done.stderr), done.stderr
    assert not out.exists()


def test_version_that_is_not_in_the_firmware_is_a_warning(tandem, build):
    (build / "rcp_version").write_text("another/1; esp32h2; x")
    out, done = create(tandem, build, ok=True)
    assert "not in the RCP firmware" in done.stderr
    assert out.read_bytes() == packer.pack(build)


def test_firmware_under_another_name(tandem, build):
    """flash_args decides, not a fixed name."""
    expected = packer.pack(build)
    shutil.move(build / APP, build / "my_radio.bin")
    (build / "flash_args").write_text(OPTIONS + LINES.replace(APP, "my_radio.bin"))
    out, _ = create(tandem, build, ok=True)
    assert out.read_bytes() == expected


# ---- info, verify, extract ----

@pytest.fixture
def image(tandem, build) -> Path:
    host = build.parent / "host.bin"
    host.write_bytes(espfiles.esp_image(S3, 0x40374018, 0x3F, [(0x3FC98000, espfiles.app_descriptor(
        "esp_ot_br", "1.4.0", __import__("datetime").datetime(2026, 7, 23), "v5.5")), (0x40374000, b"host")]))
    out, _ = create(tandem, build, host, ok=True)
    return out


def test_info_describes_every_part(tandem, image):
    data = image.read_bytes()
    told = result(tandem("--json", "image", "info", image, ok=True))
    assert told["kind"] == "pair" and told["rcp_version"] == VERSION and told["size"] == len(data)
    assert told["image_id"] == hashlib.sha256(data).hexdigest() and told["trailing_bytes"] == 0
    assert {part["tag"]: part["sha256"] for part in told["parts"]} == {
        tag: hashlib.sha256(part).hexdigest() for tag, part in packer.parts(data).items()}
    assert {part["part"]: part["flash_offset"] for part in told["parts"]} == {
        "version": None, "flash_args": None, "bootloader": 0, "partition_table": 0x8000, "rcp_firmware": 0x10000,
        "host_firmware": None}
    assert told["rcp_firmware"]["chip"] == "esp32h2"
    assert told["host_firmware"] | {"chip": "esp32s3", "project": "esp_ot_br", "version": "1.4.0"} == told["host_firmware"]
    table = tandem("image", "info", image, ok=True).stdout
    assert VERSION in table and "rcp_firmware" in table


def test_radio_image_may_have_bytes_behind_it(tandem, build):
    out, _ = create(tandem, build, ok=True)
    data = out.read_bytes()
    out.write_bytes(data + b"trailing")
    told = result(tandem("--json", "image", "info", out, ok=True))
    assert told["trailing_bytes"] == 8 and told["image_id"] == hashlib.sha256(data).hexdigest()
    tandem("image", "verify", out, ok=True)


DAMAGED = {
    "one byte more": (lambda data: data + b"x", "trailing_bytes", 10),
    "one byte less": (lambda data: data[:-1], "truncated", 11),
    "empty": (lambda data: b"", "truncated", 11),
    "a web page": (lambda data: b"<html><body>404 not found</body></html>", "not_image", 10),
    "8 entries": (lambda data: data[:4] + struct.pack("<I", 96) + data[8:], "not_image", 10),
    "version with a line end": (lambda data: data.replace(b"UTC", b"UT\n", 1), "bad_version_text", 10),
    "flash offset inside a sector": (lambda data: data[:84 + len(VERSION) + 4] + b"\x10" + data[84 + len(VERSION) + 5:], "bad_flash_args", 10),
    "firmware damaged": (lambda data: data.replace(b"code", b"cods", 1), "bad_checksum", 10),
    "later front": (lambda data: b"\xfe" + data[1:], "too_new", 12),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_verify_says_why(tandem, image, case):
    change, code, number = DAMAGED[case]
    image.write_bytes(change(image.read_bytes()))
    done = tandem("--json", "image", "verify", image)
    assert (result(done)["error"]["code"], done.returncode) == (code, number)
    assert str(image) in result(done)["error"]["message"]


def test_info_of_what_is_no_image(tandem, tmp_path):
    (tmp_path / "page").write_text("<html>not found</html>")
    assert result(tandem("--json", "image", "info", tmp_path / "page"))["error"]["code"] == "not_image"
    assert tandem("image", "info", tmp_path / "missing").returncode == 20


def test_extract_gives_the_parts_back(tandem, build, image, tmp_path):
    tandem("image", "extract", image, "--output-dir", tmp_path / "parts", ok=True)
    names = {0: "version", 1: "flash_args.bin", 2: "bootloader.bin", 3: "partition_table.bin", 4: "rcp_firmware.bin",
             5: "host_firmware.bin"}
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()} == {
        names[tag]: data for tag, data in packer.parts(image.read_bytes()).items()}


def test_extract_of_a_broken_image_leaves_nothing(tandem, image, tmp_path):
    image.write_bytes(image.read_bytes()[:-1])
    assert tandem("image", "extract", image, "--output-dir", tmp_path / "parts").returncode == 11
    assert list((tmp_path / "parts").iterdir()) == []
