"""What the benchmarks share: the machine they ran on, medians, the load client, the file they leave."""
import json
import os
import re
import statistics
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB = TOP + "/tests/lab/lab"
LOAD = TOP + "/build/svarm-load"


def machine():
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo", encoding="utf-8").read())
    return {"cpu": model.group(1) if model else "?", "cpus": os.cpu_count(), "kernel": os.uname().release,
            "memory_kb": int(re.search(r"MemTotal:\s*(\d+)", open("/proc/meminfo", encoding="utf-8").read())[1])}


def median(values):
    return round(statistics.median(values), 4)


def number(name, default):
    """A parameter out of the environment."""
    return type(default)(os.environ.get(name, default))


def quietly(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def figures_of(process):
    """What svarm-load found; it ends with 1 when some requests failed."""
    if process.returncode not in (0, 1):
        raise RuntimeError("svarm-load: " + process.stdout + (process.stderr or ""))
    return json.loads(process.stdout)


def load(*arguments):
    """svarm-load on this machine."""
    return figures_of(subprocess.run([LOAD, "--json", *map(str, arguments)], check=False,
                                     capture_output=True, text=True))


def save(name, runs, figures, ratios):
    path = f"build/bench/{name}.json"
    os.makedirs(TOP + "/build/bench", exist_ok=True)
    with open(f"{TOP}/{path}", "w", encoding="utf-8") as f:
        json.dump({"machine": machine(), "runs": runs, "figures": figures, "ratios": ratios}, f, indent=1)
    return path
