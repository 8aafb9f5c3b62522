#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A flasher as simple as the ROM loader's protocol allows: what an example program does.

    plain_flasher.py PORT BAUD BUILD_DIR

Takes everything in the build directory's flash_args to a radio whose loader waits: blocks of 1 KiB, uncompressed, each
answer awaited before the next block; then the digest of each part is compared.
"""

import hashlib
import struct
import sys
import time
from pathlib import Path

import serial

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from foreign import slip  # noqa: E402

BLOCK = 1024
SYNC, ATTACH, PARAMS, BAUDRATE, BEGIN, DATA, DIGEST = 0x08, 0x0D, 0x0B, 0x0F, 0x02, 0x03, 0x13
FLASH_SIZE = 4 << 20
LONGEST = 60.0     # seconds for an answer: a long erase


def flash_args(build: Path) -> list[tuple[int, bytes]]:
    """Offset and bytes of each part."""
    lines = (line.split() for line in (build / "flash_args").read_text().splitlines()[1:])
    return [(int(offset, 16), (build / name).read_bytes()) for offset, name in lines]


class Loader:
    def __init__(self, port: str):
        self.line = serial.Serial(port, 115200, timeout=LONGEST)
        self.heard = b""

    def packet(self) -> bytes:
        """The next one from the radio."""
        while True:
            begin = self.heard.find(b"\xc0")
            end = self.heard.find(b"\xc0", begin + 1) if begin >= 0 else -1
            if end > begin + 1:
                body, self.heard = self.heard[begin + 1:end], self.heard[end + 1:]
                return body.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            if end == begin + 1:
                self.heard = self.heard[end:]
                continue
            got = self.line.read(self.line.in_waiting or 1)
            if not got:
                sys.exit("plain_flasher: the loader does not answer")
            self.heard += got

    def ask(self, op: int, data: bytes, checksum: int = 0) -> bytes:
        self.line.write(slip(struct.pack("<BBHI", 0, op, len(data), checksum) + data, 1))
        while True:
            reply = self.packet()
            if len(reply) >= 10 and reply[0] == 1 and reply[1] == op:
                break
        body = reply[8:]
        if body[-4] != 0:
            sys.exit(f"plain_flasher: command {op:#04x} was refused with reason {body[-3]:#04x}")
        return body[:-4]

    def words(self, op: int, *words: int) -> bytes:
        return self.ask(op, struct.pack(f"<{len(words)}I", *words))

    def connect(self, baud: int) -> None:
        self.ask(SYNC, bytes.fromhex("07071220") + b"\x55" * 32)
        for _ in range(7):                     # it answers eight times
            self.packet()
        self.words(ATTACH, 0, 0)
        self.words(PARAMS, 0, FLASH_SIZE, 0x10000, 0x1000, 0x100, 0xFFFF)
        if baud != self.line.baudrate:
            self.words(BAUDRATE, baud, 0)
            self.line.baudrate = baud
            time.sleep(0.05)                   # the new rate settles; two stray marks come at it
            self.line.reset_input_buffer()
            self.heard = b""

    def write(self, offset: int, data: bytes) -> None:
        count = (len(data) + BLOCK - 1) // BLOCK
        self.words(BEGIN, len(data), count, BLOCK, offset, 0)
        for number in range(count):
            block = data[number * BLOCK:(number + 1) * BLOCK].ljust(BLOCK, b"\xff")
            checksum = 0xEF
            for byte in block:
                checksum ^= byte
            self.ask(DATA, struct.pack("<4I", len(block), number, 0, 0) + block, checksum)
        if self.words(DIGEST, offset, len(data), 0, 0).decode() != hashlib.md5(data).hexdigest():
            sys.exit(f"plain_flasher: the digest at {offset:#x} differs")


def main() -> None:
    port, baud, build = sys.argv[1:]
    loader = Loader(port)
    loader.connect(int(baud))
    for offset, data in flash_args(Path(build)):
        loader.write(offset, data)


if __name__ == "__main__":
    main()
