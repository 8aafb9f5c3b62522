# SPDX-License-Identifier: Apache-2.0
"""RCP builds that differ from a sample in as many sectors as a benchmark wants, and still start and answer.

    all_other(build, out)                 every sector of every part differs, and the version text
    share_other(build, out, 0.05) -> n    the application differs in n sectors, 5 % of all the build's, rounded down

Always among them, since no two builds have the same there: the first sector, with the digest of the linked program; that
of the version text; the last, with the digest of the image.
"""

import hashlib
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data/firmware"))
import espfiles  # noqa: E402

SECTOR = 4096
HEADER, SEGMENT_HEAD, DIGEST = 24, 8, 32
PROGRAM_DIGEST = 0xB0          # in an application: the linked program's SHA-256
APP, BOOTLOADER = "esp_ot_rcp.bin", "bootloader/bootloader.bin"
TABLE = "partition_table/partition-table.bin"


def segments(image: bytes) -> list[range]:
    """Where the bytes of the segments lie."""
    found, at = [], HEADER
    for _ in range(image[1]):
        length = int.from_bytes(image[at + 4:at + 8], "little")
        found.append(range(at + SEGMENT_HEAD, at + SEGMENT_HEAD + length))
        at += SEGMENT_HEAD + length
    return found


def version_of(build: Path) -> bytes:
    return (build / "rcp_version").read_bytes().strip()


def other_version(version: bytes) -> bytes:
    """Of the same length: built a hundred years before."""
    return version.replace(b";  20", b";  19")


def changed(image: bytes, sectors: list[int], version: bytes = b"", new_version: bytes = b"") -> bytes:
    """Other bytes in these sectors, another version text of the same length, and the sums made right again."""
    body = bytearray(image[:-DIGEST].replace(version, new_version) if version else image[:-DIGEST])
    parts, text = segments(image), image.find(version) if version else -1
    untouchable = range(text, text + len(version))
    for sector in sectors:
        middle = min(sector * SECTOR + SECTOR, len(body)) - SECTOR // 4
        at = PROGRAM_DIGEST if sector == 0 and version else middle
        if at >= sector * SECTOR and at not in untouchable and any(at in part for part in parts):
            body[at] ^= 0x55
    checksum = 0xEF
    for part in parts:
        for byte in body[part.start:part.stop]:
            checksum ^= byte
    body[-1] = checksum
    return bytes(body) + hashlib.sha256(body).digest()


def pieces(data: bytes) -> list[bytes]:
    return [data[at:at + SECTOR] for at in range(0, len(data), SECTOR)]


def all_other(build: Path, out: Path) -> None:
    shutil.copytree(build, out)
    version = version_of(build)
    app, bootloader = (build / APP).read_bytes(), (build / BOOTLOADER).read_bytes()
    (out / APP).write_bytes(changed(app, list(range(len(pieces(app)))), version, other_version(version)))
    (out / BOOTLOADER).write_bytes(changed(bootloader, list(range(len(pieces(bootloader))))))
    (out / TABLE).write_bytes(espfiles.partition_table([(0, 0, 0x10000, 0x100000, "other")]))
    (out / "rcp_version").write_bytes(other_version(version))


def share_other(build: Path, out: Path, share: float) -> int:
    shutil.copytree(build, out)
    image, version = (build / APP).read_bytes(), version_of(build)
    total = sum(len(pieces((build / name).read_bytes())) for name in (APP, BOOTLOADER, TABLE))
    last = len(pieces(image)) - 1
    picked = {0, image.find(version) // SECTOR, last}
    picked |= set(range(last // 2, last // 2 + max(int(total * share) - len(picked), 0)))
    new = changed(image, sorted(picked), version, other_version(version))
    (out / APP).write_bytes(new)
    (out / "rcp_version").write_bytes(other_version(version))
    return sum(a != b for a, b in zip(pieces(image), pieces(new)))
