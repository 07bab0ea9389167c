#!/usr/bin/env python3
"""A stand-in for the Docker Engine's API on a unix socket: the few calls the gateway makes.

State lives in memory.  Beside Docker's own routes there is POST /_control, with a JSON object:
  {"tasks": {"NAME": ["ADDRESS", ...]}}   running tasks of a service from now on
  {"broken": true|false}                  answer 500 to everything but /_control
  {"services": {"NAME": {...Spec}}}       add services as if made by `docker stack deploy`
  {"images": {"NAME": {...}}}             images this node has
  {"logs": {"NAME": [[STREAM, TASK, UNIX-TIME, TEXT], ...]}}   lines of a service
  {"secrets": [{...}, ...]}               more secrets, as GET /secrets has them
  {"log_error": "TEXT"}                   every log ends with this message of Docker's from now on
  {"pools": {"NAME": {"addresses": [...], "after": SECONDS, "error": "..."}}}
                                          a service whose tasks come and go with its replicas: the
                                          next address runs SECONDS after it was asked for; never,
                                          if there is an error
  {"updating": {"NAME": true|false}}      an update of the service is under way
  {"managers": N}                         of the swarm
  {"events": true|false}                  whether its events may be followed
Services made through the API get as many tasks as they have replicas, all at 127.0.0.1.

FAKE_DOCKER_API="MIN-MAX" is the range of API versions it speaks (minors), default 12-41.
"""
import base64
import binascii
import json
import os
import queue
import select
import socketserver
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

LABEL = "com.openfaas.function"
EVENT_FILTERS = ["config", "container", "daemon", "event", "image", "label", "network", "node", "plugin",
                 "scope", "secret", "service", "type", "volume"]
API_MIN, API_MAX = (int(n) for n in os.environ.get("FAKE_DOCKER_API", "12-41").split("-"))


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.services = {}
        self.tasks = {}
        self.secrets = [{"ID": "secret1", "Spec": {"Name": "api-key", "Labels": {}}}]
        self.values = {}
        self.images, self.logs, self.log_error = {}, {}, None
        self.readers = 0
        self.versions = set()
        self.listeners = []
        self.broken = False
        self.serial = 100
        self.requests = {}
        self.pools = {}
        self.since = {}    # service id -> when each of its tasks was asked for
        self.scaled = {}   # service name -> numbers of replicas it was given
        self.updating = {}
        self.managers = 1
        self.events = True

    def event(self, action, name):
        line = json.dumps({"Type": "service", "Action": action,
                           "Actor": {"Attributes": {"name": name}}}) + "\n"
        for q, filters in self.listeners:
            if "service" in filters.get("type", ["service"]) and action in filters.get(
                    "event", [action]):
                q.put(line)

    def follow(self, allowed):
        """Whether events may be followed from now on."""
        self.events = allowed
        for q, _ in self.listeners if not allowed else []:
            q.put(None)

    def bump(self):
        self.serial += 1
        return self.serial

    def add(self, spec):
        number = self.bump()
        service = {"ID": "svc%d" % number, "Version": {"Index": number},
                   "CreatedAt": "2026-01-02T03:04:05.000000000Z", "Spec": spec}
        self.services[service["ID"]] = service
        return service

    def addresses(self, service):
        name = service["Spec"]["Name"]
        if name in self.pools:
            return self.pools[name]["addresses"][:self.wanted(service)]
        if name in self.tasks:
            return self.tasks[name]
        return ["127.0.0.1"] * service["Spec"]["Mode"]["Replicated"]["Replicas"]

    def wanted(self, service):
        return service["Spec"]["Mode"]["Replicated"]["Replicas"]

    def status(self, service, i):
        """Of its task number i."""
        pool = self.pools.get(service["Spec"]["Name"])
        if not pool:
            return {"State": "running"}
        if pool.get("error"):
            return {"State": "pending", "Err": pool["error"],
                    "Timestamp": "2026-01-02T03:04:05.%09dZ" % i}
        asked = self.since.setdefault(service["ID"], [])
        now = time.monotonic()
        del asked[self.wanted(service):]
        asked.extend([now] * (self.wanted(service) - len(asked)))
        return {"State": "running" if now - asked[i] >= pool.get("after", 0) else "starting"}

    def task_list(self, services=None):
        out = []
        for sid, service in self.services.items():
            if services and sid not in services:
                continue
            self.since.get(sid, [])[self.wanted(service):] = []
            for i, address in enumerate(self.addresses(service)):
                out.append({
                    "ID": "%s.%d" % (sid, i), "ServiceID": sid, "DesiredState": "running",
                    "Status": {**self.status(service, i), "ContainerStatus": {
                        "ContainerID": "%060x%04d" % (int(sid[3:]), i)}},
                    "NetworksAttachments": [
                        {"Network": {"ID": "n0", "Spec": {"Name": "other"}},
                         "Addresses": ["192.0.2.1/24"]},
                        {"Network": {"ID": "n1", "Spec": {"Name": "svarm"}},
                         "Addresses": [address + "/24"]}]})
        return out


