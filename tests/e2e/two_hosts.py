# SPDX-License-Identifier: Apache-2.0
"""Two hosts in network namespaces, and a line between them that loses, limits, delays and breaks.

    with TwoHosts(delay_ms=0) as net:
        net.listener()          a listening socket on the server's host, at SERVER
        net.run(words)          Popen on the client's host
        net.lose(percent)       of the packets in either direction (nft numgen)
        net.lost                packets so far
    net.limit("2mbit")      what the server's host sends (tc tbf)
        net.link("down")        the server's end of the line; "up" again
        net.know(name, *list)   the client's host finds these addresses under that name, by its own /etc/hosts
        net.own(address)        one more on the server's host, with its prefix length
        net.silence(address)    what comes for it over TCP vanishes: no answer, no refusal
        net.vanished(address)   packets so far
        net.received            bytes that came in at the client's host, with all their heads
    why_not()                   the reason for which this machine cannot have them, or ""

With delay_ms a forwarder of our own stands between them, which keeps every frame for so long, in both directions.
Needs root with CAP_NET_ADMIN, iproute2 and nftables. Namespaces go when the block ends.
"""

import array
import ctypes
import fcntl
import heapq
import itertools
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

SERVER, CLIENT = "10.77.0.1", "10.77.0.2"
SERVER_SIX, CLIENT_SIX = "2001:db8:77::1", "2001:db8:77::2"
CLONE_NEWNET = 0x40000000
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
PACKET_OUTGOING = 4
numbers = itertools.count()


def sh(*words) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


def why_not() -> str:
    for tool in ("ip", "tc", "nft"):
        if not shutil.which(tool):
            return f"{tool} is missing (scripts/setup installs it)"
    try:
        with TwoHosts() as net:
            net.lose(1)
            net.limit("2mbit")
    except AssertionError as refused:
        return f"network namespaces are not to be had here: {refused}"
    return ""


