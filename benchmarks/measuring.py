# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
What every measured process has in common: its options, its clock, and how it tells what it measured.

A contestant is a script with a table of tasks. `run` starts it once for each measurement, as ``SCRIPT TASK OPTIONS``, and it
prints one line of JSON. Whatever a task prepares, it prepares before its `Meter` begins.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from types import TracebackType
from typing import Any

#: What was measured: ``seconds``, ``cpu_seconds``, ``kept_bytes``, and what a task has to say besides.
Result = dict[str, Any]

EVENTS = ("CIRC", "STREAM", "CIRC_BW", "STREAM_BW", "ORCONN", "ADDRMAP", "BW", "CIRC_MINOR")


@dataclass(frozen=True)
class Options:
    """
    What a task is told.

    :ivar data: the folder that `synthesize` wrote.
    :ivar control: the port of `fake_control`.
    :ivar socks: the port of `fake_socks` that speaks SOCKS.
    :ivar plain: its port that speaks nothing.
    :ivar count: how often to do a thing that is done often.
    :ivar cpu: where the process must stay, or ``None``.
    """

    data: str
    control: int = 0
    socks: int = 0
    plain: int = 0
    count: int = 1
    cpu: int | None = None

    def read(self, name: str) -> bytes:
        """
        A file of the data.
        """
        return (Path(self.data) / name).read_bytes()

    @property
    def facts(self) -> dict[str, Any]:
        """
        What `synthesize` noted of the data.
        """
        found: dict[str, Any] = json.loads(self.read("facts.json"))
        return found


def resident_bytes() -> int:
    """
    The memory that this process has in use. ``ru_maxrss`` will not do: a process inherits it.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("there is no VmRSS in /proc/self/status")


class Meter:
    """
    Measures what happens in its ``with`` block, or until `stop`; memory is always measured at the end of the block.
    """

    def __enter__(self) -> Meter:
        gc.collect()
        self._seconds: float | None = None
        self._resident = resident_bytes()
        self._cpu_began = time.process_time()
        self._began = time.perf_counter()
        return self

    def stop(self) -> None:
        """
        What follows in the block is not timed.
        """
        if self._seconds is None:
            self._seconds = time.perf_counter() - self._began
            self._cpu_seconds = time.process_time() - self._cpu_began

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        gc.collect()
        self._kept = resident_bytes() - self._resident

    def result(self, **more: Any) -> Result:
        """
        The figures, and what else there is to say.
        """
        return {"seconds": self._seconds, "cpu_seconds": self._cpu_seconds, "kept_bytes": self._kept, **more}


    def result_of_one(self, times: Sequence[float]) -> Result:
        """
        The figures of something that was done often: the median time, and the mean of the processor time.
        """
        count = len(times)
        return self.result(done=count) | {"seconds": statistics.median(times), "cpu_seconds": self._cpu_seconds / count}


class Workers:
    """
    A process for each processor, all of them running before anything is measured.

    :ivar executor: to hand work to.
    :ivar count: how many there are.
    """

    def __init__(self, prepare: Callable[..., None], *arguments: Any) -> None:
        """
        :param prepare: called in each with the arguments, before anything is measured.
        """
        self.count = os.cpu_count() or 1
        context = multiprocessing.get_context("forkserver")
        self.executor = ProcessPoolExecutor(self.count, context, _prepare, (prepare, arguments))
        self._before = 0.0

    def __enter__(self) -> Workers:
        list(self.executor.map(time.sleep, [0.5] * self.count))
        self._before = self._cpu_seconds()
        return self

    def __exit__(self, *failure: object) -> None:
        self.executor.shutdown()

    def _cpu_seconds(self) -> float:
        stats = [Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split() for child in active_children()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def result(self, meter: Meter, done: int) -> Result:
        """
        The figures, with the processor time of all.
        """
        own = meter.result(done=done, processes=self.count)
        return own | {"cpu_seconds": own["cpu_seconds"] + self._cpu_seconds() - self._before}


def _prepare(prepare: Callable[..., None], arguments: Sequence[Any]) -> None:
    """
    What each worker does first. Whoever measures may have been told to stay on one processor; workers are not.
    """
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    prepare(*arguments)


def under_reactor(function: Callable[[Any, Options], Coroutine[Any, Any, Result]]) -> Callable[[Options], Result]:
    """
    A task that runs a coroutine function under Twisted's reactor.
    """

    def task(options: Options) -> Result:
        from twisted.internet import reactor
        from twisted.internet.defer import Deferred
        from twisted.python.failure import Failure

        ends: list[Any] = []

        def end(result: Any) -> None:
            ends.append(result)
            running.stop()

        running: Any = reactor  # a module, by its type
        running.callWhenRunning(lambda: Deferred.fromCoroutine(function(running, options)).addBoth(end))
        running.run()
        if isinstance(ends[0], Failure):
            ends[0].raiseException()
        result: Result = ends[0]
        return result

    return task


def measure_import(load: Callable[[], object]) -> Callable[[Options], Result]:
    """
    A task that imports something, in a process that has not done so.
    """

    def task(options: Options) -> Result:
        before = len(sys.modules)
        with Meter() as meter:
            load()
        return meter.result(modules=len(sys.modules) - before, has_reactor="twisted.internet.reactor" in sys.modules)

    return task


def main(tasks: Mapping[str, Callable[[Options], Result]]) -> None:
    """
    The program of a contestant.
    """
    if sys.argv[1:] == ["--list"]:
        print(json.dumps(list(tasks)))
        return
    name, text = sys.argv[1:]
    options = Options(**json.loads(text))
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    print(json.dumps(tasks[name](options)), flush=True)
    os._exit(0)  # taking down what was built is no part of the next measurement
