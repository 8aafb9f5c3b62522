# SPDX-License-Identifier: Apache-2.0
"""What a router demands of signed images, and what it remembers of them. Real processes, as in test_boot.py.

    signed("pair", version="1.1.0", counter=1, ...) -> Path of an image made and signed by `tandem image create`
    locked                   a router whose own radio firmware is stored and proven, and which has one key since
"""

import time

import pytest

from stated_builds import key_files
from test_boot import Router, new, old, router, sim  # noqa: F401

BOARD = "acme,gateway-2"
HOUR = 3600


@pytest.fixture
def keys(tmp_path):
    return [key_files(tmp_path, number) for number in (1, 2)]


@pytest.fixture
def signed(tandem, tmp_path, samples, new, keys):
    count = iter(range(100))

    def make(kind="pair", version="1.1.0", counter=1, build=None, host=2, sign=keys[:1], compatible=BOARD, **options):
        target = tmp_path / f"image-{next(count)}"
        words = ["--compatible", compatible, "--pair-version", version, "--counter", counter, "--target-file", target]
        if kind != "host":
            words += ["--rcp-build-dir", (build or new).dir, "--radio-api", options.pop("radio_api", "11:4")]
        if kind != "radio":
            words += ["--br-firmware", samples.host("linux", host), "--host-api", options.pop("host_api", "11:4")]
        words += [word for key in sign for word in ("--sign", key.private)]
        words += [word for name, value in options.items() for word in ("--" + name.replace("_", "-"), value)]
        tandem("image", "create", *words, ok=True)
        return target
    return make


def configure(router, text):
    with (router.home / "tandem.conf").open("a") as config:
        config.write(text)
    return router


def trust(router, *keys, place="keys", **more):
    folder = router.home / place
    folder.mkdir()
    for key in keys:
        (folder / key.public.name).write_bytes(key.public.read_bytes())
    lines = [f"{name} = {value}\n" for name, value in more.items()]
    return configure(router, f"[images]\n{place} = {folder}\n{''.join(lines)}")


@pytest.fixture
def adopted(router, old):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    return router


@pytest.fixture
def locked(adopted, keys):
    return trust(adopted, keys[0])


def everything(router):
    return {path.name: path.read_bytes() for path in sorted(router.home.iterdir()) if path.is_file()}


def refused(router, code, *words, says=""):
    """With this code, and not one byte of the router has changed. says: both sides of what does not fit."""
    before = everything(router)
    answer = router.json(*words)
    assert answer.get("error", {}).get("code") == code, answer
    assert says in answer["error"]["message"]
    assert everything(router) == before
    return answer


def installed(router, image, *words, slot=None):
    """Downloaded, started and proven."""
    answer = router.json("ota", "download", *words, image, ok=True)
    if slot:
        assert answer["needs_restart"] and router.start() == slot
        assert router.json("boot", ok=True)["state"] == "ok"
    return answer


def until_back(router):
    """It starts again and again until the old host has proven itself."""
    for _ in range(10):
        if (router.start(), router.json("boot").get("state")) == ("A", "ok"):
            return
    raise AssertionError("it does not go back")


def status(router):
    return router.json("ota", "status", ok=True)


def floor(router):
    return status(router)["trust"]["counter_floor"]


# ---- signed or not ----

def test_a_signed_pair_raises_the_floor_when_it_is_proven_and_not_before(locked, signed, keys, new):
    image = signed(counter=4, version="1.4.0", issued="2026-03-01T00:00:00Z")
    answer = locked.json("ota", "download", image, ok=True)
    assert (answer["signed"], answer["signed_by"], answer["pair_version"], answer["counter"]) == (
        True, [keys[0].key.id.hex()], "1.4.0", 4)
    assert floor(locked) == 0 and status(locked)["pair"] == {"version": "", "signed": False}
    assert locked.start() == "B" and floor(locked) == 0
    locked.tandem("boot", ok=True)
    now = status(locked)
    assert (now["state"], now["pair"]) == ("ok", {"version": "1.4.0", "signed": True})
    trusted = now["trust"]
    assert (trusted["images"], trusted["signatures_needed"]) == ("must be signed", 1)
    assert trusted["keys"] == [{"id": keys[0].key.id.hex(), "revoked": False}]
    assert (trusted["counter_floor"], trusted["time_floor"]) == (4, "2026-03-01T00:00:00Z")
    assert locked.radio_runs(new)


