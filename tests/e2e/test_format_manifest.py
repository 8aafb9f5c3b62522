# SPDX-License-Identifier: Apache-2.0
"""docs/FORMAT.md, "The manifest" and "The order of checks": the worked example, and tables held to the code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data/manifest"))
import document as maker  # noqa: E402
import manifest  # noqa: E402
from test_cli import codes_in_the_sources  # noqa: E402
from test_format import decode, lay_out  # noqa: E402


@pytest.fixture(scope="session")
def document(repo) -> str:
    return (repo / "docs/FORMAT.md").read_text()


@pytest.fixture(scope="session")
def chapter(document) -> str:
    return document.split("### Example: a pair with a manifest")[1].split("\n## ")[0]


@pytest.fixture(scope="session")
def block(document) -> str:
    return maker.block(document, "worked example: manifest")


@pytest.fixture(scope="session")
def example(block) -> bytes:
    return decode(block)


def table(document: str, mark: str) -> list[list[str]]:
    rows = re.search(rf"<!-- {mark}.*? -->\n\|.*\n\|[-|]+\n((?:\|.*\n)+)", document)[1]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]


def public_pem(chapter: str) -> str:
    return re.search(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", chapter, re.S)[0]


def signature_der(chapter: str) -> bytes:
    return bytes.fromhex("".join(re.findall(r"^    ([0-9a-f]+)$", chapter, re.M)))


# ---- the example -----------------------------------------------------------------------------------------------------

def test_the_example_is_what_its_meaning_is_encoded_to(document, block, example):
    assert block == maker.example(document)
    assert example == maker.image(document).bytes


def test_the_sentence_above_the_example_is_right(chapter, example):
    image = manifest.read(example)
    stated = " ".join(chapter.split())
    assert f"{len(example)} bytes, S = {image.signed_length}, E = {len(image.front)}." in stated
    assert f"Image id `{manifest.sha256(example[:image.signed_length]).hex()}`" in stated
    assert f"SHA-256 of the file `{manifest.sha256(example).hex()}`" in stated
    assert f"key id `{image.cell_bytes[:8].hex()}`" in stated
    assert f"head -c {image.signed_length} image" in stated


def test_comments_name_the_places(block, example):
    at = 0
    for line in block.splitlines():
        stated = re.search(r"# (\d+): ", line)
        if stated:
            assert int(stated[1]) == at, line
        at += len(decode(line))
    assert at == len(example)


def test_openssl_verifies_the_signature_in_the_document(chapter, example, tmp_path):
    der = signature_der(chapter)
    (tmp_path / "public.pem").write_text(public_pem(chapter))
    (tmp_path / "signature.der").write_bytes(der)
    (tmp_path / "image").write_bytes(example)
    command = re.search(r"^    (head -c .*)$", chapter, re.M)[1]
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "Verified OK\n", done.stderr
    (tmp_path / "image").write_bytes(example[:100] + bytes([example[100] ^ 1]) + example[101:])
    assert "Verified OK" not in subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True).stdout
    cell = manifest.read(example).cell_bytes[:manifest.CELL]
    key_der = subprocess.run(["openssl", "pkey", "-pubin", "-in", tmp_path / "public.pem", "-outform", "DER"],
                             capture_output=True, check=True).stdout
    assert cell[:8] == manifest.sha256(key_der)[:8]
    r, s = cell[16:48].lstrip(b"\0"), cell[48:].lstrip(b"\0")
    assert der == b"\x30\x44\x02\x20" + r + b"\x02\x20" + s


def test_info_shows_what_the_comments_say(tandem, block, example, tmp_path):
    (tmp_path / "image").write_bytes(example)
    shown = json.loads(tandem("--json", "image", "info", tmp_path / "image", ok=True).stdout)
    stated = shown["stated"]
    assert f"# {shown['signed_length']}: S: cell 0" in block and f"pair version {stated['pair_version']}\n" in block
    assert f"compatible {stated['compatible']}\n" in block and f"security counter {stated['counter']}," in block
    issued = stated["issued"].replace("T", " ").replace("Z", " UTC")
    assert f"issued {issued}, expires {stated['expires'][:10]}\n" in block
    radio, host = stated["radio"], stated["host"]
    assert (radio["chip"], radio["revision_min"], radio["revision_max"]) == ("esp32h2", 0, 99)
    assert f"API {radio['api']}, host at least {radio['least_api']}\n" in block
    assert f"host: {host['kind']}, API {host['api']}, radio at least {host['least_api']}\n" in block
    assert f'extension 1: "{stated["label"]}"' in block and f'extension 2: "{stated["notes_url"]}"' in block
    cells = [(cell["state"], cell["key_id"]) for cell in shown["cells"]]
    assert cells == [("used", "5a7a78cca4a0f420"), ("blank", None)]


def test_the_tools_make_the_example_of_its_parts_and_the_signature_in_the_document(tandem, chapter, example, tmp_path):
    image, out = manifest.read(example), tmp_path / "image"
    lay_out(tmp_path / "build", {0: image.text} | image.parts)
    (tmp_path / "host").write_bytes(image.parts[5])
    tandem("image", "create", "--rcp-build-dir", tmp_path / "build", "--br-firmware", tmp_path / "host",
           "--target-file", out, "--compatible", "fjord,edge-2", "--pair-version", "2.1.0-rc.3", "--counter", "12",
           "--issued", "2026-09-21T14:13:20Z", "--expires", "2100-01-01T00:00:00Z", "--cells", "2",
           "--radio-api", "11:4", "--host-api", "11:5", "--least-flash", "2M", "--radio-revision", "0.0:0.99",
           "--label", "spring", "--notes-url", "https://fjord.example/2.1", ok=True)
    (tmp_path / "public.pem").write_text(public_pem(chapter))
    (tmp_path / "signature.der").write_bytes(signature_der(chapter))
    tandem("image", "sign", out, "--attach-der", tmp_path / "signature.der", "--key", tmp_path / "public.pem", ok=True)
    assert out.read_bytes() == example


def test_the_example_is_accepted_with_the_id_in_the_document(tandem, chapter, example, tmp_path):
    (tmp_path / "image").write_bytes(example)
    verdict = json.loads(tandem("--json", "image", "verify", tmp_path / "image", ok=True).stdout)
    assert f"Image id `{verdict['image_id']}`" in chapter


# ---- tables and sources ----------------------------------------------------------------------------------------------

def numbers_in(header: str, prefix: str) -> dict[str, int]:
    return {name.lower().replace("_", " "): int(value)
            for name, value in re.findall(rf"\b{prefix}(\w+) = (\d+),", header)}


@pytest.mark.parametrize("mark, enum, names", [
    ("manifest: fields", "manifest_at", {"cells: C": "cells"}),
    ("manifest: side", "manifest_side_at", {}),
    ("manifest: cell", "manifest_cell_at", {"reserved": "cell reserved"}),
])
def test_offsets_are_those_in_the_code(repo, document, mark, enum, names):
    header = (repo / "src/image/manifest_format.h").read_text()
    code = numbers_in(re.search(rf"enum {enum} \{{(.*?)\}};", header, re.S)[1], "MANIFEST_AT_")
    rows = [row for row in table(document, mark) if row[0].isdigit()]
    stated = {names.get(row[2], row[2]): int(row[0]) for row in rows if row[2] != "digests"}
    assert len(code) > 4 and stated == code
    ends = [int(row[0]) + int(row[1]) for row in rows if row[1].isdigit()]
    assert ends[:-1] == [int(row[0]) for row in rows][1:len(ends)]     # no gap, no overlap


def test_limits_are_those_in_the_code(repo, document):
    header = (repo / "include/tandem/manifest.h").read_text()
    limit = {name: int(value) for name, value in re.findall(r"#define MANIFEST_(\w+) +(\d+)u?\b", header)}
    rows = {row[2]: " ".join(row) for mark in ("fields", "side", "cell")
            for row in table(document, f"manifest: {mark}")}
    assert f"1 to {limit['CELLS_MAX']}" in rows["cells: C"]
    assert f"at most {limit['TIME_MAX']} " in rows["issued"] and f"at most {limit['COUNTER_MAX']}" in rows["counter"]
    assert f"5 to {limit['VERSION_MAX']} bytes" in rows["pair version"]
    assert f"3 to {limit['COMPATIBLE_MAX']} bytes" in rows["compatible"]
    assert f"{limit['REVISION_ANY']}: no limit" in rows["revision max"]
    assert rows["digests"].startswith(f"{limit['FIXED_LEN']} {limit['DIGEST_LEN']} N")
    assert f"A cell has {limit['CELL_LEN']} bytes" in document


ORDER = ("S1 S1 S2 S3 S4 T1 T2 T3 M1 M2 M3 G1 G2 G3 F1 F2 F3 F4 F5 F6 "
         "J1 J2 J3 J4 J5 J6 J7 J8 J9 J10 P1 P1 P2 P3 P3 P4 P4")
# Checks that src/image/ makes; of the others src/judge/ makes all.
IN_IMAGE = {"S1", "S2", "S3", "S4", "T1", "T3", "M1", "M2", "G1", "F1", "F2", "F3", "F4", "F5"}
# Said by the codec, not by a check of what was received.
NO_CHECK = {"already_signed", "no_free_cell", "stopped", "stuck"}
CODEC = ["image_header.c", "image_parser.c", "image_writer.c", "manifest_cells.c", "manifest_check.c",
         "manifest_read.c", "manifest_write.c"]


def test_checks_are_in_order_and_their_codes_in_the_sources(repo, document):
    rows = table(document, "checks:")
    assert " ".join(row[0] for row in rows) == ORDER
    known = codes_in_the_sources(repo)
    for row in rows:
        codes = re.findall(r"`(\w+)`", row[3]) + re.findall(r"[ :]`(\w+)`", row[2])
        assert codes and set(codes) <= known, row


def test_policy_is_asked_in_the_order_of_the_document(repo, document):
    source = (repo / "src/judge/judge_policy.c").read_text()
    asked = re.findall(r'\{is_\w+, TDM_E_\w+, "(\w+)"', source)
    in_order = [code for i, code in enumerate(asked) if i == 0 or code != asked[i - 1]]
    stated = [code for row in table(document, "checks:") if row[0].startswith("J")
              for code in re.findall(r"`(\w+)`", row[3])]
    assert len(asked) > 10 and in_order == stated


def test_the_codec_knows_no_other_code(repo, document):
    said = {code for file in CODEC
            for code in re.findall(r'TDM_E_\w+, "(\w+)"', (repo / "src/image" / file).read_text())}
    stated = {code for row in table(document, "checks:") if row[0] in IN_IMAGE | {"P4"}
              for code in re.findall(r"`(\w+)`", row[3])}
    assert said - NO_CHECK == stated


def test_every_limit_of_the_codec_has_a_test(repo):
    text = "".join(file.read_text() for file in sorted((repo / "tests/unit").glob("test_image_manifest_*.c")))
    for check in ("M1", "M2", "F1", "F2", "F3", "F4", "F5"):
        assert re.search(rf'"{check}"', text), check
    assert "G1" in text
