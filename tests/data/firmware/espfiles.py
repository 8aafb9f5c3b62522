# SPDX-License-Identifier: Apache-2.0
"""The ESP file formats that need no compiler: descriptors, partition table, an ESP32-S3 host image."""

import datetime
import hashlib
import random
import struct

APP_DESCRIPTOR_MAGIC = 0xABCD5432
MMU_PAGE_LOG2 = 16


def text_field(value: str, size: int) -> bytes:
    data = value.encode("ascii")
    if len(data) >= size:
        raise ValueError(f"{value!r} does not fit {size} bytes with its NUL")
    return data.ljust(size, b"\0")


def app_descriptor(project: str, version: str, when: datetime.datetime, idf: str, elf_digest: bytes = bytes(32)) -> bytes:
    """256 bytes. A zero ELF digest is filled in by elf2image."""
    data = struct.pack("<II8x", APP_DESCRIPTOR_MAGIC, 0)
    data += text_field(version, 32) + text_field(project, 32) + text_field(f"{when:%H:%M:%S}", 16)
    data += text_field(f"{when:%b %d %Y}", 16) + text_field(idf, 32) + elf_digest + struct.pack("<HHB", 0, 99, MMU_PAGE_LOG2)
    return data.ljust(256, b"\0")


def bootloader_descriptor(version: int, idf: str, date_time: str) -> bytes:
    """80 bytes."""
    return struct.pack("<B3xI", 80, version) + text_field(idf, 32) + text_field(date_time, 24) + bytes(16)


def partition_table(rows: list[tuple[int, int, int, int, str]]) -> bytes:
    """Rows of (type, subtype, offset, size, label), then the row with the MD5 of the rows before it, then FF."""
    table = b"".join(struct.pack("<2sBBII", b"\xaa\x50", kind, sub, offset, size) + text_field(label, 16) + bytes(4)
                     for kind, sub, offset, size, label in rows)
    table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table).digest()
    return table.ljust(3072, b"\xff")


def map_padding(address: int, offset: int) -> bytes:
    """The padding segment that makes the data of the segment after it lie at the same page offset as in memory."""
    gap = (address - offset - 8) % (1 << MMU_PAGE_LOG2)
    if gap == 0:
        return b""
    size = (gap - 8) % (1 << MMU_PAGE_LOG2)
    return struct.pack("<II", 0, size) + bytes(size)


def esp_image(chip_id: int, entry: int, flash: int, segments: list[tuple[int, bytes]]) -> bytes:
    """An application image: mapped segments page-aligned by padding segments, checksum, SHA-256."""
    body, count, checksum = b"", 0, 0xEF
    for address, data in segments:
        if 0x3C000000 <= address < 0x3D000000 or 0x42000000 <= address < 0x43000000:
            padding = map_padding(address, 24 + len(body))
            body += padding
            count += len(padding) > 0
        body += struct.pack("<II", address, len(data)) + data
        count += 1
        checksum ^= xor_of(data)
    header = struct.pack("<BBBBIB3xHBHH4xB", 0xE9, count, 2, flash, entry, 0xEE, chip_id, 0, 0, 99, 1)
    image = header + body
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def xor_of(data: bytes) -> int:
    """XOR of all bytes, folded by halves: a megabyte takes a few big-integer steps."""
    value, size = int.from_bytes(data, "little"), len(data)
    while size > 1:
        half = (size + 1) // 2
        value = (value >> (8 * half)) ^ (value & ((1 << (8 * half)) - 1))
        size = half
    return value


def filler(seed: str, size: int) -> bytes:
    """Bytes about as compressible as program code."""
    rng = random.Random(f"tandem sample host/{seed}")
    few = bytes(b & 0x1F if b & 0x20 else b for b in range(256))
    return rng.randbytes(size).translate(few)


def host_image(seed: str, version: str, size: int) -> bytes:
    """An ESP32-S3 border router application of exactly `size` bytes, a multiple of 16: rodata, data and code."""
    when = datetime.datetime(2026, 7, 23, 13, 10, 2)
    descriptor = app_descriptor("esp_ot_br", version, when, "v5.4.2", hashlib.sha256(seed.encode()).digest())
    rodata = descriptor + filler(seed + "/rodata", 300 * 1024)
    ram = filler(seed + "/ram", 96 * 1024)

    def build(code: bytes) -> bytes:
        return esp_image(9, 0x40374018, 0x3F, [(0x3C120020, rodata), (0x3FC98000, ram[:49152]),
                                               (0x40374000, ram[49152:]), (0x42000020, code)])

    return build(filler(seed + "/code", size - len(build(b""))))
