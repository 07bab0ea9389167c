"""Checks of nginx.t, printed as TAP: nginx_checks.py WORK-FOLDER NGINX-PID, in the namespace."""

import http.client
import http.server
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

WORK, NGINX = sys.argv[1], int(sys.argv[2])
PUBLIC, GATEWAY = "203.0.113.11", ("10.0.0.11", 8080)
MB = 1 << 20
connections = []  # one entry per connection the gateway accepted
hung_up = []
next_event = threading.Semaphore(0)


class Gateway(http.server.BaseHTTPRequestHandler):
    """Answers with what it was sent; /big sends 10 MB, /upgrade switches protocols, /events sends
    one event and the next when it is told to; /hang-up does."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        connections.append(self.client_address)
        super().setup()

    def answer(self):
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            left -= len(self.rfile.read(min(left, MB)))
        if self.path == "/upgrade":
            self.send_response(101)
            self.send_header("Upgrade", "echo")
            self.send_header("Connection", "upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True
            return
        if self.path == "/events":
            self.send_response(200)
            self.send_header("X-Accel-Buffering", "no")
            self.end_headers()
            for i in range(3):
                self.wfile.write(b"data: %d\n\n" % i)
                self.wfile.flush()
                next_event.acquire(timeout=5)
            self.close_connection = True
            return
        if self.path == "/hang-up":
            hung_up.append(self.command)
            self.close_connection = True
            return
        if self.path == "/big":
            body = b"x" * (10 * MB)
        else:
            body = json.dumps({"headers": dict(self.headers), "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True


count = 0


def ok(good, what):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)


def skip(what, why):
    global count
    count += 1
    print(f"ok {count} - {what} # SKIP {why}", flush=True)


def may_open(files):
    """May a program here raise its limit of open files that far?"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, files)))
        return True
    except (ValueError, OSError):
        return False


def call(path, method="GET", body=None, headers=None, host=PUBLIC, port=80):
    c = http.client.HTTPConnection(host, port, timeout=10)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


def told(path, **kw):
    return json.loads(call(path, **kw)[1])


def check_listeners():
    lines = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    queues = {f[3]: f[2] for f in (line.split() for line in lines.splitlines())}
    ok(queues.get("0.0.0.0:80") == "65535", "backlog of 0.0.0.0:80 is 65535")
    ok(queues.get("[::]:80") == "65535", "backlog of [::]:80 is 65535")
    ok(call("/", host="2001:db8:1::11")[0] == 200, "answers on IPv6")


def check_headers():
    spoof = {"X-Real-IP": "6.6.6.6", "X-Forwarded-For": "6.6.6.6", "Host": "f.example:80"}
    reply = told("/function/a?b=c%20d", headers=spoof)
    got = reply["headers"]
    ok(reply["path"] == "/function/a?b=c%20d", "the path passes unchanged")
    ok(got.get("X-Real-IP") == PUBLIC, "X-Real-IP is the client's, not what it claims")
    ok(got.get("X-Forwarded-For") == f"6.6.6.6, {PUBLIC}", "X-Forwarded-For is appended to")
    ok(got.get("X-Forwarded-Proto") == "http", "X-Forwarded-Proto")
    ok(got.get("Host") == "f.example", "Host is the client's")
    ok("Connection" not in got and "Upgrade" not in got, "no Connection header goes upstream")
    ok(told("/", headers={"Authorization": "Basic eA=="})["headers"].get("Authorization") == "Basic eA==",
       "credentials pass")


def check_keepalive():
    before = len(connections)
    for _ in range(300):
        call("/")
    used = len(connections) - before
    ok(used <= (os.cpu_count() or 1) + 1, f"300 calls, each on its own connection, took {used} to the gateway")


