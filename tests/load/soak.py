#!/usr/bin/env python3
"""Ten million predictions on a few connections: the daemon's resident memory grows by less than 1 MiB per million after the first. Prints a
JSON line per million.

usage: soak.py CREDITRISKD CREDITRISK SOURCE_ROOT [--short]     needs h2load (Debian: nghttp2-client)

--short (the suite): rounds of ten thousand, and 1 MiB for all of them.
"""
import json
import shutil
import sys

from loaded import Service, h2load

CONNECTIONS, ROUNDS, ROUND = 4, 10, 1_000_000
SHORT_ROUND, GROWTH_KIB = 10_000, 1024


def main():
    if shutil.which("h2load") is None:
        print("h2load is needed (Debian: nghttp2-client)", file=sys.stderr)
        return 77
    short = "--short" in sys.argv
    n = SHORT_ROUND if short else ROUND
    resident_kib = []
    with Service(*sys.argv[1:4]) as service:
        for i in range(1, ROUNDS + 1):
            assert h2load(service, CONNECTIONS, "-n", str(n)) == n
            resident_kib.append(service.memory_kib("VmRSS"))
            print(json.dumps({"soak": i * n, "resident_kib": resident_kib[-1]}), flush=True)
    growth_kib = resident_kib[-1] - resident_kib[0]
    return 1 if growth_kib >= GROWTH_KIB * (1 if short else ROUNDS - 1) else 0


if __name__ == "__main__":
    sys.exit(main())
