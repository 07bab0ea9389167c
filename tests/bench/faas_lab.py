"""The part of bench-faas that runs on the lab: calls through the gateway against a hand-written nginx
to the same tasks, the gateway's memory meanwhile, and the first call of a function that sleeps
against `docker run` of the same image.

The client is svarm-load on lab-2, the gateway is lab-1's, the function has a task on lab-2 and one
on lab-3: every call crosses the private network and the overlay once.  The hand-written proxy is the
gateway's own image with nginx as its entrypoint: the same nginx with as many worker processes, on the
same node and network, published and limited like the gateway.
"""
import base64
import json
import shlex
import statistics
import subprocess
import time
import urllib.error
import urllib.request

from common import LAB, LOAD, figures_of, number, output, quietly

GATEWAY, BY_HAND = "10.88.0.11:8080", "10.88.0.11:18080"
OUTSIDE = "http://10.77.0.11"
BY_HAND_CONF = """
worker_processes {workers};
worker_rlimit_nofile 20000;
daemon off;
error_log stderr error;
pid /tmp/nginx.pid;
events {{ worker_connections 16384; }}
http {{
	access_log off;
	keepalive_requests 100000;
	upstream fn {{
		{servers}
		keepalive 128;
		keepalive_requests 100000;
	}}
	server {{
		listen 8080 backlog=65535;
		location /function/echo {{
			proxy_pass http://fn/;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
		}}
	}}
}}
"""
# Bytes a container's cgroup is charged with less the page cache of files, in v1 and v2; the most of
# what a look every 200 ms sees.
MEMORY = r"""
id=$1 rounds=$2 most=0
v1=/sys/fs/cgroup/memory/docker/$id
v2=$(find /sys/fs/cgroup -maxdepth 4 -type d -name "*$id*" ! -path '*/memory/*' | head -n 1)
for i in $(seq "$rounds"); do
	if [ -e "$v1/memory.stat" ]; then
		now=$(awk -v u="$(cat "$v1/memory.usage_in_bytes")" '$1 == "cache" { c = $2 }
			$1 == "shmem" { s = $2 } END { printf "%d", u - c + s }' "$v1/memory.stat")
	else
		now=$(awk -v u="$(cat "$v2/memory.current")" '$1 == "file" { c = $2 }
			$1 == "shmem" { s = $2 } END { printf "%d", u - c + s }' "$v2/memory.stat")
	fi
	[ "$now" -le "$most" ] || most=$now
	sleep 0.2
done
echo "$most"
"""
# Microseconds of processor a container has used, in v1 and v2.
CPU = r"""
v1=/sys/fs/cgroup/cpuacct/docker/$1/cpuacct.usage
if [ -e "$v1" ]; then
	echo $(($(cat "$v1") / 1000))
else
	sed -n 's/^usage_usec //p' "$(find /sys/fs/cgroup -maxdepth 4 -type d -name "*$1*" | head -n 1)/cpu.stat"
fi
"""
# From `docker run` to the first answer, in ms: asked from inside the container's own network.
DOCKER_RUN = r"""
start=$(date +%s%N)
id=$(docker run -d --network svarm svarm/echo:dev)
pid=$(cat /run/containerd/io.containerd.runtime.v2.task/moby/$id/init.pid)
nsenter -n -t "$pid" bash -c 'until exec 3<>/dev/tcp/127.0.0.1/8080; do :; done 2>/dev/null
	printf "GET / HTTP/1.0\r\n\r\n" >&3; head -c 12 <&3' | grep -q 'HTTP/1.1 200' || exit 1
end=$(date +%s%N)
docker rm -f "$id" >/dev/null
echo $(((end - start) / 1000))
"""


def node(n, command, **more):
    return output(LAB, "ssh", str(n), command, stdin=subprocess.DEVNULL, **more).strip()


def node_script(n, script, *arguments):
    return output(LAB, "ssh", str(n), shlex.join(["bash", "-s", *map(str, arguments)]), input=script).strip()


def node_load(n, *arguments):
    """svarm-load on a node."""
    command = shlex.join(["/root/svarm-load", "--json", *map(str, arguments)])
    return figures_of(subprocess.run([LAB, "ssh", str(n), command], stdin=subprocess.DEVNULL,
                                     capture_output=True, text=True, check=False))


def prepare():
    quietly(LAB, "up")
    quietly("build/svarm", "up", "--no-health", "build/lab/cluster.yaml")
    with open(LOAD, "rb") as f:
        quietly(LAB, "ssh", "2", "cat >/root/svarm-load && chmod 755 /root/svarm-load", stdin=f)
    wait_for("function echo", lambda: node_load(2, "-n", 1, f"http://{GATEWAY}/function/echo")["failed"] == 0)


def wait_for(what, condition, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.2)


# ---- calls -----------------------------------------------------------------------------------------

def container(service):
    return node(1, f"docker ps -q --no-trunc --filter label=com.docker.swarm.service.name={service}")


def gateway_workers():
    conf = node(1, f"cat /proc/$(docker inspect -f '{{{{.State.Pid}}}}' {container('svarm_gateway')})"
                   "/root/run/svarm/nginx.conf")
    return conf.split("worker_processes", 1)[1].split(";", 1)[0].strip()


def task_addresses():
    tasks = json.loads(node(1, "docker inspect $(docker service ps -q --filter desired-state=running fn_echo)"))
    return [address.split("/")[0] for task in tasks for network in task["NetworksAttachments"]
            if network["Network"]["Spec"]["Name"] == "svarm" for address in network["Addresses"]]


