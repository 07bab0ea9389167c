"""What the tests of the gateway and the queue worker stand on: real nginx and real Redis out of the
distribution's packages, the programs themselves, functions on loopback addresses, and a stand-in for
Docker's API (fake-docker.py), which is the only thing that is not real.

Everything lives in one temporary folder and ends with the test."""
import base64
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
USER, PASSWORD, REDIS_PASSWORD = "admin", "s3cret pass", "redis-pw"


def program(name):
    """From the folder $PROGRAMS; else the sanitised build when there is one."""
    for folder in [os.environ.get("PROGRAMS"), "build/san", "build"]:
        if folder and os.path.exists(os.path.join(TOP, folder, name)):
            return os.path.join(TOP, folder, name)
    skip("%s is not built" % name)


def skip(why):
    print("1..0 # SKIP " + why)
    sys.exit(0)


CLAIMS = []  # held until this test ends


def free_port():
    """A port nobody listens on, none that an outgoing connection of another test may get, and never the
    same one again, of this test or of another that runs beside it: who asked for it may not listen yet.
    The claim is a name that the kernel gives to one process of a network namespace."""
    while True:
        port = random.randrange(20000, 32000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind("\0svarm-test-port-%d" % port)
            with socket.socket() as s:
                s.bind(("0.0.0.0", port))
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return port


def wait_for(what, condition, timeout=10.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            if condition():
                return True
        except (OSError, RuntimeError, LookupError, ValueError):
            pass
        time.sleep(0.02)
    raise AssertionError("timed out waiting for " + what)


class Reply:
    def __init__(self, r, body):
        self.status, self.body = r.status, body
        self.headers = {k.lower(): v for k, v in r.getheaders()}
        self.text = body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, timeout=20, host="127.0.0.1"):
    c = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return Reply(r, r.read())
    finally:
        c.close()


def in_one_piece(port, method, path, body=b""):
    """The answer to a request whose body comes together with its headers: nginx has all of it before it
    asks a function, and could ask another one."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as c:
        c.sendall(b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                  % (method.encode(), path.encode(), len(body), body))
        r = http.client.HTTPResponse(c, method=method)
        r.begin()
        return Reply(r, r.read())


class Root:
    """nginx and redis-server, fetched but not installed; run through the loader they came with."""

    def __init__(self, folder):
        images = os.path.join(TOP, "faas/images")
        with open(images + "/packages") as f:
            packages = f.read().split()
        out = subprocess.run([images + "/fetch-root", os.path.join(TOP, "build/images"), *packages],
                             capture_output=True, text=True)
        if out.returncode:
            skip("nginx and redis-server cannot be fetched: " + out.stderr.strip()[-200:])
        self.root = out.stdout.strip().splitlines()[-1]
        self.folder = folder
        self.sanitized = bool(os.environ.get("SANITIZE"))  # the module, in an nginx that is not
        self.module = os.path.join(TOP, "build/san" if self.sanitized else "build/images",
                                   "ngx_http_svarm_module.so")
        subprocess.run([os.path.join(TOP, "faas/nginx/build-module"), self.root, self.module],
                       check=True)

    def wrap(self, path):
        """An executable that runs the root's own PATH with the root's own libraries."""
        libs = ":".join(d for d in (os.path.join(self.root, p, t)
                                    for p in ("usr/lib", "lib")
                                    for t in os.listdir(os.path.join(self.root, "usr/lib"))
                                    if "-linux-" in t) if os.path.isdir(d))
        loader = next(os.path.join(base, f)
                      for base, _, files in os.walk(self.root + "/usr/lib")
                      for f in files if re.match(r"ld-linux.*\.so\.\d$", f))
        out = os.path.join(self.folder, os.path.basename(path))
        preload = ""
        if self.sanitized and path.endswith("/nginx"):
            preload = "--preload " + subprocess.run(
                [os.environ.get("CC", "cc"), "-print-file-name=libasan.so"], check=True,
                capture_output=True, text=True).stdout.strip()
        with open(out, "w") as f:
            f.write('#!/bin/sh\nexec %s %s --library-path %s %s "$@"\n'
                    % (loader, preload, libs, os.path.join(self.root, path)))
        os.chmod(out, 0o755)
        return out


class Backend:
    """A function whose answers the test decides: handle(request) returns (status, headers, body), or
    None to hang up.  Counts connections and remembers requests."""

    def __init__(self, address, port, handle):
        backend = self
        self.lock = threading.Lock()
        self.connections, self.requests, self.running, self.most = 0, [], 0, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with backend.lock:
                    backend.connections += 1

            def log_message(self, *args):
                pass

            def any(self):
                n = int(self.headers.get("Content-Length") or 0)
                self.payload = self.rfile.read(n)
                with backend.lock:
                    # a copy: this object also serves the connection's next request
                    backend.requests.append(types.SimpleNamespace(
                        command=self.command, path=self.path, headers=self.headers,
                        payload=self.payload, request_version=self.request_version))
                    backend.running += 1
                    backend.most = max(backend.most, backend.running)
                try:
                    answer = handle(self)
                finally:
                    with backend.lock:
                        backend.running -= 1
                if answer is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, body = answer
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k, v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *args):
                pass

        self.server = Server((address, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Callbacks(Backend):
    """Somewhere for callbacks to go."""

    def __init__(self, handle=None):
        super().__init__("127.0.0.1", 0, handle or (lambda rq: (200, {}, b"")))
        self.url = "http://127.0.0.1:%d/cb" % self.port

    def of(self, call_id):
        with self.lock:
            return [r for r in self.requests if r.headers.get("X-Call-Id") == call_id]

    def ids(self):
        with self.lock:
            return [r.headers.get("X-Call-Id") for r in self.requests]


class Redis:
    """The few commands a test needs, spoken by hand."""

    def __init__(self, port, password=REDIS_PASSWORD):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.f = self.s.makefile("rb")
        if password:
            self("AUTH", password)

    def __call__(self, *args):
        out = b"*%d\r\n" % len(args)
        for a in args:
            a = a if isinstance(a, bytes) else str(a).encode()
            out += b"$%d\r\n%s\r\n" % (len(a), a)
        self.s.sendall(out)
        return self.read()

    def read(self):
        line = self.f.readline()
        if not line:
            raise ConnectionError("redis closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.f.read(int(rest) + 2)[:-2]
            return data
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest


class Stack:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="svarm-faas-")
        os.chmod(self.dir, 0o755)  # nginx' workers run as somebody else
        self.children, self.backends = {}, []
        self.root = Root(self.dir)
        self.nginx = self.root.wrap("usr/sbin/nginx")
        self.redis_server = self.root.wrap("usr/bin/redis-server")
        self.port, self.metrics, self.peer = free_port(), free_port(), free_port()
        self.redis_port, self.function_port = free_port(), free_port()
        self.docker_sock = os.path.join(self.dir, "docker.sock")
        self.workers = 0
        os.mkdir(self.dir + "/secrets", 0o700)
        for name, value in [("basic-auth-user", USER), ("basic-auth-password", PASSWORD),
                            ("redis-password", REDIS_PASSWORD)]:
            with open(self.dir + "/secrets/" + name, "w") as f:
                f.write(value + "\n")

    # ---- processes

    def spawn(self, name, argv, env=None, files=None):
        """@files: its soft and hard limits of open files."""
        log = open(os.path.join(self.dir, name + ".log"), "ab")
        if files:
            argv = ["prlimit", "--nofile=%d:%d" % files, "--", *argv]
        self.children[name] = subprocess.Popen(argv, stdout=log, stderr=log,
                                               env={**os.environ, **(env or {})})
        return self.children[name]

    def end(self, name, sig=signal.SIGTERM, timeout=40):
        p = self.children.pop(name)
        p.send_signal(sig)
        return p.wait(timeout)

    def log(self, name):
        with open(os.path.join(self.dir, name + ".log"), errors="replace") as f:
            return f.read()

    def env(self, **more):
        return {"SVARM_SECRETS": self.dir + "/secrets",
                "DOCKER_HOST": "unix://" + self.docker_sock,
                "SVARM_REDIS": "127.0.0.1:%d" % self.redis_port,
                "SVARM_RUN": self.dir + "/run", "SVARM_TMP": self.dir + "/tmp",
                "SVARM_NGINX": self.nginx, "SVARM_NGINX_MODULE": self.root.module,
                "SVARM_PORT": str(self.port),
                "SVARM_METRICS_PORT": str(self.metrics), "SVARM_PEER_PORT": str(self.peer),
                "SVARM_FUNCTION_PORT": str(self.function_port),
                "SVARM_GATEWAY": "http://127.0.0.1:%d" % self.port,
                "ASAN_OPTIONS": "detect_leaks=0", **more}

    def start_redis(self, **options):
        """What it has answered is in its file, so that a kill loses nothing of it.  With "everysec" it
        answers before it writes for as long as a sync takes, two seconds at most."""
        conf = {"port": self.redis_port, "bind": "127.0.0.1", "requirepass": REDIS_PASSWORD,
                "appendonly": "yes", "appendfsync": "no", "maxmemory-policy": "noeviction",
                "dir": self.dir, "save": '""', **{k.replace("_", "-"): v
                                                 for k, v in options.items()}}
        with open(self.dir + "/redis.conf", "w") as f:
            f.writelines("%s %s\n" % item for item in conf.items())
        self.spawn("redis", [self.redis_server, self.dir + "/redis.conf"])
        wait_for("redis", lambda: self.redis()("PING"))

    def redis(self):
        return Redis(self.redis_port)

    def start_docker(self):
        # The file may be that of the one before; and there is one before anybody listens.
        self.spawn("docker", [sys.executable, HERE + "/fake-docker.py", self.docker_sock])
        wait_for("the stand-in for docker", self.control)

    def start_gateway(self, files=None, **env):
        self.spawn("gateway", [program("svarm-gateway")], self.env(**env), files)
        wait_for("the gateway", lambda: self.get("/healthz").status in (200, 503), 30)

    def start_worker(self, asan="", files=None, **env):
        self.workers += 1
        name = "worker%d" % self.workers
        self.spawn(name, [program("svarm-queue-worker")],
                   self.env(SVARM_PEER_PORT="0", ASAN_OPTIONS="detect_leaks=1:" + asan,
                            SVARM_RETRY="50ms", **env), files)
        wait_for("the worker", lambda: "connected to redis" in self.log(name))
        return name

    def start_echo(self, address):
        self.spawn("echo-" + address,
                   [os.environ.get("ECHO", os.path.join(TOP, "build/echo")),
                    "%s:%d" % (address, self.function_port)], {"ECHO_THREADS": "1"})
        wait_for("echo", lambda: socket.create_connection((address, self.function_port), 1).close()
                 is None)

    def backend(self, address, handle):
        b = Backend(address, self.function_port, handle)
        self.backends.append(b)
        return b

    # ---- Docker

    def control(self, **wanted):
        c = http.client.HTTPConnection("docker")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(self.docker_sock)
        c.request("POST" if wanted else "GET", "/_control", json.dumps(wanted) if wanted else None)
        return json.loads(c.getresponse().read())

    def function(self, name, addresses, replicas=None, ready=None, labels=None, annotations=None):
        """A function as `docker stack deploy` makes it; waits until nginx calls the @ready ones."""
        n = len(addresses) if replicas is None else replicas
        spec = {"Labels": {"com.openfaas.function": name, "function": "true",
                           "com.docker.stack.namespace": "fn", **(labels or {}),
                           **{"com.openfaas.annotations." + k: v
                              for k, v in (annotations or {}).items()}},
                "TaskTemplate": {"ContainerSpec": {"Image": "svarm/echo:dev"},
                                 "Networks": [{"Target": "n1"}]},
                "Mode": {"Replicated": {"Replicas": n}}}
        self.control(services={"fn_" + name: spec}, tasks={"fn_" + name: addresses})
        self.await_table(name, addresses if ready is None else ready)

    def tasks(self, name, addresses, quiet=False):
        self.control(tasks={"fn_" + name: addresses}, quiet=quiet)

    def plane(self, path="/table", verb="GET", body=None):
        """What nginx' module says, by way of the daemon's own door."""
        c = http.client.HTTPConnection("nginx")
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(self.dir + "/run/plane/control.sock")
        c.request(verb, path, body)
        return c.getresponse().read().decode()

    def put_table(self, functions):
        """Tell nginx' module, past the daemon: {name: (timeout in ms, [address])}."""
        text = "svarm-table 1\n"
        for name in sorted(functions, key=str.lower):
            timeout, addresses = functions[name]
            text += "function %s %d\n" % (name, timeout)
            for a in sorted(addresses, key=socket.inet_aton):
                text += "task %s:%d\n" % (a, self.function_port)
        answer = self.plane("/table", "PUT", (text + "end\n").encode())
        assert answer == "done\n", answer

    def push_again(self):
        """Have the daemon's own table in nginx again."""
        self.pushes = getattr(self, "pushes", 0) + 1
        self.function("push-%d" % self.pushes, [], replicas=0)

    def nginx_workers(self):
        """Process ids of nginx' worker processes."""
        with open(self.dir + "/run/nginx.pid") as f:
            master = f.read().strip()
        with open("/proc/%s/task/%s/children" % (master, master)) as f:
            return sorted(int(pid) for pid in f.read().split())

    def table(self):
        """{function: (in flight, {address: in flight})} as nginx has it now."""
        out = {}
        for line in self.plane().splitlines():
            words = line.split()
            if words[0] == "function":
                tasks = {}
                out[words[1]] = (int(words[3]), tasks)
            elif words[0] == "task":
                tasks[words[1].split(":")[0]] = int(words[2])
        return out

    def counters(self, name):
        """(started, {status: calls}) of a function."""
        started, codes, at = 0, {}, None
        for line in self.plane("/counters").splitlines():
            words = line.split()
            if words[0] == "function":
                at = words[1]
            elif at == name and words[0] == "status":
                codes[int(words[1])] = int(words[2])
            elif at == name and words[0] == "started":
                started = int(words[1])
        return started, codes

    def await_table(self, name, addresses, timeout=5):
        """Until nginx sends calls of a function to just these; None: it knows no such function."""
        def there():
            f = self.table().get(name)
            return f is None if addresses is None else f and set(f[1]) == set(addresses)
        wait_for("%s at %s" % (name, addresses), there, timeout)

    # ---- calls

    def call(self, method, path, body=None, headers=None, timeout=20):
        return request(self.port, method, path, body, headers, timeout)

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=b"", headers=None, **kw):
        return self.call("POST", path, body, headers, **kw)

    def system(self, method, path, value=None, body=None, auth=(USER, PASSWORD)):
        token = base64.b64encode(("%s:%s" % auth).encode()).decode()
        return self.call(method, "/system/" + path,
                         body if value is None else json.dumps(value),
                         {"Authorization": "Basic " + token})

    def probe(self, *args, of="svarm-gateway"):
        p = subprocess.run([program(of), "probe", *args], capture_output=True, text=True,
                           env={**os.environ, **self.env()}, timeout=60)
        return p.returncode, json.loads(p.stdout) if p.stdout else p.stderr

    def queue_command(self, *args):
        """`svarm-gateway queue …`: exit status and JSON, or what it said instead."""
        p = subprocess.run([program("svarm-gateway"), "queue", *args], capture_output=True,
                           text=True, env={**os.environ, **self.env()}, timeout=60)
        return p.returncode, json.loads(p.stdout) if p.stdout else p.stderr

    def queue_length(self):
        return self.redis()("XLEN", "svarm:queue")

    def await_empty_queue(self, timeout=30):
        wait_for("an empty queue", lambda: self.queue_length() == 0, timeout)

    def close(self):
        for name in sorted(self.children, key=lambda n: n == "docker"):
            p = self.children[name]
            p.send_signal(signal.SIGTERM)
        for p in self.children.values():
            try:
                p.wait(30)
            except subprocess.TimeoutExpired:
                p.kill()
        for b in self.backends:
            b.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def run(stack, tests):
    """Each test is a function of the stack; its docstring is its name.  Prints TAP.  Only those that the
    command line names, when it names some."""
    tests = [t for t in tests if len(sys.argv) < 2 or t.__name__ in sys.argv[1:]]
    print("1..%d" % len(tests), flush=True)
    failed = 0
    try:
        for n, test in enumerate(tests, 1):
            start = time.monotonic()
            try:
                test(stack)
                print("ok %d - %s" % (n, test.__doc__), flush=True)
            except Exception as e:
                failed += 1
                frame = e.__traceback__
                while frame.tb_next and frame.tb_next.tb_frame.f_code.co_name == test.__name__:
                    frame = frame.tb_next
                while frame.tb_next and frame.tb_frame.f_code.co_name != test.__name__:
                    frame = frame.tb_next
                print("not ok %d - %s\n# line %d: %s: %s" % (
                    n, test.__doc__, frame.tb_lineno, type(e).__name__,
                    str(e)[:600].replace("\n", "\n# ")), flush=True)
                for name in sorted(stack.children):
                    for line in stack.log(name).splitlines()[-8:]:
                        print("#   %s: %s" % (name, line[:300]), flush=True)
            if os.environ.get("V"):
                print("# %.1f s" % (time.monotonic() - start), flush=True)
        for name in sorted(os.listdir(stack.dir)):
            log = stack.log(name[:-4]) if name.endswith(".log") else ""
            found = re.search(r"(ERROR|WARNING): \w+Sanitizer|runtime error:", log)
            if found:
                failed += 1
                print("# %s:\n# %s" % (name, log[log.rfind("\n", 0, found.start()) + 1:][:3000].replace("\n", "\n# ")))
    finally:
        stack.close()
    sys.exit(1 if failed else 0)
