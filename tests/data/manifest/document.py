#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the worked example of docs/FORMAT.md, "The manifest".   .venv/bin/python tests/data/manifest/document.py

Its parts are those of the pair in the same document, its key is that of RFC 6979, A.2.5 (everybody has it, nobody
trusts it). What is printed goes into the document by hand; tests/e2e/test_format_manifest.py compares the two.
"""

import re
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPO / "tests/e2e"))
import manifest  # noqa: E402
import packer  # noqa: E402
from manifest import CELL, Image, Key, Side, Statement  # noqa: E402

KEY = Key.of_number(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
STATEMENT = Statement(pair_version=b"2.1.0-rc.3", compatible=b"fjord,edge-2", radio=Side(1, 16, 0, 99, 11, 4),
                      host=Side(2, 0, 0, 0, 11, 5), counter=12, issued=1790000000, expires=4102444800,
                      least_flash=0x200000, cells=2, extensions=((1, b"spring"), (2, b"https://fjord.example/2.1")))


def block(document: str, mark: str) -> str:
    return re.search(rf"<!-- {re.escape(mark)} -->\n```\n(.*?)```", document, re.S)[1]


def decode(text: str) -> bytes:
    text = "".join(re.sub(r"#.*", "", line) for line in text.splitlines())
    return bytes.fromhex(re.sub(r"([0-9a-f]{2})\*(\d+)", lambda m: m[1] * int(m[2]), text))


def image(document: str) -> Image:
    parts = packer.parts(decode(block(document, "example: pair")))
    text = parts.pop(0)
    return Image(text, parts, STATEMENT, (KEY,))


def shown(data: bytes) -> str:
    """Hex; a run of eight or more equal bytes as XX*n."""
    return re.sub(r"((?:..)*?)((..)\3{7,})", lambda m: f"{m[1]} {m[3]}*{len(m[2]) // 2} ", data.hex()).strip()


class Printer:
    def __init__(self, data: bytes):
        self.data, self.at, self.lines = data, 0, []

    def line(self, *sizes: int, comment: str, is_place: bool = False):
        groups = []
        for size in sizes:
            groups.append(shown(self.data[self.at:self.at + size]))
            place, self.at = self.at if not groups[1:] else place, self.at + size
        self.lines.append(f"{' '.join(groups):<59} # {f'{place}: ' if is_place else ''}{comment}")


def front(made: Image) -> list[str]:
    """The header table and part 0, field by field."""
    names = ["header table, 84 bytes", "version text and manifest", "flash arguments", "bootloader", "partition table",
             "firmware", "host firmware"]
    out = Printer(made.front)
    for i, name in enumerate(names):
        out.line(4, 4, 4, comment=name, is_place=i == 0)
    out.line(len(made.text), 1, comment=f'"{made.text.decode()}", NUL', is_place=True)
    out.line(4, 2, 1, 1, comment="M: magic, format 1, 2 cells, reserved", is_place=True)
    out.line(8, 8, comment="issued 2026-09-21 14:13:20 UTC, expires 2100-01-01")
    out.line(4, 4, comment="security counter 12, least radio flash 2 MiB")
    out.line(32, comment=f"pair version {made.statement.pair_version.decode()}")
    out.line(64, comment=f"compatible {made.statement.compatible.decode()}")
    out.line(*[2] * 6, comment="radio: ESP32-H2, revision 0.0 to 0.99, API 11, host at least 4")
    out.line(*[2] * 6, comment="host: opaque, API 11, radio at least 5")
    for tag in made.parts:
        out.line(32, comment=f"SHA-256 of part {tag}", is_place=tag == 1)
    for kind, value in STATEMENT.extensions:
        out.line(2, 2, len(value), comment=f'extension {kind}: "{value.decode()}"', is_place=kind == 1)
    out.line(8, 2, 6, comment="S: cell 0: key id, algorithm 1, reserved", is_place=True)
    out.line(32, comment="r")
    out.line(32, comment="s")
    out.line(CELL, comment="cell 1: blank", is_place=True)
    assert out.at == len(made.front)
    return out.lines


def parts(document: str, moved_by: int) -> list[str]:
    """The lines behind part 0 of the pair without manifest, at their new places."""
    lines = block(document, "example: pair").splitlines()
    first = next(i for i, line in enumerate(lines) if "flash arguments" not in line and "# 111: " in line)
    return [re.sub(r"# (\d+): ", lambda m: f"# {int(m[1]) + moved_by}: ", line) for line in lines[first:]]


def example(document: str) -> str:
    made = image(document)
    plain_front = len(decode(block(document, "example: pair"))) - sum(map(len, made.parts.values()))
    return "\n".join(front(made) + parts(document, len(made.front) - plain_front)) + "\n"


if __name__ == "__main__":
    text = (REPO / "docs/FORMAT.md").read_text()
    made = image(text)
    print(example(text), end="")
    print(f"\n{len(made.bytes)} bytes; S {made.signed_length}, E {len(made.front)}; image id `{made.id.hex()}`; "
          f"SHA-256 of the file `{manifest.sha256(made.bytes).hex()}`; key id `{KEY.id.hex()}`")