STATE = State()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        n = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(n) or b"null")

    def route(self):
        url = urlsplit(self.path)
        path = url.path
        self.query = parse_qs(url.query)
        if path.startswith("/v1."):
            version, path = path[1:].split("/", 1)
            path = "/" + path
            if not max(API_MIN, 40) <= int(version[3:]) <= API_MAX:
                return self.answer(400, {"message": "client version %s is too old or too new"
                                         % version[1:]})
            STATE.versions.add(version)
        STATE.requests[path] = STATE.requests.get(path, 0) + 1
        if path == "/_control":
            return self.control()
        if STATE.broken:
            return self.answer(500, {"message": "the swarm does not have a leader"})
        parts = path.strip("/").split("/")
        verb = self.command
        if path == "/version":
            return self.answer(200, {"ApiVersion": "1.%d" % API_MAX,
                                     "MinAPIVersion": "1.%d" % API_MIN})
        if path == "/services" and verb == "GET":
            return self.list_services()
        if path == "/tasks":
            with STATE.lock:
                filters = json.loads(self.query.get("filters", ["{}"])[0])
                return self.answer(200, STATE.task_list(filters.get("service")))
        if path == "/info":
            return self.answer(200, {"Swarm": {"Managers": STATE.managers}})
        if path == "/secrets":
            return self.answer(200, STATE.secrets)
        if path == "/secrets/create":
            return self.secret_create()
        if len(parts) == 2 and parts[0] == "secrets" and verb == "DELETE":
            return self.secret_delete(parts[1])
        if parts[0] == "images" and parts[-1] == "json":
            image = STATE.images.get(unquote("/".join(parts[1:-1])))
            return self.answer(200 if image else 404, image or {"message": "no such image"})
        if len(parts) == 3 and parts[2] == "logs":
            return self.service_logs(parts[1])
        if path == "/services/create":
            return self.create()
        if len(parts) == 3 and parts[2] == "update":
            return self.update(parts[1])
        if len(parts) == 2 and parts[0] == "services" and verb == "GET":
            return self.inspect(parts[1])
        if len(parts) == 2 and parts[0] == "services" and verb == "DELETE":
            return self.delete(parts[1])
        if path == "/events":
            return self.events()
        return self.answer(404, {"message": "page not found"})

    do_GET = do_POST = do_DELETE = do_PUT = route

    def control(self):
        if self.command == "GET":
            with STATE.lock:
                return self.answer(200, {"services": list(STATE.services.values()),
                                         "requests": STATE.requests, "secrets": STATE.secrets,
                                         "values": STATE.values, "readers": STATE.readers,
                                         "versions": sorted(STATE.versions),
                                         "scaled": STATE.scaled})
        wanted = self.body()
        with STATE.lock:
            STATE.tasks.update(wanted.get("tasks", {}))
            STATE.pools.update(wanted.get("pools", {}))
            STATE.updating.update(wanted.get("updating", {}))
            STATE.managers = wanted.get("managers", STATE.managers)
            STATE.broken = wanted.get("broken", STATE.broken)
            STATE.follow(wanted.get("events", STATE.events))
            STATE.secrets.extend(wanted.get("secrets", []))
            STATE.images.update(wanted.get("images", {}))
            STATE.log_error = wanted.get("log_error", STATE.log_error)
            for name, lines in wanted.get("logs", {}).items():
                STATE.logs.setdefault(name, []).extend(lines)
            for name, spec in wanted.get("services", {}).items():
                STATE.add(dict(spec, Name=name))
            if not wanted.get("quiet"):
                STATE.event("update", "control")
        return self.answer(200, {})

    def list_services(self):
        label = json.loads(self.query.get("filters", ["{}"])[0]).get("label", [])
        with STATE.lock:
            found = [s for s in STATE.services.values()
                     if all(name in s["Spec"].get("Labels", {}) for name in label)]
            return self.answer(200, found)

    def inspect(self, sid):
        with STATE.lock:
            service = STATE.services.get(sid)
            if not service:
                return self.answer(404, {"message": "service %s not found" % sid})
            if STATE.updating.get(service["Spec"]["Name"]):
                service = dict(service, UpdateStatus={"State": "updating"})
            return self.answer(200, service)

    def create(self):
        spec = self.body()
        with STATE.lock:
            if any(s["Spec"]["Name"] == spec["Name"] for s in STATE.services.values()):
                return self.answer(409, {"message": "name conflicts with an existing object"})
            service = STATE.add(spec)
            STATE.event("create", spec["Name"])
        return self.answer(201, {"ID": service["ID"]})

    def update(self, sid):
        spec = self.body()
        with STATE.lock:
            service = STATE.services.get(sid)
            if not service:
                return self.answer(404, {"message": "service %s not found" % sid})
            if int(self.query["version"][0]) != service["Version"]["Index"]:
                return self.answer(500, {"message": "rpc error: update out of sequence"})
            service["PreviousSpec"] = service["Spec"]
            replicas = STATE.wanted({"Spec": spec})
            if replicas != STATE.wanted(service):
                STATE.scaled.setdefault(spec["Name"], []).append(replicas)
            STATE.since.setdefault(sid, [])
            service["Spec"] = spec
            STATE.since[sid] += [time.monotonic()] * (replicas - len(STATE.since[sid]))
            service["Version"]["Index"] = STATE.bump()
            STATE.event("update", spec["Name"])
        return self.answer(200, {"Warnings": None})

    def delete(self, sid):
        with STATE.lock:
            service = STATE.services.pop(sid, None)
            if not service:
                return self.answer(404, {"message": "service %s not found" % sid})
            STATE.event("remove", service["Spec"]["Name"])
        return self.answer(200)

    def secret_create(self):
        spec = self.body()
        try:
            value = base64.b64decode(spec["Data"], validate=True)
        except binascii.Error:
            return self.answer(400, {"message": "invalid secret data"})
        if not 1 <= len(value) < 500 * 1024 or len(spec["Name"]) > 64:
            return self.answer(400, {"message": "invalid secret"})
        with STATE.lock:
            if any(s["Spec"]["Name"] == spec["Name"] for s in STATE.secrets):
                return self.answer(409, {"message": "secret with name %s already exists"
                                         % spec["Name"]})
            sid = "sec%d" % STATE.bump()
            STATE.values[spec["Name"]] = spec.pop("Data")
            STATE.secrets.append({"ID": sid, "Spec": spec})
        return self.answer(201, {"ID": sid})

    def secret_delete(self, sid):
        with STATE.lock:
            for service in STATE.services.values():
                container = service["Spec"]["TaskTemplate"]["ContainerSpec"]
                if any(s["SecretID"] == sid for s in container.get("Secrets") or []):
                    return self.answer(400, {"message": "secret is in use by the following "
                                             "service: " + service["Spec"]["Name"]})
            found = [s for s in STATE.secrets if s["ID"] == sid]
            STATE.secrets = [s for s in STATE.secrets if s["ID"] != sid]
        return self.answer(204 if found else 404, None)

    def service_logs(self, sid):
        """Frames of one line each, sent in pieces that have nothing to do with them."""
        with STATE.lock:
            service = STATE.services.get(sid)
        if not service:
            return self.answer(404, {"message": "service %s not found" % sid})
        for option in ["stdout", "stderr", "timestamps", "details"]:
            if self.query.get(option) != ["1"]:
                return self.answer(400, {"message": "not asked for " + option})
        name = service["Spec"]["Name"]
        follow = self.query["follow"] == ["1"]
        since = float(self.query.get("since", ["0"])[0])
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.multiplexed-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with STATE.lock:
            STATE.readers += 1
            lines = STATE.logs.get(name, [])
            done = len(lines)
        try:
            lines = [line for line in lines[:done] if line[2] >= since]
            tail = self.query["tail"][0]
            if tail != "all":
                lines = lines[len(lines) - min(int(tail), len(lines)):]
            self.send_lines(lines)
            while follow:
                time.sleep(0.02)
                fresh = STATE.logs.get(name, [])[done:]
                done += len(fresh)
                self.send_lines(fresh)
                if not fresh and select.select([self.connection], [], [], 0)[0]:
                    raise OSError("the reader has gone")
            if STATE.log_error:
                self.send_pieces(frame(3, STATE.log_error.encode()))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
        finally:
            with STATE.lock:
                STATE.readers -= 1

    def send_lines(self, lines):
        data = b""
        for stream, task, at, text in lines:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".000000001Z"
            data += frame(stream, ("%s com.docker.swarm.node.id=n1,com.docker.swarm.service.id=s1,"
                                   "com.docker.swarm.task.id=%s %s\n" % (stamp, task, text)).encode())
        self.send_pieces(data)

    def send_pieces(self, data):
        step = 7 if len(data) < 100000 else 65000
        for at in range(0, len(data), step):
            piece = data[at:at + step]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.flush()

    def events(self):
        filters = json.loads(self.query.get("filters", ["{}"])[0])
        for key in filters:
            if key not in EVENT_FILTERS:
                return self.answer(400, {"message": "invalid filter '%s'" % key})
        if not STATE.events:
            return self.answer(403, {"message": "not allowed"})
        me = (queue.Queue(), filters)
        with STATE.lock:
            STATE.listeners.append(me)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in iter(me[0].get, None):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line.encode()))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        with STATE.lock:
            STATE.listeners.remove(me)
        self.close_connection = True


def frame(stream, text):
    return struct.pack(">B3xI", stream, len(text)) + text


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    Server(sys.argv[1], Handler).serve_forever()
