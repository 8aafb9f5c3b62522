# SPDX-License-Identifier: Apache-2.0
"""The attack table at the desk: `tandem image verify`, with a router's keys and board, refuses what it would."""

import json

import pytest

from attack_rows import FIRST, FRAME, HEADER, REVOKED, SECOND
from attack_rows_more import MORE, MORE_PARTS
from attack_rows_signed import CONTROLS, JUDGEMENTS, PARTS, SIGNATURES, STATEMENTS

KNOWN_TO_A_ROUTER_ALONE = {23, 55, 57, 58, 59, 60, 61, 62, 63, 77, 78}


def one_of_each():
    """The first of each kind of attack and code; test_attacks.py has them all."""
    rows = {}
    for attack in HEADER + FRAME + SIGNATURES + STATEMENTS + JUDGEMENTS + PARTS + MORE + MORE_PARTS:
        if attack.row not in KNOWN_TO_A_ROUTER_ALONE and attack.code != "captive_portal":
            rows.setdefault((attack.row, attack.code), attack)
    return list(rows.values()) + [attack for attack in CONTROLS if attack.row != 55]


@pytest.fixture
def desk(tandem, tmp_path):
    for name, keys in (("keys", (FIRST, SECOND)), ("revoked", (REVOKED,))):
        (tmp_path / name).mkdir()
        for number, key in enumerate(keys):
            (tmp_path / name / f"{number}.pem").write_bytes(key.public_pem)

    def verify(attack):
        (tmp_path / "image").write_bytes(attack.file)
        options = [word.replace("--images-", "--") for word in attack.options if word != "--allow-downgrade"]
        done = tandem("--json", "image", "verify", tmp_path / "image", "--key", tmp_path / "keys", "--revoked",
                      tmp_path / "revoked", "--compatible", "acme,br-s3-h2", *options)
        answer = json.loads(done.stdout)
        assert answer["exit"] == done.returncode
        return answer
    return verify


@pytest.mark.parametrize("attack", one_of_each(), ids=lambda attack: f"{attack.row} {attack.name}")
def test_the_desk_says_what_the_router_says(desk, attack):
    answer = desk(attack)
    assert answer.get("error", {}).get("code", "") == attack.code, answer
    assert (answer["exit"] == 0) == (attack.code == "")
