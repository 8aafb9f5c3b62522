# SPDX-License-Identifier: Apache-2.0
"""The operator's decisions: store, switch, restart, prove, go back. Real processes, as in test_boot.py."""

import json
import subprocess

import pytest

from test_boot import Router, new, old, pack, plant, router, sim  # noqa: F401


@pytest.fixture
def pair(pack, samples, new):
    return pack(new, "--br-firmware", samples.host("linux", 2))


@pytest.fixture
def adopted(router, old):
    """A router whose own radio firmware is stored and proven."""
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    return router


def state(router):
    return router.json("ota", "status", ok=True)["state"]


def test_download_switch_and_restart_are_three_decisions(adopted, pair, new):
    answer = adopted.json("ota", "download", "--stage-only", pair, ok=True)
    assert "needs_restart" not in answer and not answer["first_update"] and "warning" not in answer
    assert state(adopted) == "staged"
    assert adopted.start() == "A"
    assert adopted.json("boot", ok=True)["state"] == "ok"  # a start in between changes nothing
    assert state(adopted) == "staged"

    answer = adopted.json("ota", "apply", "--no-reboot", ok=True)
    assert answer["needs_restart"] and answer["kind"] == "pair" and answer["rcp_version"] == new.version
    assert state(adopted) == "pending restart"
    assert adopted.start() == "B"
    assert adopted.json("boot", ok=True)["state"] == "ok"
    assert adopted.radio_runs(new)


def test_switched_to_and_proven_without_a_network(adopted, pair, new, certificate, https_server, tmp_path):
    """Stored from a server; then all of the network is gone, loopback too, as a download from the same server shows."""
    bare = ["unshare", "--map-root-user", "--net", str(adopted.run.path), "--config", str(adopted.home / "tandem.conf"), "--json"]
    if subprocess.run([*bare[:3], "true"], capture_output=True).returncode != 0:
        pytest.skip("no network namespace to be had here")
    adopted.tandem("trust", "add", certificate.cert, ok=True)
    url = f"https://localhost:{https_server(tmp_path)}/{pair.name}"
    adopted.json("ota", "download", "--stage-only", url, ok=True)

    def alone(*words):
        return json.loads(subprocess.run([*bare, *words], capture_output=True, text=True, timeout=60).stdout)

    assert alone("ota", "download", "--source-retries", "0", url)["error"]["code"] == "no_connection"
    assert alone("ota", "apply", "--no-reboot")["needs_restart"]
    assert adopted.start() == "B"
    assert alone("boot")["state"] == "ok"
    assert adopted.radio_runs(new)


def test_what_is_staged_is_judged_again(adopted, pair):
    adopted.tandem("ota", "download", "--stage-only", pair, ok=True)
    slot = adopted.home / "host-b"
    stored = bytearray(slot.read_bytes())
    stored[5000] ^= 1
    slot.write_bytes(stored)
    boot = (adopted.home / "boot").read_bytes()
    refused = adopted.json("ota", "apply")
    assert refused["exit"] == 13 and refused["error"]["code"]
    assert (adopted.home / "boot").read_bytes() == boot
    assert state(adopted) == "staged"


def test_a_radio_image_is_flashed_by_apply(adopted, pack, old, new):
    adopted.tandem("ota", "download", "--stage-only", pack(new), ok=True)
    assert adopted.radio_runs(old)
    answer = adopted.json("ota", "apply", ok=True)
    assert (answer["kind"], answer["needs_restart"], answer["state"]) == ("radio", False, "ok")
    assert adopted.radio_runs(new)


@pytest.mark.parametrize("words", [["--stage-only"], ["--no-reboot"]], ids=["staged", "armed"])
@pytest.mark.parametrize("host", [True, False], ids=["pair", "radio"])
def test_cancel(adopted, pair, pack, old, new, words, host):
    image = pair if host else pack(new, name="radio-image")
    stored = adopted.json("ota", "download", *words, image, ok=True)
    answer = adopted.json("ota", "cancel", ok=True)
    assert answer["image_id"] == stored["image_id"]
    status = adopted.json("ota", "status", ok=True)
    assert (status["state"], status["last_result"]["result"]) == ("ok", "cancelled")
    assert (status["host"]["next"], status["host"]["next_is_final"]) == ("A", True)
    assert "refused" not in status or not status["refused"]
    assert adopted.start() == "A"
    assert adopted.json("boot", ok=True)["done"] == []
    assert adopted.radio_runs(old)
    assert adopted.json("ota", "cancel")["error"]["code"] == "nothing_staged"
    adopted.tandem("ota", "download", "--stage-only", image, ok=True)  # it is not a bad image for that


