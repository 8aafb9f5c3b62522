# SPDX-License-Identifier: Apache-2.0
"""The attack table: what somebody may send to a router that trusts two keys, and the code of the refusal.

    ATTACKS     Attack(row, name, code, make): make() gives the file; rows with one number are variants of one attack
    CONTROLS    Attack(row, name, "", make): near misses that must be taken

The router of the table: board acme,br-s3-h2, an ESP32-H2 radio of revision 0.1 with 4 MiB of flash, an ESP32-S3 host,
pair 1.4.0 with counter 6 proven and both APIs 11, least 4. Keys FIRST and SECOND are trusted, REVOKED is revoked.
"""

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass

import small_images
from manifest import Image, Key, Side, cell
from small_images import H2, host_part, rebuilt

FIRST, SECOND, REVOKED, UNKNOWN, OTHER = sorted((Key.of_number(number) for number in range(11, 16)),
                                                key=lambda key: key.id)
TEXT = b"openthread-esp32/1121229a-c678a4f; esp32h2;  2026-09-23 13:06:47 UTC"
ISSUED, FLOOR = 1790000000, small_images.statement().issued


@dataclass(frozen=True)
class Attack:
    row: int
    name: str
    code: str
    make: Callable[[], Image | bytes]
    options: tuple = ()
    told: int | None = 0            # the length that the server tells, more than there is; None: it tells none

    @property
    def file(self) -> bytes:
        made = self.make()
        return made.bytes if isinstance(made, Image) else made


# ---- good images, and ways to change them ----------------------------------------------------------------------------

NEWER = {"pair_version": b"1.5.0", "counter": 7, "issued": ISSUED}


def radio_parts(chip: int = H2) -> dict[int, bytes]:
    return small_images.radio_parts(TEXT, chip, b"1.5.0")


def pair(*keys: Key, **fields) -> Image:
    return Image(TEXT, radio_parts() | host_part(b"1.5.0"), small_images.statement(**NEWER | fields), keys or (FIRST,))


def radio_only(**fields) -> Image:
    return Image(TEXT, radio_parts(), small_images.statement(**NEWER | {"host": Side()} | fields), (FIRST,))


def host_only(**fields) -> Image:
    return Image(b"", host_part(b"1.5.0"),
                 small_images.statement(**NEWER | {"radio": Side(), "least_flash": 0} | fields), (FIRST,))


def other(image: Image, **changes) -> Image:
    """Rightly signed, whatever it says: as somebody with a key, or a faulty packer, would make it."""
    return dataclasses.replace(image, **changes)


def with_parts(image: Image, **parts: bytes) -> Image:
    return other(image, parts=image.parts | {int(tag[1:]): data for tag, data in parts.items()})


def patched(data: Image | bytes, at: int, new: bytes) -> bytes:
    """Changed after it was signed."""
    data = data.bytes if isinstance(data, Image) else data
    assert data[at:at + len(new)] != new
    return data[:at] + new + data[at + len(new):]


def entry(row: int, field: int, change: Callable[[int], int]) -> Callable:
    """For Image.table: one number of one row."""
    def table(entries):
        entries[row][field] = change(entries[row][field]) & 0xFFFFFFFF
        return entries
    return table


def moved(first: int, by: int) -> Callable:
    """For Image.table: the offsets from this row on."""
    def table(entries):
        return [[tag, size, at + by if row >= first else at] for row, (tag, size, at) in enumerate(entries)]
    return table


def wrapped(rows):
    """For Image.table: lengths that go once round 32 bits, and offsets that hide it."""
    rows[3][1], rows[4][1] = 1 << 31, (1 << 31) + rows[3][1] + rows[4][1]
    rows[4][2] = rows[3][2] + rows[3][1]
    return rows


def swapped(entries):
    entries[2][0], entries[3][0] = entries[3][0], entries[2][0]
    return entries


FIELD = {"magic": 0, "format": 4, "cells": 6, "reserved": 7, "issued": 8, "expires": 16, "counter": 24, "flash": 28,
         "version": 32, "compatible": 64, "radio family": 128, "radio chip": 130, "radio revision min": 132,
         "radio revision max": 134, "radio API": 136, "radio's least": 138, "host family": 140, "host chip": 142,
         "host revision min": 144, "host revision max": 146, "host API": 148, "host's least": 150, "digest": 152,
         "last digest": 152 + 4 * 32, "extension": 152 + 5 * 32 + 4}


def statement_at(image: Image, field: str) -> int:
    return len(image.header) + len(image.text) + 1 + FIELD[field]


def field_set(field: str, value: bytes, image: Callable[[], Image] = pair) -> Callable[[], bytes]:
    return lambda: patched(image(), statement_at(image(), field), value)


