# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
The benchmarks still run: each of txtor's tasks and of the floor's is done once, on little data. Nothing is timed here.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any, cast

from twisted.internet import defer, threads
from twisted.trial.unittest import SynchronousTestCase, TestCase

import txtor

BENCHMARKS = pathlib.Path(txtor.__file__).parent.parent / "benchmarks"
SIZES = {"relays": 20, "circuits": 12, "streams": 10, "events": 400}
#: The floor's tasks that have a reactor of their own, and so need a process of their own.
ALONE = ("getinfo_sequential", "getinfo_pipelined", "socks_bulk")
_made: list[pathlib.Path] = []


def load(case: Any, name: str) -> Any:
    """
    A module of the benchmarks, which are scripts in a folder and no package.
    """
    case.patch(sys, "path", [str(BENCHMARKS), *sys.path])
    return __import__(name)


def small_network(case: Any) -> pathlib.Path:
    """
    The data that most tests use, and none changes: made once in a run.
    """
    if not _made:
        folder = pathlib.Path(case.mktemp()).absolute()
        load(case, "synthesize").synthesize(folder, **SIZES)
        _made.append(folder)
    return _made[0]


class BenchmarkTests(TestCase):
    """
    All tasks on a small network.
    """

    def setUp(self) -> None:
        """
        A network of twenty relays, and both servers.
        """
        self.data = small_network(self)
        self.bench = load(self, "run")
        self.servers = self.bench.servers(self.data, 1)
        self.options = self.bench.replace(self.servers.__enter__(), count=3)
        self.addCleanup(self.servers.__exit__, None, None, None)

    @defer.inlineCallbacks
    def test_txtor_does_what_the_floor_does(self) -> Any:
        """
        Each task of txtor's is done, and comes to as much as the floor's: as many routers, events or documents.
        """
        from twisted.internet import reactor

        floor, client = load(self, "floor").TASKS, load(self, "txtor_client")
        rows = {row.task: row for group in self.bench.GROUPS for row in group.rows}
        self.assertEqual(set(rows), set(client.TASKS))
        done, expected = {}, {}
        for name in sorted(set(rows) - {"import_"}):
            if name in client.ASYNCHRONOUS:
                result = yield defer.Deferred.fromCoroutine(client.ASYNCHRONOUS[name](reactor, self.options))
            else:
                result = client.SYNCHRONOUS[name](self.options)
            self.assertGreater(result["seconds"], 0)
            done[name] = result["done"]
            below = rows[name].floor or name
            if below not in ALONE:
                expected[name] = (yield threads.deferToThread(floor[below], self.options))["done"]
        self.assertGreater(done.pop("events_state"), 0)  # listeners of the picture are told less than there are events
        del expected["events_state"]
        self.assertEqual(done.pop("socks_bulk"), 2**20)
        # The answer of the wire has a first and a last line, two bytes for each line end, and no dots for dots.
        text = (self.data / "ns-all").read_text()
        wire = len(text) + text.count("\n") + 24
        self.assertEqual((done.pop("ns_all_text"), expected.pop("ns_all_text")), (len(text) - 1, wire))
        self.assertEqual({name: done[name] for name in expected}, expected)

    def test_in_processes(self) -> None:
        """
        What needs a process of its own is measured in one, as all is in a real run, and the table has a row for it.
        """
        told: list[str] = []
        runner = self.bench.Runner(self.data, 1, sys.executable, ["txtor"], told.append)
        group = self.bench.GROUPS[0]
        results = runner.run(group, 1, 1)
        row = self.bench.judge(group.rows[0], results)
        self.assertEqual(row["errors"], {})
        self.assertGreater(row["txtor"], 0)
        self.assertIn("import", self.bench.line(row))
        self.assertEqual(len(told), 2)
        self.assertFalse(results["txtor.import_"][0]["has_reactor"])  # importing txtor installs none
        done = [runner.measure(f"floor.{task}", self.options)["done"] for task in ALONE]
        self.assertEqual(done, [3, 3, 2**20])

    def test_failure_is_told(self) -> None:
        """
        A task that fails gives its error, and no figure.
        """
        runner = self.bench.Runner(self.data, 1, sys.executable)
        result = runner.measure("txtor.ns_all", self.bench.replace(self.options, control=1))
        self.assertIn("txtor.errors.", result["error"])


class SynthesisTests(SynchronousTestCase):
    """
    The data is what it says it is.
    """

    def test_same_bytes(self) -> None:
        """
        The same arguments give the same files, whose facts are true.
        """
        synthesize = load(self, "synthesize").synthesize
        again = pathlib.Path(self.mktemp())
        synthesize(again, **SIZES)
        one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in (small_network(self), again))
        self.assertEqual(one, other)
        facts = json.loads(one["facts.json"])
        self.assertEqual(sum(facts["counts"].values()), one["events"].count(b"\r\n"))
        self.assertEqual(facts["circuits"], len(one["circuit-status"].split(b"\r\n")))

    def test_documents_are_good(self) -> None:
        """
        All documents can be read to the last value, and belong together: digests in the consensuses are those of the descriptors.
        """
        module = load(self, "synthesize")
        folder = small_network(self)
        from txtor.directory import Consensus, Microdescriptor, ServerDescriptor, parse

        readings = parse(folder / "server-descriptors", ServerDescriptor)
        descriptors = [cast(ServerDescriptor, reading.get()) for reading in readings]  # it is what was asked for
        micros = [reading.get() for reading in parse(folder / "microdescriptors", Microdescriptor)]
        plain = Consensus.parse((folder / "consensus-ns").read_bytes())
        for descriptor in descriptors:
            descriptor.verify(now=module.NOW)
        self.assertEqual({one.digest("sha1") for one in descriptors}, {one.digest for one in plain.routers.values()})
        micro = Consensus.parse((folder / "consensus-microdesc").read_bytes())
        digests = {one.digest("sha256", "base64") for one in micros}
        self.assertEqual(digests, {one.microdescriptor_digest for one in micro.routers.values()})


class PeerTests(SynchronousTestCase):
    """
    The peers are not installed where txtor is tested, but their tasks must be those of the table.
    """

    def test_tasks_of_peers(self) -> None:
        """
        Each task that the table names is in the peer's script, which imports the peer when a task begins.
        """
        run = load(self, "run")
        named = {variant for group in run.GROUPS for row in group.rows for variant in row.rivals}
        found = set()
        for peer in run.PEERS:
            listed = subprocess.run(
                [sys.executable, str(BENCHMARKS / f"{peer}_client.py"), "--list"], capture_output=True, check=True
            )
            found |= {f"{peer}.{task}" for task in json.loads(listed.stdout)}
        self.assertEqual(named - found, set())