def test_what_runs_is_not_cancelled(adopted, pair):
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    refused = adopted.tandem("ota", "cancel")
    assert refused.returncode == 40 and "tandem ota rollback" in refused.stderr


def test_a_first_update_says_that_it_cannot_go_back(router, pair):
    answer = router.tandem("--json", "ota", "download", "--stage-only", pair, ok=True)
    assert '"first_update":true' in answer.stdout and "rcp adopt" in answer.stdout
    assert '"level":"warning"' in answer.stderr and "first update" in answer.stderr
    status = router.json("ota", "status", ok=True)
    assert status["state"] == "staged"


def manual(router):
    with (router.home / "tandem.conf").open("a") as config:
        config.write("[boot]\nconfirm = manual\n")
    return router


def test_a_pair_waits_for_the_operator(adopted, pair, new):
    manual(adopted).tandem("ota", "download", pair, ok=True)
    assert adopted.json("ota", "confirm")["error"]["code"] == "not_waiting"  # it has not even started
    refused = adopted.json("rcp", "update")
    assert refused["error"]["code"] == "trial_pending" and "degraded" not in str(refused)
    assert adopted.start() == "B"
    assert adopted.json("ota", "confirm")["error"]["code"] == "not_waiting"  # nor been asked
    report = adopted.json("boot", ok=True)
    assert report["state"] == "trial" and "ota confirm" in report["next_step"]
    status = adopted.json("ota", "status", ok=True)
    assert status["state"] == "trial" and "ota confirm" in status["reason"]
    assert status["trial"]["tries_left"] == 2 and not status["host"]["next_is_final"]

    assert adopted.json("ota", "confirm", "--radio-port", "/nonexistent", ok=True)["state"] == "ok"
    status = adopted.json("ota", "status", ok=True)
    assert (status["state"], status["host"]["next"], status["host"]["next_is_final"]) == ("ok", "B", True)
    refused = adopted.json("ota", "confirm")
    assert refused["error"]["code"] == "no_trial" and "degraded" not in str(refused)
    assert adopted.radio_runs(new)


def test_nobody_confirms(adopted, pair, old):
    """Each start while it waits costs a try, and three are granted; then the old pair is back for good."""
    manual(adopted).tandem("ota", "download", pair, ok=True)
    seen = []
    while not seen or seen[-1] != ("A", "ok"):
        slot = adopted.start()
        seen.append((slot, adopted.json("boot")["state"]))
        assert len(seen) < 10, seen
    assert seen.count(("B", "trial")) == 3
    assert adopted.radio_runs(old)
    assert adopted.json("ota", "status", ok=True)["last_result"]["result"] == "failed"


def test_a_trial_is_refused(adopted, pair, old):
    manual(adopted).tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    adopted.tandem("boot", ok=True)
    answer = adopted.json("ota", "rollback", "--no-reboot", "--radio-port", "/nonexistent", ok=True)
    assert answer["state"] == "pending restart" and "restart" in answer["next_step"]
    assert adopted.start() == "A"
    assert adopted.json("boot", ok=True)["state"] == "ok"
    assert adopted.radio_runs(old)
    status = adopted.json("ota", "status", ok=True)
    assert status["last_result"] == {"result": "failed", "reason": "the operator went back"}
    refused = adopted.tandem("ota", "download", pair)
    assert refused.returncode == 15 and "failed on this router before: the operator went back (" in refused.stderr


def test_a_radio_trial_is_refused_without_a_restart(adopted, pack, old, new):
    answer = manual(adopted).json("ota", "download", pack(new), ok=True)
    assert answer["state"] == "trial" and adopted.radio_runs(new)
    answer = adopted.json("ota", "rollback", ok=True)
    assert answer["state"] == "ok" and "radio flashed" in answer["done"]
    assert adopted.radio_runs(old)


