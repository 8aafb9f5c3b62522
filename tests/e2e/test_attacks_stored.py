# SPDX-License-Identifier: Apache-2.0
"""Attacks on what is stored, and on the way from one reading to the next. The router is that of the attack table
(test_attacks.py); its floors are for test_attacks_floors.py."""

import dataclasses
import sys

import pytest

import small_images
from attack_rows import FIRST, FLOOR, SECOND, TEXT, UNKNOWN, host_only, pair, patched, radio_only, with_parts
from small_images import H2, application
from stored_attacks import change, floors, forged, no_keys, refused, slot_files, staged, stored  # noqa: F401
from test_attacks import router, target  # noqa: F401  (fixtures)

# ---- row 69: between two readings ------------------------------------------------------------------------------------

IN_FRONT, IN_CELL, IN_FIRMWARE = 100, len(pair().signed) + 30, len(pair().front) + 3500
IN_TABLE = len(pair().front) + 24 + len(pair().parts[2]) + 1000     # behind its end row: the radio starts all the same


@pytest.mark.parametrize("which, at", [(0, 0), (0, IN_FRONT), (0, IN_CELL), (0, IN_FIRMWARE), (1, 0), (1, 300)],
                         ids=["table", "statement's text", "signature", "firmware", "host's first byte", "host"])
def test_a_slot_is_changed_between_staging_and_the_switch(router, which, at):
    """Whatever the changed bytes look like: a table of a later format, another's signature, firmware for another chip."""
    path = slot_files(staged(router, pair()), router)[which]
    change(path, at)
    before = router.storage()
    refused(router.json("ota", "apply", "--no-reboot"), "staged_differs")
    assert router.storage() == before and router.json("ota", "status")["state"] == "staged"


@pytest.mark.parametrize("other", [pair(counter=8), pair(UNKNOWN), pair(counter=5)],
                         ids=["valid", "of an unknown key", "below the floor"])
def test_a_bundle_is_exchanged_after_staging(router, other):
    """The parts are the same, so only identity tells."""
    bundle, _ = slot_files(staged(router, pair()), router)
    bundle.write_bytes(patched(bundle.read_bytes(), 0, other.bytes[:len(other.bytes) - len(other.parts[5])]))
    refused(router.json("ota", "apply", "--no-reboot"), "staged_differs")
    assert router.json("ota", "status")["state"] == "staged"


# The front of a host image lies in no slot once it is staged.
KINDS = pytest.mark.parametrize("make", [pair, radio_only, host_only], ids=["pair", "radio", "host"])


@KINDS
@pytest.mark.parametrize("words, code", [
    (("--images-revoked-keys", "{home}/keys/first.pem"), "revoked_key"),
    (("--images-keys", "{home}/keys/second.pem"), "unknown_key"),
    (("--images-signatures", "2"), "too_few_signatures"),
    (("--device-compatible", "acme,br-s3-c6"), "wrong_board"),
], ids=["its key was revoked", "its key was taken away", "one more signature is wanted", "the board was renamed"])
def test_the_policy_changed_between_staging_and_the_switch(router, make, words, code):
    staged(router, make())
    before = router.storage()
    refused(router.json("ota", "apply", "--no-reboot", *(word.format(home=router.home) for word in words)), code)
    assert router.storage() == before
    assert router.json("ota", "apply", "--no-reboot")["exit"] == 0


@pytest.mark.parametrize("image, code", [
    (pair(UNKNOWN), "unknown_key"),
    (dataclasses.replace(pair(), keys=()), "unsigned"),
    (dataclasses.replace(host_only(), keys=(UNKNOWN,)), "unsigned"),
    (dataclasses.replace(host_only(), keys=()), "unsigned"),
], ids=["unknown key", "blank cells", "host of an unknown key", "host with blank cells"])
def test_it_was_staged_when_no_keys_were_configured(router, image, code):
    with no_keys(router):
        assert stored(router, image, "--stage-only")["exit"] == 0
    refused(router.json("ota", "apply", "--no-reboot"), code)
    assert router.json("ota", "status")["state"] == "staged"


