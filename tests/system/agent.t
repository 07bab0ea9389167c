#!/usr/bin/env python3
"""svarm-probe agent on this machine, over pipes: commands, their ends, what is left when it ends
itself, hostile input; and the script that brings it to a node.  TAP; standard library only.
"""
import gzip
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PROBE = os.environ.get("PROBE", "build/san/svarm-probe")
PATIENCE = 60
results = []


def check(name, ok, seen=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print("# " + repr(seen)[:2000], flush=True)


def alive(pid):
    """Does it run?  A zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except ProcessLookupError:
        return False


def until(what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


class Agent:
    def __init__(self, *args, program=PROBE):
        self.process = subprocess.Popen([program, "agent", *args], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.pid = self.process.pid
        self.data = b""
        self.watch = threading.Timer(PATIENCE, self.process.kill)
        self.watch.daemon = True
        self.watch.start()

    def send(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.process.stdin.fileno(), view):]

    def frame(self, word, number, payload=b""):
        self.send(b"%s %d %d\n%s" % (word, number, len(payload), payload))

    def start(self, number, *argv, msec=60000, container=b"-", data=b""):
        args = b"".join(a.encode() + b"\0" for a in argv)
        self.frame(b"start", number, b"%d %s %d\n%s%s" % (msec, container, len(argv), args, data))

    def more(self):
        got = os.read(self.process.stdout.fileno(), 65536)
        self.data += got
        return bool(got)

    def next(self):
        """(word, id, payload); None at its end."""
        while b"\n" not in self.data:
            if not self.more():
                return None
        head, self.data = self.data.split(b"\n", 1)
        word, number, length = head.split(b" ")
        while len(self.data) < int(length):
            if not self.more():
                return None
        payload, self.data = self.data[:int(length)], self.data[int(length):]
        return word.decode(), int(number), payload

    def result(self, number):
        """(exit status, output, errors) of one command; other frames are dropped."""
        out, err = b"", b""
        while True:
            f = self.next()
            if f is None:
                return None, out, err
            if f[1] != number:
                continue
            if f[0] == "out":
                out += f[2]
            elif f[0] == "err":
                err += f[2]
            elif f[0] == "end":
                return int(f[2]), out, err

    def first_line(self, number):
        out = b""
        while b"\n" not in out:
            f = self.next()
            if f is None:
                return out
            if f[:2] == ("out", number):
                out += f[2]
        return out.split(b"\n")[0]

    def close(self):
        """Its exit code once its input has ended."""
        self.process.stdin.close()
        try:
            while self.more():
                pass
            code = self.process.wait(PATIENCE)
        finally:
            self.watch.cancel()
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
        return code


def test_commands():
    a = Agent()
    check("it greets", a.next() == ("hello", 0, b"svarm-agent 1"))
    a.start(1, "/bin/echo", "a", "", "c d")
    check("a program", a.result(1) == (0, b"a  c d\n", b""))
    a.start(2, "/bin/cat", data=b"x" * 3000000)
    check("its input, of 3 MB", a.result(2) == (0, b"x" * 3000000, b""))
    a.start(3, "load")
    got = a.result(3)
    check("a tool", got[0] == 2 and b"usage: svarm-probe load" in got[2], got)
    a.start(4, "/no/such/program")
    got = a.result(4)
    check("what cannot be run", got[0] == 127 and b"unable to run" in got[2], got)
    a.start(5, "/bin/sh", "-c", "kill -9 $$")
    check("a signal is 128 and its number", a.result(5) == (137, b"", b""))
    a.start(6, "/bin/true", container=b"0" * 64)
    got = a.result(6)
    check("a container that is none", got[0] == 127 and got[2], got)
    a.start(7, "/bin/sleep", "600")
    a.start(7, "/bin/true")
    got = a.next()
    check("a number that is taken", got and got[:2] == ("err", 7), got)
    check("and its end", a.next() == ("end", 7, b"127"))
    a.frame(b"stop", 7)
    check("which the first one has as well", a.result(7) == (143, b"", b""))
    a.frame(b"stop", 99)
    a.frame(b"alive", 0)
    a.frame(b"later", 3, b"a word of later")
    a.start(8, "/bin/true")
    check("what it does not know it leaves", a.result(8) == (0, b"", b""))
    check("it ends with its input", a.close() == 0)


def test_many():
    a = Agent()
    for i in range(1, 66):
        a.start(i, "/bin/sleep", "600")
    got = a.result(65)
    check("64 at once, and no more", got[0] == 127 and b"64 commands" in got[2], got)
    for i in range(1, 65):
        a.frame(b"stop", i)
    ends = {}
    while len(ends) < 64:
        f = a.next()
        if f is None:
            break
        if f[0] == "end":
            ends[f[1]] = f[2]
    check("each has its end", ends == {i: b"143" for i in range(1, 65)}, ends)
    a.start(70, "/bin/echo", "again")
    check("and their places are free", a.result(70) == (0, b"again\n", b""))
    a.close()


FAMILY = ("/bin/sh", "-c", "sleep 600 & echo $$ $!; wait")


def test_ends():
    a = Agent()
    a.start(1, *FAMILY, msec=500)
    pids = a.first_line(1).split()
    check("what is late is killed", a.result(1)[0] == 137)
    check("with what it started", len(pids) == 2 and until(lambda: not any(map(alive, map(int, pids)))), pids)
    a.start(2, *FAMILY)
    pids = [int(p) for p in a.first_line(2).split()]
    check("its input ends: so does it", a.close() == 0)
    check("and all it started", len(pids) == 2 and until(lambda: not any(map(alive, pids))), pids)

    a = Agent()
    a.start(1, "/bin/sh", "-c", "echo $$; exec sleep 600")
    pid = int(a.first_line(1))
    a.process.send_signal(signal.SIGKILL)
    check("it is killed: what it started dies", until(lambda: not alive(pid)))
    a.close()


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))


def test_nobody_reads():
    a = Agent()
    a.start(1, "/bin/sh", "-c", "echo $$; exec yes")
    pid = int(a.first_line(1))
    before = rss_kib(a.pid)

    def stopped():
        ticks = cpu_ticks(pid)
        time.sleep(0.5)
        return cpu_ticks(pid) == ticks

    check("nobody takes what it prints: it stops printing", until(stopped))
    check("and nothing piles up", rss_kib(a.pid) - before < 30000, (before, rss_kib(a.pid)))
    a.frame(b"stop", 1)
    check("and it can be ended", a.result(1)[0] == 143)
    a.close()


def test_hostile():
    inputs = [b"\n", b"start\n", b"start 1\n", b"START 1 0\n", b"start -1 0\n", b"start 1 1e3\n",
              b"start 01 0\n", b"start 1 99999999999\n", b"start 1 999999999\n", b"x" * 100,
              b"\0" * 100, bytes(range(256)) * 10, b"wordwordword 1 0\n", b"start  1 0\n"]
    codes = []
    for data in inputs:
        a = Agent()
        a.start(1, "/bin/sh", "-c", "echo $$; exec sleep 600")
        pid = int(a.first_line(1))
        try:
            a.send(data)
            while a.more():
                pass
        except BrokenPipeError:
            pass
        codes.append((a.process.wait(PATIENCE), until(lambda: not alive(pid))))
        a.close()
    check("what is no frame ends it, and all it started", codes == [(0, True)] * len(inputs), codes)

    bad = [b"", b"\n", b"1000 - 1\n", b"0 - 1\n/bin/true\0", b"1000 - 2\n/bin/true\0",
           b"1000 - 0\n", b"1000 - 999\n" + b"/bin/true\0" * 999, b"1000 - 1\n\0",
           b"1000 ; 1\n/bin/true\0", b"1000 " + b"g" * 64 + b" 1\n/bin/true\0",
           b"1000 " + b"0" * 65 + b" 1\n/bin/true\0", b"1000 - 1 /bin/true\0", b"x - 1\n/bin/true\0"]
    a = Agent()
    got = []
    for i, data in enumerate(bad, 1):
        a.frame(b"start", i, data)
        got.append(a.result(i)[0])
    check("a command that is none is refused", got == [127] * len(bad), got)
    a.start(99, "/bin/echo", "fine")
    check("and costs the others nothing", a.result(99) == (0, b"fine\n", b""))
    a.close()


def test_deletes_itself():
    folder = tempfile.mkdtemp()
    program = shutil.copy(PROBE, folder + "/svarm-probe")
    a = Agent(folder, program=program)
    check("it greets from a folder of its own", a.next() == ("hello", 0, b"svarm-agent 1"))
    check("which is gone by then", not os.path.exists(folder))
    a.start(1, "load")
    check("and tools run all the same", a.result(1)[0] == 2)
    a.close()


# The script sees folders of its own: nothing else on this machine uses them.
STAGE = """
for at in /run /dev/shm /var/tmp /root; do mount -t tmpfs $OPTIONS none $at || exit 99; done
[ -z "$OPEN" ] || mount -o remount,exec $OPEN
sh -c "$SCRIPT" agent; code=$?
ls -d /run/svarm* /dev/shm/svarm* /var/tmp/svarm* /root/svarm* 2>/dev/null
exit $code
"""


def script(head, data, options="", opened=""):
    """(exit code, output, errors)."""
    with open("templates/agent.sh", encoding="utf-8") as f:
        env = {**os.environ, "SCRIPT": f.read(), "OPTIONS": options, "OPEN": opened}
    p = subprocess.run(["unshare", "-m", "sh", "-c", STAGE], input=head + data, env=env,
                       capture_output=True, timeout=PATIENCE, check=False)
    return p.returncode, p.stdout, p.stderr.decode(errors="replace")


def test_script():
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        print(f"ok {len(results) + 1} - the script # SKIP needs root and mount namespaces")
        results.append(True)
        return
    with open("build/probe/svarm-probe.gz", "rb") as f:
        packed = f.read()
    size = len(gzip.decompress(packed))
    machine = platform.machine()
    head = f"{machine} {size} {len(packed)}\n".encode()
    hello = b"hello 0 13\nsvarm-agent 1"

    for name, options, opened in (("", "", ""), (", where /run may not hold programs", "-o noexec", "/dev/shm"),
                                  (", where only the disk may", "-o noexec", "/root")):
        got = script(head, packed, options, opened)
        check(f"the program starts and leaves nothing{name}", got[:2] == (0, hello), got)
    got = script(head, packed + b"start 1 4\nbad\n")
    check("what follows is for the program", got[:2] == (0, hello + b"err 1 22\na command that is noneend 1 3\n127"), got)
    got = script(head, packed, "-o noexec")
    check("nowhere may it run", got[0] == 3 and "no folder" in got[2] and got[1] == b"", got)
    got = script(head, packed, "-o size=900k")
    check("there is no space", got[0] == 3 and "no folder" in got[2] and got[1] == b"", got)
    got = script(f"mips {size} {len(packed)}\n".encode(), packed)
    check("another processor", got[0] == 3 and f"the processor is {machine}" in got[2], got)
    got = script(head, packed[:100000])
    check("the program is cut short", got[0] == 3 and got[1] == b"", got)
    got = script(f"{machine} {size + 1} {len(packed)}\n".encode(), packed)
    check("it has another size", got[0] == 3 and "came short" in got[2] and got[1] == b"", got)
    got = script(f"{machine} {size} 1000\n".encode(), b"x" * 1000)
    check("it is none", got[0] == 3 and got[1] == b"", got)
    for bad in (b"", b"\n", f"{machine}\n".encode(), f"{machine} x 3\n".encode()):
        got = script(bad, b"")
        check(f"a first line that is none: {bad!r}", got[0] == 3 and got[1] == b"", got)


def main():
    if not os.path.exists(PROBE):
        print(f"1..0 # SKIP no {PROBE}: make test-programs")
        return 0
    for test in (test_commands, test_many, test_ends, test_nobody_reads, test_hostile,
                 test_deletes_itself, test_script):
        test()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
