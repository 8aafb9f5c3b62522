# SPDX-License-Identifier: Apache-2.0
"""The attack table's second half: signatures, statements, the router's own judgement, the parts. See attack_rows.py."""

import dataclasses
import struct

from attack_rows import (FIRST, FLOOR, ISSUED, OTHER, REVOKED, SECOND, TEXT, UNKNOWN, Attack, cells, field_set,
                         flipped, front_of, host_only, numbers, other, pair, patched, radio_only, radio_parts, says,
                         side, with_parts)
from manifest import BLANK, ORDER, Side, cell
from small_images import (C6, H2, HOST, OPAQUE, RADIO, S3, application, bootloader, espfiles, flash_args, host_part)

OTHERS = pair(counter=8)        # a second valid image
TWO = ("--images-signatures", "2")


def in_place_of(key, signer, **fields):
    return cells(lambda signed: [cell(key.id, *signer.sign(signed), **fields)])


def second_signature(key, signed):
    """By another nonce, as any signing tool without RFC 6979 gives it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    r, s = utils.decode_dss_signature(key.private.sign(signed, ec.ECDSA(hashes.SHA256())))
    return cell(key.id, r, min(s, ORDER - s))


def key_set():
    return bytes.fromhex("9a54444b 0100 01 01 01000000 01 000000") + struct.pack("<Q", ISSUED) + bytes(64)


def resized_parts():
    """4 bytes of the partition table become the bootloader's."""
    return other(pair(), table=shift_bytes, cells=lambda _: [FIRST.cell(pair().signed)])


def shift_bytes(rows):
    rows[3][1], rows[4][1], rows[4][2] = rows[3][1] + 4, rows[4][1] - 4, rows[4][2] + 4
    return rows


# ---- rows 22 to 42: cells and signatures -----------------------------------------------------------------------------