def flipped(field: str) -> Callable[[], bytes]:
    def make():
        image = pair()
        at = statement_at(image, field)
        return patched(image, at, bytes([image.bytes[at] ^ 1]))
    return make


def cells(make: Callable[[bytes], list[bytes]], **fields) -> Callable[[], Image]:
    return lambda: other(pair(**fields), cells=make)


def says(**fields) -> Callable[[], Image]:
    return lambda: pair(**fields)


def side(base: Side, **fields) -> Side:
    return dataclasses.replace(base, **fields)


def numbers(key: Key, r=None, s=None) -> Callable[[bytes], list[bytes]]:
    """A cell whose r or s is changed by a function."""
    def make(signed):
        found = key.sign(signed)
        return [cell(key.id, (r or (lambda n: n))(found[0]), (s or (lambda n: n))(found[1]))]
    return make


def without_statement(image: Image) -> Image:
    return other(image, statement=None)


# ---- rows 1 to 10: the header table ----------------------------------------------------------------------------------

def with_first(tag: int, size: int, data: Callable[[], Image] = pair) -> Callable[[], bytes]:
    return lambda: struct.pack("<2I", tag, size) + data().bytes[8:]


def with_table(table: Callable, make: Callable = pair) -> Callable[[], Image]:
    return lambda: other(make(), table=table)


def front_of(size: int) -> Image:
    image = pair(extensions=())
    return rebuilt(image, extensions=((1, b"x" * (size - len(image.front) - 4)),))


HEADER = [
    Attack(1, "error text", "not_image", lambda: b"404 page not found\n" * 100),
    Attack(1, "log-in page", "captive_portal", lambda: b"<html><body>Please log in</body></html>" * 100),
    Attack(1, "ELF file", "not_image", lambda: b"\x7fELF" + pair().bytes),
    Attack(1, "firmware alone", "not_image", lambda: pair().parts[4] * 20),
    Attack(1, "zeros", "not_image", lambda: bytes(8192)),
    *(Attack(2, f"header of {size} bytes", "not_image", with_first(0xFF, size))
      for size in (0, 12, 60, 83, 96, 0xFFFFFFFC)),
    Attack(2, "offset of the table itself", "not_image", lambda: patched(pair(), 8, b"\x04")),
    Attack(3, "host-only under FF", "not_image", lambda: other(host_only(), first_tag=0xFF)),
    Attack(3, "host-only under FF with the size of a radio image", "bad_header", with_first(0xFF, 72, host_only)),
    *(Attack(4, f"FE with {size} bytes of table", "too_new", with_first(0xFE, size)) for size in (24, 48, 84, 4092)),
    *(Attack(4, f"FE with {size} bytes of table", "not_image", with_first(0xFE, size)) for size in (12, 35, 4104)),
    *(Attack(5, f"tag {tag} for the firmware", "bad_header", with_table(entry(5, 0, lambda _, t=tag: t)))
      for tag in (6, 16, 255, 0xFFFFFFFF)),
    Attack(5, "tag twice", "bad_header", with_table(entry(4, 0, lambda _: 2))),
    Attack(5, "rows swapped", "bad_header", with_table(swapped)),
    Attack(5, "host part last but one", "bad_header", with_table(lambda rows: rows[:5] + rows[6:] + rows[5:6])),
    Attack(6, "gap", "bad_header", with_table(moved(3, 4))),
    Attack(6, "overlap", "bad_header", with_table(moved(3, -4))),
    Attack(6, "part inside the header", "bad_header", with_table(moved(1, -12))),
    Attack(6, "all parts at one place", "bad_header",
           with_table(lambda rows: [[t, s, 84 if o else 0] for t, s, o in rows])),
    Attack(7, "sizes that wrap to where the next part lies", "bad_header", with_table(wrapped)),
    Attack(7, "one size that wraps", "bad_header", with_table(entry(3, 1, lambda size: size - 4096))),
    Attack(7, "last part of 2^32 - 1", "bad_header", with_table(entry(6, 1, lambda _: 0xFFFFFFFF))),
    *(Attack(8, f"part {tag} of 0 bytes", "bad_header", lambda tag=tag: with_parts(pair(), **{f"p{tag}": b""}))
      for tag in range(1, 6)),
    Attack(8, "part 0 of 0 bytes", "bad_header", lambda: other(pair(), text=b"", statement=None)),
    Attack(8, "host part of 0 bytes alone", "bad_header", lambda: with_parts(host_only(), p5=b"")),
    Attack(9, "front of 4097 bytes", "bad_header", lambda: front_of(4097)),
    Attack(9, "part 0 of 2^32 - 1", "bad_header", with_table(entry(1, 1, lambda _: 0xFFFFFFFF))),
    Attack(10, "flash arguments of 32 bytes", "bad_header",
           lambda: with_parts(pair(), p1=pair().parts[1] + struct.pack("<2I", 4, 0xD000))),
    Attack(10, "flash arguments of 16 bytes", "bad_header", lambda: with_parts(pair(), p1=pair().parts[1][:16])),
    *(Attack(10, f"part {tag} not of 4n", "bad_header",
             lambda tag=tag: with_parts(pair(), **{f"p{tag}": pair().parts[tag] + b"x"})) for tag in (2, 3, 4)),
]

