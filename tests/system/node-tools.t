#!/usr/bin/env python3
"""svarm-probe disk and cpu on this machine: plausible figures when all is well, and what they see of a
disk that keeps nothing, one that is throttled, a quota, and other work.  TAP; standard library only.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

PROBE = os.environ.get("PROBE", "build/san/svarm-probe")
CGROUP = "/sys/fs/cgroup"
PATIENCE = 60
results = []


def check(name, ok, seen=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print("# " + repr(seen)[:2000], flush=True)


def skip(name, why):
    results.append(True)
    print(f"ok {len(results)} - {name} # SKIP {why}", flush=True)


def run(*args, before=()):
    """(exit code, the figures in the last line, lines before it, errors)."""
    p = subprocess.run([*before, PROBE, *args], capture_output=True, text=True, timeout=PATIENCE,
                       check=False)
    lines = p.stdout.splitlines()
    try:
        return p.returncode, json.loads(lines[-1]), lines[:-1], p.stderr
    except (ValueError, IndexError):
        return p.returncode, {}, lines, p.stderr


class Group:
    """A control group of either version, with @files written; None where that cannot be done."""

    @classmethod
    def make(cls, controller, v1, v2):
        group = cls()
        name = f"svarm-test-{os.getpid()}"
        old = os.path.isdir(f"{CGROUP}/{controller[0]}")
        group.path = f"{CGROUP}/{controller[0]}/{name}" if old else f"{CGROUP}/{name}"
        group.tasks = group.path + ("/tasks" if old else "/cgroup.procs")
        try:
            os.mkdir(group.path)
            for file, text in (v1 if old else v2).items():
                with open(f"{group.path}/{file}", "w", encoding="ascii") as f:
                    f.write(text)
        except OSError:
            group.close()
            return None
        return group

    def close(self):
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.05)

    def enter(self):
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.tasks]


# ---- disk ----

def disk_number(path):
    """MAJOR:MINOR of the whole disk that @path is on; None when it is on none."""
    st = os.stat(path).st_dev
    at = os.path.realpath(f"/sys/dev/block/{os.major(st)}:{os.minor(st)}")
    if not os.path.isdir(at):
        return None
    if os.path.exists(at + "/partition"):
        at = os.path.dirname(at)
    with open(at + "/dev", encoding="ascii") as f:
        return f.read().strip()


def is_latency(o):
    return o and o["n"] > 0 and 0 < o["min"] <= o["p50"] <= o["p90"] <= o["p99"] <= o["p999"] <= o["max"]


def test_disk(folder):
    code, figures, lines, err = run("disk", "--dir", "/no/such", "--dir", folder, "--seconds", "2")
    check("disk: it measures", code == 0, (code, figures, err))
    check("disk: writes and reads, their percentiles in order",
          is_latency(figures.get("fdatasync_ms")) and is_latency(figures.get("read_ms")), figures)
    check("disk: of the first folder there is", figures.get("path") == folder, figures)
    windows = figures.get("windows", [])
    check("disk: a window and a line for a second",
          1 <= len(windows) <= 2 and sum("durable" in line for line in lines) == len(windows),
          (windows, lines))
    check("disk: nothing is left", os.listdir(folder) == [], os.listdir(folder))


def test_disk_killed(folder):
    p = subprocess.Popen([PROBE, "disk", "--dir", folder, "--seconds", "60"], stdout=subprocess.PIPE,
                         text=True)
    p.stdout.readline()
    check("disk: nothing is there while it writes", os.listdir(folder) == [], os.listdir(folder))
    p.send_signal(signal.SIGTERM)
    out = p.communicate(timeout=PATIENCE)[0]
    check("disk: SIGTERM ends it with its figures",
          p.returncode == 0 and json.loads(out.splitlines()[-1])["fdatasync_ms"]["n"] > 0, out)


def test_disk_sustained(folder):
    code, figures, _, err = run("disk", "--dir", folder, "--seconds", "1", "--sustain", "2")
    check("disk: so many seconds of writes", code == 0 and 2 <= figures["write_seconds"] < 30,
          (code, figures, err))


def test_disk_memory():
    name = "disk: memory keeps nothing"
    mount = 'mount -t tmpfs -o size=%s none /mnt && exec "$0" "$@"'
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        skip(name, "needs root and mount namespaces")
        return
    code, figures, _, err = run("disk", "--dir", "/mnt", "--seconds", "1",
                                before=["unshare", "-m", "sh", "-c", mount % "2g"])
    check(name, code == 0 and figures["fdatasync_ms"]["p50"] < 0.02 and
          figures["filesystem"] == "tmpfs", (code, figures, err))
    code, _, lines, err = run("disk", "--dir", "/mnt", before=["unshare", "-m", "sh", "-c", mount % "500m"])
    check("disk: without a gigabyte of space it does not begin",
          code == 3 and "MiB are free" in err and not lines, (code, lines, err))


def test_disk_throttled(folder):
    name = "disk: a limit of 40 reads a second"
    number = disk_number(folder)
    group = number and Group.make(("blkio", "io"), {"blkio.throttle.read_iops_device": f"{number} 40"},
                                  {"io.max": f"{number} riops=40"})
    if not group:
        skip(name, "no control group that throttles this disk")
        return
    try:
        code, figures, _, err = run("disk", "--dir", folder, "--seconds", "4", before=group.enter())
    finally:
        group.close()
    reads = figures.get("read_ms", {})
    # Some are let through at once.
    check(name, code == 0 and 5 <= reads["n"] / figures["read_seconds"] <= 80, (code, figures, err))
    check("disk: which the mean tells, and the ratio of the percentiles",
          reads.get("mean", 0) > 5 and not 1.2 <= reads["p99"] / reads["p50"] <= 10, reads)


# ---- cpu ----

def test_cpu():
    code, figures, lines, err = run("cpu", "--seconds", "2")
    check("cpu: it measures", code == 0 and figures["cores"] == len(os.sched_getaffinity(0)),
          (code, figures, err))
    check("cpu: a line a second", 1 <= len(lines) <= 2, lines)
    check("cpu: parts of a whole", all(0 <= figures[k] <= 100.5 for k in ("steal", "idle", "busy")) and
          0 < figures["got"] <= 105 and 95 <= figures["steal"] + figures["idle"] + figures["busy"] <= 105,
          figures)


def test_cpu_quota():
    name = "cpu: a quota of a tenth of a processor"
    group = Group.make(("cpu", "cpu"), {"cpu.cfs_quota_us": "10000"}, {"cpu.max": "10000 100000"})
    if not group:
        skip(name, "no control group with a quota")
        return
    try:
        code, figures, _, err = run("cpu", "--seconds", "3", before=group.enter())
    finally:
        group.close()
    check(name, code == 0 and figures["got"] * figures["cores"] <= 30, (code, figures, err))
    check("cpu: most periods were cut short", figures.get("periods", 0) > 5 and
          figures["throttled"] > figures["periods"] / 2, figures)


def test_cpu_hog():
    hogs = [subprocess.Popen(["sh", "-c", "while :; do :; done"])
            for _ in range(2 * len(os.sched_getaffinity(0)))]
    try:
        code, figures, _, err = run("cpu", "--seconds", "2")
    finally:
        for p in hogs:
            p.kill()
            p.wait()
    check("cpu: what others do is not taken for a slow processor",
          code == 0 and figures["got"] < 60 and figures["idle"] < 15 and
          (figures["slowdown"] or 0) < 50, (code, figures, err))


def test_usage():
    bad = [["disk"], ["disk", "--dir"], ["disk", "--dir", "/tmp", "--seconds", "0"],
           ["disk", "--dir", "/tmp", "--seconds", "x"], ["disk", "--dir", "/tmp", "more"],
           ["cpu", "--seconds", "-1"], ["cpu", "10"], ["cpu", "--nonsense"]]
    codes = [run(*a)[0] for a in bad]
    check("mistakes end with 2", codes == [2] * len(bad), codes)
    code, _, _, err = run("disk", "--dir", "/no/such")
    check("a folder that is not there with 3", code == 3 and "/no/such" in err, (code, err))


def main():
    if not os.path.exists(PROBE):
        print(f"1..0 # SKIP no {PROBE}: make test-programs")
        return 0
    os.makedirs("build", exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build") as folder:
        test_disk(folder)
        test_disk_killed(folder)
        test_disk_sustained(folder)
        test_disk_throttled(folder)
    test_disk_memory()
    test_cpu()
    test_cpu_quota()
    test_cpu_hog()
    test_usage()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
