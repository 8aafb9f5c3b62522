# SPDX-License-Identifier: Apache-2.0
"""What images state and who has signed it: tandem image create and sign, against a second hand (manifest.py) and openssl.

Where signatures come from the tool they are checked by openssl; all other bytes are compared with the second hand's.
"""

import dataclasses
import hashlib
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

import existing_reader
import manifest
import stated_builds
from conftest import REPO, Command, program
from manifest import BLANK, CELL, ORDER, Key, Side
from small_images import H2, S3
from stated_builds import STATED, key_files, words

KINDS = ["pair", "radio", "host"]


@pytest.fixture
def files(tmp_path):
    return stated_builds.folder(tmp_path)


@pytest.fixture
def keys(tmp_path):
    return [key_files(tmp_path, number) for number in (1, 2, 3)]


def result(done) -> dict:
    return json.loads(done.stdout)


def create(tandem, files, kind, *more, environment=None, name="image.bin", **options):
    out = files.host.parent / name
    done = tandem("--json", "image", "create", *files.of(kind), "--target-file", out, *more, env=clean(environment), **options)
    return out, done


def clean(more=None) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"} | (more or {})


def refusal(done) -> tuple[str, int]:
    return result(done)["error"]["code"], done.returncode


# ---- what is stated: the bytes of the second hand ----

def sides(**fields):
    """The radio's block of the samples with other fields, and likewise the host's."""
    return Side(**{"family": 1, "chip": H2, "revision_max": 99, "api": 11, "least_api": 4} | fields)


def hosts(**fields):
    return sides(**{"chip": S3} | fields)


DAY = 1784764800                                        # 2026-07-23 00:00:00 UTC, by date -u -d
ROWS = [  # name, kind, options, environment, fields of the statement
    *[(f"{kind}: what is needed", kind, {}, {}, {}) for kind in KINDS],
    ("1 cell", "pair", {"cells": 1}, {}, {"cells": 1}),
    ("8 cells", "host", {"cells": 8}, {}, {"cells": 8}),
    ("counter 0", "pair", {"counter": 0}, {}, {"counter": 0}),
    ("greatest counter", "radio", {"counter": 2147483647}, {}, {"counter": 2147483647}),
    ("another version", "pair", {"pair_version": "999999999.0.10-rc.1"}, {}, {"pair_version": b"999999999.0.10-rc.1"}),
    ("31 bytes of version", "pair", {"pair_version": "1.0.0-" + "x" * 25}, {}, {"pair_version": b"1.0.0-" + b"x" * 25}),
    ("another board", "pair", {"compatible": "a1,b_2.3-4"}, {}, {"compatible": b"a1,b_2.3-4"}),
    ("63 bytes of board", "pair", {"compatible": "v," + "b" * 61}, {}, {"compatible": b"v," + b"b" * 61}),
    ("other APIs", "pair", {"radio_api": "7:1", "host_api": "9:7"}, {},
     {"radio": sides(api=7, least_api=1), "host": hosts(api=9, least_api=7)}),
    ("issued in seconds", "pair", {"issued": 1784812007}, {}, {"issued": 1784812007}),
    ("issued at a time", "pair", {"issued": "2026-07-23T13:06:47Z"}, {}, {"issued": 1784812007}),
    ("issued on a day: its beginning", "pair", {"issued": "2026-07-23"}, {}, {"issued": DAY}),
    ("issued by the environment", "pair", {}, {"SOURCE_DATE_EPOCH": "1784812007"}, {"issued": 1784812007}),
    ("--issued wins over it", "pair", {"issued": DAY}, {"SOURCE_DATE_EPOCH": "1784812007"}, {"issued": DAY}),
    ("expires on a day: its end", "pair", {"issued": DAY, "expires": "2026-07-23"}, {},
     {"issued": DAY, "expires": DAY + 86399}),
    ("expires at a time", "pair", {"issued": DAY, "expires": "2100-01-01T00:00:00Z"}, {},
     {"issued": DAY, "expires": 4102444800}),
    ("expires in the last second there is", "pair", {"issued": DAY, "expires": "9999-12-31"}, {},
     {"issued": DAY, "expires": 253402300799}),
    ("a larger flash", "radio", {"least_flash": "4M"}, {}, {"least_flash": 4 << 20}),
    ("flash in bytes", "radio", {"least_flash": 2 << 20}, {}, {"least_flash": 2 << 20}),
    ("flash in K", "radio", {"least_flash": "3072K"}, {}, {"least_flash": 3 << 20}),
    ("fewer radio revisions", "radio", {"radio_revision": "1:2"}, {}, {"radio": sides(revision_min=1, revision_max=2)}),
    ("radio revisions with points", "radio", {"radio_revision": "0.1:0.99"}, {}, {"radio": sides(revision_min=1)}),
    ("fewer host revisions", "host", {"host_revision": "99:99"}, {}, {"host": hosts(revision_min=99)}),
    ("the host's chip by name", "host", {"host_chip": "esp32s3", "host_kind": "esp"}, {}, {}),
    ("ESP firmware carried unread", "pair", {"host_kind": "opaque"}, {},
     {"host": Side(2, 0, 0, 0, 11, 4)}),
    ("label and notes", "pair", {"label": "night build", "notes_url": "https://example.com/1.4.0"}, {},
     {"extensions": ((1, b"night build"), (2, b"https://example.com/1.4.0"))}),
    ("notes alone", "host", {"notes_url": "x"}, {}, {"extensions": ((2, b"x"),)}),
]


