"""What the tests of svarm-load share: a server that misbehaves on purpose, the demo function, counting.

LOAD names the program, default the sanitised build.  Standard library only.
"""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

LOAD = os.environ.get("LOAD", "build/san/svarm-load")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def recv_head(s):
    """One request's head; b"" when the client has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = s.recv(65536)
        if not got:
            return b""
        data += got
    return data


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Hostile:
    """Each request asks by its path for what is done to it.  @tls: an ssl.SSLContext."""

    def __init__(self, tls=None):
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.requests = 0
        self.raw = {}  # what is sent for a path, whatever it is
        self.head = b""
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.listener.accept()
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            if self.tls:
                s = self.tls.wrap_socket(s, server_side=True)
            while True:
                head = recv_head(s)
                if not head:
                    break
                self.requests += 1
                self.head = head
                path = re.match(rb"\S+ /(\S*)", head)[1].decode()
                if path in self.raw:
                    s.sendall(self.raw[path])
                    break
                if not getattr(self, path.replace("-", "_"))(s):
                    break
        except OSError:
            pass
        finally:
            s.close()

    def ok(self, s):
        s.sendall(OK)
        return True

    def slowly(self, s):
        for byte in OK:
            s.sendall(bytes([byte]))
        return True

    def garbage(self, s):
        s.sendall(os.urandom(200) + b"\n" * 10)

    def half_head(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")

    def half_body(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    def nothing(self, s):
        return False

    def reset_at_once(self, s):
        reset(s)

    def reset_amid(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        time.sleep(0.05)
        reset(s)

    def swallow(self, s):
        """Slowly at first, so that it backs up."""
        left = int(re.search(rb"Content-Length: (\d+)", self.head)[1]) - len(self.head.split(b"\r\n\r\n", 1)[1])
        time.sleep(0.02)
        while left > 0:
            got = len(s.recv(65536))
            if not got:
                return False
            left -= got
        return self.ok(s)

    def silent(self, s):
        time.sleep(30)

    def too_much(self, s):
        s.sendall(OK + b"and more")
        return True

    def endless_head(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            s.sendall(b"X-Again: and again\r\n" * 100)

    def endless_line(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            s.sendall(b"x" * 10000)

    def endless_interim(self, s):
        while True:
            s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def endless_trailers(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        while True:
            s.sendall(b"X: y\r\n" * 1000)

    def endless_chunks(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            s.sendall(b"1;x=y\r\nx\r\n" * 1000)

    def ten_gigabytes(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            s.sendall(b"x" * 1000000)

    def closing(self, s):
        s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    def until_close(self, s):
        s.sendall(b"HTTP/1.0 200 OK\r\n\r\nall of it")

    def closes_unsaid(self, s):
        s.sendall(OK)

    def teapot(self, s):
        s.sendall(b"HTTP/1.1 418 Teapot\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        return True

    def interim(self, s):
        s.sendall(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK)
        return True

    def refuses_body(self, s):
        s.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)


class Echo:
    """The demo function; frozen and thawed by signals."""

    def __init__(self):
        self.process = subprocess.Popen(["build/echo", "127.0.0.1:0"], stderr=subprocess.PIPE,
                                        env={**os.environ, "ECHO_THREADS": "1"})
        self.port = int(re.search(r"port (\d+)", self.process.stderr.readline().decode())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def freeze(self, after, seconds):
        def run():
            time.sleep(after)
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            self.process.send_signal(signal.SIGCONT)
        threading.Thread(target=run, daemon=True).start()


results, lock = [], threading.Lock()


def check(name, ok, seen=""):
    """From any thread."""
    with lock:
        results.append(bool(ok))
        print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
        if not ok:
            print("# " + str(seen).replace("\n", "\n# ")[:3000], flush=True)


def run_all(tests):
    """Run them beside each other: they wait more than they work."""
    def run(test):
        try:
            test()
        except Exception as e:  # pylint: disable=broad-except
            check(f"{getattr(test, '__name__', 'test')} ends well", False, repr(e))

    threads = [threading.Thread(target=run, args=(test,)) for test in tests]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def done():
    """The plan; returns the exit code."""
    print(f"1..{len(results)}")
    return 0 if results and all(results) else 1


def wait_until(true, seconds=20):
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


def load(port, path, *options, base="http://127.0.0.1", env=None):
    """(exit code, figures)."""
    p = subprocess.run([LOAD, "--json", *options, f"{base}:{port}/{path}"], check=False,
                       capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})})
    try:
        return p.returncode, json.loads(p.stdout)
    except ValueError:
        return p.returncode, {"no JSON": p.stdout + p.stderr}


def counts(figures):
    """All that happened, by name; what did not is left out."""
    return {**figures.get("status", {}), **{k: n for k, n in figures.get("errors", {}).items() if n}}