def test_with_keys_what_is_not_signed_by_them_is_refused(locked, signed, tandem, tmp_path, new, samples, keys, old):
    plain = tmp_path / "plain"
    tandem("image", "create", "--rcp-build-dir", new.dir, "--br-firmware", samples.host("linux", 2), "--target-file",
           plain, ok=True)
    refused(locked, "unsigned", "ota", "download", plain)
    refused(locked, "unsigned", "ota", "download", signed(sign=[]))
    refused(locked, "unknown_key", "ota", "download", signed(sign=keys[1:]))
    refused(locked, "unsigned", "ota", "download", signed("host", sign=[]))
    refused(locked, "unsigned", "rcp", "adopt", old.dir)


def test_a_signed_radio_image_is_adopted_with_keys(locked, signed, old):
    answer = locked.json("rcp", "adopt", signed("radio", build=old), ok=True)
    assert answer["signed"]
    assert locked.json("boot", ok=True)["state"] == "ok"
    refused(locked, "host_image", "rcp", "adopt", signed("host"))


def test_two_signatures(adopted, signed, keys):
    trust(adopted, *keys, signatures=2)
    refused(adopted, "too_few_signatures", "ota", "download", signed())
    answer = installed(adopted, signed(sign=keys), slot="B")
    assert answer["signed_by"] == sorted(key.key.id.hex() for key in keys)


def test_without_keys_a_signature_counts_nothing(adopted, signed):
    answer = installed(adopted, signed(counter=9), slot="B")
    assert (answer["signed"], answer["signed_by"]) == (False, [])
    now = status(adopted)
    assert (now["pair"], now["trust"]["images"]) == ({"version": "1.1.0", "signed": False}, "unsigned")
    assert (now["trust"]["counter_floor"], now["trust"]["time_floor"]) == (0, "")


def test_a_failed_trial_leaves_the_floors_and_the_version(locked, signed, old):
    installed(locked, signed("radio", counter=2, version="1.0.0", build=old))
    configure(locked, "[boot]\ncheck-command = false\n")
    for image, kind in ((signed(counter=8, version="1.2.0"), "pair"), (signed("radio", counter=8, version="1.3.0"), "radio")):
        locked.json("ota", "download", image)
        until_back(locked)
        now = status(locked)
        assert (now["pair"]["version"], now["trust"]["counter_floor"]) == ("1.0.0", 2), kind
        assert now["last_result"]["result"] == "failed"
        refused(locked, "known_bad", "ota", "download", image)
    assert locked.radio_runs(old)


# ---- older ----

def test_a_lower_counter_is_refused_whatever_the_operator_says(locked, signed):
    installed(locked, signed(counter=5), slot="B")
    refused(locked, "counter_too_low", "ota", "download", "--allow-downgrade", signed(version="2.0.0", counter=4),
            says=": it states 4, the least is 5 (")
    refused(locked, "counter_too_low", "ota", "download", signed("host", version="2.0.0", counter=4))
    refused(locked, "counter_too_low", "ota", "download", signed("radio", version="2.0.0", counter=4))


def test_a_lower_version_takes_the_operators_word(locked, signed, old):
    installed(locked, signed(version="1.4.0"), slot="B")
    older = signed(version="1.4.0-rc.2", build=old, host=1)
    refused(locked, "downgrade", "ota", "download", older, says=": it is 1.4.0-rc.2, 1.4.0 runs (")
    locked.json("ota", "download", "--stage-only", "--allow-downgrade", older, ok=True)
    refused(locked, "downgrade", "ota", "apply")
    assert locked.json("ota", "apply", "--no-reboot", "--allow-downgrade", ok=True)["pair_version"] == "1.4.0-rc.2"
    assert locked.start() == "A"
    assert locked.json("boot", ok=True)["state"] == "ok"
    assert status(locked)["pair"]["version"] == "1.4.0-rc.2"


def test_an_expired_image_is_refused_by_a_clock_that_counts(locked, signed):
    now = int(time.time())
    image = signed(issued=now - 48 * HOUR, expires=now - 24 * HOUR)
    fresh = signed(issued=now - 48 * HOUR, expires=now + 48 * HOUR, version="1.2.0")
    configure(locked, "[device]\nclock = trusted\n")
    refused(locked, "expired", "ota", "download", image)
    installed(locked, fresh, slot="B")


