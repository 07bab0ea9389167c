#!/usr/bin/env python3
"""Queue asynchronous calls of a function and count the callbacks that come for them.

Prints one JSON object: queued, called_back (unique call ids), lost, duplicates, seconds.
With --between a shell command runs after all are queued (to start a worker that was stopped).
Exit 0 when nothing was lost.
"""
import argparse
import concurrent.futures
import http.client
import http.server
import json
import subprocess
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--gateway", default="10.77.0.11")
parser.add_argument("--function", default="echo")
parser.add_argument("--listen", default="10.77.0.1", help="address the callbacks come to")
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--wait", type=float, default=60, help="seconds for the callbacks")
parser.add_argument("--between", help="shell command to run once all are queued")
parser.add_argument("--show", action="store_true", help="print the first callback's body")
args = parser.parse_args()

seen = {}
bodies = {}
lock = threading.Lock()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self.headers.get("X-Call-Id")
        with lock:
            seen[call] = seen.get(call, 0) + 1
            bodies[call] = body
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((args.listen, 0), Receiver)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
callback = f"http://{args.listen}:{server.server_port}/"
local = threading.local()


def queue(i):
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPConnection(args.gateway, timeout=10)
    local.connection.request("POST", f"/async-function/{args.function}", f"call {i}",
                             {"X-Callback-Url": callback})
    answer = local.connection.getresponse()
    answer.read()
    if answer.status != 202:
        raise SystemExit(f"call {i}: status {answer.status} instead of 202")
    return answer.getheader("X-Call-Id"), f"call {i}".encode()


start = time.time()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    queued = dict(pool.map(queue, range(args.count)))
if args.between:
    subprocess.run(args.between, shell=True, check=True, stdout=subprocess.DEVNULL)
deadline = time.time() + args.wait
while time.time() < deadline and any(call not in seen for call in queued):
    time.sleep(0.05)
lost = [call for call in queued if call not in seen]
wrong = [call for call, body in queued.items() if call in bodies and bodies[call] != body]
print(json.dumps({"queued": len(queued), "called_back": len(queued) - len(lost), "lost": len(lost),
                  "wrong_body": len(wrong),
                  "duplicates": sum(n - 1 for n in seen.values()),
                  "seconds": round(time.time() - start, 2)}))
if args.show and bodies:
    print(next(iter(bodies.values())).decode("utf-8", "backslashreplace"))
raise SystemExit(1 if lost or wrong or len(queued) != args.count else 0)
