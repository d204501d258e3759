# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
Measures txtor, its peers and the floor beside each other, and prints a table.

Each measurement is a process of its own. In each round everybody who does the same work runs once, and each round turns the order
around; a ratio is the median of the ratios of the rounds, so that a machine that is slow for a while is slow for all. See
README.rst.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from measuring import Options, Result
from works import GROUPS, PEERS, Group, Row

HERE = Path(__file__).resolve().parent


@contextmanager
def server(script: str, *arguments: str) -> Iterator[list[int]]:
    """
    A server's ports, for as long as the block lasts.
    """
    command = [sys.executable, str(HERE / script), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.stdin.close()  # it ends by itself
            process.wait(10)


@contextmanager
def servers(data: Path, mib: int, cpu: int | None = None) -> Iterator[Options]:
    """
    Both servers, as the options that tell a task where they are.
    """
    pinned = [] if cpu is None else [str(cpu)]
    with (
        server("fake_control.py", str(data), *pinned) as (control,),
        server("fake_socks.py", str(mib), *pinned) as (socks, plain),
    ):
        yield Options(str(data), control, socks, plain)


class Runner:
    """
    Measures.

    :param mib: how much goes through SOCKS in one connection.
    :param peers_python: the interpreter for the peers.
    :param only: txtor and the peers that are wanted; all unless some are named.
    :param tell: called with a line for each measurement.
    """

    def __init__(
        self, data: Path, mib: int, peers_python: str, only: Sequence[str] = (), tell: Callable[[str], object] = lambda text: None
    ) -> None:
        self._peers_python = peers_python
        self._only = only
        self._tell = tell
        self.peers = self._installed()
        processors = sorted(os.sched_getaffinity(0))
        has_two = len(processors) > 1
        self._far: int | None = processors[0] if has_two else None
        self._near: int | None = processors[-1] if has_two else None
        self._data, self._mib = data, mib

    def _installed(self) -> list[str]:
        """
        Which peers there are.
        """
        program = "import sys, importlib.util as u; print(*[name for name in sys.argv[1:] if u.find_spec(name)])"
        found = subprocess.run([self._peers_python, "-c", program, *PEERS], capture_output=True, text=True, check=True)
        return found.stdout.split()

    def measure(self, variant: str, options: Options) -> Result:
        """
        One measurement; ``{"error": ...}`` where it did not work.
        """
        library, task = variant.split(".")
        python = self._peers_python if library in PEERS else sys.executable
        script = HERE / ("floor.py" if library == "floor" else f"{library}_client.py")
        command = [python, str(script), task, json.dumps(asdict(options))]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return {"error": "no end after 600 s"}
        if done.returncode or not done.stdout:
            return {"error": done.stderr.strip()[-2000:] or f"status {done.returncode}"}
        found: Result = json.loads(done.stdout.splitlines()[-1])
        return found

    def run(self, group: Group, rounds: int, count: int) -> dict[str, list[Result]]:
        """
        All rounds of a group.
        """
        wanted = [v for v in group.variants if v.split(".")[0] in ("floor", "txtor", *self.peers)]
        wanted = [v for v in wanted if not self._only or v.split(".")[0] in ("floor", *self._only)]
        results: dict[str, list[Result]] = {variant: [] for variant in wanted}
        with servers(self._data, self._mib, self._near if group.one_cpu else self._far) as options:
            for number in range(rounds):
                for variant in wanted if number % 2 == 0 else reversed(wanted):
                    result = self.measure(variant, replace(options, count=count, cpu=self._near))
                    results[variant].append(result)
                    said = result.get("error") or f"{result['seconds']:.6f} s"
                    self._tell(f"{variant}, round {number + 1} of {rounds}: {said}")
        return results


# -- the table ---------------------------------------------------------------------------------------------------------


def ratio(results: dict[str, list[Result]], variant: str, base: str, figure: str) -> float | None:
    """
    The median of a variant's figures over another's, of the same rounds; ``None`` where there are none.
    """
    pairs = zip(results.get(variant, []), results.get(base, []), strict=False)
    found = [one[figure] / other[figure] for one, other in pairs if one.get(figure) and other.get(figure)]
    return statistics.median(found) if found else None


def median(results: dict[str, list[Result]], variant: str, figure: str) -> float | None:
    """
    The median of a variant's figures.
    """
    found = [one[figure] for one in results.get(variant, []) if figure in one]
    return statistics.median(found) if found else None


def judge(row: Row, results: dict[str, list[Result]]) -> dict[str, Any]:
    """
    What the table says in a row.
    """
    floor = row.variants[0]
    peers = {variant: ratio(results, variant, floor, row.figure) for variant in row.rivals}
    best, best_ratio = min(((v, r) for v, r in peers.items() if r is not None), key=lambda pair: pair[1], default=("", None))
    txtor = ratio(results, row.txtor, floor, row.figure)
    judged, judged_cpu = (
        {
            "floor": ratio(results, row.txtor, floor, figure),
            "peer": ratio(results, row.txtor, best, figure),
            "seconds": median(results, row.txtor, figure),
        }[row.unit]
        for figure in (row.figure, "cpu_seconds" if row.figure == "seconds" else row.figure)
    )
    return {
        "work": row.work,
        "unit": row.unit,
        "figure": row.figure,
        "floor": median(results, floor, row.figure),
        "txtor": txtor,
        "txtor_cpu": ratio(results, row.txtor, floor, "cpu_seconds") if row.figure == "seconds" else None,
        "peers": peers,
        "best_peer": best,
        "best": best_ratio,
        "target": row.target,
        "judged": judged,
        "judged_cpu": judged_cpu,
        "is_met": None if row.target is None or judged is None else judged <= row.target,
        "is_met_cpu": None if row.target is None or judged_cpu is None else judged_cpu <= row.target,
        "errors": {variant: one["error"] for variant, found in results.items() for one in found if "error" in one},
    }


def amount(value: float | None, figure: str) -> str:
    """
    A figure for people.
    """
    if value is None:
        return "-"
    if figure == "kept_bytes":
        return f"{value / 2**20:.1f} MiB"
    return f"{value * 1e3:.2f} ms" if value < 10 else f"{value:.2f} s"


def line(found: dict[str, Any]) -> str:
    """
    A row of the table.
    """

    def times(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    target, judged = found["target"], times(found["txtor"])
    said = "" if target is None else f"<= {target:g}"
    if found["unit"] == "peer":
        said = f"<= {target:g} x peer ({times(found['judged'])})"
    elif found["unit"] == "seconds":
        judged = amount(found["judged"], found["figure"])
        said = "" if target is None else f"<= {amount(target, '')}"
    words = {None: "", True: "met", False: "MISSED"}
    verdict = words[found["is_met"]]
    if found["is_met"] != found["is_met_cpu"]:
        verdict += f" (cpu: {words[found['is_met_cpu']]})"
    best = f"{times(found['best'])} {found['best_peer'].partition('.')[0]}" if found["best"] is not None else "-"
    return (f"{found['work']:34} {amount(found['floor'], found['figure']):>11} {judged:>8} {times(found['txtor_cpu']):>7}"
            f" {best:>16}  {said:20} {verdict}").rstrip()  # fmt: skip


HEAD = f"{'work':34} {'floor':>11} {'txtor':>8} {'(cpu)':>7} {'best peer':>16}  target"


def versions(python: str, names: Sequence[str]) -> str:
    """
    Which versions of some libraries an interpreter has.
    """
    program = "import sys, importlib.metadata as m; print(*[n + ' ' + m.version(n) for n in sys.argv[1:]], sep=', ')"
    return subprocess.run([python, "-c", program, *names], capture_output=True, text=True, check=True).stdout.strip()


def prepare(folder: Path, quick: bool) -> Path:
    """
    The data, made where it is not there.
    """
    relays, events = (1000, 20_000) if quick else (10_000, 200_000)
    data = folder / str(relays)
    if not (data / "facts.json").exists():
        print(f"making {data}, once; this takes about {relays // 250} s", file=sys.stderr, flush=True)
        sizes = [f"--relays={relays}", f"--circuits={relays // 10}", f"--streams={relays // 5}", f"--events={events}"]
        subprocess.run([sys.executable, str(HERE / "synthesize.py"), str(data), *sizes], check=True)
    return data


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    """
    The command line.
    """
    parser = argparse.ArgumentParser(description="Measure txtor beside its peers and the floor.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the data and of the counts, two rounds")
    parser.add_argument("--rounds", type=int, help="in place of each work's own number")
    parser.add_argument("--only", nargs="*", default=[], metavar="LIBRARY", help="txtor and peers to measure; default all")
    parser.add_argument("--tasks", nargs="*", default=[], metavar="TASK", help="txtor's names of tasks; default all")
    parser.add_argument("--peers-python", default=sys.executable, help="the Python that has the peers installed")
    parser.add_argument("--data", type=Path, default=HERE / "data", help="where the data is kept")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "last.json", help="where all figures are written")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """
    The program.
    """
    given = options_of(arguments)
    data = prepare(given.data, given.quick)
    runner = Runner(
        data, 64 if given.quick else 512, given.peers_python, given.only, lambda text: print(text, file=sys.stderr, flush=True)
    )
    missing = [peer for peer in PEERS if peer not in runner.peers]
    if missing:
        print(f"Not installed, and not measured: {', '.join(missing)}.")
    compared = ["txtor with " + versions(sys.executable, ("twisted", "automat", "cryptography"))]
    if runner.peers:
        compared.append(versions(given.peers_python, (*runner.peers, "twisted", "cryptography")))
    out: dict[str, Any] = {"began": time.strftime("%Y-%m-%d %H:%M:%S"), "python": platform.python_version(), "versions": compared,
                           "machine": f"{platform.machine()}, {os.cpu_count()} processors", "quick": given.quick,
                           "rows": [], "runs": {}}  # fmt: skip
    given.json.parent.mkdir(parents=True, exist_ok=True)
    print(f"Python {out['python']}, {out['machine']}; {'; '.join(compared)}")
    print(f"{data.name} relays. Ratios are multiples of the floor, smaller is better.\n\n{HEAD}", flush=True)
    for group in GROUPS:
        chosen = [row for row in group.rows if not given.tasks or row.task in given.tasks]
        if not chosen:
            continue
        rounds = given.rounds or (2 if given.quick else group.rounds)
        results = runner.run(replace(group, rows=tuple(chosen)), rounds, max(group.count // (10 if given.quick else 1), 1))
        rows = [judge(row, results) for row in chosen]
        print("\n".join(map(line, rows)), flush=True)
        for variant, error in rows[0]["errors"].items():
            print(f"    {variant} failed: {error.splitlines()[-1]}", flush=True)
        out["runs"].update({f"{chosen[0].task}: {variant}": found for variant, found in results.items()})
        out["rows"] += rows
        given.json.write_text(json.dumps(out, indent=1))  # each time: a run that is stopped has not been for nothing


if __name__ == "__main__":
    main(sys.argv[1:])