@pytest.mark.parametrize("words", [("--images-keys=", "--images-revoked-keys="), ("--images-keys", ""),
                                   ("--images-revoked-keys=",), ("--images-signatures", "0"), ("--device-compatible=",),
                                   ("--device-compatible", " "),
                                   ("--device-clock", "none"), ("--device-clock", "auto"), ("--host-chip", "any"),
                                   ("--host-revision=",), ("--radio-chip", "any"), ("--trust-pin=",)],
                         ids=lambda words: " ".join(words))
def test_no_option_asks_for_less_than_the_configuration(router, words):
    conf = router.home / "tandem.conf"
    text, pin = conf.read_text(), "sha256//" + "A" * 43 + "="
    conf.write_text(text.replace("clock = none", "clock = trusted") + f"[radio]\nchip = esp32h2\n[trust]\npin = {pin}\n")
    answers = [stored(router, image, *words) for image in (pair(), pair(UNKNOWN), dataclasses.replace(pair(), keys=()))]
    conf.write_text(text)
    for answer in answers:
        refused(answer, "bad_config")
    assert router.storage() == router.before


def test_an_option_may_ask_for_more_signatures_and_not_for_fewer_again(router):
    refused(stored(router, pair(), "--images-signatures", "2"), "too_few_signatures")
    assert stored(router, pair(FIRST, SECOND), "--stage-only", "--images-signatures", "2")["exit"] == 0
    conf = router.home / "tandem.conf"
    text = conf.read_text()
    conf.write_text(text + "[images]\nsignatures = 2\n")
    answer = router.json("ota", "apply", "--images-signatures", "1")
    conf.write_text(text)
    refused(answer, "bad_config")


def test_adopting_is_no_way_round_the_keys(router):
    (router.home / "image").write_bytes(pair(UNKNOWN).bytes)
    refused(router.json("rcp", "adopt", router.home / "image"), "unknown_key")
    assert router.storage() == router.before


@KINDS
def test_it_expired_between_staging_and_the_switch(router, forged, make):
    staged(router, make())
    late = ("ota", "apply", "--no-reboot", "--device-clock", "trusted")
    refused(router.json(*late, env=forged(4102444801)), "expired")
    assert router.json("ota", "status")["state"] == "staged"
    assert router.json(*late, env=forged(4102444800))["exit"] == 0


@pytest.mark.parametrize("trusted, threshold, code", [
    ((FIRST, SECOND), 2, ""),
    ((FIRST, UNKNOWN), 2, "too_few_signatures"),
    ((FIRST,), 1, ""),
    ((SECOND,), 1, ""),
], ids=["both are wanted", "one of them went", "one is enough", "or the other"])
def test_a_host_that_two_had_signed(router, tmp_path, trusted, threshold, code):
    staged(router, dataclasses.replace(host_only(), keys=(FIRST, SECOND)))
    for n, key in enumerate(trusted):
        (tmp_path / f"{n}.pem").write_bytes(key.public_pem)
    answer = router.json("ota", "apply", "--no-reboot", "--images-keys", tmp_path, "--images-signatures", str(threshold))
    assert answer.get("error", {"code": ""})["code"] == code, answer


@pytest.mark.parametrize("second, code", [(pair(UNKNOWN), "unknown_key"), (pair(counter=5), "counter_too_low"),
                                          (with_parts(pair(), p5=b""), "bad_header")],
                         ids=["unknown key", "below the floor", "no image"])
def test_the_server_has_another_file_for_the_second_request(router, second, code):
    """An image that may be the running one is read without storing first; a second request then stores it."""
    running = small_images.pair(FIRST, expires=0)
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    router.server.steps, router.server.requests[:] = [[head + running.bytes], [head + second.bytes]], []
    url = f"https://localhost:{router.server.port}/image"
    router.json("ota", "download", url, "--stage-only")
    answer = router.json("ota", "download", url, "--stage-only")
    refused(answer, code)
    for slot in router.json("ota", "status")["slots"]:
        assert slot["id"] != second.id.hex()


