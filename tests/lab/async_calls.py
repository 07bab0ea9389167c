#!/usr/bin/env python3
"""Queue asynchronous calls of a function and account for the callbacks that come for them.

--count N queues so many at once and every one must be accepted.  --seconds S queues for so long, --rate
a second; then a call may be refused (the gateway may be dying), but what was accepted must run.  The
function is asked for what arrived at it (?info=1), so that a second delivery can be seen to be marked.

Prints one JSON object: queued, called_back (unique call ids), lost, wrong_body, duplicates, unmarked
(second deliveries without an X-Delivery-Attempt above 1), refused (by reason), seconds.
--between runs a shell command once all are queued (to start a worker that was stopped), --during one
while calls are being queued.  Exit 0 when nothing was lost, wrong or unmarked.
"""
import argparse
import collections
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
parser.add_argument("--seconds", type=float, help="queue for so long instead of --count")
parser.add_argument("--rate", type=float, default=100, help="calls a second, with --seconds")
parser.add_argument("--delay", type=int, default=0, help="ms that the function takes")
parser.add_argument("--slow-callback", type=int, default=0, help="ms that taking a callback takes")
parser.add_argument("--wait", type=float, default=60, help="seconds for the callbacks")
parser.add_argument("--between", help="shell command to run once all are queued")
parser.add_argument("--during", help="shell command to run meanwhile")
parser.add_argument("--show", action="store_true", help="print the first callback's body")
args = parser.parse_args()
THREADS = 8

lock = threading.Lock()
callbacks = collections.defaultdict(list)  # call id -> bodies
queued = {}                                # call id -> body
refused = collections.Counter()


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with lock:
            callbacks[self.headers.get("X-Call-Id")].append(body)
        time.sleep(args.slow_callback / 1000)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((args.listen, 0), Receiver)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
callback = f"http://{args.listen}:{server.server_port}/"
path = f"/async-function/{args.function}"
if args.seconds or args.delay:
    path += f"?info={1 if args.seconds else 0}&delay={args.delay}"
local = threading.local()


def post(body):
    """(status, call id)"""
    if not getattr(local, "connection", None):
        local.connection = http.client.HTTPConnection(args.gateway, timeout=10)
    try:
        local.connection.request("POST", path, body, {"X-Callback-Url": callback})
        answer = local.connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        local.connection.close()
        local.connection = None
        raise
    return answer.status, answer.getheader("X-Call-Id")


def queue(i):
    body = f"call {i}"
    try:
        status, call = post(body)
    except (OSError, http.client.HTTPException) as e:
        status, call = type(e).__name__, None
    with lock:
        if status == 202:
            queued[call] = body.encode()
        else:
            refused[str(status)] += 1


def queue_for_a_while(begin):
    """Each thread has every THREADS-th moment for its own; a late one does not catch up."""
    def run(thread):
        n = thread
        while n / args.rate < args.seconds:
            time.sleep(max(0, begin + n / args.rate - time.time()))
            queue(n)
            n = max(n + THREADS, thread + THREADS * int((time.time() - begin) * args.rate / THREADS))
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))


def is_marked(body):
    """As ?info=1 answers: the headers that the function saw."""
    try:
        headers = {name.lower(): value for name, value in json.loads(body)["headers"].items()}
        return int(headers.get("x-delivery-attempt", 1)) > 1
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def is_wrong(body, wanted):
    if not args.seconds:
        return body != wanted
    try:
        return json.loads(body)["body_length"] != len(wanted)
    except (ValueError, KeyError, TypeError):
        return True


start = time.time()
meanwhile = subprocess.Popen(args.during, shell=True, stdout=subprocess.DEVNULL) if args.during else None
if args.seconds:
    queue_for_a_while(start)
else:
    with concurrent.futures.ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(queue, range(args.count)))
broken = meanwhile.wait() if meanwhile else 0
if args.between:
    subprocess.run(args.between, shell=True, check=True, stdout=subprocess.DEVNULL)
deadline = time.time() + args.wait
while time.time() < deadline and any(call not in callbacks for call in queued):
    time.sleep(0.05)
if args.seconds:
    time.sleep(2)  # for second deliveries
with lock:
    lost = [call for call in queued if call not in callbacks]
    twice = {call: bodies for call, bodies in callbacks.items() if len(bodies) > 1}
    wrong = [call for call, body in queued.items() if any(is_wrong(b, body) for b in callbacks.get(call, []))]
    unmarked = [call for call, bodies in twice.items() if args.seconds and not any(map(is_marked, bodies))]
    first = next(iter(callbacks.values()), [None])[0]
print(json.dumps({"queued": len(queued), "called_back": len(queued) - len(lost), "lost": len(lost),
                  "wrong_body": len(wrong), "duplicates": sum(len(b) - 1 for b in twice.values()),
                  "unmarked": len(unmarked), "refused": refused, "seconds": round(time.time() - start, 2)}))
if args.show and first:
    print(first.decode("utf-8", "backslashreplace"))
all_taken = len(queued) == args.count and not refused
raise SystemExit(1 if lost or wrong or unmarked or broken or not (args.seconds or all_taken) else 0)
