#!/usr/bin/env python3
"""The conformance suite (tests/api) against the gateway with real nginx and Redis and a stand-in for
Docker.  What needs real containers is skipped here and runs on the lab.  TAP."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PASSWORD, TOP, USER, Stack  # noqa: E402


def main():
    s = Stack()
    try:
        s.start_redis()
        s.start_docker()
        s.start_echo("127.0.0.1")
        s.start_gateway()
        p = subprocess.run([os.path.join(TOP, "tests/api/conformance"), *sys.argv[1:]], env={
            **os.environ, "SVARM_URL": "http://127.0.0.1:%d" % s.port, "SVARM_USER": USER,
            "SVARM_PASSWORD": PASSWORD, "SVARM_METRICS": "http://127.0.0.1:%d" % s.metrics,
            "SVARM_HAS": "wake counts alert metrics"})
        if p.returncode:
            print("# gateway: " + s.log("gateway")[-3000:].replace("\n", "\n# "))
        code = p.returncode
    finally:
        s.close()
    sys.exit(code)


if __name__ == "__main__":
    main()
