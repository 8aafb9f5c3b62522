# SPDX-License-Identifier: Apache-2.0
"""Attacks on what a router remembers: the floors of counter and time, what has failed. The router is that of the attack
table (test_attacks.py)."""

import pytest

from attack_rows import FLOOR, ISSUED, host_only, pair, radio_only
from stored_attacks import floors, forged, no_keys, refused, stored  # noqa: F401
from test_attacks import ROW_54, router, target  # noqa: F401  (fixtures)

HIGHEST = (1 << 31) - 1


def test_the_floor_is_what_was_proven(router):
    """The router has refused an image with the highest counter after its trial."""
    assert floors(router) == (6, FLOOR)
    refused = router.json("ota", "status")["refused"]
    assert [row["id"] for row in refused] == [ROW_54.make().id.hex()]


def test_no_floor_from_an_unsigned_image(router):
    """Without keys nothing an image says is believed."""
    with no_keys(router):
        answer = stored(router, pair(counter=HIGHEST), "--no-reboot")
        assert answer["exit"] == 0 and answer["signed"] is False, answer
        router.start()
        assert router.json("boot")["state"] == "ok"
    assert floors(router) == (6, FLOOR)


@pytest.mark.parametrize("make", [pair, radio_only, host_only])
def test_the_floor_rises_with_the_proof_and_not_before(router, make):
    stored(router, make(counter=9), "--no-reboot")
    assert floors(router) == (6, FLOOR)
    router.start()
    assert router.json("boot")["state"] == "ok"
    assert floors(router) == (9, ISSUED)


def test_a_forged_time_lasts_as_long_as_the_forgery(router, forged):
    late = forged(4102444801)
    (router.home / "image").write_bytes(pair().bytes)
    words = ("ota", "download", router.home / "image", "--stage-only", "--device-clock", "trusted")
    refused(router.json(*words, env=late), "expired")
    assert router.storage() == router.before
    assert router.json(*words, env=forged(ISSUED))["exit"] == 0


def test_a_time_that_is_not_believed_refuses_nothing(router, forged):
    (router.home / "image").write_bytes(pair().bytes)
    assert router.json("ota", "download", router.home / "image", "--stage-only", "--device-clock", "none",
                       env=forged(4102444801))["exit"] == 0


def test_the_time_floor_is_never_the_clock(router, forged):
    late = forged(4102444000)
    stored(router, pair(), "--no-reboot", "--device-clock", "trusted")
    router.start()
    assert router.json("boot", "--device-clock", "trusted", env=late)["state"] == "ok"
    assert floors(router) == (7, ISSUED)


def test_a_clock_set_back_to_1970_hides_no_expiry(router, forged):
    image = pair(issued=FLOOR - 100, expires=FLOOR - 1)
    (router.home / "image").write_bytes(image.bytes)
    refused(router.json("ota", "download", router.home / "image", "--device-clock", "trusted", env=forged(0)),
            "expired")
    assert router.storage() == router.before