def test_back_to_the_older_pair_and_forth(adopted, pair, old, new):
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    adopted.tandem("boot", ok=True)
    answer = adopted.json("ota", "rollback", ok=True)
    assert answer["needs_restart"] and answer["host_slot"] == "A"
    assert answer["image_id"] == "", "nobody knows the image that the router was made with"
    assert adopted.start() == "A"
    booted = adopted.json("boot", ok=True)
    assert booted["state"] == "ok"
    assert adopted.radio_runs(old)
    status = adopted.json("ota", "status", ok=True)
    assert status["refused"] == [] and status["host"]["version"] == booted["host"]["version"]
    adopted.tandem("ota", "rollback", ok=True)  # the pair left behind is the one to go back to now
    assert adopted.start() == "B"
    assert adopted.json("boot", ok=True)["state"] == "ok"
    assert adopted.radio_runs(new)


def test_back_to_the_older_radio_firmware(adopted, pack, old, new):
    adopted.tandem("ota", "download", pack(new), ok=True)
    answer = adopted.json("ota", "rollback", ok=True)
    assert (answer["kind"], answer["state"]) == ("radio", "ok")
    assert adopted.radio_runs(old)


def test_after_a_first_update_there_is_no_way_back(router, pair):
    router.tandem("ota", "download", pair, ok=True)
    router.start()
    router.tandem("boot", ok=True)
    refused = router.tandem("ota", "rollback")
    assert refused.returncode == 40 and "never stored" in refused.stderr


@pytest.mark.parametrize("key, value, code", [("min-api", 99, "radio_api_too_old"), ("host-api", 1, "radio_api_too_new")])
def test_a_radio_that_does_not_fit_the_host(adopted, pair, old, key, value, code):
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    assert adopted.json("boot", f"--radio-{key}", str(value))["error"]["code"] == code
    assert adopted.start() == "A"
    assert adopted.json("boot", ok=True)["state"] == "ok"
    assert adopted.radio_runs(old)


@pytest.mark.parametrize("command, code", [("exit 3", "unhealthy"), ("echo asked >> {dir}/asked; sleep 1000", "check_timeout")],
                         ids=["says no", "hangs"])
def test_a_health_check_that_fails(adopted, pair, old, command, code):
    """The new pair gets all its starts; then the old one is back, radio and all."""
    adopted.tandem("ota", "download", pair, ok=True)
    with (adopted.home / "tandem.conf").open("a") as config:
        config.write(f"[boot]\ncheck-command = {command.format(dir=adopted.home)}\ncheck-timeout = 1\n")
    seen, codes = [], set()
    while not seen or seen[-1] != ("A", "ok"):
        slot, report = adopted.start(), adopted.json("boot")
        seen.append((slot, report["state"]))
        codes |= {report["error"]["code"]} if slot == "B" and "error" in report else set()
        assert len(seen) < 10, seen
    assert code in codes
    assert adopted.radio_runs(old)


def test_a_health_check_that_is_content(adopted, pair):
    (adopted.home / "tandem.conf").open("a").write(f"[boot]\ncheck-command = date >> {adopted.home}/asked\n")
    adopted.tandem("ota", "download", pair, ok=True)
    assert not (adopted.home / "asked").exists()
    assert adopted.start() == "B"
    assert adopted.json("boot", ok=True)["state"] == "ok"
    assert adopted.start() == "B"
    adopted.tandem("boot", ok=True)
    assert len((adopted.home / "asked").read_text().splitlines()) == 1  # a proven pair is not asked again


def test_the_other_bundle_stands_in(adopted, pack, old, new):
    """A proven radio update whose stored bundle rots, and then the radio loses its firmware."""
    adopted.tandem("ota", "download", pack(new), ok=True)
    status = adopted.json("ota", "status", ok=True)
    slot = adopted.home / f"rcp-{status['radio']['bundle'][1]}"
    stored = bytearray(slot.read_bytes())
    stored[9000] ^= 1
    slot.write_bytes(stored)
    adopted.sim.erase()
    adopted.sim.reset()
    report = adopted.json("boot", ok=True)
    assert report["state"] == "substitute" and "radio flashed" in report["done"]
    assert adopted.radio_runs(old)
    status = adopted.json("ota", "status", ok=True)
    assert (status["state"], status["last_result"]) == ("substitute", {"result": "ok", "reason": ""})
    assert status["reason"] != ""
    assert adopted.json("boot", ok=True)["done"] == []
    adopted.tandem("ota", "download", pack(new), ok=True)  # takes the place of the one that rotted
    assert adopted.json("ota", "status", ok=True)["state"] == "ok"
    assert adopted.radio_runs(new)