class inside:
    """Sockets made in this block belong to that namespace."""

    def __init__(self, name: str):
        self.name, self.libc = name, ctypes.CDLL(None, use_errno=True)

    def enter(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            assert self.libc.setns(descriptor, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        finally:
            os.close(descriptor)

    def __enter__(self):
        self.home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        self.enter(f"/run/netns/{self.name}")

    def __exit__(self, *reason):
        self.enter(f"/proc/self/fd/{self.home}")
        os.close(self.home)


class TwoHosts:
    def __init__(self, delay_ms: int = 0):
        self.delay_ms = delay_ms
        base = f"tdm{os.getpid()}-{next(numbers)}"
        self.server, self.client, self.middle = f"{base}-s", f"{base}-c", f"{base}-m"
        self.names = [self.server, self.client] + [self.middle] * (delay_ms > 0)
        self.files = Path("/etc/netns", self.client)   # `ip netns exec` puts what is in here over /etc
        self.forwarder = None

    def __enter__(self) -> "TwoHosts":
        try:
            for name in self.names:
                sh("ip", "netns", "add", name)
            if self.delay_ms:
                self.wire(self.server, "s0", self.middle, "s1")
                self.wire(self.client, "c0", self.middle, "c1")
            else:
                self.wire(self.server, "s0", self.client, "c0")
            for name, device, address, six in ((self.server, "s0", SERVER, SERVER_SIX),
                                               (self.client, "c0", CLIENT, CLIENT_SIX)):
                sh("ip", "-n", name, "address", "add", f"{address}/29", "dev", device)
                sh("ip", "-n", name, "address", "add", f"{six}/64", "dev", device, "nodad")
                with inside(name):
                    compute_sums(device)
                sh("ip", "-n", name, "link", "set", device, "up")
            if self.delay_ms:
                self.forwarder = Forwarder(self.middle, ("s1", "c1"), self.delay_ms / 1000)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *reason) -> None:
        if self.forwarder:
            self.forwarder.stop()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        shutil.rmtree(self.files, ignore_errors=True)

    @staticmethod
    def wire(one: str, device: str, other: str, other_device: str) -> None:
        sh("ip", "-n", one, "link", "add", device, "type", "veth", "peer", "name", other_device, "netns", other)

    def listener(self) -> socket.socket:
        with inside(self.server):
            return socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)

    def run(self, words, **options) -> subprocess.Popen:
        return subprocess.Popen(["ip", "netns", "exec", self.client, *map(str, words)], **options)

    def lose(self, percent: int) -> None:
        rules = (f"table ip t {{ chain in {{ type filter hook input priority 0; "
                 f"numgen random mod 100 < {percent} counter drop; }}; }}")
        for name in (self.server, self.client):
            sh("ip", "netns", "exec", name, "nft", rules)

    @property
    def lost(self) -> int:
        """Packets, in both directions."""
        return sum(int(re.search(r"counter packets (\d+)", sh("ip", "netns", "exec", name, "nft", "list", "ruleset"))[1])
                   for name in (self.server, self.client))

    def limit(self, rate: str) -> None:
        sh("tc", "-n", self.server, "qdisc", "add", "dev", "s0", "root", "tbf", "rate", rate, "burst", "16k", "latency", "300ms")

    def know(self, name: str, *addresses: str) -> None:
        self.files.mkdir(parents=True)
        (self.files / "hosts").write_text("".join(f"{address} {name}\n" for address in addresses))
        (self.files / "nsswitch.conf").write_text("hosts: files\n")

    def own(self, address: str) -> None:
        sh("ip", "-n", self.server, "address", "add", address, "dev", "s0", *["nodad"] * (":" in address))

    def silence(self, address: str) -> None:
        family = "ip6" if ":" in address else "ip"
        sh("ip", "netns", "exec", self.server, "nft",
           f"table {family} quiet {{ chain in {{ type filter hook input priority 0; "
           f"{family} daddr {address} meta l4proto tcp counter drop; }}; }}")

    def vanished(self, address: str) -> int:
        rules = sh("ip", "netns", "exec", self.server, "nft", "list", "ruleset")
        return int(re.search(rf"daddr {address} .*counter packets (\d+)", rules)[1])

    def link(self, state: str) -> None:
        sh("ip", "-n", self.server, "link", "set", "s0", state)

    @property
    def received(self) -> int:
        return int(sh("ip", "netns", "exec", self.client, "cat", "/sys/class/net/c0/statistics/rx_bytes"))


def compute_sums(device: str) -> None:
    """Whole packets with sums of their own, as a wire has them: so a lost packet is one packet."""
    value = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP", device.encode(), value.buffer_info()[0]))


class Forwarder:
    """Takes frames at either device and puts them out at the other one, later."""

    def __init__(self, namespace: str, devices: tuple[str, str], delay: float):
        self.delay, self.ends = delay, []
        self.wake, self.bell = os.pipe()
        for device in devices:
            sh("ip", "-n", namespace, "link", "set", device, "promisc", "on", "up")
        with inside(namespace):
            for device in devices:
                end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
                end.bind((device, 0))
                self.ends.append(end)
        self.thread = threading.Thread(target=self.forward, daemon=True)
        self.thread.start()

    def forward(self) -> None:
        due, order = [], itertools.count()
        while True:
            left = max(0.0, due[0][0] - time.monotonic()) if due else None
            ready, _, _ = select.select([*self.ends, self.wake], [], [], left)
            if self.wake in ready:
                return
            for end in ready:
                try:
                    frame, address = end.recvfrom(65536)
                except OSError:  # told once that the link went down
                    continue
                if address[2] != PACKET_OUTGOING:
                    heapq.heappush(due, (time.monotonic() + self.delay, next(order), self.ends[end is self.ends[0]], frame))
            while due and due[0][0] <= time.monotonic():
                _, _, end, frame = heapq.heappop(due)
                self.send(end, frame)

    @staticmethod
    def send(end: socket.socket, frame: bytes) -> None:
        try:
            end.send(frame)
        except OSError:  # the link is down: lost, as on any wire
            pass

    def stop(self) -> None:
        os.write(self.bell, b"x")
        self.thread.join()
        for end in self.ends:
            end.close()
        os.close(self.wake)
        os.close(self.bell)
