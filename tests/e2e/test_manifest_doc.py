# SPDX-License-Identifier: Apache-2.0
"""The second codec (manifest.py) agrees with the specification, and docs/FORMAT.md with both.

The first image here is known by its SHA-256 alone: header table, statement, signature and firmware are made from their
meaning, the key is that of RFC 6979, A.2.5. So an agreement is no accident.
"""

import json
import re

import pytest

import manifest
import small_images
from manifest import CELL, Key, sha256
from small_images import pair
from test_format import decode

RFC_6979_KEY = Key.of_number(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
KEY_ID = "5a7a78cca4a0f420"
IMAGE_ID = "46882236c980e6b4660ec9754aae9dd298614a09ca1df4e7b7e1165aa834822e"
FILE = "737c9c3c2ecc75e3e2db1d90aeb3f533f33b6aab516eb2358dd1bedaeeb635f7"


def documented(repo) -> list[bytes]:
    """The examples with a manifest."""
    blocks = re.findall(r"```\n(.*?)```", (repo / "docs/FORMAT.md").read_text(), re.S)
    return [decode(block) for block in blocks if "9a54444d" in block.replace(" ", "").lower()]


def test_an_image_made_from_its_meaning_is_the_specified_one():
    image = pair(RFC_6979_KEY)
    assert RFC_6979_KEY.id.hex() == KEY_ID
    assert (image.signed_length, len(image.front), len(image.bytes)) == (476, 636, 4548)
    assert image.id.hex() == IMAGE_ID
    assert sha256(image.bytes).hex() == FILE


@pytest.mark.parametrize("name, make", [("pair", pair), ("radio", small_images.radio_only),
                                        ("host", small_images.host_only)])
def test_the_images_in_tests_data(repo, name, make):
    assert (repo / f"tests/data/manifest/{name}.bin").read_bytes() == make(RFC_6979_KEY).bytes


def test_reading_and_writing_are_inverse():
    image = pair(RFC_6979_KEY)
    again = manifest.read(image.bytes)
    assert again.bytes == image.bytes
    assert again.statement.extensions == ((1, b"example"),) and again.statement.counter == 6
    assert again.parts == image.parts


def test_a_signature_is_the_low_one_of_two_and_verifies():
    image = pair(RFC_6979_KEY)
    r, s = RFC_6979_KEY.sign(image.signed)
    high = 0xDC1CE9DB1446D21F6DCC976C4CF3BB5BAA6BABCEAEE63FA7503BC835B10D3EB9    # what RFC 6979 itself gives
    assert s == manifest.ORDER - high
    assert image.cell_bytes[:CELL] == manifest.cell(RFC_6979_KEY.id, r, s)


@pytest.fixture
def example(repo) -> bytes:
    found = documented(repo)
    if not found:
        pytest.skip("docs/FORMAT.md has no example with a manifest yet")
    return found[0]


def test_the_document_s_example_is_what_it_says(repo, example):
    text, image = (repo / "docs/FORMAT.md").read_text(), manifest.read(example)
    assert image.bytes == example
    assert image.id.hex() in text and f"{len(example)} bytes" in text
    assert image.statement.digests == b"".join(map(sha256, image.parts.values()))
    key_ids = {image.cell_bytes[at:at + 8] for at in range(0, len(image.cell_bytes), CELL)} - {bytes(8)}
    assert key_ids and all(key_id.hex() in text for key_id in key_ids)


def test_the_document_s_example_is_accepted(tandem, example, tmp_path):
    (tmp_path / "image").write_bytes(example)
    verdict = json.loads(tandem("--json", "image", "verify", tmp_path / "image", ok=True).stdout)
    assert verdict["image_id"] == manifest.read(example).id.hex()