def results(router):
    return [(row["number"], row["result"]) for row in router.json("ota", "history", ok=True)["history"]]


def test_a_host_that_no_image_brought_names_itself(adopted, samples):
    with (adopted.home / "host-a").open("r+b" if (adopted.home / "host-a").exists() else "wb") as slot:
        slot.write(samples.host("esp32s3", 1).read_bytes())
    booted, status = adopted.json("boot", ok=True), adopted.json("ota", "status", ok=True)
    assert booted["host"]["version"] == status["host"]["version"] == "v1.1.0"


def test_a_history_without_results_says_so(adopted):
    told = adopted.tandem("ota", "history", ok=True)
    assert (told.stdout, told.stderr) == ("", "info: no result of an update is recorded\n")
    assert adopted.json("ota", "history", ok=True)["history"] == []


def test_history(adopted, pair, pack, new):
    """Each result once, newest first; what a cut kept from being written is made good by the next command."""
    assert results(adopted) == []
    stored = adopted.json("ota", "download", "--stage-only", pair, ok=True)
    adopted.tandem("ota", "cancel", ok=True)
    adopted.tandem("boot", ok=True)  # nothing new
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    adopted.tandem("boot", ok=True)
    kept = (adopted.home / "record-history").read_bytes()
    assert results(adopted) == [(2, "ok"), (1, "cancelled")]
    rows = adopted.json("ota", "history", ok=True)["history"]
    assert {row["image_id"] for row in rows} == {stored["image_id"]} and all(row["time"] for row in rows)

    adopted.tandem("ota", "rollback", ok=True)
    assert adopted.start() == "A"
    adopted.tandem("boot", ok=True)
    assert results(adopted) == [(3, "ok"), (2, "ok"), (1, "cancelled")]
    (adopted.home / "record-history").write_bytes(kept)  # as if the power had gone before the last one was written
    adopted.tandem("boot", ok=True)
    assert results(adopted) == [(3, "ok"), (2, "ok"), (1, "cancelled")]


def test_without_a_history_updates_go_on(adopted, pack, new):
    (adopted.home / "record-history").unlink()
    (adopted.home / "record-history").mkdir()
    done = adopted.tandem("ota", "download", pack(new), ok=True)
    assert "the history cannot be written" in done.stderr
    assert adopted.json("ota", "status", ok=True)["state"] == "ok"
    assert adopted.json("ota", "history", "--slots-history", "none", ok=True)["history"] == []


def test_the_watchdog_guards_a_trial_and_nothing_else(adopted, pair):
    dog = adopted.home / "watchdog"
    dog.write_bytes(b"")
    words = ("boot", "--boot-watchdog", dog)
    adopted.tandem(*words, ok=True)
    assert dog.read_bytes() == b""
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    restarts = adopted.json(*words, "--boot-check-command", "false")
    assert restarts["state"] == "pending restart"
    fed = dog.read_bytes()
    assert fed and set(fed) == {0}  # left running: whatever restarts the machine may hang
    dog.write_bytes(b"")
    adopted.start()
    adopted.tandem(*words, ok=True)
    fed = dog.read_bytes()
    assert fed[-1:] == b"V" and set(fed[:-1]) == {0}
    assert adopted.json("boot", "--boot-watchdog", "/nonexistent", ok=True)["state"] == "ok"


def test_a_watchdog_that_is_not_there_holds_nothing_up(adopted, pair):
    adopted.tandem("ota", "download", pair, ok=True)
    assert adopted.start() == "B"
    done = adopted.tandem("boot", "--boot-watchdog", "/nonexistent", ok=True)
    assert "the trial goes on without it" in done.stderr
    assert state(adopted) == "ok"
