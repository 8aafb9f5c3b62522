# SPDX-License-Identifier: Apache-2.0
"""What went over the simulated line, by the simulator's own log (tandem-sim --log).

    log = LineLog.read(path)
    log.resets            how often RESET was pulled
    log.session(times)    Session: the conversation with the ROM loader, from the SYNC that it answered first to its last
                          answer about the flash's contents

The framing is decoded here once more, without the product's or the simulator's code.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

ROM_BAUD = 115200
BITS_PER_BYTE = 10
SYNC, CHANGE_BAUDRATE = 0x08, 0x0F
FLASH_BEGIN, FLASH_DATA, DEFL_BEGIN, DEFL_DATA, DIGEST = 0x02, 0x03, 0x10, 0x11, 0x13
SECTOR, PAGE = 4096, 256
ON_FLASH = (FLASH_BEGIN, FLASH_DATA, DEFL_BEGIN, DEFL_DATA, DIGEST)


@dataclass(frozen=True)
class Times:
    """Of the simulated chip, in microseconds; docs/TESTING.md, section 12, says where they are from."""
    erase: int = 30000         # a sector
    program: int = 700         # a page
    digest: float = 0.25       # a byte

    def busy(self, op: int, payload: bytes) -> float:
        """Seconds until the loader answers."""
        words = struct.unpack_from("<4I", payload)
        if op == DIGEST:
            return words[1] * self.digest / 1e6
        if op in (FLASH_BEGIN, DEFL_BEGIN):    # and what is inflated is programmed, sooner or later
            pages = -(-words[0] // PAGE) if op == DEFL_BEGIN else 0
            return (-(-words[0] // SECTOR) * self.erase + pages * self.program) / 1e6
        return -(-words[0] // PAGE) * self.program / 1e6 if op == FLASH_DATA else 0.0


@dataclass(frozen=True)
class Frame:
    op: int
    payload: bytes
    began: int             # microseconds: when its first and its last byte were handed over
    ended: int


@dataclass(frozen=True)
class Session:
    to_radio: int          # bytes
    from_radio: int
    line: float            # seconds that these bytes fill, at the rates they were sent at
    seconds: float         # of the whole session
    writing: float         # of these, from the first command about the flash's contents on
    model: float           # what line and chip take for that, with a host that takes no time
    blocks: int


class Direction:
    """One direction of the line."""

    def __init__(self, first: int):
        self.first = first                     # what a packet of this direction begins with
        self.chunks: list[tuple[int, int]] = []
        self.frames: list[Frame] = []
        self.packet, self.began = None, 0

    def take(self, time: int, data: bytes) -> None:
        self.chunks.append((time, len(data)))
        for byte in data:
            if byte == 0xC0:
                self.mark(time)
            elif self.packet is not None:
                self.packet.append(byte)

    def mark(self, time: int) -> None:
        """Ends a packet, or begins one: text between packets has no mark at its end."""
        body = bytes(self.packet or b"").replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
        if len(body) >= 8 and body[0] == self.first:
            self.frames.append(Frame(body[1], body[8:], self.began, time))
            self.packet = None
        else:
            self.packet, self.began = bytearray(), time

    def of(self, *ops: int) -> list[Frame]:
        return [frame for frame in self.frames if frame.op in ops]

    def bytes(self, begin: int, end: int) -> int:
        """Handed over after begin and not after end."""
        return sum(count for time, count in self.chunks if begin < time <= end)


class LineLog:
    def __init__(self, text: str):
        self.to_radio, self.from_radio = Direction(0), Direction(1)
        self.resets = 0
        for line in text.splitlines():
            time, kind, *rest = line.split()
            if kind == "#":
                self.resets += rest[:2] == ["reset", "1"]
            else:
                direction = self.to_radio if kind == ">" else self.from_radio
                direction.take(int(time), bytes.fromhex("".join(rest)))

    @staticmethod
    def read(path: Path) -> "LineLog":
        return LineLog(path.read_text())

    def session(self, times: Times) -> Session:
        asked, answered = self.to_radio, self.from_radio
        synced = answered.of(SYNC)[0].ended
        begin = [frame for frame in asked.of(SYNC) if frame.ended < synced][-1].began
        end = answered.of(*ON_FLASH)[-1].ended
        changed, baud = self.change_of_rate(end)
        slow = asked.bytes(begin - 1, changed) + answered.bytes(begin - 1, changed)
        fast = asked.bytes(changed, end) + answered.bytes(changed, end)
        start = asked.of(*ON_FLASH)[0].began
        moved = asked.bytes(start - 1, end) + answered.bytes(start - 1, end)
        busy = sum(times.busy(frame.op, frame.payload) for frame in asked.of(*ON_FLASH))
        return Session(asked.bytes(begin - 1, end), answered.bytes(begin - 1, end),
                       BITS_PER_BYTE * (slow / ROM_BAUD + fast / baud), (end - begin) / 1e6, (end - start) / 1e6,
                       BITS_PER_BYTE * moved / baud + busy, len(asked.of(FLASH_DATA, DEFL_DATA)))

    def change_of_rate(self, end: int) -> tuple[int, int]:
        """When the rate was raised (`end` when it was not), and to what."""
        asked, answered = self.to_radio.of(CHANGE_BAUDRATE), self.from_radio.of(CHANGE_BAUDRATE)
        if not asked or len(asked) != len(answered):
            return end, ROM_BAUD
        return answered[-1].ended, struct.unpack_from("<I", asked[-1].payload)[0]