def start_by_hand():
    servers = " ".join(f"server {a}:8080;" for a in task_addresses())
    conf = BY_HAND_CONF.format(workers=gateway_workers(), servers=servers)
    stop_by_hand()
    quietly(LAB, "ssh", "1", "docker config create bench-nginx -", input=conf.encode())
    node(1, "image=$(docker service inspect -f '{{.Spec.TaskTemplate.ContainerSpec.Image}}' svarm_gateway) && "
            "docker service create -q --detach --no-resolve-image --name bench-nginx --network svarm "
            "--constraint node.hostname==lab-1 --publish mode=host,target=8080,published=18080 "
            "--endpoint-mode dnsrr --limit-memory 200M --sysctl net.core.somaxconn=65535 "
            "--sysctl net.ipv4.tcp_tw_reuse=1 --config source=bench-nginx,target=/bench.conf "
            "--entrypoint /usr/sbin/nginx $image -c /bench.conf")
    wait_for("the hand-written nginx",
             lambda: node_load(2, "-n", 1, f"http://{BY_HAND}/function/echo")["failed"] == 0)


def stop_by_hand():
    node(1, "docker service rm bench-nginx >/dev/null 2>&1 && sleep 1; "
            "docker config rm bench-nginx >/dev/null 2>&1; true")


def memory(seconds):
    """MB of the gateway's container while 128 connections call: apart, for looking costs time too."""
    with subprocess.Popen([LAB, "ssh", "1", f"bash -s {container('svarm_gateway')} {int(seconds * 5)}"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sampler:
        sampler.stdin.write(MEMORY)
        sampler.stdin.close()
        node_load(2, "-c", 128, "-d", seconds, f"http://{GATEWAY}/function/echo")
        return int(sampler.stdout.read()) / 1e6


def one_sync(where, of, connections, seconds):
    """What the client saw, and microseconds of the proxy's processor for each call."""
    before = int(node_script(1, CPU, of))
    got = node_load(2, "-c", connections, "-d", seconds, f"http://{where}/function/echo")
    got["proxy_us"] = round((int(node_script(1, CPU, of)) - before) / max(got["answers"], 1), 2)
    if got["failed"]:
        raise RuntimeError(f"{where}: {got['failed']} calls failed: {got['status']} {got['errors']}")
    return got


def sync():
    """{"c1": {"gateway": [...], "by_hand": [...]}, ...} and the gateway's MB at 128 connections."""
    seconds, runs = number("SECONDS", 4.0), {}
    start_by_hand()
    proxies = {"gateway": (GATEWAY, container("svarm_gateway")), "by_hand": (BY_HAND, container("bench-nginx"))}
    try:
        for connections in (1, 32, 128):
            pair = runs[f"c{connections}"] = {"gateway": [], "by_hand": []}
            for i in range(number("RUNS", 3)):
                for who in sorted(proxies, reverse=i % 2 == 1):
                    pair[who].append(one_sync(*proxies[who], connections, seconds))
            print(f"  sync, {connections} connections: gateway {rps(pair['gateway']):.0f}, "
                  f"by hand {rps(pair['by_hand']):.0f} calls/s", flush=True)
    finally:
        stop_by_hand()
    return runs, [memory(seconds)]


def rps(runs):
    return statistics.median(r["rps"] for r in runs)


# ---- a sleeping function ---------------------------------------------------------------------------

def system(method, path, value=None):
    password = node(1, "cat /etc/svarm/secrets/basic-auth-password")
    rq = urllib.request.Request(f"{OUTSIDE}/system/{path}", method=method,
                                data=None if value is None else json.dumps(value).encode())
    rq.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{password}".encode()).decode())
    with urllib.request.urlopen(rq, timeout=30) as answer:
        return answer.read()


def asleep():
    return not node(1, "docker service ps -q bench-cold 2>/dev/null; docker service ps -q "
                       "--filter desired-state=running bench-cold") or \
        not [t for n in (2, 3) for t in node(n, "docker ps -q --filter label=com.docker.swarm."
                                                "service.name=bench-cold").split()]


def one_wake():
    """ms from the call to its answer; the task of the one before is gone."""
    system("POST", "scale-function/bench-cold", {"serviceName": "bench-cold", "replicas": 0})
    wait_for("bench-cold to sleep", asleep)
    time.sleep(1)
    got = node_load(2, "-n", 1, "--timeout", 60, f"http://{GATEWAY}/function/bench-cold")
    if got["status"] != {"200": 1}:
        raise RuntimeError(f"a call of a sleeping function: {got['status']} {got['errors']}")
    return got["latency_ms"]["max"]


def cold():
    """ms to the first answer: {"wake": [...], "docker_run": [...]}, in turns."""
    runs = {"wake": [], "docker_run": []}
    system("POST", "functions", {"service": "bench-cold", "image": "svarm/echo:dev", "labels": {
        "com.openfaas.scale.zero": "true", "com.openfaas.scale.zero-duration": "1h"}})
    try:
        wait_for("bench-cold", lambda: node_load(2, "-n", 1, f"http://{GATEWAY}/function/bench-cold")["failed"] == 0)
        for _ in range(number("COLD", 10)):
            runs["wake"].append(one_wake())
            runs["docker_run"].append(int(node_script(2, DOCKER_RUN)) / 1000)
    finally:
        system("DELETE", "functions", {"functionName": "bench-cold"})
    print(f"  cold: {statistics.median(runs['wake']):.0f} ms, docker run "
          f"{statistics.median(runs['docker_run']):.0f} ms", flush=True)
    return runs
