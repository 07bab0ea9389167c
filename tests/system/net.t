#!/usr/bin/env python3
"""svarm-probe net over links with known faults: is the delay, the loss, the packet size, the throughput
that it finds the one that is there?  And does its server keep quiet towards strangers?  TAP.

PROBE names the program (default the sanitised build).
"""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from netlab import UDP, Namespaces, Relay, Tap, address, need, run, skip, veth

PROBE = os.environ.get("PROBE", "build/san/svarm-probe")
HEAD = 32


class Server:
    """svarm-probe net-serve in a namespace."""

    def __init__(self, ns, *options):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", ns, PROBE, "net-serve", *options], stdout=subprocess.PIPE)
        said = json.loads(self.process.stdout.readline())
        self.port, self.token = said["port"], said["token"]

    def end(self):
        self.process.terminate()
        return self.process.wait(10)


def ask(ns, to, server, *options):
    """The object it prints, and its exit code."""
    out = subprocess.run(
        ["ip", "netns", "exec", ns, PROBE, "net", "--to", to, "--port", str(server.port), *options],
        input=server.token + "\n", capture_output=True, text=True, timeout=60)
    if not out.stdout:
        print("# " + out.stderr.strip()[-400:])
        return {}, out.returncode
    return json.loads(out.stdout), out.returncode


def links(t, spaces):
    """Delay, loss and silence, by a wire of our own."""
    a, b = spaces.add("a"), spaces.add("b")
    try:
        relay = Relay(a, b)
    except OSError as e:
        skip("no TUN devices: %s" % e)
    for ns, own, peer in ((a, "1", "2"), (b, "2", "1")):
        run(ns, "ip", "addr", "add", "198.18.0." + own, "peer", "198.18.0." + peer, "dev", "tun0")
        run(ns, "ip", "link", "set", "tun0", "up", "mtu", "1500")
        address(ns, "tun0", "fd00:18::" + own + "/64")
    server = Server(b)

    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.5")
    t.check(code == 0 and got["by"] == "udp" and got["lost"] < 0.05 * got["sent"] and
            got["sent"] > 20 and 0 < got["rtt_ms"]["p50"] < 35 and got["path_mtu"] == got["interface_mtu"] == 1500 and
            got["path_mtu_how"] == "whole" and got["throughput_mbit"] > 1,
            "a link without faults", got)

    relay.delay = 0.02
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.5", "--only", "rtt")
    t.check(code == 0 and got["rtt_ms"]["min"] >= 40 and got["rtt_ms"]["p50"] < 400, "20 ms of delay each way", got)
    got, code = ask(a, "fd00:18::2", server, "--seconds", "0.3", "--only", "rtt")
    t.check(code == 0 and got["family"] == 6 and got["rtt_ms"]["min"] >= 40, "the same over IPv6", got)
    relay.perfect()

    relay.lose_every = 10
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.6", "--only", "rtt")
    relay.perfect()
    t.check(code == 0 and 0.05 < got["lost"] / got["sent"] < 0.3, "one packet in ten is lost", got)

    relay.refused = (UDP,)
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.3")
    t.check(code == 0 and got["by"] == "tcp" and got["rtt_ms"]["n"] > 2 and got["lost"] is None,
            "UDP is blocked: round trips by TCP", got)
    relay.refused = (None,)
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.2")
    t.check(code == 1 and got["rtt_ms"] is None and "no answer by UDP, nor by TCP" in got["error"],
            "nothing passes: said, not measured", got)
    relay.perfect()

    relay.largest = 1400
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.2")
    t.check(code == 1 and got["path_mtu"] == 1400 and got["path_mtu_how"] == "black hole" and
            "stalled" in got["error"], "large packets vanish: a black hole, and a stream that stalls", got)
    relay.largest = 1000
    got, code = ask(a, "198.18.0.2", server, "--seconds", "0.2", "--only", "mtu")
    t.check(code == 1 and got["path_mtu"] is None and "even 1200 bytes" in got["error"],
            "less than what always works", got)
    relay.perfect()

    other = type("Closed", (), {"port": 1, "token": server.token})
    got, code = ask(a, "198.18.0.2", other, "--seconds", "0.1")
    t.check(code == 1 and "refused" in got["error"], "a closed port is refused", got)

    run(a, "tc", "qdisc", "add", "dev", "tun0", "root", "tbf", "rate", "5mbit", "burst", "20kb",
        "latency", "50ms")
    got, code = ask(a, "198.18.0.2", server, "--seconds", "1.5", "--only", "throughput")
    t.check(code == 0 and 0.5 < got["throughput_mbit"] < 20, "a link of 5 Mbit/s", got)
    t.check(server.end() == 0, "the server ends with SIGTERM")


