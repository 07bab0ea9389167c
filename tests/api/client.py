"""What faas-cli sends, from 0.12 to today: the same methods, paths, queries, bodies and headers, and the
statuses it takes for success.  Beside that, plain requests for what it never does."""
import base64
import http.client
import json
import time
from urllib.parse import quote, urlencode, urlsplit


class Reply:
    def __init__(self, r, body):
        self.status, self.body = r.status, body
        self.headers = {k.lower(): v for k, v in r.getheaders()}
        self.text = body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)


class Failed(Exception):
    """faas-cli would have ended with an error."""


class Api:
    def __init__(self, url, user, password):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.auth = (user, password)

    # ---- requests

    def connect(self, timeout=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, timeout=60):
        c = self.connect(timeout)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return Reply(r, r.read())
        finally:
            c.close()

    def basic(self, auth=None):
        token = base64.b64encode(("%s:%s" % (auth or self.auth)).encode()).decode()
        return {"Authorization": "Basic " + token, "User-Agent": "faas-cli/0.17.4"}

    def system(self, method, path, value=None, body=None, auth=None, **query):
        """One call below /system/ as faas-cli makes it."""
        headers = self.basic(auth)
        if value is not None:
            body = json.dumps(value)
        if body is not None:
            headers["Content-Type"] = "application/json"
        where = "/system/" + path + ("?" + urlencode(query) if query else "")
        return self.call(method, where, body, headers)

    # ---- faas-cli's commands; old=True: as before 0.13 or without namespaces

    def expect(self, r, *good):
        if r.status not in good:
            raise Failed("server returned unexpected status code: %d - %s" % (r.status, r.text))
        return r

    def login(self, user=None, password=None):
        auth = (user or self.auth[0], password or self.auth[1])
        return self.system("GET", "functions", auth=auth).status == 200

    def deploy(self, spec, update=True, replace=False, old=False):
        """`faas-cli deploy`: PUT first, POST when there is nothing to update."""
        spec = dict(spec)
        if old:
            spec.setdefault("network", "func_functions")
            spec.setdefault("registryAuth", "")
        if replace:
            self.expect(self.remove(spec["service"]), 200, 202, 404)
        if update:
            r = self.system("PUT", "functions", spec)
            if r.status != 404:
                return self.expect(r, 200, 201, 202)
        return self.expect(self.system("POST", "functions", spec), 200, 201, 202)

    def list(self, **query):
        return self.expect(self.system("GET", "functions", **query), 200).json()

    def describe(self, name, **query):
        r = self.system("GET", "function/" + quote(name), **query)
        return None if r.status == 404 else self.expect(r, 200).json()

    def invoke(self, name, body=b"", asynchronous=False, query=None, headers=None, method="POST"):
        path = "/async-function/" if asynchronous else "/function/"
        where = path + name + ("?" + urlencode(query) if query else "")
        return self.call(method, where, body, {"Content-Type": "text/plain",
                                               "User-Agent": "faas-cli/0.17.4", **(headers or {})})

    def remove(self, name, namespace=None):
        value = {"functionName": name}
        if namespace is not None:
            value["namespace"] = namespace
        return self.system("DELETE", "functions", value)

    def scale(self, name, replicas):
        return self.system("POST", "scale-function/" + quote(name),
                           {"serviceName": name, "replicas": replicas})

    def secret_create(self, name, value=None, raw=None):
        spec = {"name": name}
        if value is not None:
            spec["value"] = value
        if raw is not None:
            spec["rawValue"] = base64.b64encode(raw).decode()
        return self.system("POST", "secrets", spec)

    def secret_update(self, name, value):
        return self.system("PUT", "secrets", {"name": name, "namespace": "openfaas-fn",
                                              "value": value})

    def secret_list(self):
        return [s["name"] for s in self.expect(self.system("GET", "secrets"), 200, 202).json()]

    def secret_remove(self, name):
        return self.system("DELETE", "secrets", {"name": name})

    def logs(self, name, follow=False, **query):
        """The lines of a log that ends.  As Go's decoder does it: white space between is skipped."""
        r = self.expect(self.system("GET", "logs", name=name, follow=str(follow).lower(), **query),
                        200)
        return [json.loads(line) for line in r.text.splitlines() if line.strip()]

    # ---- waiting

    def until_ready(self, name, timeout=60):
        def ready():
            status = self.describe(name)
            return (status and status["availableReplicas"] >= 1
                    and self.invoke(name, b"ready").text == "ready")
        until("'%s' to answer" % name, ready, timeout)


def until(what, condition, timeout=30.0, every=0.1):
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("timed out waiting for " + what)
        time.sleep(every)
