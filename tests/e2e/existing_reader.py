# SPDX-License-Identifier: Apache-2.0
"""How devices without Tandem read an update, from the description of the format alone: a receiver of the stream and an
updater of the radio.

    Receiver().push(bytes) ...       stored: what the radio's storage got; host: what the host's slot got
    take(bytes) -> Receiver          the whole stream in pieces as they come from a network
    wants_update(stored, answer)     would the updater flash, when the radio answers with this version text?
    flashes(stored)                  {offset in the radio's flash: bytes}

Refused: what they refuse, with nothing stored. Overrun: what would write past their buffers; no image of ours may.
"""

import struct

ENTRIES = 7
RADIO_TAGS = {0xFF, 0, 1, 2, 3, 4}
TEXT_BUFFER = 100
PIECE = 1024


class Refused(Exception):
    pass


class Overrun(Exception):
    pass


class Receiver:
    def __init__(self):
        self.header, self.stored, self.host = b"", b"", b""
        self.backup_is_gone = False
        self.taken = self.radio_size = self.host_size = 0

    def push(self, data: bytes) -> None:
        for size in (12, None):
            want = size or struct.unpack_from("<I", self.header, 4)[0]
            missing = want - len(self.header)
            self.header, data = self.header + data[:max(missing, 0)], data[max(missing, 0):]
            if len(self.header) < want:
                return
            if missing > 0:
                self.first_entry() if size else self.whole_header()
        self.body(data)

    def first_entry(self) -> None:
        tag, size, offset = struct.unpack_from("<3I", self.header)
        if tag != 0xFF or offset != 0 or size % 12 != 0:
            raise Refused(f"first entry {tag:x}, {size}, {offset}")
        if size > 12 * ENTRIES:
            raise Overrun(f"{size} bytes of header")

    def whole_header(self) -> None:
        sizes = [struct.unpack_from("<2I", self.header, at) for at in range(0, len(self.header), 12)]
        self.radio_size = sum(size for tag, size in sizes if tag in RADIO_TAGS)
        self.host_size = sum(size for tag, size in sizes if tag == 5)
        self.stored = self.header
        self.backup_is_gone = True

    def body(self, data: bytes) -> None:
        room = self.radio_size - len(self.stored)
        self.stored += data[:room]
        if self.host_size > 0:
            self.host += data[room:]

    @property
    def is_complete(self) -> bool:
        return len(self.stored) == self.radio_size > 0 and len(self.host) >= self.host_size


def take(data: bytes) -> Receiver:
    receiver = Receiver()
    for at in range(0, len(data), PIECE):
        receiver.push(data[at:at + PIECE])
    return receiver


def part(stored: bytes, tag: int) -> bytes:
    """The first entry with this tag, by its offset; entry 0 is skipped."""
    for at in range(12, struct.unpack_from("<I", stored, 4)[0], 12):
        found, size, offset = struct.unpack_from("<3I", stored, at)
        if found == tag:
            return stored[offset:offset + size]
    raise Refused(f"no part {tag}")


def c_string(buffer: bytes) -> bytes:
    if b"\0" not in buffer:
        raise Overrun("text without its end")
    return buffer[:buffer.index(b"\0")]


def wants_update(stored: bytes, answer: bytes) -> bool:
    return c_string(part(stored, 0)[:TEXT_BUFFER].ljust(TEXT_BUFFER, b"\0")) != answer


def flashes(stored: bytes) -> dict[int, bytes]:
    records = part(stored, 1)
    return {offset: part(stored, tag) for tag, offset in struct.iter_unpack("<2I", records)}
