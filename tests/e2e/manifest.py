# SPDX-License-Identifier: Apache-2.0
"""Signed images by a second hand: a codec and a signer that share nothing with Tandem's and check nothing.

Every field takes any bytes or number, so that a test can say what no tool of ours would say.

    Image(text, parts, statement, keys).bytes     the file; also .id, .signed_length, .front
    read(bytes) -> Image                          of a well-formed image with manifest; its .bytes are those bytes
    Statement(...).encode(digests)                the manifest without its cells
    Key.new(), Key.of_number(d)                   .id, .public_pem, .private_pem, .sign(bytes) -> r, s with low s
    cell(key_id, r, s), key.cell(signed bytes)    80 bytes; BLANK

dataclasses.replace() makes a variant of an image, a statement or a side.
"""

import dataclasses
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

MAGIC = bytes.fromhex("9a54444d")
FIXED = struct.Struct("<4sHBBQQII32s64s12s12s")
SIDE = struct.Struct("<6H")
ENTRY = struct.Struct("<3I")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n of P-256
CELL = 80
BLANK = bytes(CELL)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# ---- keys and cells --------------------------------------------------------------------------------------------------

def cell(key_id: bytes, r: int, s: int, algorithm: int = 1, reserved: bytes = bytes(6)) -> bytes:
    return key_id + struct.pack("<H", algorithm) + reserved + r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class Key:
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> "Key":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def of_number(cls, number: int) -> "Key":
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    def public(self, encoding) -> bytes:
        return self.private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def id(self) -> bytes:
        return sha256(self.public(serialization.Encoding.DER))[:8]

    @property
    def public_pem(self) -> bytes:
        return self.public(serialization.Encoding.PEM)

    @property
    def private_pem(self) -> bytes:
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())

    def sign(self, data: bytes) -> tuple[int, int]:
        """The same bytes give the same signature (RFC 6979)."""
        der = self.private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r, min(s, ORDER - s)

    def cell(self, signed: bytes, **fields) -> bytes:
        return cell(self.id, *self.sign(signed), **fields)


# ---- the statement ---------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Side:
    """What a half runs on and speaks: the radio's block or the host's."""
    family: int = 0
    chip: int = 0
    revision_min: int = 0
    revision_max: int = 0
    api: int = 0
    least_api: int = 0

    def encode(self) -> bytes:
        return SIDE.pack(*dataclasses.astuple(self))


@dataclass(frozen=True)
class Statement:
    pair_version: bytes
    compatible: bytes
    radio: Side
    host: Side
    counter: int = 0
    issued: int = 0
    expires: int = 0
    least_flash: int = 0
    cells: int = 4
    extensions: tuple[tuple[int, bytes], ...] = ()
    tail: bytes = b""                 # behind the extensions, still before the cells
    digests: bytes | None = None      # None: those of the parts
    magic: bytes = MAGIC
    format: int = 1
    reserved: int = 0

    def encode(self, digests: bytes) -> bytes:
        fixed = FIXED.pack(self.magic, self.format, self.cells, self.reserved, self.issued, self.expires, self.counter,
                           self.least_flash, self.pair_version, self.compatible, self.radio.encode(),
                           self.host.encode())
        extensions = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in self.extensions)
        return fixed + (digests if self.digests is None else self.digests) + extensions + self.tail


def read_statement(data: bytes, parts: int) -> Statement:
    magic, form, cells, reserved, issued, expires, counter, flash, version, compatible, radio, host = FIXED.unpack_from(
        data)
    at = FIXED.size + 32 * parts
    digests, extensions = data[FIXED.size:at], []
    while at < len(data) - CELL * cells:
        kind, size = struct.unpack_from("<HH", data, at)
        extensions.append((kind, data[at + 4:at + 4 + size]))
        at += 4 + size
    return Statement(version.rstrip(b"\0"), compatible.rstrip(b"\0"), Side(*SIDE.unpack(radio)),
                     Side(*SIDE.unpack(host)), counter, issued, expires, flash, cells, tuple(extensions),
                     digests=digests, magic=magic, format=form, reserved=reserved)


# ---- the image -------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Image:
    text: bytes
    parts: dict[int, bytes]                                  # by tag, without part 0, in file order
    statement: Statement | bytes | None = None               # bytes: what stands behind the NUL; None: not even that
    keys: tuple[Key, ...] = ()
    cells: Callable[[bytes], list[bytes]] | None = None      # from the signed bytes; None: those of the keys, in order
    first_tag: int | None = None                             # None: as the parts ask for
    table: Callable[[list[list[int]]], list[list[int]]] | None = None  # changes the entries of the header table

    @property
    def statement_bytes(self) -> bytes:
        """Without cells."""
        if not isinstance(self.statement, Statement):
            return self.statement or b""
        return self.statement.encode(b"".join(map(sha256, self.parts.values())))

    @property
    def cell_room(self) -> int:
        return CELL * self.statement.cells if isinstance(self.statement, Statement) else 0

    @property
    def text_and_statement(self) -> bytes:
        return self.text if self.statement is None else self.text + b"\0" + self.statement_bytes

    @property
    def header(self) -> bytes:
        size = ENTRY.size * (2 + len(self.parts))
        tag = self.first_tag if self.first_tag is not None else 0xFE if list(self.parts) == [5] else 0xFF
        entries, at = [[tag, size, 0]], size
        lengths = {0: len(self.text_and_statement) + self.cell_room} | {t: len(p) for t, p in self.parts.items()}
        for tag, length in lengths.items():
            entries.append([tag, length, at])
            at += length
        return b"".join(ENTRY.pack(*entry) for entry in (self.table(entries) if self.table else entries))

    @property
    def signed(self) -> bytes:
        return self.header + self.text_and_statement

    @property
    def signed_length(self) -> int:
        return len(self.signed)

    @property
    def id(self) -> bytes:
        return sha256(self.signed)

    @property
    def cell_bytes(self) -> bytes:
        signed = self.signed
        if not self.cell_room:
            return b""
        if self.cells:
            used = b"".join(self.cells(signed))
        else:
            used = b"".join(key.cell(signed) for key in sorted(self.keys, key=lambda key: key.id))
        return used.ljust(self.cell_room, b"\0")

    @property
    def front(self) -> bytes:
        return self.signed + self.cell_bytes

    @property
    def bytes(self) -> bytes:
        return self.front + b"".join(self.parts.values())


def read(data: bytes) -> Image:
    size = struct.unpack_from("<I", data, 4)[0]
    entries = [ENTRY.unpack_from(data, at) for at in range(12, size, 12)]
    parts = {tag: data[at:at + length] for tag, length, at in entries}
    text, _, rest = parts.pop(0).partition(b"\0")
    statement = read_statement(rest, len(parts))
    cells = rest[len(rest) - CELL * statement.cells:]
    return Image(text, parts, statement, cells=lambda signed: [cells], first_tag=data[0])