def test_a_router_without_a_clock_remembers_when_its_image_was_issued(locked, signed):
    configure(locked, "[device]\nclock = none\n")
    installed(locked, signed(issued="2026-01-01", expires="2026-02-01"), slot="B")
    installed(locked, signed(version="1.2.0", issued="2026-05-01", host=1), slot="A")
    late = {"issued": "2026-03-01", "version": "1.3.0"}
    refused(locked, "expired", "ota", "download", signed(expires="2026-04-30", **late),
            says=": at 2026-04-30T23:59:59Z, and by this router's time it is 2026-05-01T00:00:00Z (")
    installed(locked, signed(expires="2026-05-01", **late), slot="B")


# ---- for this router ----

def test_the_board_must_be_named(locked, signed):
    configure(locked, "[device]\ncompatible = acme,gateway-2b\n  acme,gateway-2 acme,family\n")
    refused(locked, "wrong_board", "ota", "download", signed(compatible="acme,gateway-3"),
            says=": it is for acme,gateway-3, this router is acme,gateway-2b or one of the others in [device] compatible (")
    refused(locked, "wrong_board", "ota", "download", signed("host", compatible="acme,gateway"))
    installed(locked, signed(compatible="acme,family"), slot="B")


def test_the_host_must_be_of_its_kind(locked, signed):
    configure(locked, "[host]\nkind = esp\n")
    refused(locked, "wrong_host", "ota", "download", signed(), says=": it states opaque, [host] kind is esp (")
    refused(locked, "wrong_host", "ota", "download", signed("host"))


def test_the_radio_must_be_of_the_stated_revisions(locked, signed):
    """The simulated ESP32-H2 is one of revision 0.1."""
    refused(locked, "wrong_radio", "ota", "download", signed(radio_revision="2:99"),
            says=": it is for revisions 0.2 to 0.99, this one has 0.1 (")
    refused(locked, "wrong_radio", "ota", "download", signed("radio", radio_revision="0:0"))
    refused(locked, "wrong_radio", "ota", "download", signed(least_flash="8M"), says=": it needs 8192 KiB, this one has ")
    installed(locked, signed(radio_revision="1:1"), slot="B")


def test_what_only_the_rom_can_tell_is_asked_before_anything_is_erased(router, signed, old, keys):
    """A first update: the ROM was never asked, so the download cannot know."""
    flash = router.sim.flash.read_bytes()
    answer = trust(router, keys[0]).json("ota", "download", signed("radio", radio_revision="2:99"))
    assert answer["error"]["code"] == "wrong_radio"
    assert router.sim.flash.read_bytes() == flash
    assert status(router)["last_result"]["result"] == "failed"
    assert router.radio_runs(old)


def test_firmware_that_reports_another_api_than_its_image_states_is_not_kept(locked, signed, old):
    answer = locked.json("ota", "download", signed("radio", radio_api="12:4", counter=3))
    assert answer["error"]["code"] == "not_proven"
    assert locked.radio_runs(old)
    assert floor(locked) == 0


def test_the_image_that_was_shown(locked, signed, tandem):
    image = signed()
    shown = locked.json("image", "info", image, ok=True)["image_id"]
    refused(locked, "not_the_one_shown", "ota", "download", "--expect-id", shown, signed(version="1.1.1"))
    assert locked.json("ota", "download", "--expect-id", shown[:-1], image)["exit"] == 2
    assert locked.json("ota", "download", "--expect-id", shown, image, ok=True)["image_id"] == shown


# ---- a host alone, a radio alone ----

def test_a_host_alone_keeps_the_radio(locked, signed, samples, old):
    radio = locked.sim.flash.read_bytes()
    slots = [(locked.home / name).read_bytes() for name in ("rcp-0", "rcp-1")]
    image = signed("host", version="1.2.0", counter=3)
    answer = installed(locked, image, slot="B")
    assert answer["kind"] == "host" and "rcp_slot" not in answer
    assert (locked.home / "host-b").read_bytes().startswith(samples.host("linux", 2).read_bytes())
    assert [(locked.home / name).read_bytes() for name in ("rcp-0", "rcp-1")] == slots
    assert locked.sim.flash.read_bytes() == radio and locked.radio_runs(old)
    now = status(locked)
    rows = {row["slot"]: row for row in now["slots"]}
    assert rows["host A"]["bundle"] == rows["host B"]["bundle"] == now["radio"]["bundle"]
    assert (now["state"], now["pair"]["version"], now["trust"]["counter_floor"]) == ("ok", "1.2.0", 3)
    refused(locked, "already_installed", "ota", "download", image)

    installed(locked, signed("host", version="1.3.0", counter=3, host=1), slot="A")
    locked.tandem("ota", "rollback", ok=True)
    assert locked.start() == "B"
    assert locked.json("boot", ok=True)["state"] == "ok"
    now = status(locked)
    assert (now["pair"]["version"], now["host"]["version"]) == ("1.2.0", "1.2.0")
    assert locked.radio_runs(old)


