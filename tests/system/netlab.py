"""Network namespaces with something bad between them, for tests.  Standard library only.

A Relay is a wire of two TUN devices, one in each namespace, whose packets pass through this program: it
can delay, lose and refuse them, on any kernel (many have no netem).
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
UDP = 17


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


def need(*tools):
    if os.getuid() != 0:
        skip("needs root for network namespaces")
    for tool in tools:
        if subprocess.run(["sh", "-c", "command -v " + tool], capture_output=True).returncode:
            skip("needs " + tool)
    if not os.path.exists("/dev/net/tun"):
        skip("needs /dev/net/tun")


class Namespaces:
    """Named after this process, and gone at the end."""

    def __init__(self):
        self.names = []

    def add(self, name):
        full = "svnet%d-%s" % (os.getpid(), name)
        if subprocess.run(["ip", "netns", "add", full], capture_output=True).returncode:
            skip("this machine makes no network namespaces")
        self.names.append(full)
        run(full, "ip", "link", "set", "lo", "up")
        run(full, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        return full

    def end(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name])


def run(ns, *command):
    subprocess.run(("ip", "netns", "exec", ns) + command, check=True, stdout=subprocess.DEVNULL)


def address(ns, device, *addresses):
    for a in addresses:
        run(ns, "ip", "addr", "add", a, "dev", device, *(["nodad"] if ":" in a else []))


def veth(a, device_a, b, device_b):
    subprocess.run(["ip", "-n", a, "link", "add", device_a, "type", "veth", "peer", "name", device_b,
                    "netns", b], check=True)
    run(a, "ip", "link", "set", device_a, "up")
    run(b, "ip", "link", "set", device_b, "up")


def tun(ns):
    """The descriptor of a new device tun0 in @ns."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + ns, os.O_RDONLY)
    try:
        assert LIBC.setns(there, 0) == 0
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, 0x400454CA, struct.pack("16sH14x", b"tun0", 0x0001 | 0x1000))
        return fd
    finally:
        assert LIBC.setns(here, 0) == 0
        os.close(here)
        os.close(there)


class Relay:
    """Settings may be changed at any time: seconds of delay each way, every n-th UDP packet to the second
    namespace lost, the largest packet, protocols that do not pass (None: any)."""

    def __init__(self, a, b):
        self.delay, self.lose_every, self.largest, self.refused = 0, 0, 65535, ()
        self.fds = [tun(a), tun(b)]
        self.udp = 0
        self.queue = []
        threading.Thread(target=self.loop, daemon=True).start()

    def perfect(self):
        self.delay, self.lose_every, self.largest, self.refused = 0, 0, 65535, ()

    def passes(self, packet, side):
        protocol = packet[6] if packet[0] >> 4 == 6 else packet[9]
        if len(packet) > self.largest or protocol in self.refused or None in self.refused:
            return False
        if protocol == UDP and side == 0 and self.lose_every:
            self.udp += 1
            return self.udp % self.lose_every != 0
        return True

    def read(self, side):
        while True:
            try:
                packet = os.read(self.fds[side], 65536)
            except BlockingIOError:
                return
            if self.passes(packet, side):
                heapq.heappush(self.queue, (time.monotonic() + self.delay, id(packet), side, packet))

    def loop(self):
        while True:
            wait = max(self.queue[0][0] - time.monotonic(), 0) if self.queue else None
            readable, _, _ = select.select(self.fds, [], [], wait)
            for fd in readable:
                self.read(self.fds.index(fd))
            while self.queue and self.queue[0][0] <= time.monotonic():
                _, _, side, packet = heapq.heappop(self.queue)
                try:
                    os.write(self.fds[1 - side], packet)
                except OSError:
                    pass  # the device's queue is full: a loss like any other


class Tap:
    """Counts checks and prints them, of any thread; a plan that is not kept fails."""

    def __init__(self, planned):
        self.n, self.failed, self.lock = 0, 0, threading.Lock()
        print("1..%d" % planned, flush=True)

    def check(self, good, name, detail=None):
        with self.lock:
            self.n += 1
            self.failed += not good
            text = "%sok %d - %s" % ("" if good else "not ", self.n, name)
            if not good and detail is not None:
                text += "\n# " + str(detail).replace("\n", "\n# ")
            print(text, flush=True)