# ---- rows 70 and 71: between the switch and the radio ----------------------------------------------------------------

def armed(router, image):
    answer = stored(router, image, "--no-reboot")
    assert answer["exit"] == 0, answer
    return answer


def exchanged_firmware():
    """Another valid image: same text and lengths, other firmware."""
    return with_parts(pair(), p4=application(H2, b"esp_ot_rcp", b"1.4.9", 0x42000000, TEXT + b"\0"))


def test_the_bundle_of_another_valid_image_beside_the_host(router):
    other = exchanged_firmware()
    bundle, _ = slot_files(armed(router, pair()), router)
    radio = router.sim.flash.read_bytes()
    bundle.write_bytes(patched(bundle.read_bytes(), 0, other.bytes[:len(other.bytes) - len(other.parts[5])]))
    router.start()
    answer = router.json("boot")
    refused(answer, "stored_differs")
    assert answer["state"] != "ok"
    assert router.sim.flash.read_bytes() == radio
    assert other.parts[4] not in router.sim.flash.read_bytes()


@pytest.mark.parametrize("at", [0, IN_FRONT, IN_CELL, IN_FIRMWARE], ids=["table", "statement's text", "signature", "firmware"])
def test_the_bundle_is_changed_between_the_switch_and_the_start(router, at):
    bundle, _ = slot_files(armed(router, pair()), router)
    radio = router.sim.flash.read_bytes()
    change(bundle, at)
    router.start()
    answer = router.json("boot")
    refused(answer, "stored_differs")
    assert answer["state"] != "ok" and router.sim.flash.read_bytes() == radio


@pytest.mark.parametrize("at", [0, IN_CELL], ids=["table", "signature"])
def test_the_way_back_was_changed(router, at):
    armed(router, pair(counter=6))
    router.start()
    assert router.json("boot")["state"] == "ok"
    change(router.home / router.status["radio"]["bundle"].replace("r", "rcp-"), at)
    before = router.storage()
    refused(router.json("ota", "rollback"), "stored_differs")
    assert router.storage() == before


def test_the_firmware_answers_another_version_than_is_stated(router):
    """Its bytes are the signed ones, so a stale text is a warning."""
    said = dataclasses.replace(pair(), text=b"openthread/another")
    armed(router, said)
    router.start()
    answer = router.json("boot")
    assert answer["state"] == "ok"
    assert any("names itself otherwise" in line for line in answer["done"])
    assert said.id.hex() not in {row["id"] for row in router.json("ota", "status")["refused"]}


PINS = """\
#!{python}
import socket, sys
reset, boot = (word.split("=")[1] for word in sys.argv[1:])
if (reset, boot) == ("1", "1"):
    with open("{bundle}", "r+b") as slot:
        slot.seek({at})
        slot.write(b"changed!")
with socket.socket(socket.AF_UNIX) as pins:
    pins.connect("{socket}")
    answers = pins.makefile("r")
    for line in (f"boot {{boot}}", f"reset {{reset}}"):
        pins.sendall(line.encode() + b"\\n")
        assert answers.readline() == "ok\\n"
"""


def test_the_bundle_changes_between_its_last_reading_and_its_way_to_the_radio(router):
    """The program that drives RESET and BOOT is run just then."""
    bundle, _ = slot_files(armed(router, pair()), router)
    pins = router.home / "pins"
    pins.write_text(PINS.format(python=sys.executable, bundle=bundle, at=IN_TABLE, socket=router.sim.socket))
    pins.chmod(0o755)
    router.start()
    answer = router.json("boot", "--radio-lines", f"command:{pins}")
    assert b"changed!" in bundle.read_bytes()
    refused(answer, "not_proven")
    assert floors(router) == (6, FLOOR) and answer["state"] != "ok"
