"""`python -m benchmarks [NAME] [options]`: the last line printed is JSON with the figures."""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks import (
    agreement,
    claims,
    compare,
    exactly_once,
    kill,
    mutants,
    one_grade,
    pipeline,
    population,
    population_whole,
    reaudit,
    scale_out,
    sync,
    throughput,
)

BENCHMARKS = {
    "agreement": agreement,
    "claims": claims,
    "compare": compare,
    "exactly-once": exactly_once,
    "kill": kill,
    "mutants": mutants,
    "one-grade": one_grade,
    "pipeline": pipeline,
    "population": population,
    "population-whole": population_whole,
    "reaudit": reaudit,
    "scale-out": scale_out,
    "sync": sync,
    "throughput": throughput,
}


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHMARKS:
        for name, module in BENCHMARKS.items():
            print(f"{name:16} {(module.__doc__ or '').splitlines()[0]}")
        sys.exit(0 if len(sys.argv) < 2 else 2)
    module = BENCHMARKS[sys.argv[1]]
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {sys.argv[1]}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.options(parser)
    print(json.dumps(module.measure(parser.parse_args(sys.argv[2:]))))


if __name__ == "__main__":
    main()
