# SPDX-License-Identifier: Apache-2.0
"""The oracle: a second, small packer that shares nothing with Tandem's. It knows the format of valid input and checks nothing.

    pack(build_dir, host=None) -> bytes of the image
    parts(image) -> {tag: bytes}, by the header table alone
"""

import struct
from pathlib import Path

FILES = {2: "bootloader/bootloader.bin", 3: "partition_table/partition-table.bin", 4: "esp_ot_rcp.bin"}


def tag_of(path: str) -> int:
    return 2 if "bootloader" in path else 3 if "partition_table" in path else 4


def flash_args(text: str) -> bytes:
    lines = [line.split() for line in text.splitlines()[1:]]
    return b"".join(struct.pack("<II", tag_of(path), int(offset, 16)) for offset, path in lines)


def pack(build_dir: Path, host: Path | None = None) -> bytes:
    contents = {0: (build_dir / "rcp_version").read_bytes(), 1: flash_args((build_dir / "flash_args").read_text())}
    contents |= {tag: (build_dir / name).read_bytes() for tag, name in FILES.items()}
    if host:
        contents[5] = host.read_bytes()
    size = 12 * (1 + len(contents))
    table, offset = struct.pack("<III", 0xFF, size, 0), size
    for tag, data in contents.items():
        table += struct.pack("<III", tag, len(data), offset)
        offset += len(data)
    return table + b"".join(contents.values())


def parts(image: bytes) -> dict[int, bytes]:
    entries = [struct.unpack_from("<III", image, at) for at in range(12, struct.unpack_from("<I", image, 4)[0], 12)]
    return {tag: image[offset:offset + size] for tag, size, offset in entries}
