# SPDX-License-Identifier: Apache-2.0
"""Attacks of kinds that the format's description does not list, 74 and up. See attack_rows.py.

    MORE, MORE_PARTS, MORE_CONTROLS     further rows of the three tables that attack_rows_signed.py ends with
"""

from attack_rows import (FIRST, FLOOR, OTHER, REVOKED, SECOND, UNKNOWN, Attack, cells, host_only, other, pair, says, side,
                         with_parts)
from attack_rows_signed import TWO, in_place_of, numbers
from manifest import BLANK, ORDER, Key, cell, sha256
from small_images import RADIO

STRANGERS = [Key.of_number(number) for number in range(20, 27)]     # with one of ours they fill eight cells


# ---- 74: more than one statement or set of cells in part 0 -----------------------------------------------------------

def behind_nul(*pieces: bytes):
    """Part 0 of these pieces; every size in the table is made to fit."""
    return lambda: other(pair(), statement=b"".join(pieces))


def whole(image) -> bytes:
    return image.statement_bytes + image.cell_bytes


GOOD, EVIL = pair(), pair(counter=99, compatible=b"acme,br-s3-c6")

TWICE = [
    Attack(74, "the same statement and cells twice", "bad_signature", behind_nul(whole(GOOD), whole(GOOD))),
    Attack(74, "a stranger's statement before the signed one", "bad_signature",
           behind_nul(EVIL.statement_bytes, whole(GOOD))),
    Attack(74, "a stranger's statement between the signed one and its cells", "bad_signature",
           behind_nul(GOOD.statement_bytes, EVIL.statement_bytes, GOOD.cell_bytes)),
    Attack(74, "a stranger's statement behind the cells", "unsigned",
           behind_nul(whole(GOOD), EVIL.statement_bytes, bytes(160))),
    Attack(74, "two cells of zeros behind the cells", "unsigned", behind_nul(whole(GOOD), BLANK * 2)),
    Attack(74, "one cell of zeros before the cells", "bad_signature",
           behind_nul(GOOD.statement_bytes, BLANK, GOOD.cell_bytes)),
    Attack(74, "rightly signed with itself as an extension", "bad_manifest",
           says(tail=pair().statement_bytes)),
]

# ---- 75: numbers and keys that only look right -----------------------------------------------------------------------

SIGNED = [
    Attack(75, "r = s = 1", "bad_signature", cells(lambda _: [cell(FIRST.id, 1, 1)])),
    Attack(75, "r = n - 1", "bad_signature", cells(numbers(FIRST, r=lambda _: ORDER - 1))),
    Attack(75, "r and s exchanged", "bad_signature", cells(
        lambda signed: [cell(FIRST.id, FIRST.sign(signed)[1], min(r := FIRST.sign(signed)[0], ORDER - r))])),
    Attack(75, "r of the key's own point", "bad_signature", cells(
        lambda signed: [cell(FIRST.id, FIRST.private.public_key().public_numbers().x % ORDER, FIRST.sign(signed)[1])])),
    Attack(75, "revoked key's signature under a trusted id", "bad_signature", in_place_of(FIRST, REVOKED)),
    Attack(75, "trusted signature under the revoked id", "revoked_key", in_place_of(REVOKED, FIRST)),
    Attack(75, "trusted signature under the revoked id, two wanted", "unknown_key", in_place_of(REVOKED, FIRST), TWO),
    Attack(75, "eight cells, and none of a trusted key", "unknown_key", lambda: pair(*STRANGERS, UNKNOWN, cells=8)),
    Attack(75, "trusted key's good signature behind another algorithm's", "bad_signature",
           cells(lambda signed: sorted([FIRST.cell(signed), cell(SECOND.id, 1, 1, algorithm=2)]))),
]

# ---- 76: names that look like ours -----------------------------------------------------------------------------------

NAMES = [Attack(76, f"compatible with {name}", "bad_manifest", says(compatible=text)) for name, text in (
    ("a full-width comma", "acme\uff0cbr-s3-h2".encode()), ("an overlong comma", b"acme\xc0\xacbr-s3-h2"),
    ("a Cyrillic a", "\u0430cme,br-s3-h2".encode()), ("a zero-width space", "acme,br-s3-h2\u200b".encode()),
    ("a tab", b"acme,br-s3-h2\t"), ("its bytes' top bits", bytes(byte | 0x80 for byte in b"acme,br-s3-h2")),
    ("two names", b"acme,br-s3-c6 acme,br-s3-h2"), ("two names and a zero", b"acme,br-s3-c6\0acme,br-s3-h2"))]
