# SPDX-License-Identifier: Apache-2.0
"""tandem ota download fetches what is new, and nothing that the running pair has. A whole router with the simulated radio."""

from test_boot import new, old, router, sim  # noqa: F401
from test_https import run_nginx, www  # noqa: F401
from test_signed import adopted, installed, keys, locked, signed  # noqa: F401

FRONT = 8192


def test_only_what_is_new_is_fetched(locked, signed, certificate, www, tmp_path, old, new):  # noqa: F811
    """Bytes as the server has counted them."""
    log = tmp_path / "log"
    log.touch()
    locked.tandem("trust", "add", certificate.cert, ok=True)
    runs = signed(version="1.1.0", build=new, host=2)
    installed(locked, runs, slot="B")

    def fetched(url, file, *words, **options):
        (www / "image").write_bytes(file.read_bytes())
        before = len(log.read_text().splitlines())
        answer = locked.json("ota", "download", f"{url}/image", *words, **options)
        counted = sum(int(line.split('"')[2].split()[1]) for line in log.read_text().splitlines()[before:])
        assert answer["transfer"]["fetched"] == counted
        return answer, counted

    with run_nginx(tmp_path / "nginx", www, certificate, more=f"access_log {log} combined;") as url:
        answer, counted = fetched(url, runs)
        assert answer["error"]["code"] == "already_installed" and counted < 16 * 1024

        answer, counted = fetched(url, signed(version="1.2.0", build=new, host=1), "--stage-only", ok=True)
        assert answer["transfer"]["copied"] == answer["bundle_size"] - FRONT
        assert counted <= (answer["host_size"] + FRONT) * 1.01

        answer, counted = fetched(url, signed(version="1.2.0", build=old, host=2), "--stage-only", ok=True)
        assert answer["transfer"]["copied"] == answer["host_size"] > counted
        assert counted == answer["bundle_size"] == answer["transfer"]["wanted"]

        answer, counted = fetched(url, signed(version="1.2.0", build=new, host=2), ok=True)
        assert counted == FRONT
    assert locked.start() == "A" and locked.json("boot", ok=True)["state"] == "ok"
    assert locked.radio_runs(new)
    size = answer["host_size"]
    assert (locked.home / "host-a").read_bytes()[:size] == (locked.home / "host-b").read_bytes()[:size]