SIGNATURES = [
    Attack(24, "all cells blanked", "unsigned", cells(lambda _: [])),
    Attack(24, "all cells of a radio image blanked", "unsigned", lambda: other(radio_only(), keys=())),
    Attack(24, "all cells of a host image blanked", "unsigned", lambda: other(host_only(), keys=())),
    Attack(25, "signature of another image", "bad_signature", cells(lambda _: [FIRST.cell(OTHERS.signed)])),
    Attack(25, "the pair's signature under its radio half", "bad_signature",
           lambda: other(radio_only(), cells=lambda _: [FIRST.cell(pair().signed)])),
    Attack(26, "unknown key", "unknown_key", lambda: pair(UNKNOWN)),
    Attack(26, "two unknown keys", "unknown_key", lambda: pair(UNKNOWN, OTHER)),
    Attack(27, "unknown key's signature under a trusted id", "bad_signature", in_place_of(FIRST, UNKNOWN)),
    Attack(27, "second trusted key's signature under the first's id", "bad_signature", in_place_of(FIRST, SECOND)),
    Attack(28, "trusted signature under an unknown id", "unknown_key", in_place_of(UNKNOWN, FIRST)),
    Attack(29, "revoked key", "revoked_key", lambda: pair(REVOKED)),
    Attack(29, "revoked and unknown key", "revoked_key", lambda: pair(REVOKED, UNKNOWN)),
    Attack(29, "one of two is revoked", "revoked_key", lambda: pair(FIRST, REVOKED), TWO),
    Attack(30, "1 of 2", "too_few_signatures", lambda: pair(FIRST), TWO),
    Attack(30, "1 of 2, and an unknown key's", "too_few_signatures", lambda: pair(FIRST, UNKNOWN), TWO),
    Attack(31, "one signature twice", "bad_cells", cells(lambda signed: [FIRST.cell(signed)] * 2), TWO),
    Attack(31, "one key twice by two nonces", "bad_cells",
           cells(lambda signed: [FIRST.cell(signed), second_signature(FIRST, signed)]), TWO),
    Attack(32, "(r, n - s)", "bad_cells", cells(numbers(FIRST, s=lambda s: ORDER - s))),
    Attack(32, "the least high s", "bad_cells", cells(numbers(FIRST, s=lambda _: ORDER // 2 + 1))),
    *(Attack(33, f"{name} = {text}", "bad_cells", cells(numbers(FIRST, **{name: lambda _, v=value: v})))
      for name in "rs" for text, value in (("0", 0), ("n", ORDER), ("2^256 - 1", (1 << 256) - 1))),
    Attack(33, "s = 0 of an unknown key", "bad_cells", cells(numbers(UNKNOWN, s=lambda _: 0))),
    Attack(34, "blank cell first", "bad_cells", cells(lambda signed: [BLANK, FIRST.cell(signed)])),
    Attack(34, "falling key ids", "bad_cells",
           cells(lambda signed: [SECOND.cell(signed), FIRST.cell(signed)])),
    *(Attack(35, f"byte {at} of a blank cell", "bad_cells",
             cells(lambda signed, at=at: [FIRST.cell(signed), patched(BLANK, at, b"\1")])) for at in (8, 10, 16, 79)),
    Attack(35, "key id alone in a blank cell", "bad_cells",
           cells(lambda signed: [FIRST.cell(signed), SECOND.id + bytes(72)])),
    *(Attack(35, f"byte {at} of a used cell", "bad_cells",
             cells(lambda signed, at=at: [patched(FIRST.cell(signed), at, b"\1")])) for at in (10, 15)),
    Attack(35, "signature under the id of zeros", "bad_cells",
           cells(lambda signed: [bytes(8) + FIRST.cell(signed)[8:]])),
    Attack(36, "algorithm 0", "bad_cells", in_place_of(FIRST, FIRST, algorithm=0)),
    Attack(36, "algorithm 0 under an unknown id", "bad_cells", in_place_of(UNKNOWN, UNKNOWN, algorithm=0)),
    Attack(37, "algorithm 2 under a trusted id", "bad_signature", in_place_of(FIRST, FIRST, algorithm=2)),
    Attack(37, "algorithm 2 under an unknown id", "unknown_key", in_place_of(UNKNOWN, UNKNOWN, algorithm=2)),
    Attack(38, "one good, one bad", "bad_signature",
           cells(lambda signed: [FIRST.cell(signed), SECOND.cell(OTHERS.signed)])),
    Attack(38, "one bad, one good", "bad_signature",
           cells(lambda signed: [FIRST.cell(OTHERS.signed), SECOND.cell(signed)])),
    *(Attack(39, f"signature over {name}", "bad_signature", cells(lambda signed, data=data: [FIRST.cell(data(signed))]))
      for name, data in (
        ("a part", lambda signed: pair().parts[4]), ("a key set", lambda signed: key_set()),
        ("the whole file", lambda signed: pair().bytes), ("the manifest alone", lambda signed: pair().statement_bytes),
        ("the id", lambda signed: pair().id), ("nothing", lambda signed: b""),
        ("front with its blank cells", lambda signed: signed + BLANK * 2))),
    Attack(40, "lengths in the table changed", "bad_signature", resized_parts),
    Attack(40, "host part cut off", "bad_signature",
           lambda: other(pair(), parts=radio_parts(), statement=pair().statement_bytes + FIRST.cell(pair().signed)
                         + BLANK)),
    *(Attack(41, f"{field} changed", "bad_signature", flipped(field)) for field in (
        "issued", "expires", "counter", "flash", "version", "compatible", "radio family", "radio chip",
        "radio revision min", "radio revision max", "radio API", "radio's least", "host family", "host chip",
        "host revision min", "host revision max", "host API", "host's least", "digest", "last digest", "extension")),
    Attack(41, "board changed to ours", "bad_signature",
           field_set("compatible", b"acme,br-s3-h2", lambda: pair(compatible=b"acme,br-s3-c6"))),
]

# ---- rows 43 to 53: rightly signed statements that say what none may say ---------------------------------------------

SIDE_FIELDS = [field.name for field in dataclasses.fields(Side)]


def radio_says(**fields):
    return says(radio=side(RADIO, **fields))


def host_says(**fields):
    return says(host=side(HOST, **fields))


STATEMENTS = [
    *(Attack(43, name, "bad_manifest", says(**fields)) for name, fields in (
        ("counter 2^31", {"counter": 1 << 31}), ("counter 2^32 - 1", {"counter": 0xFFFFFFFF}),
        ("expires when issued", {"expires": ISSUED}), ("expires before it is issued", {"expires": ISSUED - 1}),
        ("expires, never issued", {"issued": 0}), ("issued in the year 10000", {"issued": 253402300800, "expires": 0}),
        ("expires in the year 10000", {"expires": 253402300800}), ("expires at 2^64 - 1", {"expires": (1 << 64) - 1}))),
    *(Attack(44, f"version {text!r}", "bad_manifest", says(pair_version=text)) for text in (
        b"", b"1.5", b"1..0", b"1.5_0", b"01.5.0", b"1.05.0", b"1.5.0+x",
        b"1.5.0-01", b"1.5.0-", b"1.5.0-a..b", b"1.5.0-a.", b"v1.5.0",
        b"1.5.0 ", b"1.5.0-a_b", b"1.5.1000000000", b"1.5.0.1", b"1.-5.0", b"1.5.0\0x", b"1.5.0\0" + bytes(25) + b"x",
        b"1.5.0-" + b"a" * 26)),
    *(Attack(45, f"compatible {text!r}", "bad_manifest", says(compatible=text)) for text in (
        b"", b"a,", b",a", b"Acme,br-s3-h2", b"acme br", b"acme", b"acme,*", b"acme,br,h2", b"acme,-br", b".acme,br",
        b"acme,br-s3-h2 ", b"acme,br-s3-h2\0x", b"acme," + b"b" * 59)),
    Attack(46, "radio block without radio parts", "bad_manifest", lambda: host_only(radio=RADIO)),
    Attack(46, "flash size without radio parts", "bad_manifest", lambda: host_only(least_flash=0x200000)),
    *(Attack(46, f"radio block of {field} alone without radio parts", "bad_manifest",
             lambda field=field: host_only(radio=Side(**{field: 1}))) for field in SIDE_FIELDS),
    Attack(46, "radio parts without radio block", "bad_manifest", says(radio=Side())),
    Attack(46, "radio parts without flash size", "bad_manifest", says(least_flash=0)),
    Attack(46, "radio block of family 0 with a chip", "bad_manifest", radio_says(family=0)),
    *(Attack(47, f"radio: {fields}", "bad_manifest", radio_says(**fields)) for fields in (
        {"revision_min": 100}, {"api": 0, "least_api": 0}, {"api": 0}, {"least_api": 0}, {"least_api": 12})),
    *(Attack(47, f"host: {fields}", "bad_manifest", host_says(**fields)) for fields in (
        {"revision_min": 100}, {"api": 0, "least_api": 0}, {"api": 0}, {"least_api": 0}, {"least_api": 12})),
    *(Attack(47, f"flash of {size}", "bad_manifest", says(least_flash=size)) for size in (0x1FFFFF, 0x800, 0xFFFFFFFF)),
    *(Attack(48, f"radio family {family}", "too_new", radio_says(family=family)) for family in (2, 65535)),
    *(Attack(49, f"host family {family}", "too_new", host_says(family=family)) for family in (3, 65535)),
    *(Attack(50, f"opaque host with {fields}", "bad_manifest", says(host=side(OPAQUE, **fields))) for fields in (
        {"chip": S3}, {"revision_max": 99}, {"revision_min": 1, "revision_max": 1})),
    *(Attack(50, f"host block of {field} alone without host part", "bad_manifest",
             lambda field=field: radio_only(host=Side(**{field: 1}))) for field in SIDE_FIELDS),
    Attack(50, "host block without host part", "bad_manifest", lambda: radio_only(host=HOST)),
    Attack(50, "host part without host block", "bad_manifest", says(host=Side())),
    Attack(51, "extension past the end", "bad_manifest", says(extensions=(), tail=struct.pack("<2H", 1, 5) + b"four")),
    Attack(51, "extension of 65535 bytes", "bad_manifest", says(extensions=(), tail=struct.pack("<2H", 1, 65535))),
    *(Attack(51, f"{size} stray bytes", "bad_manifest", says(tail=bytes(size))) for size in (1, 2, 3)),
    *(Attack(51, name, "bad_manifest", says(extensions=tuple((kind, b"x") for kind in kinds))) for name, kinds in (
        ("type 0", (0,)), ("equal types", (1, 1)), ("falling types", (2, 1)))),
    *(Attack(52, f"critical extension {kind:#x}", "too_new", says(extensions=((kind, b"x"),)))
      for kind in (0x8001, 0x8002, 0x8003, 0xFFFF)),
    Attack(53, "radio too old for its host", "api_mismatch", says(radio=side(RADIO, api=3, least_api=1))),
    Attack(53, "host too old for its radio", "api_mismatch", says(host=side(HOST, api=3, least_api=1))),
]

# ---- rows 54 to 64: valid images that this router does not take ------------------------------------------------------

def c6_radio():
    return other(pair(radio=side(RADIO, chip=C6)), parts=radio_parts(C6) | host_part(b"1.5.0"))


def cut(at):
    return lambda: pair().bytes[:at]


def with_args(*records):
    return lambda: with_parts(pair(), p1=flash_args(*records))


def shown(image):
    return "--expect-id", image.id.hex()


JUDGEMENTS = [
    Attack(55, "exchanged after the operator looked", "not_the_one_shown", lambda: OTHERS, shown(pair())),
    Attack(55, "one half of what the operator looked at", "not_the_one_shown", radio_only, shown(pair())),
    *(Attack(56, f"for {name.decode()}", "wrong_board", says(compatible=name)) for name in (
        b"acme,br-s3-c6", b"acme,br-s3-h", b"acme,br-s3-h2x", b"other,br-s3-h2")),
    Attack(56, "radio image for another board", "wrong_board", lambda: radio_only(compatible=b"acme,br-s3-c6")),
    Attack(57, "host chip", "wrong_host", host_says(chip=C6)),
    Attack(57, "newer revisions of the host's chip", "wrong_host", host_says(revision_min=2)),
    Attack(57, "older revisions of the host's chip", "wrong_host", host_says(revision_max=0)),
    Attack(57, "opaque host", "wrong_host", says(host=OPAQUE)),
    Attack(58, "radio chip", "wrong_radio", c6_radio),
    Attack(58, "newer revisions of the radio's chip", "wrong_radio", radio_says(revision_min=2)),
    Attack(58, "older revisions of the radio's chip", "wrong_radio", radio_says(revision_max=0)),
    Attack(58, "radio's flash too small", "wrong_radio", says(least_flash=0x1000000)),
    Attack(59, "host for a newer radio", "api_mismatch",
           lambda: host_only(host=side(HOST, api=12, least_api=12))),
    Attack(59, "radio for a newer host", "api_mismatch",
           lambda: radio_only(radio=side(RADIO, api=12, least_api=12))),
    Attack(60, "counter under the floor", "counter_too_low", says(counter=5)),
    Attack(60, "counter under the floor, --allow-downgrade", "counter_too_low",
           says(counter=5, pair_version=b"1.3.0"), ("--allow-downgrade",)),
    Attack(60, "counter 0", "counter_too_low", says(counter=0)),
    Attack(60, "host image under the floor", "counter_too_low", lambda: host_only(counter=5)),
    Attack(61, "expired before the time floor", "expired", says(issued=FLOOR - 100, expires=FLOOR - 1)),
    Attack(62, "lower version", "downgrade", says(pair_version=b"1.3.99")),
    Attack(62, "a release's candidate", "downgrade", says(pair_version=b"1.4.0-rc.9")),
    Attack(63, "bundle larger than its slot", "no_room",
           lambda: with_parts(pair(), p4=radio_parts()[4].ljust(300 << 10, b"\xff"))),
    Attack(63, "host larger than its slot", "no_room",
           lambda: with_parts(pair(), p5=host_part()[5].ljust(3 << 20, b"\0"))),
    Attack(64, "tag twice", "bad_flash_args", with_args((2, 0), (4, 0x10000), (4, 0x8000))),
    *(Attack(64, f"tag {tag}", "bad_flash_args", with_args((2, 0), (4, 0x10000), (tag, 0x8000))) for tag in (0, 1, 32)),
    Attack(64, "tag 5", "bad_flash_args", with_args((2, 0), (5, 0x10000), (3, 0x8000))),
    Attack(64, "overlap", "bad_flash_args", with_args((2, 0), (4, 0x8000), (3, 0x8000))),
    Attack(64, "offset not a multiple of 4096", "bad_flash_args", with_args((2, 0), (4, 0x10000), (3, 0x8010))),
    Attack(64, "past the flash that the image asks for", "bad_flash_args",
           with_args((2, 0), (4, 0x200000), (3, 0x8000))),
    Attack(64, "at the end of 32 bits", "bad_flash_args", with_args((2, 0), (4, 0xFFFFF000), (3, 0x8000))),
    Attack(64, "bootloader moved", "bad_flash_args", with_args((2, 0x1000), (4, 0x10000), (3, 0x8000))),
    *(Attack(67, f"ends at byte {at}", "truncated", cut(at), told=None) for at in (0, 12, 83, 300, 650)),
    Attack(66, "flash arguments changed", "bad_digest",
           lambda: patched(pair(), len(pair().front) + 8, b"\3")),
]

# ---- rows 65 to 68: found while the free slots fill ------------------------------------------------------------------

def changed_part(tag):
    image = pair()
    at = len(image.front) + sum(len(data) for other_tag, data in image.parts.items() if other_tag < tag)
    return patched(image, at + len(image.parts[tag]) - 1, bytes([image.parts[tag][-1] ^ 0x80]))


def part_of(tag, data):
    """A part of another image of the same length, under this one's statement."""
    image = pair()
    assert len(data) == len(image.parts[tag]) and data != image.parts[tag]
    return image.front + b"".join((image.parts | {tag: data}).values())


def exchanged_parts():
    image = pair()
    return image.front + b"".join(image.parts[tag] for tag in (1, 4, 3, 2, 5))


PARTS = [
    Attack(65, "C6 bootloader signed as H2", "wrong_chip_inside", lambda: with_parts(pair(), p2=bootloader(C6))),
    Attack(65, "C6 firmware signed as H2", "wrong_chip_inside", lambda: with_parts(pair(), p4=radio_parts(C6)[4])),
    Attack(65, "H2 host signed as S3", "wrong_chip_inside",
           lambda: with_parts(pair(), p5=application(H2, b"esp_ot_br", b"1.5.0", 0x3C000000))),
    Attack(65, "stated for more revisions than the firmware", "wrong_chip_inside", radio_says(revision_max=199)),
    Attack(65, "firmware for newer revisions than stated", "wrong_chip_inside",
           lambda: with_parts(pair(), p4=patched(pair().parts[4], 15, b"\1"))),
    *(Attack(65, f"part {tag} no ESP firmware", "wrong_chip_inside",
             lambda tag=tag: with_parts(pair(), **{f"p{tag}": b"\xe8" + pair().parts[tag][1:]})) for tag in (2, 4, 5)),
    *(Attack(65, f"part {tag} of 20 bytes", "wrong_chip_inside",
             lambda tag=tag: with_parts(pair(), **{f"p{tag}": pair().parts[tag][:20]})) for tag in (2, 4, 5)),
    *(Attack(66, f"part {tag} damaged before it was signed", "bad_checksum",
             lambda tag=tag: with_parts(pair(), **{f"p{tag}": patched(pair().parts[tag], 34, b"\x55")}))
      for tag in (2, 4, 5)),
    Attack(66, "partition table without an app, rightly signed", "bad_partition_table",
           lambda: with_parts(pair(), p3=b"\xff" * 3072)),
    Attack(66, "firmware larger than its partition, rightly signed", "bad_partition_table",
           lambda: with_parts(pair(), p3=espfiles.partition_table([(0, 0, 0x10000, 0x100, "factory")]))),
    *(Attack(66, f"part {tag} changed", "bad_digest", lambda tag=tag: changed_part(tag)) for tag in (2, 3, 4, 5)),
    Attack(66, "part 5 of a host image changed", "bad_digest",
           lambda: patched(host_only(), len(host_only().bytes) - 1, b"\0")),
    Attack(66, "bootloader and firmware in each other's place", "bad_digest", exchanged_parts),
    Attack(66, "firmware of another valid image", "bad_digest",
           lambda: part_of(4, application(H2, b"esp_ot_rcp", b"1.4.9", 0x42000000, TEXT + b"\0"))),
    Attack(66, "host of another valid image", "bad_digest", lambda: part_of(5, host_part(b"1.4.9")[5])),
    *(Attack(67, f"ends {before} bytes before its end", "truncated", cut(-before), told=None)
      for before in (3500, 700, 1)),
    Attack(68, "one byte more", "trailing_bytes", lambda: pair().bytes + b"\0", told=None),
    Attack(68, "one byte more behind a radio image", "trailing_bytes", lambda: radio_only().bytes + b"\0", told=None),
]

CONTROLS = [
    Attack(0, "pair", "", pair),
    Attack(0, "radio image", "", radio_only),
    Attack(0, "host image", "", host_only),
    Attack(9, "front of 4096 bytes", "", lambda: front_of(4096)),
    Attack(16, "text of 99 bytes", "", lambda: other(pair(), text=TEXT.ljust(99, b"x"))),
    Attack(30, "2 of 2", "", lambda: pair(FIRST, SECOND), TWO),
    Attack(30, "unknown and revoked keys beside a good one", "", lambda: pair(FIRST, REVOKED, UNKNOWN, cells=3)),
    Attack(37, "an unknown algorithm beside a good one", "", cells(lambda signed: sorted(
        [FIRST.cell(signed), cell(UNKNOWN.id, 0, 0, algorithm=2)]))),
    Attack(43, "counter 2^31 - 1", "", says(counter=(1 << 31) - 1)),
    Attack(43, "no times", "", says(issued=0, expires=0)),
    Attack(44, "longest version", "", says(pair_version=b"1.5.0-" + b"a" * 25)),
    Attack(51, "no extension", "", says(extensions=())),
    Attack(52, "unknown extension that may be ignored", "", says(extensions=((3, b"x"), (0x7FFF, b"")))),
    Attack(55, "the one that was shown", "", pair, shown(pair())),
    Attack(55, "the one that was shown, with one more signature", "", lambda: pair(FIRST, SECOND), shown(pair())),
    Attack(58, "this one revision of both chips", "", says(radio=side(RADIO, revision_min=1, revision_max=1),
                                                             host=side(HOST, revision_min=1, revision_max=1))),
    Attack(60, "counter at the floor", "", says(counter=6)),
    Attack(62, "equal version with another id", "", says(pair_version=b"1.4.0")),
    Attack(62, "lower version, --allow-downgrade", "", says(pair_version=b"1.3.0"), ("--allow-downgrade",)),
    Attack(67, "told no length", "", pair, told=None),
]
