"""Times commands in turn, five runs after one that is not counted, and prints wall time and peak memory (medians)."""

import os
import shlex
import statistics
import subprocess
import sys
import time

RUNS = 5


def run(command: list[str]) -> tuple[float, float, int]:
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    return time.monotonic() - start, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


rows = [(name, shlex.split(command)) for name, command in (a.split("=", 1) for a in sys.argv[1:])]
results: dict[str, list[tuple[float, float, int]]] = {name: [] for name, _ in rows}
for i in range(RUNS + 1):
    for name, command in rows:
        result = run(command)
        if i > 0:
            results[name].append(result)
print("| tool | wall s | peak resident MiB | exit codes |\n|---|---|---|---|")
for name, runs in results.items():
    wall = statistics.median(r[0] for r in runs)
    peak = statistics.median(r[1] for r in runs)
    print(f"| {name} | {wall:.2f} | {peak:.0f} | {sorted({r[2] for r in runs})} |")