NAMES += [Attack(76, f"version with {name}", "bad_manifest", says(pair_version=text)) for name, text in (
    ("Arabic digits", "1.\u0665.0".encode()), ("a soft hyphen", "1.5.0\u00adrc".encode()), ("a line feed", b"1.5.0\n"))]

# ---- 77: rightly signed, but not by what it says of itself -----------------------------------------------------------

def digests_in_order(*tags: int):
    return lambda: pair(digests=b"".join(sha256(pair().parts[tag]) for tag in tags))


STATED = [
    Attack(77, "digests one place off", "bad_digest", digests_in_order(2, 3, 4, 5, 1)),
    Attack(77, "digests of zeros", "bad_digest", says(digests=bytes(160))),
    Attack(77, "one digest too few", "bad_manifest", says(digests=b"".join(sha256(p) for p in list(pair().parts.values())[:4]),
                                                        extensions=())),
    Attack(77, "flash of one sector", "bad_flash_args", says(least_flash=4096)),
    Attack(77, "the failed image, signed by another key too", "known_bad",
           lambda: pair(FIRST, SECOND, pair_version=b"1.6.0", counter=(1 << 31) - 1)),
    Attack(77, "the failed image, signed by another key alone", "known_bad",
           lambda: pair(SECOND, pair_version=b"1.6.0", counter=(1 << 31) - 1)),
    Attack(77, "counter and version one below", "counter_too_low", says(counter=5, pair_version=b"1.3.99")),
    Attack(77, "expired one second before the newest image was issued", "expired",
           says(issued=FLOOR - 2, expires=FLOOR - 1, pair_version=b"9.0.0")),
]

# ---- 78: what the server says about the length -----------------------------------------------------------------------

TOLD = [
    Attack(78, "told 2^32 bytes more", "wrong_length", pair, told=1 << 32),
    Attack(78, "told 2^63 - 1", "wrong_length", pair, told=(1 << 63) - 1 - len(pair().bytes)),
    Attack(78, "told the length without the front", "wrong_length", pair, told=-len(pair().front)),
    Attack(78, "told 0 bytes", "truncated", pair, told=-len(pair().bytes)),
]

MORE = TWICE + SIGNED + NAMES + STATED + TOLD

# ---- found while the free slots fill ---------------------------------------------------------------------------------

MORE_PARTS = [
    Attack(77, "digests of firmware and host exchanged", "bad_digest", digests_in_order(1, 2, 3, 5, 4)),
    Attack(79, "a whole signed image as the host part", "wrong_chip_inside", lambda: with_parts(pair(), p5=pair().bytes)),
    Attack(79, "stated for every revision of the radio", "wrong_chip_inside",
           says(radio=side(RADIO, revision_max=0xFFFF))),
    Attack(79, "a second image behind the first", "trailing_bytes", lambda: pair().bytes * 2, told=None),
    Attack(79, "the next image's first byte", "trailing_bytes", lambda: pair().bytes + b"\xff", told=None),
    Attack(79, "the last part twice", "trailing_bytes", lambda: pair().bytes + pair().parts[5], told=None),
    Attack(79, "bytes of the host part in reverse", "bad_digest",
           lambda: host_only().front + host_only().parts[5][:32] + host_only().parts[5][:31:-1]),
]

MORE_CONTROLS = [
    Attack(74, "an extension that holds a statement", "", says(extensions=((3, whole(EVIL)),))),
    Attack(75, "eight cells, one of them of a trusted key", "", lambda: pair(*STRANGERS, FIRST, cells=8)),
    Attack(75, "2 of 2, and a revoked key's beside them", "", lambda: pair(FIRST, SECOND, REVOKED, cells=3), TWO),
    Attack(75, "revoked and unknown keys' bad signatures beside a good one", "", cells(lambda signed: sorted(
        [FIRST.cell(signed), cell(REVOKED.id, 1, 1), cell(OTHER.id, 1, 1)]), cells=3)),
    Attack(76, "the second of the router's names is not the first", "", says(compatible=b"acme,board-of-a-later-day")),
    Attack(77, "expires in the second in which the newest image was issued", "", says(issued=FLOOR - 2, expires=FLOOR)),
    Attack(77, "counter at the floor, version as it is", "", says(counter=6, pair_version=b"1.4.0")),
]