# ---- rows 11 to 23: text, NUL, frame ---------------------------------------------------------------------------------

def with_text(text: bytes) -> Callable[[], Image]:
    return lambda: other(pair(), text=text)


def behind_nul(statement: bytes) -> Callable[[], Image]:
    return lambda: other(pair(), statement=statement)


FRAME = [
    Attack(11, "manifest cut out", "unsigned", lambda: without_statement(pair())),
    Attack(11, "manifest cut out of a radio image", "unsigned", lambda: without_statement(radio_only())),
    Attack(11, "manifest cut out of a host image", "bad_header", lambda: without_statement(host_only())),
    Attack(11, "another image's manifest under a pair's table", "bad_manifest",
           lambda: other(pair(), statement=radio_only().statement_bytes + radio_only().cell_bytes)),
    Attack(12, "NUL overwritten", "bad_version_text", lambda: patched(pair(), 84 + len(TEXT), b"x")),
    Attack(12, "NUL overwritten, nothing behind but text", "bad_version_text", with_text(b"x" * 400)),
    Attack(13, "NUL set earlier", "bad_manifest", lambda: patched(pair(), 84 + 20, b"\0")),
    Attack(13, "text shortened", "bad_manifest", lambda: other(pair(), text=TEXT[:20] + b"\0" + TEXT[20:])),
    Attack(14, "lone NUL", "bad_manifest", behind_nul(b"")),
    Attack(14, "NUL and few bytes", "bad_manifest", behind_nul(b"\x9aTDM")),
    Attack(14, "one byte too few for one cell", "bad_manifest",
           behind_nul(b"\x9aTDM\1\0\1" + bytes(152 + 160 + 80 - 8))),
    Attack(14, "host-only with too few", "bad_manifest", lambda: other(host_only(), statement=bytes(100))),
    Attack(15, "other magic", "bad_manifest", says(magic=bytes(4))),
    Attack(15, "magic of a key set", "bad_manifest", says(magic=bytes.fromhex("9a54444b"))),
    Attack(15, "no bytes of a manifest", "bad_manifest", behind_nul(b"readers stop here" * 40)),
    *(Attack(16, name, "bad_version_text", with_text(text)) for name, text in (
        ("line feed", TEXT[:-1] + b"\n"), ("escape", b"\x1b[2J" + TEXT), ("DEL", TEXT + b"\x7f"),
        ("umlaut", TEXT + b"\xfc"), ("space first", b" " + TEXT), ("space last", TEXT + b" "), ("no text", b""),
        ("100 bytes", TEXT.ljust(100, b"x")))),
    Attack(17, "FE with a text", "bad_version_text", lambda: other(host_only(), text=TEXT)),
    Attack(18, "another build's text of equal length", "bad_signature",
           lambda: patched(pair(), 84, small_images.TEXT)),
    Attack(18, "text of another length, sizes made to fit", "bad_signature",
           lambda: other(pair(), text=TEXT + b"!", cells=lambda _: [FIRST.cell(pair().signed)])),
    Attack(19, "format 0", "bad_manifest", says(format=0)),
    *(Attack(20, f"format {number}", "too_new", says(format=number)) for number in (2, 65535)),
    *(Attack(21, f"C = {number}", "bad_manifest", field_set("cells", bytes([number]))) for number in (0, 9, 255)),
    Attack(21, "9 cells, and room for them", "bad_manifest", says(cells=9)),
    Attack(21, "more cells than fit", "bad_manifest", field_set("cells", b"\x08")),
    Attack(21, "cells that leave no room for the last digest", "bad_manifest",
           lambda: patched(pair(extensions=()), statement_at(pair(), "cells"), b"\3")),
    Attack(21, "reserved byte", "bad_manifest", says(reserved=1)),
    Attack(22, "C lowered", "unsigned", field_set("cells", b"\1")),
    Attack(22, "C lowered, a second signature behind", "bad_signature",
           field_set("cells", b"\1", lambda: pair(FIRST, SECOND))),
    Attack(23, "told one byte more", "wrong_length", pair, told=1),
    Attack(23, "told one byte less", "wrong_length", pair, told=-1),
    Attack(23, "told the front alone", "wrong_length", pair, told=-3000),
]
