# SPDX-License-Identifier: Apache-2.0
"""docs/FORMAT.md: its worked examples are what the programs read and write."""

import hashlib
import json
import re

import pytest

import packer

OFFSETS = {2: "0x0", 3: "0x8000", 4: "0x10000"}


def decode(block: str) -> bytes:
    text = "".join(re.sub(r"#.*", "", line) for line in block.splitlines())
    text = re.sub(r"([0-9a-f]{2})\*(\d+)", lambda m: m[1] * int(m[2]), text)
    return bytes.fromhex(text)


@pytest.fixture(scope="session")
def document(repo) -> str:
    return (repo / "docs/FORMAT.md").read_text()


@pytest.fixture(scope="session")
def examples(document) -> dict[str, bytes]:
    found = re.findall(r"<!-- example: (.+?) -->\n```\n(.*?)```", document, re.S)
    return {name: decode(block) for name, block in found}


def lay_out(build, parts: dict[int, bytes]):
    """A build directory whose files are these parts."""
    for tag, name in packer.FILES.items():
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        (build / name).write_bytes(parts[tag])
    (build / "rcp_version").write_bytes(parts[0])
    (build / "flash_args").write_text("--flash-size 2MB\n" + "".join(
        f"{OFFSETS[tag]} {packer.FILES[tag]}\n" for tag in (2, 4, 3)))


def test_pair_is_accepted_with_the_id_in_the_document(tandem, document, examples, tmp_path):
    image = examples["pair"]
    (tmp_path / "image").write_bytes(image)
    verdict = json.loads(tandem("--json", "image", "verify", tmp_path / "image", ok=True).stdout)
    assert verdict["image_id"] == hashlib.sha256(image).hexdigest()
    assert f"{len(image)} bytes; image id `{verdict['image_id']}`" in document
    assert verdict["rcp_chip"] == "esp32h2" and verdict["rcp_version"] == "radio/1.0; esp32h2; example"


def test_pair_is_what_its_parts_are_packed_to(tandem, examples, tmp_path):
    image = examples["pair"]
    parts = packer.parts(image)
    lay_out(tmp_path / "build", parts)
    (tmp_path / "host").write_bytes(parts[5])
    assert packer.pack(tmp_path / "build", tmp_path / "host") == image
    tandem("image", "create", "--rcp-build-dir", tmp_path / "build", "--br-firmware", tmp_path / "host",
           "--target-file", tmp_path / "image", ok=True)
    assert (tmp_path / "image").read_bytes() == image


def test_firmware_and_partition_table_are_accepted_in_an_image(tandem, examples, tmp_path):
    parts = packer.parts(examples["pair"])
    assert len(examples["partition table"]) == 3072
    lay_out(tmp_path / "build", parts | {2: examples["firmware"], 3: examples["partition table"]})
    tandem("image", "create", "--rcp-build-dir", tmp_path / "build", "--target-file", tmp_path / "image", ok=True)
    tandem("image", "verify", tmp_path / "image", ok=True)


def test_comments_in_the_pair_name_the_offsets_of_the_table(document, examples):
    block = re.search(r"<!-- example: pair -->\n```\n(.*?)```", document, re.S)[1]
    image, at = examples["pair"], 0
    for line in block.splitlines():
        stated = re.search(r"# (\d+): ", line)
        if stated:
            assert int(stated[1]) == at, line
        at += len(decode(line))
    assert at == len(image)
