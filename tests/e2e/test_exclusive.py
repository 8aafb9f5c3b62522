# SPDX-License-Identifier: Apache-2.0
"""The radio belongs to one program at a time: who holds it is named, who used it is stopped before and started after,
and a signal in the middle of a flash leaves RESET and BOOT released."""

import ctypes
import errno
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Simulator
from test_boot import Router, new, old, pack, plant, sim  # noqa: F401  (fixtures)

HOLD = "import os, sys; fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY); print('open', flush=True); sys.stdin.read()"
LINES = """#!{python}
# Sets the levels at the simulated chip, and remembers them.
import socket, sys
levels = dict(word.split("=") for word in sys.argv[1:])
with open("{log}", "a") as log:
    print(sys.argv[1], sys.argv[2], file=log)
with socket.socket(socket.AF_UNIX) as pins:
    pins.connect("{sim.socket}")
    for name in ("boot", "reset"):
        pins.sendall(f"{{name}} {{levels[name]}}\\n".encode())
        assert pins.recv(64) == b"ok\\n"
"""
SYSTEMCTL = """#!/bin/sh
# Units are files in {home}/units with their state, "active" or a sub-state that is none of the active ones.
echo "$@" >>{home}/systemctl.log
verb=$1; shift
while [ "${{1#--}}" != "$1" ]; do shift; done
for unit; do
    case $verb in
    is-active) [ "$(cat {home}/units/$unit 2>/dev/null)" = active ] || exit 3 ;;
    show) cat {home}/units/$unit ;;
    stop) echo inactive >{home}/units/$unit ;;
    start) echo active >{home}/units/$unit ;;
    esac
done
"""


@pytest.fixture
def router(tmp_path, tandem, build_dir, sim):  # noqa: F811
    return Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)


@pytest.fixture
def holder():
    """holder(tty) starts a process that has the tty open, as a Thread stack has; its input's end stops it."""
    running = []

    def start(tty):
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(tty)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "open\n"
        running.append(process)
        return process
    yield start
    for process in running:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def around(router, stop=":", start=":"):
    """[radio] stop-command and start-command that leave a line in a log before they do their work."""
    log = router.home / "order.log"
    for name, work in (("stop", stop), ("start", start)):
        script = router.home / name
        script.write_text(f"#!/bin/sh\necho {name} >>{log}\n{work}\n")
        script.chmod(0o755)
    return ("--radio-stop-command", router.home / "stop", "--radio-start-command", router.home / "start"), log


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("words", [("boot",), ("rcp", "update"), ("rcp", "probe"), ("rcp", "info"), ("rcp", "reset")],
                         ids=" ".join)
def test_who_holds_the_port_is_named(router, holder, words):
    other = holder(router.sim.tty)
    refused = router.tandem("--json", *words)
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, error["code"]) == (22, "port_busy")
    assert f"(process {other.pid})" in error["message"] and "[radio] units" in error["message"]
    other.stdin.close()
    other.wait(timeout=20)
    router.tandem("rcp", "info", ok=True)


WORK = [(("boot",), True), (("rcp", "update"), True), (("rcp", "reset"), True), (("rcp", "probe", "--reset"), True),
        (("rcp", "probe"), False), (("rcp", "info"), False), (("ota", "status"), False)]


@pytest.mark.parametrize("words, takes", WORK, ids=[" ".join(row[0]) for row in WORK])
def test_commands_around_the_work(router, old, words, takes):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    options, log = around(router)
    router.tandem(*words, *options, ok=True)
    assert lines_of(log) == (["stop", "start"] if takes else [])


