#!/usr/bin/env python3
"""Is FILE valid in the text format of Prometheus, strictly as its textfile collector reads it?  Every
metric has its HELP and TYPE before its samples, no series comes twice, values are numbers, and the
NAMEs are among them.  usage: metrics.py FILE NAME…"""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)?\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def check(text):
    assert text.endswith("\n"), "the last line does not end"
    helped, typed, seen, current = set(), set(), set(), None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        where = f"line {number}: {line}"
        if m := re.fullmatch(rf"# HELP ({NAME}) .+", line):
            assert m[1] not in helped, where
            helped.add(m[1])
            continue
        if m := re.fullmatch(rf"# TYPE ({NAME}) (gauge|counter)", line):
            assert m[1] in helped and m[1] not in typed, where
            typed.add(m[1])
            current = m[1]
            continue
        m = SAMPLE.fullmatch(line)
        assert m, where
        assert m[1] == current, f"out of its place: {where}"
        labels = re.findall(LABEL, m[2] or "")
        assert len({name for name, _ in labels}) == len(labels), where
        series = (m[1], tuple(sorted(labels)))
        assert series not in seen, f"twice: {where}"
        seen.add(series)
    return {name for name, _ in seen}


found = check(open(sys.argv[1], encoding="utf-8").read())
missing = set(sys.argv[2:]) - found
assert not missing, f"not there: {missing}"
print(len(found), "metrics")
