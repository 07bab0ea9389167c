#!/usr/bin/env python3
"""Which TCP ports of an address answer, seen from this machine.

Prints "open: …" and "refused: …" (a refusal is an answer too); a port that says nothing is in neither.
Tries all ports of the given ranges ("1-1024,8080"), many at once, each for --wait seconds.
"""
import argparse
import errno
import selectors
import socket
import time

parser = argparse.ArgumentParser()
parser.add_argument("address")
parser.add_argument("ports")
parser.add_argument("--wait", type=float, default=1.0)
parser.add_argument("--at-once", type=int, default=800)
args = parser.parse_args()


def ports():
    for part in args.ports.split(","):
        low, _, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)


def verdict(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


found = {"open": [], "refused": []}
waiting = ports()
selector = selectors.DefaultSelector()
pending = {}


def settle(sock, error):
    port = pending.pop(sock)[0]
    selector.unregister(sock)
    sock.close()
    if error == 0:
        found["open"].append(port)
    elif error == errno.ECONNREFUSED:
        found["refused"].append(port)


family = socket.AF_INET6 if ":" in args.address else socket.AF_INET
while True:
    while len(pending) < args.at_once:
        port = next(waiting, None)
        if port is None:
            break
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        error = sock.connect_ex((args.address, port))
        pending[sock] = (port, time.monotonic() + args.wait)
        selector.register(sock, selectors.EVENT_WRITE)
        if error not in (0, errno.EINPROGRESS):
            settle(sock, error)
    if not pending:
        break
    for key, _ in selector.select(0.05):
        settle(key.fileobj, verdict(key.fileobj))
    now = time.monotonic()
    for sock in [s for s, (_, end) in pending.items() if end < now]:
        settle(sock, errno.ETIMEDOUT)
for word in ("open", "refused"):
    print(f"{word}:", *sorted(found[word]))
