#!/usr/bin/env python3
"""Includes run downwards only, and a third-party header is included only by its wrapper in lib/ext.

lib/base <- lib/ext <- lib/spec <- lib/node <- lib/run <- { provision | tune | faas | probe } <- cli.
The tools never include each other; cli alone joins them.  The container programs (faas/gateway,
faas/worker, faas/common) stand on lib/base and lib/ext alone; of theirs the operator's side of faas sees the
names they share (faas/common/keys.h).  The nginx module (faas/nginx) stands on nginx alone, whose headers
nobody else includes; its table.h knows nothing of nginx and is shared.  Prints TAP.
"""
import re
import subprocess
import sys

FLOORS = ["lib/base", "lib/ext", "lib/spec", "lib/node", "lib/run"]
TOOLS = ["provision", "tune", "faas", "probe", "gitops"]
PROGRAMS = ["faas/gateway", "faas/worker", "faas/common"]
MODULE = "faas/nginx"
SHARED = "faas/common/keys.h"
STANDARD = """arpa/inet.h assert.h ctype.h dirent.h errno.h fcntl.h fnmatch.h getopt.h grp.h ifaddrs.h
    inttypes.h langinfo.h limits.h locale.h math.h net/if.h netdb.h netinet/in.h netinet/tcp.h nss.h poll.h
    pthread.h pwd.h sched.h search.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h
    stdint.h stdio.h stdlib.h string.h strings.h sys/epoll.h sys/eventfd.h sys/file.h sys/ioctl.h
    sys/mman.h sys/prctl.h sys/random.h sys/param.h sys/resource.h sys/signalfd.h sys/socket.h sys/stat.h sys/statvfs.h
    sys/syscall.h sys/sysmacros.h sys/time.h sys/timerfd.h sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/wait.h
    syslog.h termios.h time.h unistd.h wchar.h wctype.h""".split()


def place(path):
    """The floor, tool or program that a file belongs to."""
    for name in FLOORS + PROGRAMS + [MODULE] + TOOLS + ["cli", "tests"]:
        if path.startswith(name + "/"):
            return name
    return None


def may_include(who, name):
    what = place(name)
    if what is None:
        return False
    if who == MODULE:
        return what == MODULE
    if name == "faas/nginx/table.h":
        return who in ("faas/gateway", "tests")
    if who in ("cli", "tests"):
        return True
    if who in PROGRAMS:
        return what in ("lib/base", "lib/ext", "faas/common", who)
    if who in TOOLS:
        return what in FLOORS or what == who
    return what in FLOORS and FLOORS.index(what) <= FLOORS.index(who)


def check(path, text):
    who = place(path)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        quote, name = match.groups()
        at = f"{path}:{number}"
        if quote == "<":
            if who == MODULE and (name.startswith("ngx_") or name == "linux/filter.h"):
                continue
            if name not in STANDARD and who not in ("lib/ext", "tests"):
                yield f"{at}: <{name}> belongs into a wrapper in lib/ext"
        elif who == "faas" and name == SHARED:
            continue
        elif who != "tests" and not may_include(who, name):
            yield f"{at}: {who} must not include {name}"


files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
                       capture_output=True, text=True, check=True).stdout.split()
files = [f for f in files if place(f)]
print(f"1..{len(files)}")
bad = 0
for i, path in enumerate(files, 1):
    try:
        faults = list(check(path, open(path, encoding="utf-8").read()))
    except FileNotFoundError:
        faults = []
    print(f"{'not ok' if faults else 'ok'} {i} - {path}")
    for fault in faults:
        print(f"# {fault}")
        bad = 1
sys.exit(bad)