@pytest.mark.parametrize("kind, options, environment, fields", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_stated_bytes(tandem, files, kind, options, environment, fields):
    expected = stated_builds.image(kind, **fields)
    out, done = create(tandem, files, kind, *words(kind, **options), environment=environment, ok=True)
    assert out.read_bytes() == expected.bytes
    told = result(done)
    assert (told["statement"], told["image_id"], told["signed_length"]) == (
        "unsigned", expected.id.hex(), expected.signed_length)
    assert (told["cells_used"], told["cells_free"]) == (0, fields.get("cells", 4))
    tandem("image", "verify", out, ok=True)             # what is packed is what routers take


def test_an_opaque_host_is_seen_by_its_bytes(tandem, files):
    files.host.write_bytes(b"\x00no ESP firmware")
    out, _ = create(tandem, files, "host", *words("host"), ok=True)
    image = stated_builds.image("host", host=Side(2, 0, 0, 0, 11, 4))
    assert out.read_bytes() == dataclasses.replace(image, parts={5: files.host.read_bytes()}).bytes


def test_without_options_nothing_is_stated(tandem, files):
    """Not even with SOURCE_DATE_EPOCH in the environment: the plain image of the existing format."""
    out, done = create(tandem, files, "pair", environment={"SOURCE_DATE_EPOCH": "1784812007"}, ok=True)
    assert out.read_bytes() == dataclasses.replace(stated_builds.image(), statement=None).bytes
    assert result(done)["statement"] == "none"


def test_flash_arguments_without_a_size(tandem, files):
    """Then somebody has to state it."""
    text = (files.rcp / "flash_args").read_text().replace("2MB", "keep")
    (files.rcp / "flash_args").write_text(text)
    out, done = create(tandem, files, "radio", *words("radio"))
    assert refusal(done) == ("usage", 2) and "--least-flash is missing" in result(done)["error"]["message"]
    out, _ = create(tandem, files, "radio", *words("radio", least_flash="2M"), ok=True)
    assert out.read_bytes() == stated_builds.image("radio").bytes


# ---- what is missing, wrong or does not fit: a sentence, and nothing written ----

ALL = "--compatible, --pair-version, --counter, --radio-api, --host-api"
WRONG = [  # name, kind, arguments, code, exit number, sentence
    ("everything missing", "pair", ["--cells", "4"], "usage", 2, f"all or nothing: {ALL} missing"),
    ("everything missing for a signature", "pair", ["--sign", "key-1.pem"], "usage", 2, f"{ALL} missing"),
    ("host image without a statement", "host", [], "usage", 2, "--compatible, --pair-version, --counter, --host-api missing"),
    ("two missing", "radio", words("radio", counter=None, compatible=None), "usage", 2, "--compatible, --counter missing"),
    ("host's API for a radio", "radio", words("radio") + ["--host-api", "11:4"], "usage", 2, "without a host part cannot state --host-api"),
    ("radio's flash for a host", "host", words("host") + ["--least-flash", "2M", "--radio-revision", "0:9"], "usage", 2,
     "without a radio part cannot state --least-flash, --radio-revision"),
    ("neither build nor firmware", None, words("pair"), "usage", 2, "--rcp-build-dir or --br-firmware or both"),
    ("counter 2^31", "pair", words(counter=2**31), "usage", 2, '--counter: "2147483648"'),
    ("negative counter", "pair", words(counter="-1"), "usage", 2, '--counter: "-1"'),
    ("counter with a unit", "pair", words(counter="1K"), "usage", 2, '--counter: "1K"'),
    ("version of two numbers", "pair", words(pair_version="1.4"), "usage", 2, '--pair-version: "1.4"'),
    ("version with build data", "pair", words(pair_version="1.4.0+1"), "usage", 2, '--pair-version: "1.4.0+1"'),
    ("32 bytes of version", "pair", words(pair_version="1.0.0-" + "x" * 26), "usage", 2, "at most 31 bytes"),
    ("board in capitals", "pair", words(compatible="Acme,board"), "bad_manifest", 10, "vendor,board in lower case"),
    ("board without vendor", "pair", words(compatible="board"), "bad_manifest", 10, "vendor,board in lower case"),
    ("64 bytes of board", "pair", words(compatible="v," + "b" * 62), "usage", 2, "at most 63 bytes"),
    ("0 cells", "pair", words(cells=0), "usage", 2, '--cells: "0"'),
    ("9 cells", "pair", words(cells=9), "usage", 2, '--cells: "9"'),
    ("one API number", "pair", words(radio_api="11"), "usage", 2, '--radio-api: "11"'),
    ("API below its least", "pair", words(host_api="3:4"), "usage", 2, '--host-api: "3:4"'),
    ("API 0", "pair", words(radio_api="0:0"), "usage", 2, '--radio-api: "0:0"'),
    ("least API 0", "pair", words(radio_api="4:0"), "usage", 2, '--radio-api: "4:0"'),
    ("API of 17 bits", "pair", words(radio_api="65536:1"), "usage", 2, '--radio-api: "65536:1"'),
    ("radio too old for the host", "pair", words(radio_api="3:1"), "statement_misfit", 16, "--radio-api 3:1 and --host-api 11:4"),
    ("host too old for the radio", "pair", words(host_api="3:1"), "statement_misfit", 16, "would not speak with each other"),
    ("30th of February", "pair", words(issued="2026-02-30"), "usage", 2, '--issued: "2026-02-30"'),
    ("local time", "pair", words(issued="2026-07-23T13:06:47"), "usage", 2, "--issued:"),
    ("issued in 1970", "pair", words(issued="0"), "usage", 2, "--issued:"),
    ("expires, but was not issued", "pair", words(expires="2100-01-01"), "usage", 2, "--issued or SOURCE_DATE_EPOCH is missing"),
    ("expires when issued", "pair", words(issued=5, expires=5), "usage", 2, "not later than the time of issue"),
    ("flash of 6 K", "radio", words("radio", least_flash="6K"), "usage", 2, "in steps of 4096"),
    ("flash of 8 G", "radio", words("radio", least_flash="8192M"), "usage", 2, '--least-flash: "8192M"'),
    ("flash smaller than its contents", "radio", words("radio", least_flash="1M"), "bad_partition_table", 10, "partition reaches beyond"),
    ("wider radio revisions", "radio", words("radio", radio_revision="0:100"), "statement_misfit", 16, "for revisions 0:99"),
    ("revision 0.100", "radio", words("radio", radio_revision="0.1:0.100"), "usage", 2, '--radio-revision: "0.1:0.100"'),
    ("wider radio revisions with points", "radio", words("radio", radio_revision="0.0:1.0"), "statement_misfit", 16, "for revisions 0:99"),
    ("revisions upside down", "radio", words("radio", radio_revision="2:1"), "usage", 2, '--radio-revision: "2:1"'),
    ("another host chip", "host", words("host", host_chip="esp32h2"), "statement_misfit", 16, "host.bin is for esp32s3"),
    ("unknown host chip", "host", words("host", host_chip="esp64"), "usage", 2, '--host-chip: "esp64"'),
    ("unknown kind", "host", words("host", host_kind="linux"), "usage", 2, "esp or opaque"),
    ("chip of an opaque host", "host", words("host", host_kind="opaque", host_chip="esp32s3"), "usage", 2, "are for ESP firmware"),
    ("label of two lines", "pair", words(label="a\nb"), "usage", 2, "printable ASCII"),
    ("label of 4 K", "pair", words(label="x" * 4096), "bad_manifest", 14, "manifest larger than the room for it"),
    ("nine signatures", "pair", words() + ["--sign", "k"] * 9, "usage", 2, "--sign is given too often"),
]


@pytest.mark.parametrize("kind, arguments, code, number, sentence", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_words(tandem, files, keys, tmp_path, kind, arguments, code, number, sentence):
    before = sorted(tmp_path.iterdir())
    if kind:
        _, done = create(tandem, files, kind, *arguments)
    else:
        done = tandem("--json", "image", "create", "--target-file", "image.bin", *arguments)
    assert refusal(done) == (code, number)
    assert sentence in result(done)["error"]["message"]
    assert sorted(tmp_path.iterdir()) == before


def test_the_environment_may_be_wrong_too(tandem, files):
    _, done = create(tandem, files, "pair", *words(), environment={"SOURCE_DATE_EPOCH": "yesterday"})
    assert refusal(done) == ("usage", 2) and "SOURCE_DATE_EPOCH" in result(done)["error"]["message"]


def test_host_kind_esp_of_something_else(tandem, files):
    files.host.write_bytes(b"no ESP firmware")
    _, done = create(tandem, files, "host", *words("host", host_kind="esp"))
    assert refusal(done) == ("statement_misfit", 16) and "is no ESP firmware" in result(done)["error"]["message"]


# ---- signed by the tool, checked by openssl ----

def cells(data: bytes) -> list[bytes]:
    image = manifest.read(data)
    room = image.cells(b"")[0]
    return [room[at:at + CELL] for at in range(0, len(room), CELL)]


def openssl(*arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, **options)


def openssl_verifies(tmp_path, data: bytes, cell: bytes, key) -> bool:
    """As anybody would: head -c S FILE, and the signature as DER."""
    image = manifest.read(data)
    r, s = int.from_bytes(cell[16:48], "big"), int.from_bytes(cell[48:], "big")
    (tmp_path / "cell.der").write_bytes(utils.encode_dss_signature(r, s))
    (tmp_path / "head").write_bytes(data[:image.signed_length])
    done = openssl("dgst", "-sha256", "-verify", key.public, "-signature", tmp_path / "cell.der", tmp_path / "head")
    return done.returncode == 0 and s <= ORDER // 2


def signs(*pems) -> list:
    return [word for pem in pems for word in ("--sign", pem.private)]


def in_order(*pems):
    return sorted(pems, key=lambda pem: pem.key.id)


@pytest.mark.parametrize("kind", KINDS)
def test_signed_when_made(tandem, files, keys, tmp_path, kind):
    blank = stated_builds.image(kind)
    out, done = create(tandem, files, kind, *words(kind), *signs(keys[2], keys[0]), ok=True)
    data = out.read_bytes()
    first, second = in_order(keys[0], keys[2])
    made = cells(data)
    assert [cell[:8] for cell in made[:2]] == [first.key.id, second.key.id] and made[2:] == [BLANK] * 2
    assert openssl_verifies(tmp_path, data, made[0], first) and openssl_verifies(tmp_path, data, made[1], second)
    assert not openssl_verifies(tmp_path, data, made[0], second)
    at, end = blank.signed_length, len(blank.front)
    assert data[:at] == blank.bytes[:at] and data[end:] == blank.bytes[end:]
    told = result(done)
    assert (told["statement"], told["image_id"]) == ("signed", blank.id.hex())
    assert [row["key_id"] for row in told["signatures"]] == [keys[2].key.id.hex(), keys[0].key.id.hex()]
    assert all(row["nonce"] in ("deterministic", "random") for row in told["signatures"])


def has_fixed_nonces() -> bool:
    return tuple(map(int, re.match(rb"OpenSSL (\d+)\.(\d+)", openssl("version").stdout).groups())) >= (3, 2)


def test_nonces_are_told(tandem, files, keys):
    """And what is called deterministic is: the bytes of the second hand, which signs by RFC 6979."""
    out, done = create(tandem, files, "pair", *words(), *signs(keys[0]), ok=True)
    told = result(done)["signatures"][0]["nonce"]
    assert told == ("deterministic" if has_fixed_nonces() else "random")
    same = out.read_bytes() == dataclasses.replace(stated_builds.image(), keys=(keys[0].key,)).bytes
    assert same == (told == "deterministic")


@pytest.mark.parametrize("kind", ["pair", "radio"])
def test_existing_readers_take_it(tandem, files, keys, kind):
    out, _ = create(tandem, files, kind, *words(kind), *signs(*keys), ok=True)
    receiver = existing_reader.take(out.read_bytes())
    assert receiver.is_complete and receiver.host == (files.host.read_bytes() if kind == "pair" else b"")
    assert not existing_reader.wants_update(receiver.stored, (files.rcp / "rcp_version").read_bytes())


def test_existing_readers_refuse_a_host_image(tandem, files, keys):
    out, _ = create(tandem, files, "host", *words("host"), *signs(keys[0]), ok=True)
    with pytest.raises(existing_reader.Refused):
        existing_reader.take(out.read_bytes())


# ---- keys that cannot sign ----

def pem_of(private, password: bytes | None = None) -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def public_of(key: Key) -> bytes:
    return key.public_pem


BAD_KEYS = {
    "public half": (lambda: public_of(Key.of_number(1)), "key_is_public", 10, "public key"),
    "RSA": (lambda: pem_of(rsa.generate_private_key(65537, 2048)), "key_wrong_kind", 10, "P-256"),
    "P-384": (lambda: pem_of(ec.generate_private_key(ec.SECP384R1())), "key_wrong_kind", 10, "P-256"),
    "a curve like it": (lambda: pem_of(ec.generate_private_key(ec.SECP256K1())), "key_wrong_kind", 10, "P-256"),
    "no key": (lambda: b"-----BEGIN NOTHING-----\n", "bad_signing_key", 10, "no private key"),
    "damaged": (lambda: Key.of_number(1).private_pem.replace(b"M", b"N", 1), "bad_signing_key", 10, "no private key"),
    "passphrase, no terminal": (lambda: pem_of(Key.of_number(1).private, b"secret"), "key_locked", 21, "no terminal"),
    "larger than keys are": (lambda: b"x" * 70000, "too_large", 14, "larger than such a file"),
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_keys_that_cannot_sign(tandem, files, tmp_path, case):
    content, code, number, sentence = BAD_KEYS[case]
    (tmp_path / "bad.pem").write_bytes(content())
    out, done = create(tandem, files, "pair", *words(), "--sign", tmp_path / "bad.pem", start_new_session=True)
    assert refusal(done) == (code, number)
    assert "bad.pem" in result(done)["error"]["message"] and sentence in result(done)["error"]["message"]
    assert not out.exists()


FORMS = {  # how openssl writes keys: options to make the file from the one of the second hand
    "as `openssl ec` writes it": ["ec"],
    "with its parameters before it": ["ec", "-param_out"],
    "with a compressed point": ["ec", "-conv_form", "compressed"],
    "PKCS #8": ["pkcs8", "-topk8", "-nocrypt"],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_one_key(tandem, files, keys, tmp_path, form):
    """One key has one id, however its file is written."""
    made = openssl(*[word for word in FORMS[form] if word != "-param_out"], "-in", keys[0].private, check=True).stdout
    head = openssl("ecparam", "-name", "prime256v1", check=True).stdout if "-param_out" in FORMS[form] else b""
    (tmp_path / "form.pem").write_bytes(head + made)
    public = openssl("ec", "-pubout", "-conv_form", "compressed", "-in", keys[0].private, check=True).stdout
    (tmp_path / "form.pub.pem").write_bytes(public)
    out, done = create(tandem, files, "pair", *words(), "--sign", tmp_path / "form.pem", ok=True)
    assert result(done)["signatures"][0]["key_id"] == keys[0].key.id.hex()
    assert openssl_verifies(tmp_path, out.read_bytes(), cells(out.read_bytes())[0], keys[0])
    tandem("image", "verify", out, "--key", tmp_path / "form.pub.pem", ok=True)


def test_a_key_that_is_not_there(tandem, files):
    out, done = create(tandem, files, "pair", *words(), "--sign", "missing.pem")
    assert refusal(done) == ("not_found", 20) and not out.exists()


def test_a_key_signs_once(tandem, files, keys):
    out, done = create(tandem, files, "pair", *words(), *signs(keys[0], keys[0]))
    assert refusal(done) == ("already_signed", 40) and not out.exists()


def test_more_keys_than_cells(tandem, files, keys):
    out, done = create(tandem, files, "pair", *words(cells=2), *signs(*keys))
    assert refusal(done) == ("no_free_cell", 40) and not out.exists()


def at_a_terminal(program, arguments, prompt: bytes, answer: bytes, environment=None) -> tuple[int, bytes]:
    """Waits for the prompt and types the answer. Exit number, and all that was said."""
    terminal, end = pty.openpty()
    child = subprocess.Popen(["setsid", "--ctty", "--wait", program, *map(str, arguments)], stdin=end, stdout=end, stderr=end,
                             env=environment)
    os.close(end)
    said = b""
    while prompt not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, answer + b"\n")
    try:
        while more := os.read(terminal, 1024):
            said += more
    except OSError:             # how a terminal ends
        pass
    os.close(terminal)
    return child.wait(), said


@pytest.mark.parametrize("passphrase, status", [(b"secret", 0), (b"wrong", 21)])
def test_passphrase_at_the_terminal(tandem, files, tmp_path, passphrase, status):
    (tmp_path / "locked.pem").write_bytes(pem_of(Key.of_number(1).private, b"secret"))
    arguments = ["image", "create", *files.of("pair"), "--target-file", tmp_path / "image.bin", *words(), "--sign",
                 tmp_path / "locked.pem"]
    ended, said = at_a_terminal(tandem.path, arguments, b"locked.pem: ", passphrase)
    assert ended == status, said
    assert (tmp_path / "image.bin").exists() == (status == 0)


HAS_PROVIDER = openssl("list", "-provider", "pkcs11", "-providers").returncode == 0


@pytest.mark.skipif(HAS_PROVIDER, reason="OpenSSL has a pkcs11 provider here")
def test_without_a_pkcs11_provider(tandem, files):
    out, done = create(tandem, files, "pair", *words(), "--sign", "pkcs11:object=release;pin-value=1234")
    assert refusal(done) == ("no_provider", 41) and not out.exists()
    assert "1234" not in done.stdout + done.stderr


# ---- image sign: signed here ----

def blank_image(tmp_path, kind: str = "pair", **fields):
    out = tmp_path / "image.bin"
    out.write_bytes(stated_builds.image(kind, **fields).bytes)
    return out


def sign(tandem, image, *arguments, **options):
    return tandem("--json", "image", "sign", image, *arguments, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_signature_changes_cells_alone(tandem, keys, tmp_path, kind):
    out, blank = blank_image(tmp_path, kind), stated_builds.image(kind)
    first, second = in_order(keys[0], keys[1])
    sign(tandem, out, *signs(second), ok=True)
    once = out.read_bytes()
    assert cells(once)[1:] == [BLANK] * 3
    done = sign(tandem, out, *signs(first), ok=True)
    twice = out.read_bytes()
    at, end = blank.signed_length, len(blank.front)
    assert (once[:at], once[end:]) == (twice[:at], twice[end:]) == (blank.bytes[:at], blank.bytes[end:])
    assert cells(twice)[1] == cells(once)[0] and cells(twice)[2:] == [BLANK] * 2
    assert openssl_verifies(tmp_path, twice, cells(twice)[0], first)
    told = result(done)
    assert (told["image_id"], told["cells_used"], told["cells_free"]) == (blank.id.hex(), 2, 2)
    assert [row["key_id"] for row in told["signatures"]] == [first.key.id.hex()]


def test_the_file_is_replaced_not_changed(tandem, keys, tmp_path):
    out = blank_image(tmp_path)
    os.link(out, tmp_path / "another name")
    sign(tandem, out, *signs(keys[0]), ok=True)
    assert (tmp_path / "another name").read_bytes() == stated_builds.image().bytes != out.read_bytes()
    assert list(tmp_path.glob("image.bin*")) == [out]


# ---- image sign: signed elsewhere ----

def attach(tandem, image, content: bytes, pem, form: str = "raw", **options):
    path = image.parent / "signature"
    path.write_bytes(content)
    return sign(tandem, image, f"--attach-{form}", path, "--key", pem.public, **options)


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_what_a_signer_elsewhere_is_told(tandem, tmp_path):
    out, image = blank_image(tmp_path), stated_builds.image()
    told = result(sign(tandem, out, "--print-digest", ok=True))
    assert told["image_id"] == hashlib.sha256(out.read_bytes()[:told["signed_length"]]).hexdigest() == image.id.hex()
    assert out.read_bytes() == image.bytes
    text = tandem("image", "sign", "--print-digest", out, ok=True).stdout
    assert re.search(rf"^image id +{image.id.hex()}$", text, re.M) and re.search(
        rf"^signed length +{image.signed_length}$", text, re.M)


def test_attached_from_openssl_dgst(tandem, keys, tmp_path):
    """Over the bytes: head -c S FILE | openssl dgst -sha256 -sign KEY."""
    out = blank_image(tmp_path)
    length = result(sign(tandem, out, "--print-digest", ok=True))["signed_length"]
    made = openssl("dgst", "-sha256", "-sign", keys[0].private, input=out.read_bytes()[:length], check=True).stdout
    attach(tandem, out, made, keys[0], "der", ok=True)
    assert openssl_verifies(tmp_path, out.read_bytes(), cells(out.read_bytes())[0], keys[0])


def test_attached_from_openssl_pkeyutl(tandem, keys, tmp_path):
    """Over the 32 bytes of the digest."""
    out = blank_image(tmp_path)
    digest = bytes.fromhex(result(sign(tandem, out, "--print-digest", ok=True))["image_id"])
    made = openssl("pkeyutl", "-sign", "-inkey", keys[0].private, "-pkeyopt", "digest:sha256", input=digest, check=True).stdout
    attach(tandem, out, made, keys[0], "der", ok=True)
    assert openssl_verifies(tmp_path, out.read_bytes(), cells(out.read_bytes())[0], keys[0])


@pytest.mark.parametrize("form", ["raw", "der"])
@pytest.mark.parametrize("is_high", [False, True], ids=["low s", "high s"])
def test_attached_s_is_low(tandem, keys, tmp_path, form, is_high):
    out, image = blank_image(tmp_path), stated_builds.image()
    r, s = keys[0].key.sign(image.signed)
    given = (r, ORDER - s if is_high else s)
    attach(tandem, out, raw(*given) if form == "raw" else utils.encode_dss_signature(*given), keys[0], form, ok=True)
    assert out.read_bytes() == dataclasses.replace(image, keys=(keys[0].key,)).bytes


def test_the_order_of_signing_leaves_no_trace(tandem, keys, tmp_path):
    image = stated_builds.image(cells=3)
    made = set()
    for order in (keys, keys[::-1], [keys[1], keys[0], keys[2]]):
        out = blank_image(tmp_path, cells=3)
        for pem in order:
            attach(tandem, out, raw(*pem.key.sign(image.signed)), pem, ok=True)
        made.add(out.read_bytes())
    assert made == {dataclasses.replace(image, keys=tuple(pem.key for pem in keys)).bytes}


SIGNED = stated_builds.image().signed
OTHER = stated_builds.image(counter=7).signed
KEY = Key.of_number(1)
GOOD = KEY.sign(SIGNED)
REFUSED = [  # name, form, signature file, code, exit number
    ("another image's signature", "raw", raw(*KEY.sign(OTHER)), "bad_signature", 17),
    ("another key's signature", "raw", raw(*Key.of_number(2).sign(SIGNED)), "bad_signature", 17),
    ("signature over the id as if it were the bytes", "raw", raw(*KEY.sign(hashlib.sha256(SIGNED).digest())), "bad_signature", 17),
    ("r 0", "raw", raw(0, GOOD[1]), "bad_signature", 17),
    ("s 0", "raw", raw(GOOD[0], 0), "bad_signature", 17),
    ("s and n more", "raw", raw(GOOD[0], min(GOOD[1] + ORDER, 2**256 - 1)), "bad_signature", 17),
    ("r and s swapped", "raw", raw(*GOOD[::-1]), "bad_signature", 17),
    ("63 bytes", "raw", raw(*GOOD)[:-1], "bad_signature_file", 10),
    ("65 bytes", "raw", raw(*GOOD) + b"\n", "bad_signature_file", 10),
    ("nothing", "raw", b"", "bad_signature_file", 10),
    ("DER as raw", "raw", utils.encode_dss_signature(*GOOD), "bad_signature_file", 10),
    ("raw as DER", "der", raw(*GOOD), "bad_signature_file", 10),
    ("DER and one byte", "der", utils.encode_dss_signature(*GOOD) + b"\0", "bad_signature_file", 10),
    ("DER less one byte", "der", utils.encode_dss_signature(*GOOD)[:-1], "bad_signature_file", 10),
    ("DER with a negative s", "der", b"\x30\x06\x02\x01\x01\x02\x01\xff", "bad_signature_file", 10),
    ("DER of text", "der", b"c2lnbmF0dXJl", "bad_signature_file", 10),
]


@pytest.mark.parametrize("form, content, code, number", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_attached(tandem, keys, tmp_path, form, content, code, number):
    out = blank_image(tmp_path)
    done = attach(tandem, out, content, keys[0], form)
    assert refusal(done) == (code, number)
    assert out.read_bytes() == stated_builds.image().bytes and list(tmp_path.glob("image.bin*")) == [out]


def test_a_key_attaches_once(tandem, keys, tmp_path):
    out = blank_image(tmp_path)
    attach(tandem, out, raw(*GOOD), keys[0], ok=True)
    before = out.read_bytes()
    for done in (attach(tandem, out, raw(*GOOD), keys[0]), sign(tandem, out, *signs(keys[0]))):
        assert refusal(done) == ("already_signed", 40)
    assert out.read_bytes() == before


def test_no_cell_is_free(tandem, keys, tmp_path):
    out, image = blank_image(tmp_path, cells=1), stated_builds.image(cells=1)
    sign(tandem, out, *signs(keys[0]), ok=True)
    before = out.read_bytes()
    for done in (attach(tandem, out, raw(*keys[1].key.sign(image.signed)), keys[1]), sign(tandem, out, *signs(keys[1]))):
        assert refusal(done) == ("no_free_cell", 40)
    assert out.read_bytes() == before


def test_two_keys_or_none_is_no_key(tandem, keys, tmp_path):
    out = blank_image(tmp_path)
    both = tmp_path / "both.pub.pem"
    both.write_bytes(keys[0].public.read_bytes() + keys[1].public.read_bytes())
    (tmp_path / "signature").write_bytes(raw(*GOOD))
    done = sign(tandem, out, "--attach-raw", tmp_path / "signature", "--key", both)
    assert refusal(done) == ("usage", 2)
    done = sign(tandem, out, "--attach-raw", tmp_path / "signature", "--key", keys[0].private)
    assert refusal(done) == ("key_is_private", 10)
    assert out.read_bytes() == stated_builds.image().bytes


UNSIGNABLE = {
    "plain image": (lambda image: dataclasses.replace(image, statement=None).bytes, "no_statement", 41),
    "part changed": (lambda image: image.bytes[:-1] + b"\xff", "bad_digest", 13),
    "cut off": (lambda image: image.bytes[:-1], "truncated", 11),
    "cell with a high s": (lambda image: dataclasses.replace(image, cells=lambda signed: [
        manifest.cell(KEY.id, GOOD[0], ORDER - GOOD[1])]).bytes, "bad_cells", 10),
    "halves that do not speak": (lambda image: stated_builds.image(radio=sides(api=3, least_api=1)).bytes, "api_mismatch", 16),
    "no image": (lambda image: b"<html>404 not found</html>", "not_image", 10),
}


@pytest.mark.parametrize("case", UNSIGNABLE)
def test_what_no_router_takes_is_not_signed(tandem, keys, tmp_path, case):
    change, code, number = UNSIGNABLE[case]
    out = tmp_path / "image.bin"
    out.write_bytes(change(stated_builds.image()))
    before = out.read_bytes()
    for way in (signs(keys[0]), ["--print-digest"]):
        assert refusal(sign(tandem, out, *way)) == (code, number)
    assert out.read_bytes() == before


SIGN_WORDS = {
    "nothing to do": [], "two things to do": ["--print-digest", "--sign", "k"], "attach without key": ["--attach-der", "s"],
    "key without attach": ["--sign", "k", "--key", "p"], "two forms": ["--attach-der", "s", "--attach-raw", "s", "--key", "p"],
}


@pytest.mark.parametrize("case", SIGN_WORDS)
def test_wrong_words_to_sign(tandem, tmp_path, case):
    assert refusal(sign(tandem, blank_image(tmp_path), *SIGN_WORDS[case])) == ("usage", 2)


# ---- info, verify, extract ----

def test_info_shows_every_field(tandem, keys, tmp_path):
    out, image = blank_image(tmp_path, issued=1784812007, expires=4102444800, extensions=((1, b"a\x1b[31m"), (2, b"url"))), None
    image = manifest.read(out.read_bytes())
    sign(tandem, out, *signs(keys[0]), ok=True)
    told = result(tandem("--json", "image", "info", out, ok=True))
    assert told["statement"] == "signed" and told["image_id"] == image.id.hex()
    assert told["signed_length"] == image.signed_length and (told["cells_used"], told["cells_free"]) == (1, 3)
    assert told["stated"] == {
        "pair_version": "1.4.0", "counter": 6, "compatible": "acme,br-s3-h2", "issued": "2026-07-23T13:06:47Z",
        "expires": "2100-01-01T00:00:00Z", "label": "a?[31m", "notes_url": "url",
        "radio": {"chip": "esp32h2", "revision_min": 0, "revision_max": 99, "least_flash": 2 << 20, "api": 11, "least_api": 4},
        "host": {"kind": "esp", "chip": "esp32s3", "revision_min": 0, "revision_max": 99, "api": 11, "least_api": 4}}
    blank = {"state": "blank", "key_id": None, "algorithm": None}
    assert told["cells"] == [{"state": "used", "key_id": keys[0].key.id.hex(), "algorithm": "ecdsa-p256-sha256"}] + [blank] * 3


def test_info_of_one_side(tandem, tmp_path):
    told = result(tandem("--json", "image", "info", blank_image(tmp_path, "host", host=Side(2, 0, 0, 0, 11, 4)), ok=True))
    assert told["statement"] == "unsigned" and "radio" not in told["stated"] and told["stated"]["issued"] is None
    assert told["stated"]["host"] == {"kind": "opaque", "api": 11, "least_api": 4}
    told = result(tandem("--json", "image", "info", blank_image(tmp_path, "radio"), ok=True))
    assert "host" not in told["stated"]


def test_info_of_a_damaged_statement(tandem, tmp_path):
    out = tmp_path / "image.bin"
    out.write_bytes(stated_builds.image(counter=2**31).bytes)
    told = result(tandem("--json", "image", "info", out, ok=True))
    assert told["statement"] == "damaged" and told["statement_problem"].startswith("bad_manifest: security counter")


VERIFY = [  # name, signers, arguments, error code, exit number; signatures when it is good
    ("no keys asked", (1,), [], None, 0, ["not checked"]),
    ("the right key", (1,), ["--key", 1], None, 0, ["good"]),
    ("one of two is known", (1, 2), ["--key", 1], None, 0, ["good", "unknown key"]),
    ("both", (1, 2), ["--key", "all", "--signatures", "2"], None, 0, ["good", "good"]),
    ("one of two revoked", (1, 2), ["--key", "all", "--revoked", 1], None, 0, ["revoked key", "good"]),
    ("nobody signed", (), ["--key", 1], "unsigned", 17, None),
    ("somebody else signed", (2,), ["--key", 1], "unknown_key", 17, None),
    ("the only signer is revoked", (1,), ["--key", "all", "--revoked", 1], "revoked_key", 17, None),
    ("one of two wanted", (1,), ["--key", "all", "--signatures", "2"], "too_few_signatures", 17, None),
    ("the right board", (1,), ["--key", 1, "--compatible", "acme,br-s3-h2"], None, 0, ["good"]),
    ("another board", (1,), ["--key", 1, "--compatible", "acme,other"], "wrong_board", 16, None),
    ("no key file", (1,), ["--key", "missing.pem"], "key_file_missing", 20, None),
    ("signatures without keys", (1,), ["--signatures", "2"], "usage", 2, None),
    ("a key of no name", (1,), ["--key", ""], "usage", 2, None),
    ("revoked keys of no name", (1,), ["--key", "all", "--revoked", ""], "usage", 2, None),
    ("9 signatures", (1,), ["--key", 1, "--signatures", "9"], "usage", 2, None),
]


@pytest.mark.parametrize("signers, arguments, code, number, signatures", [row[1:] for row in VERIFY], ids=[row[0] for row in VERIFY])
def test_verify(tandem, keys, tmp_path, signers, arguments, code, number, signatures):
    pems = {index + 1: pem for index, pem in enumerate(keys)}
    image = dataclasses.replace(stated_builds.image(), keys=tuple(pems[number].key for number in signers))
    (tmp_path / "image.bin").write_bytes(image.bytes)
    (tmp_path / "all").mkdir()
    for pem in keys:
        (tmp_path / "all" / pem.public.name).write_bytes(pem.public.read_bytes())
    words = [pems[word].public if isinstance(word, int) else word for word in arguments]
    done = tandem("--json", "image", "verify", tmp_path / "image.bin", *words)
    assert done.returncode == number, done.stdout
    if code:
        error = result(done)["error"]
        assert error["code"] == code
        assert code != "wrong_board" or ": it is for acme,br-s3-h2, this router is acme,other (" in error["message"]
        return
    told, ids = result(done), sorted(pems[number].key.id.hex() for number in signers)
    expected = dict(zip([pems[number].key.id.hex() for number in signers], signatures))
    assert told["signatures"] == [{"key_id": id, "result": expected[id]} for id in ids]
    assert ("no signature was checked" in done.stderr) == (signatures == ["not checked"])
    assert told["signed"] == ("good" in signatures) and told["image_id"] == image.id.hex()


def test_extract_gives_statement_and_text(tandem, keys, tmp_path):
    image = dataclasses.replace(stated_builds.image(), keys=(keys[0].key,))
    (tmp_path / "image.bin").write_bytes(image.bytes)
    done = tandem("--json", "image", "extract", tmp_path / "image.bin", "--output-dir", tmp_path / "parts", ok=True)
    found = {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    assert found == {"version": image.text, "manifest.bin": image.statement_bytes + image.cell_bytes,
                     "flash_args.bin": image.parts[1], "bootloader.bin": image.parts[2], "partition_table.bin": image.parts[3],
                     "rcp_firmware.bin": image.parts[4], "host_firmware.bin": image.parts[5]}
    assert {row["part"] + ".bin" * (row["part"] != "version"): row["size"] for row in result(done)["files"]} == {
        name: len(data) for name, data in found.items()}


def test_extract_of_a_host_image(tandem, tmp_path):
    tandem("image", "extract", blank_image(tmp_path, "host"), "--output-dir", tmp_path / "parts", ok=True)
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["host_firmware.bin", "manifest.bin"]


# ---- a key that never leaves its device ----

SOFTHSM = next((path for folder in ("/usr/lib", "/usr/lib64") for path in Path(folder).rglob("libsofthsm2.so")), None)
HAS_DEVICE = HAS_PROVIDER and SOFTHSM is not None


@pytest.fixture
def device(tmp_path, keys) -> dict[str, str]:
    """A software token with key 1; the environment that leads to it."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}/tokens\nobjectstore.backend = file\n")
    environment = clean({"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf"), "PKCS11_PROVIDER_MODULE": str(SOFTHSM)})
    for words in (["--init-token", "--free", "--label", "release", "--so-pin", "87654321", "--pin", "12345678"],
                  ["--import", keys[0].private, "--token", "release", "--label", "signer", "--id", "01", "--pin", "12345678"]):
        subprocess.run(["softhsm2-util", *map(str, words)], env=environment, check=True, capture_output=True)
    return environment


@pytest.fixture
def unsanitized(tmp_path) -> Command:
    """The release build: OpenSSL loads a device's module in a way that AddressSanitizer ends a program for."""
    return Command(program(REPO / "build", "tandem"), tmp_path)


@pytest.mark.skipif(not HAS_DEVICE, reason="wants OpenSSL's pkcs11 provider and softhsm2")
def test_signed_in_a_pkcs11_device(unsanitized, keys, tmp_path, device):
    out = blank_image(tmp_path)
    uri = "pkcs11:token=release;object=signer;type=private?pin-value=12345678"
    done = sign(unsanitized, out, "--sign", uri, env=device, ok=True)
    assert openssl_verifies(tmp_path, out.read_bytes(), cells(out.read_bytes())[0], keys[0])
    assert result(done)["signatures"][0]["key_id"] == keys[0].key.id.hex()
    assert "12345678" not in done.stdout + done.stderr


@pytest.mark.skipif(not HAS_DEVICE, reason="wants OpenSSL's pkcs11 provider and softhsm2")
@pytest.mark.parametrize("pin, signed", [(b"12345678", True), (b"00000000", False)])
def test_pin_at_the_terminal(unsanitized, keys, tmp_path, device, pin, signed):
    out = blank_image(tmp_path)
    arguments = ["image", "sign", out, "--sign", "pkcs11:token=release;object=signer;type=private"]
    ended, said = at_a_terminal(unsanitized.path, arguments, b"PIN", pin, device)
    assert (ended == 0) == signed, said
    assert (out.read_bytes() != stated_builds.image().bytes) == signed


@pytest.mark.skipif(not HAS_DEVICE, reason="wants OpenSSL's pkcs11 provider and softhsm2")
@pytest.mark.parametrize("uri", ["pkcs11:token=release;object=other;type=private?pin-value=12345678",
                                 "pkcs11:token=other;object=signer;type=private?pin-value=12345678"])
def test_a_device_without_the_key(unsanitized, keys, tmp_path, device, uri):
    out = blank_image(tmp_path)
    done = sign(unsanitized, out, "--sign", uri, env=device, start_new_session=True)
    assert refusal(done) == ("bad_signing_key", 20) and out.read_bytes() == stated_builds.image().bytes
    assert "12345678" not in done.stdout + done.stderr
