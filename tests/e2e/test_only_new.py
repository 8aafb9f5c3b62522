# SPDX-License-Identifier: Apache-2.0
"""tandem ota download fetches what is new, and nothing that the running pair has. A whole router with the simulated radio."""

import re

from test_boot import new, old, router, sim  # noqa: F401
from test_https import run_nginx, www  # noqa: F401
from test_signed import adopted, installed, keys, locked, signed  # noqa: F401

FRONT, RECORD = 8192, 16 * 1024


def test_only_what_is_new_is_fetched(locked, signed, certificate, www, tmp_path, old, new):  # noqa: F811
    """Bytes as the program says them, and at the end as the server has counted them."""
    log, told = tmp_path / "log", {}
    locked.tandem("trust", "add", certificate.cert, ok=True)
    runs = signed(version="1.1.0", build=new, host=2)
    installed(locked, runs, slot="B")

    def fetched(url, name, file, *words, **options):
        (www / name).write_bytes(file.read_bytes())
        answer = locked.json("ota", "download", f"{url}/{name}", *words, **options)
        told[name] = answer["transfer"]["fetched"]
        return answer, told[name]

    with run_nginx(tmp_path / "nginx", www, certificate, more=f"access_log {log} combined;") as url:
        answer, count = fetched(url, "runs", runs)
        assert answer["error"]["code"] == "already_installed" and count < 16 * 1024

        answer, count = fetched(url, "host", signed(version="1.2.0", build=new, host=1), "--stage-only", ok=True)
        assert answer["transfer"]["copied"] == answer["bundle_size"] - FRONT
        assert count <= (answer["host_size"] + FRONT) * 1.01

        answer, count = fetched(url, "radio", signed(version="1.2.0", build=old, host=2), "--stage-only", ok=True)
        assert answer["transfer"]["copied"] == answer["host_size"] > count
        assert count == answer["bundle_size"] == answer["transfer"]["wanted"]

        answer, count = fetched(url, "statement", signed(version="1.2.0", build=new, host=2), ok=True)
        assert count == FRONT
    sent = dict.fromkeys(told, 0)
    for name, count in re.findall(r'"GET /(\w+) HTTP/\S+" 206 (\d+) ', log.read_text()):  # once the server has ended
        sent[name] += int(count)
    assert sent == told
    assert locked.start() == "A" and locked.json("boot", ok=True)["state"] == "ok"
    assert locked.radio_runs(new)
    size = answer["host_size"]
    assert (locked.home / "host-a").read_bytes()[:size] == (locked.home / "host-b").read_bytes()[:size]


def test_without_ranges_it_stops_when_nothing_more_is_wanted(locked, signed, certificate, www, tmp_path, old, new):  # noqa: F811
    """The server would send all of it; so what is counted is what was read, which comes in records of TLS."""
    locked.tandem("trust", "add", certificate.cert, ok=True)
    runs = signed(version="1.1.0", build=new, host=2)
    installed(locked, runs, slot="B")
    with run_nginx(tmp_path / "nginx", www, certificate, more="max_ranges 0;") as url:
        (www / "runs").write_bytes(runs.read_bytes())
        answer = locked.json("ota", "download", f"{url}/runs")
        assert answer["error"]["code"] == "already_installed"
        assert 0 < answer["transfer"]["fetched"] <= RECORD

        (www / "radio").write_bytes(signed(version="1.2.0", build=old, host=2).read_bytes())
        answer = locked.json("ota", "download", "--stage-only", f"{url}/radio", ok=True)
        assert answer["bundle_size"] <= answer["transfer"]["fetched"] <= answer["bundle_size"] + RECORD
        assert answer["transfer"]["copied"] == answer["bundle_size"] + answer["host_size"] - answer["transfer"]["fetched"]
