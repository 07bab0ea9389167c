#!/usr/bin/env python3
"""svarm-probe churn against servers that answer like Redis, badly, or not at all, in a network namespace
with few ports: does it see what tcp_tw_reuse buys, and is the setting as before when it ends?  TAP.

PROBE names the program (default the sanitised build).
"""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from netlab import LIBC, Namespaces, Tap, address, need, run, veth

PROBE = os.environ.get("PROBE", "build/san/svarm-probe")
PORTS = 300


def serve(listener, answer):
    while True:
        s, _ = listener.accept()
        try:
            s.settimeout(5)
            s.recv(100)
            if answer is None:
                time.sleep(10)
            s.sendall(answer)
            s.recv(100)  # the client closes first
        except OSError:
            pass
        s.close()


def start_servers(ns, answers):
    """Threads of this process that listen in @ns; their ports."""
    ports = []

    def listen():
        fd = os.open("/run/netns/" + ns, os.O_RDONLY)
        assert LIBC.setns(fd, 0) == 0
        os.close(fd)
        for answer in answers:
            listener = socket.create_server(("0.0.0.0", 0), backlog=128)
            ports.append(listener.getsockname()[1])
            threading.Thread(target=serve, args=(listener, answer), daemon=True).start()

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    return ports


def churn(ns, port, *options):
    out = subprocess.run(["ip", "netns", "exec", ns, PROBE, "churn", "--to", "198.18.3.2:%d" % port, *options],
                         capture_output=True, text=True, timeout=60)
    if not out.stdout:
        print("# " + out.stderr.strip()[-400:])
        return {}, out.returncode
    return json.loads(out.stdout), out.returncode


def reuse(ns):
    return subprocess.run(["ip", "netns", "exec", ns, "cat", "/proc/sys/net/ipv4/tcp_tw_reuse"],
                          capture_output=True, text=True, check=True).stdout.strip()


def ports_run_out(t, ns, redis):
    run(ns, "sysctl", "-qw", "net.ipv4.tcp_tw_reuse=2",
        "net.ipv4.ip_local_port_range=40000 %d" % (40000 + PORTS - 1))
    # Two ports of the server: what waits of one run is in nobody's way in the other.
    without, code = churn(ns, redis[0], "--seconds", "2.5", "--tw-reuse", "0")
    t.check(code == 1 and without["tw_reuse"] == 0 and 0 < without["connections"] <= PORTS and
            without["errors"].get("EADDRNOTAVAIL", 0) > 0 and without["time_wait"] >= PORTS * 0.9,
            "without tcp_tw_reuse the ports run out", without)
    before = reuse(ns)
    tuned, _ = churn(ns, redis[1], "--seconds", "3", "--tw-reuse", "1")
    t.check(tuned["tw_reuse"] == 1 and tuned["connections"] > 1.1 * PORTS and
            tuned["port_range"] == [40000, 40000 + PORTS - 1], "with it they serve again", tuned)
    t.check(before == reuse(ns) == "2", "the setting is as it was")

    process = subprocess.Popen(["ip", "netns", "exec", ns, PROBE, "churn", "--to", "198.18.3.2:%d" % redis[1],
                                "--seconds", "30", "--tw-reuse", "0"], stdout=subprocess.PIPE)
    for _ in range(200):
        if reuse(ns) == "0":
            break
        time.sleep(0.05)
    seen = reuse(ns)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    t.check(seen == "0" and reuse(ns) == "2", "also when a signal ends it", (seen, reuse(ns)))


def no_answer(t, ns, port):
    got, code = churn(ns, port, "--seconds", "0.3", "--concurrency", "1")
    t.check(code == 1 and got["errors"] == {"ETIMEDOUT": 1}, "no answer at all", got)


def own_namespace(t):
    name = "never in the machine's own namespace"
    if not os.path.exists("/proc/sys/net/core/netdev_max_backlog"):
        t.check(True, name + " # SKIP this is another one")
        return
    out = subprocess.run([PROBE, "churn", "--to", "127.0.0.1:9", "--seconds", "0.1", "--tw-reuse", "1"],
                         capture_output=True, text=True)
    t.check(out.returncode == 3 and "network namespace" in out.stderr, name, out)


def answers(t, ns, ports):
    run(ns, "sysctl", "-qw", "net.ipv4.ip_local_port_range=20000 60000")
    pong, noauth, full, web = ports
    for name, port in (("+PONG", pong), ("-NOAUTH", noauth)):
        got, code = churn(ns, port, "--seconds", "0.5")
        t.check(code == 0 and got["connections"] > 3 and got["failed"] == got["refused"] == 0 and
                got["connect_ms"]["n"] == got["connections"] and got["connect_cpu_us"] > 0 and
                got["rate"] > 3 and 0 <= got["time_wait"] - got["time_wait_before"] <= got["connections"],
                "Redis answers " + name, got)
    got, code = churn(ns, full, "--seconds", "0.3")
    t.check(code == 1 and got["refused"] > 0 and got["connections"] == 0, "too many clients: refused", got)
    got, code = churn(ns, web, "--seconds", "0.3")
    t.check(code == 1 and got["errors"].get("answer", 0) > 0 and got["connections"] == 0,
            "what is no Redis", got)
    got, code = churn(ns, 9, "--seconds", "0.3")
    t.check(code == 1 and got["refused"] > 0 and got["connect_ms"] is None, "a closed port", got)


def main():
    need("ip", "sysctl")
    spaces = Namespaces()
    t = Tap(12)
    try:
        a, b = spaces.add("a"), spaces.add("b")
        veth(a, "eth0", b, "eth0")
        address(a, "eth0", "198.18.3.1/24")
        address(b, "eth0", "198.18.3.2/24")
        ports = start_servers(b, [b"+PONG\r\n", b"+PONG\r\n", b"+PONG\r\n", b"-NOAUTH Authentication required.\r\n",
                                  b"-ERR max number of clients reached\r\n",
                                  b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
        deaf = threading.Thread(target=no_answer, args=(t, a, ports[6]))
        deaf.start()
        ports_run_out(t, a, ports[:2])
        answers(t, a, ports[2:6])
        deaf.join()
        own_namespace(t)
        out = subprocess.run([PROBE, "churn", "--to", "localhost:9"], capture_output=True, text=True)
        t.check(out.returncode == 2, "usage", out)
    finally:
        spaces.end()
    sys.exit(1 if t.failed else 0)


main()