def test_a_host_alone_that_fails_goes_back_and_is_refused(locked, signed, old):
    configure(locked, "[boot]\ncheck-command = false\n")
    image = signed("host", counter=3)
    locked.json("ota", "download", image, ok=True)
    until_back(locked)
    assert locked.radio_runs(old)
    assert (status(locked)["state"], floor(locked)) == ("ok", 0)
    refused(locked, "known_bad", "ota", "download", image)


def test_a_host_alone_stored_for_later(locked, signed):
    locked.json("ota", "download", "--stage-only", signed("host", counter=2), ok=True)
    stored = (locked.home / "host-b").read_bytes()
    (locked.home / "host-b").write_bytes(stored[:1000] + b"x" + stored[1001:])
    refused(locked, "staged_differs", "ota", "apply")
    (locked.home / "host-b").write_bytes(stored)
    answer = locked.json("ota", "apply", "--no-reboot", ok=True)
    assert (answer["kind"], answer["signed"], answer["pair_version"]) == ("host", True, "1.1.0")
    locked.json("ota", "cancel", ok=True)
    assert locked.states()["host B"] == "empty" and locked.states()[status(locked)["radio"]["bundle"]] == "good"


def test_a_host_alone_needs_a_radio_that_it_speaks_with(router, locked, signed):
    refused(locked, "api_mismatch", "ota", "download", signed("host", host_api="12:12"))
    refused(locked, "api_mismatch", "ota", "download", signed("host", host_api="3:1"))


def test_a_host_alone_needs_a_stored_bundle(router, signed, keys):
    router.tandem("boot", ok=True)  # so that the radio's API is known
    refused(trust(router, keys[0]), "no_bundle", "ota", "download", signed("host"))


def test_a_radio_alone_must_speak_with_the_host(locked, signed, old):
    installed(locked, signed(), slot="B")
    refused(locked, "api_mismatch", "ota", "download", signed("radio", version="1.2.0", radio_api="12:12"))
    image = signed("radio", version="1.2.0", counter=7, build=old)
    assert installed(locked, image)["state"] == "ok"
    now = status(locked)
    assert (now["pair"], now["trust"]["counter_floor"]) == ({"version": "1.2.0", "signed": True}, 7)
    refused(locked, "already_installed", "ota", "download", image)


# ---- what changed meanwhile ----

@pytest.mark.parametrize("kind", ["pair", "radio"])
def test_a_key_revoked_after_the_download_stops_the_switch(locked, signed, keys, kind):
    locked.json("ota", "download", "--stage-only", signed(kind), ok=True)
    trust(locked, keys[0], place="revoked-keys")
    (locked.home / "keys" / keys[1].public.name).write_bytes(keys[1].public.read_bytes())
    refused(locked, "revoked_key", "ota", "apply")
    rows = status(locked)["trust"]["keys"]
    assert {row["id"]: row["revoked"] for row in rows} == {keys[0].key.id.hex(): True, keys[1].key.id.hex(): False}


@pytest.mark.parametrize("kind", ["pair", "radio", "host"])
def test_keys_that_came_after_the_download_stop_the_switch_to_what_is_not_signed(adopted, signed, keys, kind):
    adopted.json("ota", "download", "--stage-only", signed(kind, sign=[]), ok=True)
    refused(trust(adopted, keys[0]), "unsigned", "ota", "apply")


def test_keys_that_came_after_the_download_raise_the_floor_of_what_is_signed(adopted, signed, keys):
    adopted.json("ota", "download", "--stage-only", signed(counter=6), ok=True)
    assert trust(adopted, keys[0]).json("ota", "apply", "--no-reboot", ok=True)["signed"]
    adopted.start()
    adopted.tandem("boot", ok=True)
    assert floor(adopted) == 6


