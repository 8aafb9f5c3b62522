# SPDX-License-Identifier: Apache-2.0
"""tandem-sim-loader on boot records that this file builds by docs/FORMAT.md, "Boot record"."""

import struct
import subprocess
import zlib

import pytest

BLOCK = 4096


def boot_record(sequence, slot, is_final, starts=0, limit=0):
    head = struct.pack("<4sHHIBBBB12x", b"TdBt", 1, 32, sequence, slot, is_final, starts, limit)
    return head + struct.pack("<I", zlib.crc32(head))


def image(first, second):
    return first.ljust(BLOCK, b"\xff") + second.ljust(BLOCK, b"\xff")


def fields(path):
    first, second = path.read_bytes()[:32], path.read_bytes()[BLOCK:BLOCK + 32]
    assert first == second
    assert zlib.crc32(first[:28]) == struct.unpack("<I", first[28:])[0]
    return struct.unpack("<4sHHIBBBB12x", first[:28])[3:]


@pytest.fixture
def loader(build_dir, tmp_path):
    def start(*words):
        return subprocess.run([build_dir / "bin/tandem-sim-loader", "--boot-record", tmp_path / "boot",
                               "--running", tmp_path / "running", *words], text=True, capture_output=True, timeout=20)
    return start


@pytest.mark.parametrize("name, content, starts, booted, after", [
    ("never written", None, [], "A", None),
    ("final B", image(boot_record(4, 1, 1), boot_record(4, 1, 1)), [], "B", (4, 1, 1, 0, 0)),
    ("trial of B, first start", image(boot_record(4, 1, 0), boot_record(4, 1, 0)), [], "B", (5, 1, 0, 1, 2)),
    ("trial of B, last start", image(boot_record(4, 1, 0, 1), boot_record(4, 1, 0, 1)), [], "B", (5, 1, 0, 2, 2)),
    ("trial of B, used up", image(boot_record(4, 1, 0, 2, 2), boot_record(4, 1, 0, 2, 2)), [], "A", (4, 1, 0, 2, 2)),
    ("trial of A, used up", image(boot_record(4, 0, 0, 1), boot_record(4, 0, 0, 1)), ["--starts", "1"], "B",
     (4, 0, 0, 1, 0)),
    ("another limit", image(boot_record(4, 1, 0, 2, 2), boot_record(4, 1, 0, 2, 2)), ["--starts", "5"], "B",
     (5, 1, 0, 3, 5)),
    ("newer copy wins", image(boot_record(5, 1, 1), boot_record(4, 0, 1)), [], "B", None),
    ("one copy damaged", image(boot_record(5, 0, 1)[:-1] + b"x", boot_record(4, 1, 1)), [], "B", None),
    ("lost", image(b"nonsense" * 4, b"nonsense" * 4), [], "A", None),
], ids=lambda value: value if isinstance(value, str) else "")
def test_start(loader, tmp_path, name, content, starts, booted, after):
    if content is not None:
        (tmp_path / "boot").write_bytes(content)
    result = loader(*starts)
    assert result.returncode == 0, result.stderr
    assert f"slot {booted}" in result.stdout
    assert (tmp_path / "running").read_text() == booted + "\n"
    if after is not None:
        assert fields(tmp_path / "boot") == after


def test_a_trial_falls_back_by_itself(loader, tmp_path):
    (tmp_path / "boot").write_bytes(image(boot_record(1, 1, 0), boot_record(1, 1, 0)))
    letters = [loader("--starts", "3").returncode or (tmp_path / "running").read_text()[0] for _ in range(5)]
    assert letters == ["B", "B", "B", "A", "A"]


@pytest.mark.parametrize("words", [["--starts", "0"], ["--starts", "256"], ["--starts", "2x"], ["more"]])
def test_wrong_words(loader, tmp_path, words):
    result = loader(*words)
    assert result.returncode == 2 and "usage" in result.stderr
    assert not (tmp_path / "running").exists()


def test_storage_that_cannot_be_used(loader, tmp_path):
    (tmp_path / "boot").write_bytes(b"short")
    result = loader()
    assert result.returncode == 1 and str(tmp_path / "boot") in result.stderr
    assert not (tmp_path / "running").exists()
