# SPDX-License-Identifier: Apache-2.0
"""The record tables of docs/FORMAT.md leave no gap, and the example's bytes are what its words say."""

import re
import struct
import zlib

import pytest


@pytest.fixture
def chapter(repo):
    text = (repo / "docs/FORMAT.md").read_text()

    def cut(title):
        return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.S | re.M).group(1)
    return cut


def tables(text):
    """The (offset, bytes) rows of each table, in order."""
    found = []
    for line in text.splitlines():
        row = re.match(r"\| (\d+) \| (\d+) \|", line)
        if row and row.group(1) == "0":
            found.append([])
        if row:
            found[-1].append((int(row.group(1)), int(row.group(2))))
    return found


@pytest.mark.parametrize("title, lengths", [("Record", [1621, 118]), ("History", [153]), ("Download journal", [170]), ("Boot record", [32])])
def test_tables_have_no_gap(chapter, title, lengths):
    found = tables(chapter(title))
    assert [sum(size for _, size in table) for table in found] == lengths
    for table in found:
        at = 0
        for offset, size in table:
            assert offset == at
            at += size


def test_boot_record_example(chapter):
    block = re.search(r"```\n([0-9a-f \n]+)```", chapter("Boot record")).group(1)
    example = bytes.fromhex(block)
    assert struct.unpack("<4sHHIBBBB12x", example[:28]) == (b"TdBt", 1, 32, 1, 1, 0, 1, 2)
    assert struct.pack("<I", zlib.crc32(example[:28])) == example[28:]