def without_close_range():
    """What runs from here on has a kernel before Linux 5.9, as far as that system call goes (seccomp, by number 436)."""
    libc, rows = ctypes.CDLL(None, use_errno=True), [(0x20, 0, 0, 0), (0x15, 0, 1, 436), (6, 0, 0, 0x50000 | errno.ENOSYS),
                                                     (6, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    program = struct.pack("HP", len(rows), ctypes.addressof(code))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0


def test_the_end_is_noticed_on_an_older_kernel_too(router, old):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    options, log = around(router)
    router.tandem("rcp", "reset", *options, ok=True, preexec_fn=without_close_range)
    assert lines_of(log) == ["stop", "start"]


def test_a_radio_only_download_takes_the_radio_when_it_flashes_it(router, pack, new):  # noqa: F811
    options, log = around(router)
    router.tandem("ota", "download", pack(new), "--no-reboot", *options, ok=True)
    assert lines_of(log) == []
    router.tandem("boot", *options, ok=True)
    assert lines_of(log) == ["stop", "start"]
    assert router.radio_runs(new)


def test_the_program_that_holds_the_radio_is_stopped_and_started(router, holder, old):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    other = holder(router.sim.tty)
    options, log = around(router, stop=f"kill {other.pid}; while kill -0 {other.pid} 2>/dev/null && "
                                       f"[ -e /proc/{other.pid}/fd/0 ]; do :; done")
    router.tandem("boot", *options, ok=True)
    assert other.wait(timeout=20) == -signal.SIGTERM
    assert lines_of(log) == ["stop", "start"]


UPTIME = "read -r up _ </proc/uptime; echo $up >>{log}"


def off_air(router, new, start=":"):  # noqa: F811
    """A flash between a stop and a start that take their time -> the report, and the seconds between their ends by another clock."""
    router.tandem("rcp", "adopt", new.dir, ok=True)
    log = router.home / "uptime.log"
    mark = UPTIME.format(log=log)
    options, _ = around(router, stop=f"{mark}\nsleep 0.3", start=f"sleep 0.3\n{mark}\n{start}")
    report = router.json("rcp", "update", *options)
    assert report["done"] == ["radio flashed"]
    began, ended = map(float, lines_of(log))
    return report, ended - began


def test_the_time_off_the_air_begins_with_the_stop_and_ends_with_the_start(router, new):  # noqa: F811
    report, least = off_air(router, new)
    assert report["exit"] == 0 and report["flash"]["off_air_seconds"] >= least - 0.02  # that clock has steps of 10 ms


def test_a_network_that_was_not_started_again_is_still_off_the_air(router, new):  # noqa: F811
    report, _ = off_air(router, new, start="exit 1")
    assert report["error"]["code"] == "start_failed" and "off_air_seconds" not in report["flash"]


FAILURES = [
    ("the port is missing", (":", ":"), ("--radio-port", "/nonexistent/tty"), 20, "port_not_found"),
    ("the lines are missing", (":", ":"), ("--radio-lines", "control:/nonexistent/socket"), 20, "lines_not_found"),
    ("the stop fails", ("exit 1", ":"), (), 32, "stop_failed"),
    ("the start fails", (":", "exit 1"), (), 32, "start_failed"),
]


@pytest.mark.parametrize("commands, words, status, code", [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_the_start_comes_after_every_failure(router, old, commands, words, status, code):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    flash = router.sim.flash.read_bytes()
    options, log = around(router, *commands)
    done = router.tandem("--json", "rcp", "update", *options, *words)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (status, code)
    assert lines_of(log) == ["stop", "start"]
    assert router.sim.flash.read_bytes() == flash


def test_a_stop_that_fails_condemns_nothing(router, pack, samples, new):  # noqa: F811
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert router.start() == "B"
    options, _ = around(router, stop="exit 1")
    assert router.tandem("boot", *options).returncode == 32
    assert router.json("ota", "status", ok=True)["state"] == "trial"
    assert router.json("boot", ok=True)["state"] == "ok"


def test_only_units_that_ran_are_stopped_and_started(router, old):  # noqa: F811
    """One that systemd is about to start once more, as a stack whose radio is broken, would come up in the middle."""
    router.tandem("rcp", "adopt", old.dir, ok=True)
    tools, units = router.home / "tools", router.home / "units"
    tools.mkdir()
    units.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL.format(home=router.home))
    (tools / "systemctl").chmod(0o755)
    states = {"one": "active", "two": "inactive", "three": "auto-restart", "four": "start-pre", "five": "auto-restart-queued"}
    for name, state in states.items():
        (units / f"{name}.service").write_text(f"{state}\n")
    router.tandem("rcp", "update", "--radio-units", " ".join(f"{name}.service" for name in states), ok=True,
                  env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"})
    changes = [line for line in lines_of(router.home / "systemctl.log") if line.split()[0] in ("stop", "start")]
    used = "one.service three.service five.service"
    assert changes == [f"stop {used}", f"start {used}"]
    assert {name: (units / f"{name}.service").read_text().strip() for name in states} == \
        states | {"one": "active", "three": "active", "five": "active"}


@pytest.fixture
def slow_sim(sim_bin, tmp_path, old):  # noqa: F811
    """At the line's own speed a flash takes seconds."""
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, line_speed=True) as running:
        yield running


@pytest.fixture
def slow_router(tmp_path, tandem, build_dir, slow_sim):
    return Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", slow_sim)


def signal_while_flashing(router, number, *words):
    """Sends the signal when the first bytes of firmware have been written."""
    config = ("--config", router.home / "tandem.conf", "--json", "--radio-flash-baud", "115200")
    process = subprocess.Popen([str(word) for word in (router.run.path, *config, *words)], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stderr:
        event = json.loads(line)
        if event.get("phase") == "flash" and event["done"] > 0:
            process.send_signal(number)
            break
    out, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(out) if out else {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda n: n.name)
def test_a_signal_while_flashing_releases_the_lines_and_decides_nothing(slow_router, pack, samples, new,  # noqa: F811
                                                                        number):
    router = slow_router
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert router.start() == "B"
    options, log = around(router)
    levels, program = router.home / "levels", router.home / "lines"
    program.write_text(LINES.format(python=sys.executable, log=levels, sim=router.sim))
    program.chmod(0o755)
    options += ("--radio-lines", f"command:{program}")
    status, report = signal_while_flashing(router, number, "boot", *options)
    assert (status, report["error"]["code"], report["state"]) == (42, "stopped_by_operator", "stopped")
    assert lines_of(log) == ["stop", "start"]
    assert "reset=0 boot=1" in lines_of(levels) and lines_of(levels)[-1] == "reset=0 boot=0"
    assert router.sim.control("state") not in ("ok reset", "ok loader")

    told = router.json("ota", "status", ok=True)
    assert (told["state"], told["radio"]["holds"], told["radio"]["flashes_begun"]) == ("trial", "unknown", 1)
    assert told["radio"]["flashes_failed"] == 0
    assert router.start() == "B"
    assert router.json("boot", ok=True)["state"] == "ok"
    assert router.radio_runs(new)


def test_even_a_kill_starts_what_was_stopped(slow_router, pack, new):  # noqa: F811
    router = slow_router
    options, log = around(router, start=f"echo done >{router.home}/started")
    router.tandem("ota", "download", pack(new), "--no-reboot", ok=True)
    status, _ = signal_while_flashing(router, signal.SIGKILL, "boot", *options)
    assert status == -signal.SIGKILL
    # communicate() has returned: nobody holds the command's output any more, so the minder has ended.
    assert lines_of(log) == ["stop", "start"]
    assert (router.home / "started").read_text() == "done\n"
    assert router.json("boot", ok=True)["state"] == "ok"
    assert router.radio_runs(new)


def begin(router, *words):
    return subprocess.Popen([str(word) for word in (router.run.path, "--config", router.home / "tandem.conf", "--json", *words)],
                            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("words", [["boot"], ["rcp", "update"], ["rcp", "reset"]], ids=" ".join)
def test_a_signal_while_the_users_of_the_radio_are_stopped(router, new, words):  # noqa: F811
    """They are started when they have stopped, not in the middle of it; and nothing is done in between."""
    router.tandem("rcp", "adopt", new.dir, ok=True)
    before = router.json("ota", "status", ok=True), router.sim.flash.read_bytes()
    gate, levels, program = router.home / "gate", router.home / "levels", router.home / "lines"
    program.write_text(LINES.format(python=sys.executable, log=levels, sim=router.sim))
    program.chmod(0o755)
    os.mkfifo(gate)
    options, log = around(router, stop=f"read go <{gate}; echo stopped >>{router.home}/order.log")
    process = begin(router, *options, "--radio-lines", f"command:{program}", *words)
    with gate.open("w") as go:              # open when the stop has begun
        process.send_signal(signal.SIGTERM)
        go.write("go\n")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 42 and json.loads(out)["error"]["code"] == "stopped_by_operator", out
    assert lines_of(log) == ["stop", "stopped", "start"]
    assert not levels.exists()
    assert (router.json("ota", "status", ok=True), router.sim.flash.read_bytes()) == before


@pytest.mark.parametrize("words", [["rcp", "reset"], ["rcp", "probe", "--reset"], ["rcp", "update", "--dry-run"]], ids=" ".join)
def test_a_second_command_starts_nothing_in_the_middle_of_a_flash(slow_router, new, words):  # noqa: F811
    router = slow_router
    router.tandem("rcp", "adopt", new.dir, ok=True)
    options, log = around(router)
    process = begin(router, *options, "--radio-flash-baud", "115200", "rcp", "update")
    for line in process.stderr:
        event = json.loads(line)
        if event.get("phase") == "flash" and event["done"] > 0:
            break
    second = router.json(*options, *words)
    assert (second["exit"], second["error"]["code"]) == (22, "storage_in_use"), second
    assert lines_of(log) == ["stop"]
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert lines_of(log) == ["stop", "start"]
    assert router.radio_runs(new)


def test_a_signal_while_the_port_is_awaited_decides_nothing(router, pack, samples, new):  # noqa: F811
    """An adapter that is late, and an operator who does not wait: this start of the new pair goes on when it is run again."""
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert router.start() == "B"
    before = router.json("ota", "status", ok=True)
    process = begin(router, "--radio-port", router.home / "missing", "--radio-port-wait", "600", "boot")
    caught = Path(f"/proc/{process.pid}/status")
    while int(caught.read_text().split("SigCgt:")[1].split()[0], 16) >> (signal.SIGTERM - 1) & 1 == 0:
        pass
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 42 and json.loads(out)["error"]["code"] == "stopped_by_operator", out
    assert router.json("ota", "status", ok=True) == before
    assert router.json("boot", ok=True)["state"] == "ok"


@pytest.mark.parametrize("words", [["rcp", "probe"], ["rcp", "probe", "--reset"], ["rcp", "update", "--dry-run"], ["rcp", "update"]],
                         ids=" ".join)
def test_a_signal_while_asking(slow_router, new, words):  # noqa: F811
    """A radio that is silent is asked for seconds; the answer to a signal does not wait for that, and resets nothing."""
    router = slow_router
    router.tandem("rcp", "adopt", new.dir, ok=True)
    levels, program = router.home / "levels", router.home / "lines"
    program.write_text(LINES.format(python=sys.executable, log=levels, sim=router.sim))
    program.chmod(0o755)
    assert router.sim.control("power 0") == "ok"
    process = subprocess.Popen([str(word) for word in (router.run.path, "--config", router.home / "tandem.conf", "--json",
                                                       "--radio-lines", f"command:{program}", *words)], text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stderr:
        if json.loads(line).get("phase") == "ask":
            process.send_signal(signal.SIGTERM)
            break
    out, _ = process.communicate(timeout=60)
    said = json.loads(out)
    assert (process.returncode, said["error"]["code"]) == (42, "stopped_by_operator"), said
    assert not levels.exists(), lines_of(levels)
    assert "failed" not in json.dumps(said.get("layers", [])), said
