#!/usr/bin/env python3
"""Look at the arguments and the environment of every process of this machine, which includes those
of the lab's nodes, over and over, until standard input ends.

  leaks.py WORD...    prints "looks N", then a line for each process that showed one of the words
"""

import os
import select
import sys

words = [word.encode() for word in sys.argv[1:]]
own = str(os.getpid())
hits = set()
looks = 0

while not select.select([sys.stdin], [], [], 0.001)[0]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pid == own:
            continue
        for name in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    text = file.read()
            except OSError:
                continue
            looks += 1
            if any(word in text for word in words):
                hits.add(f"{name}: {text[:200]!r}")

print("looks", looks)
print("\n".join(sorted(hits)))