def check_upgrade():
    with socket.create_connection((PUBLIC, 80), 5) as s:
        s.sendall(b"GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        head = s.recv(4096)
        s.sendall(b"hello\n")
        ok(b" 101 " in head and s.recv(100) == b"hello\n", "a protocol upgrade passes both ways")


def check_events():
    c = http.client.HTTPConnection(PUBLIC, 80, timeout=3)
    c.request("GET", "/events")
    r = c.getresponse()
    got = []
    for _ in range(3):
        got.append(r.read1(100))
        next_event.release()
    ok(got == [b"data: %d\n\n" % i for i in range(3)], "events pass one by one")
    ok(r.getheader("X-Accel-Buffering") is None, "and what marked them stays inside")


def check_other_gateways():
    """Of the three gateways only the first one runs."""
    statuses = {call("/", "POST", b"x")[0] for _ in range(50)}
    ok(statuses == {200}, f"gateways that are away cost no call, not even a POST ({statuses})")
    ok(call("/hang-up", "POST", b"x")[0] == 502 and hung_up == ["POST"],
       f"a POST that was sent is not repeated ({hung_up})")


def error_log():
    with open(f"{WORK}/log/error.log", encoding="utf-8") as f:
        return f.read()


def check_bodies():
    ok(call("/", "POST", b"x" * (20 * MB))[0] == 200, "a body of 20 MB passes")
    ok(call("/", "POST", b"x" * (50 * MB))[0] == 200, "a body of 50 MB passes")
    ok("buffered to a temporary file" not in error_log(), "and neither met the disk")
    try:
        status = call("/", "POST", b"x" * (50 * MB + 1))[0]
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # refused before it was read
    ok(status == 413, "one byte more is refused")


def check_slow_reader():
    with socket.create_connection((PUBLIC, 80), 5) as s:
        s.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        total = 0
        for _ in range(20):
            total += len(s.recv(4096))
            time.sleep(0.02)
        while True:
            data = s.recv(MB)
            if not data:
                break
            total += len(data)
    ok(total > 10 * MB, "a slow reader gets all of 10 MB")
    ok("buffered to a temporary file" not in error_log(), "which never met the disk")


def check_status():
    status, text = call("/status", host="127.0.0.1", port=8090)
    ok(status == 200 and b"Active connections" in text, "status for the node itself")
    try:
        call("/status", host=PUBLIC, port=8090)
        ok(False, "no status on the public address")
    except ConnectionRefusedError:
        ok(True, "no status on the public address")
    ok(b"nginx/" not in call("/status/none", host="127.0.0.1", port=8090)[1], "no version in errors")


def check_limits():
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(NGINX)], capture_output=True, text=True, check=True)
    worker = children.stdout.split()[0]
    with open(f"/proc/{worker}/limits", encoding="ascii") as f:
        soft = re.search(r"Max open files +(\d+)", f.read()).group(1)
    what = f"a worker may open 32768 files ({soft})"
    if soft != "32768" and not may_open(32768):
        skip(what, "this machine lets nobody raise that limit")
    else:
        ok(soft == "32768", what)


def check_reload():
    os.kill(NGINX, signal.SIGHUP)
    time.sleep(0.3)
    ok(call("/")[0] == 200, "answers after a reload")


def check_log():
    time.sleep(5.2)
    with open(f"{WORK}/log/access.log", encoding="utf-8") as f:
        ok('"GET /function/a?b=c%20d HTTP/1.1" 200' in f.read(), "calls are logged within 6 s")


def check_gateway_down(server):
    server.shutdown()
    server.server_close()
    began = time.monotonic()
    status = call("/")[0]
    ok(status == 502 and time.monotonic() - began < 1, f"without a gateway: 502 at once ({status})")


def main():
    server = Server(GATEWAY, Gateway)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    for _ in range(100):
        try:
            call("/")
            break
        except OSError:
            time.sleep(0.05)
    ok(True, "nginx -t accepts the file")
    check_listeners()
    check_headers()
    check_keepalive()
    check_upgrade()
    check_events()
    check_other_gateways()
    check_bodies()
    check_slow_reader()
    check_status()
    check_limits()
    check_reload()
    check_log()
    check_gateway_down(server)
    print(f"1..{count}")


main()