def router(t, spaces):
    """Two links that take packets of different sizes."""
    a, r, b = spaces.add("ra"), spaces.add("rr"), spaces.add("rb")
    veth(a, "eth0", r, "left")
    veth(r, "right", b, "eth0")
    address(r, "left", "198.18.1.1/24", "fd00:19:1::1/64")
    address(r, "right", "198.18.2.1/24", "fd00:19:2::1/64")
    address(a, "eth0", "198.18.1.2/24", "fd00:19:1::2/64")
    address(b, "eth0", "198.18.2.2/24", "fd00:19:2::2/64")
    run(r, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    for ns, net in ((a, "1"), (b, "2")):
        run(ns, "ip", "route", "add", "default", "via", "198.18.%s.1" % net)
        run(ns, "ip", "route", "add", "default", "via", "fd00:19:%s::1" % net)
    run(r, "ip", "link", "set", "right", "mtu", "1400")
    run(b, "ip", "link", "set", "eth0", "mtu", "1400")
    server = Server(b)
    for to in ("198.18.2.2", "fd00:19:2::2"):
        got, code = ask(a, to, server, "--seconds", "0.2", "--only", "mtu")
        t.check(code == 0 and got["path_mtu"] == 1400 and got["interface_mtu"] == 1500 and
                got["interface"] == "eth0" and got["path_mtu_how"] == "fragmentation needed",
                "a router says that packets are too large: " + to, got)
    run(r, "nft", "add table inet t; add chain inet t o { type filter hook output priority 0; }; "
        "add rule inet t o icmpv6 type packet-too-big drop")
    got, code = ask(a, "fd00:19:2::2", server, "--only", "mtu")
    t.check(code == 0 and got["path_mtu"] == 1400 and got["path_mtu_how"] == "black hole",
            "it may not say so: fd00:19:2::2", got)
    server.end()


def head(token, seq=7):
    return bytes.fromhex(token) + struct.pack("QQ", seq, 0)


def udp_answer(port, data, wait=0.4):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(wait)
        s.sendto(data, ("127.0.0.1", port))
        try:
            return s.recv(65536)
        except socket.timeout:
            return None


def tcp_answer(port, data):
    """What comes until the end; None when nothing ends it within the time."""
    with socket.create_connection(("127.0.0.1", port), timeout=8) as s:
        s.sendall(data)
        got = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    return got
                got += more
        except ConnectionResetError:
            return got
        except socket.timeout:
            return None


def strangers(t):
    """The server's manners; over loopback, this machine's own."""
    server = subprocess.Popen([PROBE, "net-serve", "--bind", "127.0.0.1"], stdout=subprocess.PIPE)
    said = json.loads(server.stdout.readline())
    port, token = said["port"], said["token"]
    silent = {}
    waiting = threading.Thread(target=lambda: silent.update(got=tcp_answer(port, b"half a head")))
    waiting.start()

    t.check(udp_answer(port, head(token) + b"x" * 900, 5) == head(token),
            "an answer is the head alone, however long the question")
    wrong = head(token[:-1] + ("0" if token[-1] != "0" else "1"))
    t.check(udp_answer(port, wrong) is None and udp_answer(port, head(token)[:HEAD - 1]) is None and
            udp_answer(port, b"") is None, "a stranger's datagrams are not answered")
    t.check(tcp_answer(port, wrong + wrong) == b"", "a stranger's connection ends without a byte")
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    t.check(udp_answer(port, head(token), 5) == head(token), "a crowd of silent connections holds nobody up")
    for s in crowd:
        s.close()
    waiting.join()
    t.check(silent.get("got") == b"", "half a head is not waited for longer than some seconds", silent)
    server.send_signal(signal.SIGTERM)
    server.wait(10)

    brief = subprocess.run([PROBE, "net-serve", "--seconds", "0.2"], capture_output=True, timeout=20)
    t.check(brief.returncode == 0, "the server ends by itself after its time", brief.stderr)


class Liar:
    """An echo server that answers what it likes."""

    def __init__(self, lie):
        self.lie = lie
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.token = "0123456789abcdef" * 2
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        threading.Thread(target=self.answer_udp, daemon=True).start()
        threading.Thread(target=self.answer_tcp, daemon=True).start()

    def answer_udp(self):
        while True:
            data, peer = self.udp.recvfrom(65536)
            for answer in self.lie(data):
                self.udp.sendto(answer, peer)

    def answer_tcp(self):
        while True:
            s, _ = self.tcp.accept()
            with s:
                while s.recv(65536):
                    pass
                s.sendall(struct.pack("QQ", 2 ** 64 - 1, 1))


def lies(t):
    """A hostile server: nothing it says may be believed or do harm."""
    here = subprocess.run(["ip", "netns", "identify", str(os.getpid())], capture_output=True, text=True)
    run_here = ["ip", "netns", "exec", here.stdout.strip()] if here.stdout.strip() else []

    def ask_here(server, *options):
        out = subprocess.run([*run_here, PROBE, "net", "--to", "127.0.0.1", "--port", str(server.port),
                              "--seconds", "0.2", *options], input=server.token, capture_output=True,
                             text=True, timeout=60)
        return (json.loads(out.stdout) if out.stdout else {}), out.returncode, out.stderr

    future = Liar(lambda d: [d[:16] + struct.pack("QQ", 2 ** 63, 0), d[:16] + struct.pack("QQ", 5000, 0)])
    got, code, said = ask_here(future, "--only", "rtt")
    t.check(code in (0, 1) and got["by"] != "udp", "answers to questions that were never asked", said or got)
    twice = Liar(lambda d: [d[:HEAD], d[:HEAD], b"", d[:HEAD - 1], os.urandom(HEAD)])
    got, code, said = ask_here(twice, "--only", "rtt,throughput")
    t.check(code == 0 and got["lost"] <= 0.02 * got["sent"] and got["duplicates"] > 0 and
            got["rtt_ms"]["n"] == got["sent"] - got["lost"], "answers twice, empty, short and random", said or got)
    t.check(got["throughput_mbit"] > 0, "an impossible count is a number still", got)
    for name, args in (("no token", ["--to", "127.0.0.1", "--port", "9"]),
                       ("a name", ["--to", "localhost", "--port", "9"]),
                       ("an unknown part", ["--to", "127.0.0.1", "--port", "9", "--only", "rtt,all"])):
        out = subprocess.run([PROBE, "net", *args], input="", capture_output=True, text=True)
        t.check(out.returncode == 2 and out.stderr and not out.stdout, "usage: " + name, out)


def main():
    need("ip", "tc", "nft", "sysctl")
    spaces = Namespaces()
    t = Tap(26)
    try:
        manners = threading.Thread(target=lambda: (strangers(t), lies(t)))
        manners.start()
        links(t, spaces)
        router(t, spaces)
        manners.join()
    finally:
        spaces.end()
    sys.exit(1 if t.failed else 0)


main()