def test_rollback_does_not_go_below_the_floor(locked, signed):
    installed(locked, signed(counter=1), slot="B")
    refused(locked, "below_floor", "ota", "rollback")
    installed(locked, signed(version="1.2.0", counter=2, host=1), slot="A")
    refused(locked, "below_floor", "ota", "rollback")


def test_a_proven_pair_can_be_gone_back_to_when_it_has_expired_and_its_key_is_revoked(locked, signed, keys, old, new):
    now = int(time.time())
    installed(locked, signed(issued=now - 48 * HOUR, expires=now - 24 * HOUR, build=old), slot="B")
    trust(locked, keys[0], place="revoked-keys")
    (locked.home / "keys" / keys[1].public.name).write_bytes(keys[1].public.read_bytes())
    configure(locked, "[device]\nclock = trusted\n")
    installed(locked, signed(version="1.2.0", sign=keys[1:], host=1), slot="A")
    assert locked.radio_runs(new)
    locked.json("ota", "rollback", ok=True)
    assert locked.start() == "B"
    assert locked.json("boot", ok=True)["state"] == "ok"
    assert locked.radio_runs(old) and status(locked)["pair"]["version"] == "1.1.0"


# ---- configuration ----

@pytest.mark.parametrize("text, said", [
    ("[images]\nsignatures = 9\n", "1 to 8"),
    ("[images]\nsignatures = 2\n", "only 1"),
    ("[device]\nclock = ntp\n", "clock"),
    ("[device]\ncompatible = gateway\n", "gateway"),
    ("[device]\ncompatible = a,1 a,2 a,3 a,4 a,5 a,6 a,7 a,8 a,9\n", "8"),
    ("[host]\nkind = linux\n", "kind"),
    ("[host]\nchip = esp99\n", "esp99"),
    ("[host]\nrevision = 2\n", "revision"),
])
def test_a_wrong_configuration_is_told_before_anything_is_fetched(locked, signed, text, said):
    configure(locked, text)
    answer = refused(locked, "bad_config", "ota", "download", locked.home / "nothing")
    assert said in answer["error"]["message"] and answer["exit"] == 3


@pytest.mark.parametrize("text", ["revoked-keys = /nowhere", "signatures = 2"])
def test_demands_of_signatures_without_keys_do_not_pass_for_protection(adopted, signed, text):
    configure(adopted, f"[images]\n{text}\n")
    for image in (signed(sign=[]), signed()):
        assert "unsigned images would be taken" in refused(adopted, "bad_config", "ota", "download", image)["error"]["message"]


def test_keys_that_everybody_may_write_to_are_not_believed(locked, signed):
    """No update is taken, not a signed one either; what was taken before is proven and raises the floor all the same."""
    image, later = signed(counter=4), signed(counter=5, version="1.2.0", host=1)
    locked.json("ota", "download", image, ok=True)
    (locked.home / "keys").chmod(0o757)
    assert locked.start() == "B"
    assert locked.json("boot", ok=True)["state"] == "ok" and floor(locked) == 4
    refused(locked, "keys_open", "ota", "download", later)
    assert status(locked)["trust"]["problem_file"].endswith("keys")
    (locked.home / "keys").chmod(0o755)
    locked.json("ota", "download", "--stage-only", later, ok=True)
    key, conf = next((locked.home / "keys").iterdir()), locked.home / "tandem.conf"
    for path in (key, conf):
        path.chmod(0o646)
        assert str(path) in refused(locked, "keys_open", "ota", "apply")["error"]["message"]
        path.chmod(0o644)
    locked.home.chmod(0o777)
    refused(locked, "keys_open", "ota", "apply")
    locked.home.chmod(0o755)
    locked.json("ota", "apply", "--no-reboot", ok=True)
    conf.chmod(0o666)
    assert locked.start() == "A" and locked.json("boot", ok=True)["state"] == "ok"


def test_status_tells_of_keys_that_cannot_be_read(locked, keys):
    (locked.home / "keys/z.pem").write_bytes(keys[0].private.read_bytes())
    trusted = status(locked)["trust"]
    assert trusted["problem"] and trusted["problem_file"].endswith("z.pem")
    refused(locked, "key_is_private", "ota", "download", locked.home / "nothing")
