"""The part of bench-faas that changes tables: a gateway with 200 functions of 2 tasks under load, with
and without a task that comes or goes every second.

On this machine, for 400 containers would be a load of their own: the gateway and its nginx are real,
and so are calls and connections; the tasks are 400 loopback addresses behind which one program
answers, and Docker's API is the stand-in of tests/faas.
"""
import os
import sys
import threading
import time

from common import TOP, load, number

sys.path.insert(0, TOP + "/tests/faas")
os.environ.setdefault("PROGRAMS", "build/release")
from harness import Stack, wait_for  # noqa: E402  pylint: disable=wrong-import-position,import-error

FUNCTIONS, RATE, CONNECTIONS = 200, 2000, 64


def address(function, task):
    return f"127.1.{function}.{task + 1}"


def tasks_of(function, n=2):
    return [address(function, task) for task in range(n)]


def service(name):
    return {"Labels": {"com.openfaas.function": name, "function": "true"},
            "TaskTemplate": {"ContainerSpec": {"Image": "svarm/echo:dev"}, "Networks": [{"Target": "n1"}]},
            "Mode": {"Replicated": {"Replicas": 2}}}


def start():
    stack = Stack()
    stack.start_redis()
    stack.start_docker()
    stack.start_echo("0.0.0.0")
    stack.start_gateway()
    names = [f"f{i}" for i in range(FUNCTIONS)]
    stack.control(services={"fn_" + n: service(n) for n in names},
                  tasks={f"fn_f{i}": tasks_of(i) for i in range(FUNCTIONS)})
    wait_for("all functions", lambda: all(stack.get(f"/function/{n}").status == 200 for n in names), 60)
    return stack


def cpu_ms(root):
    """Of a process and all below it, those that have ended included."""
    stats = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        stats[int(pid)] = (int(fields[1]), sum(int(x) for x in fields[11:15]))
    family, grown = {root}, True
    while grown:
        more = {pid for pid, (parent, _) in stats.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return sum(stats[pid][1] for pid in family if pid in stats) * 1000 / os.sysconf("SC_CLK_TCK")


class Changes:
    """Every second the last function has a task less, or more."""

    def __init__(self, stack):
        self.stack, self.n, self.stopped = stack, 0, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopped.wait(1):
            self.n += 1
            self.stack.tasks(f"f{FUNCTIONS - 1}", tasks_of(FUNCTIONS - 1, 1 + self.n % 2))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def one_load(stack, seconds):
    return load("-c", CONNECTIONS, "-r", RATE, "-d", seconds, "-w", 1,
                f"http://127.0.0.1:{stack.port}/function/f0")


def cpu_of_changes(stack, seconds):
    """ms of processor of one change, without load, less what the gateway spends anyhow."""
    pid = stack.children["gateway"].pid
    at = cpu_ms(pid)
    time.sleep(seconds)
    idle = cpu_ms(pid) - at
    at = cpu_ms(pid)
    with Changes(stack) as changes:
        time.sleep(seconds)
    return max(cpu_ms(pid) - at - idle, 0) / changes.n


def reload():
    """{"quiet": [...], "changing": [...], "cpu_ms": [...]}."""
    seconds, runs = number("RELOAD_SECONDS", 6.0), {"quiet": [], "changing": [], "cpu_ms": []}
    stack = start()
    try:
        for _ in range(number("RELOAD_RUNS", 5)):
            runs["quiet"].append(one_load(stack, seconds))
            with Changes(stack):
                runs["changing"].append(one_load(stack, seconds))
        for _ in range(3):
            runs["cpu_ms"].append(cpu_of_changes(stack, 5.5))
    finally:
        stack.close()
    return runs
