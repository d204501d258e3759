"""
Run trial, and end with a line that programs can read: ``N passed, N failed``.

trial calls a run that found no test passed, and so is one whose tests were all skipped. Here neither is.
"""

from __future__ import annotations

import re
import subprocess
import sys

#: trial's last line, as ``FAILED (failures=1, errors=2, successes=3)``; after tests that were not run it says so.
SUMMARY = re.compile(rb"^(?:PASSED|FAILED)(?: \(([a-zA-Z0-9=, ]*)\))?$")

FAILED = ("failures", "errors", "unexpectedSuccesses", "skips")


def counts(line: bytes) -> dict[str, int] | None:
    """
    The numbers of trial's last line, or ``None`` where it is another line.
    """
    found = SUMMARY.match(line.strip())
    if found is None:
        return None
    pairs = (pair.partition("=") for pair in (found[1] or b"").decode("ascii").split(", ") if pair)
    return {name: int(number) for name, _, number in pairs}


def main() -> int:
    """
    The program; its arguments are trial's.
    """
    trial = [sys.executable, "-Wall", "-m", "twisted.trial", *sys.argv[1:]]
    last: dict[str, int] = {}
    with subprocess.Popen(trial, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.flush()
            last = counts(line) or last
    status = process.wait()
    passed = last.get("successes", 0) + last.get("expectedFailures", 0)
    failed = sum(last.get(name, 0) for name in FAILED)
    if last.get("skips"):
        print(f"{last['skips']} tests were skipped, which counts as failed: nothing may be skipped.")
    if not passed and not failed:
        print("No test was run.")
    print(f"{passed} passed, {failed} failed", flush=True)
    if status:
        return status if status > 0 else 128 - status
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    raise SystemExit(main())
