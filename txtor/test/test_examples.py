# -*- test-case-name: txtor.test.test_examples -*-
"""
Every example of the documentation is run: on a Tor in memory where that is enough, else on the private network.
"""

from __future__ import annotations

import importlib.util
import io
import os
import pathlib
import shutil
import sys
import tempfile
import unittest
from types import ModuleType
from typing import Any, NamedTuple

import treq
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred, DeferredQueue, succeed
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.internet.testing import MemoryReactorClock
from twisted.internet.utils import getProcessOutputAndValue
from twisted.protocols.basic import LineOnlyReceiver
from twisted.protocols.policies import WrappingFactory
from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

import txtor
from txtor import connect
from txtor._deferred import deferred
from txtor.commands import GetConfGroup
from txtor.control import TorControlProtocol
from txtor.errors import Disconnected
from txtor.onion import OnionKeyFile, keep_onion_key
from txtor.socks import IsolationToken
from txtor.test.programs import Program, ProgramTestCase
from txtor.test.serving import serve
from txtor.testing import FakeTor, TorNetworkTestCase
from txtor.web import tor_agent

ROOT = pathlib.Path(txtor.__file__).parents[1]
EXAMPLES = ROOT / "examples"

#: Those with tests elsewhere.
ELSEWHERE = {
    "archive_to_parquet": "txtor.test.directory.test_archive_to_parquet",
    "change_configuration": "txtor.test.config.test_example",
    "demo": "txtor.test.test_demo",
    "fetch_and_verify": "txtor.test.fetch.test_on_network",
    "follow_consensus": "txtor.test.fetch.test_on_network",
    "make_documents": "txtor.test.directory.test_accepted",
}


def example(name: str) -> ModuleType:
    """
    An example as a module, loaded anew.
    """
    specification = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # trial finds the tests of a class by its module
    try:
        specification.loader.exec_module(module)
    finally:
        del sys.modules[specification.name]
    return module


class EveryExampleTests(SynchronousTestCase):
    """
    That none is forgotten.
    """

    def test_all_are_tested(self) -> None:
        """
        Each file of ``examples`` is named in a test here, or has tests elsewhere.
        """
        here = pathlib.Path(__file__).read_text(encoding="utf-8")
        names = {path.stem for path in EXAMPLES.glob("*.py")} - set(ELSEWHERE)
        self.assertEqual({name for name in names if f'"{name}"' not in here}, set())
        self.assertGreater(len(names), 10)

    def test_no_reactor(self) -> None:
        """
        Each example can be imported without installing a reactor, and says at its beginning how it is run.
        """
        for path in sorted(path for path in EXAMPLES.glob("*.py") if path.stem not in ELSEWHERE):
            source = path.read_text(encoding="utf-8")
            self.assertIn(f" {path.name}", source.partition('"""\n\n')[0], path.name)
            self.assertNotIn("\nfrom twisted.internet import reactor", source, path.name)


class OutputMixin:
    """
    What an example prints.
    """

    def catch_output(self: Any) -> None:
        """
        Print to `output` until the test is over.
        """
        self.output = io.StringIO()
        self.patch(sys, "stdout", self.output)

    def printed(self: Any) -> list[str]:
        """
        The lines that were printed.
        """
        lines: list[str] = self.output.getvalue().splitlines()
        return lines


class FakeTorTests(OutputMixin, SynchronousTestCase):
    """
    Examples for which a Tor in memory is enough.
    """

    def setUp(self) -> None:
        self.catch_output()
        self.reactor = MemoryReactorClock()
        self.tor = FakeTor()
        nothing = ("ns/all", "address-mappings/all", "entry-guards", "orconn-status")
        self.tor.info.update({**dict.fromkeys(nothing, ""), "network-liveness": "up"})

    def run_example(self, name: str, *arguments: object) -> Deferred[Any]:
        """
        Start the ``main`` of an example at the endpoint of the Tor.
        """
        return Deferred.fromCoroutine(example(name).main(self.reactor, self.tor.endpoint(), *arguments))

    def observer(self) -> TorControlProtocol:
        """
        Another controller, so that circuits and streams have somebody who opens them.
        """
        return self.tor.connect(self.reactor)

    def test_connect_and_ask(self) -> None:
        """
        What Tor says, as values; its refusal is told.
        """
        self.tor.info.update({"traffic/read": "1234567", "traffic/written": "89"})
        self.tor.configuration.change([("SocksPort", "9050"), ("SocksPort", "unix:/s")], reset=False)
        self.successResultOf(self.run_example("connect_and_ask"))
        self.assertEqual(
            self.printed(),
            [
                "Tor 0.4.9.11",
                "1,234,567 bytes read, 89 written",
                "SocksPort ['9050', 'unix:/s']",
                'Tor cannot tell its address: 552 Unrecognized key "address"',
            ],
        )
        self.assertEqual(self.tor.connections, [])

    def test_connect_and_ask_without_tor(self) -> None:
        """
        Without a Tor the program ends with a sentence.
        """
        self.tor.listening = False
        program = example("connect_and_ask").program(self.reactor, self.tor.endpoint())
        ended = self.failureResultOf(Deferred.fromCoroutine(program), SystemExit)
        self.assertEqual(str(ended.value), "Nothing listens there.")

    def test_authenticate(self) -> None:
        """
        The password is asked for, and a wrong one is told.
        """
        self.tor.password = b"secret"
        self.successResultOf(self.run_example("authenticate", lambda: succeed("secret")))
        self.successResultOf(self.run_example("authenticate", lambda: succeed("wrong")))
        self.assertEqual(self.printed(), ["Authenticated to Tor 0.4.9.11", "That was not the password."])

    def test_authenticate_without_password(self) -> None:
        """
        Nobody is asked where Tor wants no password; where there is no Tor, the places are told.
        """
        self.successResultOf(self.run_example("authenticate", lambda: self.fail("it was asked for")))
        self.tor.listening = False
        module = example("authenticate")
        places = Deferred.fromCoroutine(module.main(self.reactor, [self.tor.endpoint()], lambda: succeed("")))
        self.successResultOf(places)
        self.assertIn("No control port of Tor could be used", self.printed()[1])

    def test_watch_events(self) -> None:
        """
        Bandwidth is printed as often as was asked for, and warnings; any event can be told as it is.
        """
        running = self.run_example("watch_events", "2")
        self.tor.emit("BW 1000 20")
        self.tor.emit("WARN The clock is wrong.")
        self.tor.emit("BW 0 0")
        self.successResultOf(running)
        module = example("watch_events")
        module.anything(module.BandwidthEvent("1 2 NEWER=3"))
        self.assertEqual(
            self.printed(),
            [
                "       1,000 B/s down           20 B/s up",
                "Tor warns: The clock is wrong.",
                "           0 B/s down            0 B/s up",
                "BW ('1', '2') {'NEWER': '3'}",
                "as Tor wrote it: 1 2 NEWER=3",
            ],
        )

    def test_watch_circuits(self) -> None:
        """
        Circuits and streams are printed when something happens to them.
        """
        running = self.run_example("watch_circuits", "5")
        other = self.observer()
        self.successResultOf(other.queue_command("EXTENDCIRCUIT 0 relay1,relay2"))
        stream = self.tor.network.new_stream("example.com:80")
        self.tor.network.attach(stream, "1")
        self.successResultOf(other.queue_command("CLOSECIRCUIT 1"))
        self.assertNoResult(running)
        self.reactor.advance(5)
        self.successResultOf(running)
        self.assertEqual(
            self.printed(),
            [
                "0 relays, 0 circuits, 0 streams",
                "circuit 1 reached relay1",
                "circuit 1 reached relay2",
                "circuit 1 is built: relay1, relay2",
                "stream 2 to example.com:80 is on circuit 1",
                "circuit 1 closed: REQUESTED",
            ],
        )

    def test_follow_changes(self) -> None:
        """
        Whatever happens is printed, in order; when the connection is lost, that is the end of it.
        """
        self.tor.network.builds = False
        running = self.run_example("follow_changes", "relay1", "relay2")
        (circuit,) = self.tor.network.circuits.values()
        self.tor.network.new_stream("example.com:80")
        self.tor.network.build(circuit)
        self.successResultOf(running)
        self.assertEqual(
            self.printed(),
            [
                "stream to example.com:80: NEW",
                "circuit 1: EXTENDED",
                "circuit 1: EXTENDED",
                "circuit 1: BUILT",
                "circuit 1: CLOSED",
                "It ended because REQUESTED",
            ],
        )

    def test_follow_changes_of_a_tor_that_goes(self) -> None:
        """
        The connection is lost.
        """
        self.tor.network.builds = False
        running = self.run_example("follow_changes")
        self.tor.drop()
        self.failureResultOf(running, Disconnected)
        self.assertIn("The connection to Tor", self.printed()[-1])

    def test_build_circuit(self) -> None:
        """
        A circuit is built and closed; one that does not build says why.
        """
        self.successResultOf(self.run_example("build_circuit", "relay1", "relay2", "relay3"))
        self.tor.network.builds = False
        running = self.run_example("build_circuit")
        (circuit,) = self.tor.network.circuits
        self.tor.network.close_circuit(circuit, "TIMEOUT", "FAILED")
        self.successResultOf(running)
        self.assertEqual(
            self.printed(),
            [
                "Built through relay1, relay2, relay3",
                "It is CLOSED because REQUESTED",
                "Not built: Circuit 2 did not build: TIMEOUT.",
            ],
        )

    def test_close_by_pattern(self) -> None:
        """
        What matches is closed, and nothing else.
        """
        other = self.observer()
        for path in ("relay1,relay2", "relay3,relay4"):
            self.successResultOf(other.queue_command(f"EXTENDCIRCUIT 0 {path}"))
        for host in ("a.example.com:80", "b.example.com:443", "example.net:80"):
            self.tor.network.attach(self.tor.network.new_stream(host), "1")
        self.successResultOf(self.run_example("close_by_pattern", "*.example.com:*", "relay3"))
        self.assertEqual(
            self.printed(),
            [
                "closed stream 3 to a.example.com:80",
                "closed stream 4 to b.example.com:443",
                "closed circuit 2 because REQUESTED",
            ],
        )
        self.assertEqual([stream.target for stream in self.tor.network.streams.values()], ["example.net:80"])
        self.assertEqual(list(self.tor.network.circuits), ["1"])

    def test_tor_service(self) -> None:
        """
        After Tor's end the next one is asked for everything again.
        """
        running = self.run_example("tor_service", "100")
        self.tor.emit("BW 7 0")
        self.tor.configuration = type(self.tor.configuration)()  # the next one has a torrc of its own
        self.tor.drop()
        self.reactor.pump([1.0] * 10)
        self.tor.emit("BW 8 0")
        self.reactor.pump([1.0] * 100)
        self.successResultOf(running)
        lines = self.printed()
        self.assertEqual(lines.count("This one is Tor 0.4.9.11"), 2, lines)
        self.assertLess(lines.index("7 bytes read"), lines.index("8 bytes read"))
        self.assertIn("{'version': '0.4.9.11'}", lines)
        self.assertEqual(lines[-1], "The Tor is stopped")
        self.assertEqual(self.tor.configuration.get("MaxCircuitDirtiness"), ["1200"])
        self.assertEqual(self.tor.connections, [])

    def test_unit_tests(self) -> None:
        """
        The examples of unit tests pass.
        """
        for name, count in (("unit_test_with_fake_tor", 4), ("unit_test_with_circuits", 3)):
            result = unittest.TestResult()
            TestLoader().loadModule(example(name)).run(result)
            self.assertEqual((result.testsRun, result.failures, result.errors, result.skipped), (count, [], [], []), name)


class Echo(LineOnlyReceiver):
    """
    Says a line back and hangs up.
    """

    def lineReceived(self, line: bytes) -> None:
        """
        One line.
        """
        self.sendLine(line)
        assert self.transport is not None
        self.transport.loseConnection()


class Guest(LineOnlyReceiver):
    """
    Somebody who listens for a line.
    """

    delimiter = b"\n"

    def __init__(self) -> None:
        self.heard: DeferredQueue[bytes] = DeferredQueue()
        self.gone: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        self.heard.put(line)

    async def hears(self, line: bytes) -> None:
        """
        Wait for a line.
        """
        while await self.heard.get() != line:
            pass

    def connectionLost(self, reason: Any = None) -> None:
        self.gone.callback(None)


class Running(NamedTuple):
    """
    An example that goes on.
    """

    module: ModuleType
    result: Deferred[Any]


class Page(Resource):
    """
    A page.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def render_GET(self, request: Request) -> bytes:
        """
        Eleven bytes.
        """
        request.setHeader(b"connection", b"close")
        return b"hello there"


class NetworkTests(OutputMixin, TorNetworkTestCase):
    """
    Examples that need a Tor with a network.
    """

    @deferred
    async def setUp(self) -> None:  # type: ignore[override]  # trial waits for a Deferred
        await super().setUp()
        self.catch_output()
        self.client = self.network.clients[0]
        self.path = [f"${node.fingerprint}" for node in self.network.exits[:2]]
        self.names = ", ".join(node.nickname for node in self.network.exits[:2])

    def listen(self, factory: Any) -> int:
        """
        Serve until the test is over; the port.
        """
        return serve(self, factory)

    async def run_example(self, name: str, *arguments: object) -> None:
        """
        Run the ``main`` of an example.
        """
        await example(name).main(self.reactor, *arguments)

    @deferred
    async def test_build_circuit(self) -> None:
        """
        Circuits of real relays.
        """
        await self.run_example("build_circuit", self.client.control_endpoint, *self.path)
        self.assertEqual(self.printed(), [f"Built through {self.names}", "It is CLOSED because REQUESTED"])

    @deferred
    async def test_circuit_connection(self) -> None:
        """
        A line there and back over one circuit.
        """
        port = self.listen(Factory.forProtocol(Echo))
        await self.run_example(
            "circuit_connection", self.client.control_endpoint, "127.0.0.1", port, "hello", *self.path
        )
        self.assertEqual(self.printed()[0], "The answer is b'hello'")

    @deferred
    async def test_circuit_web_page(self) -> None:
        """
        A page over one circuit.
        """
        port = self.listen(Site(Page()))
        await self.run_example("circuit_web_page", self.client.control_endpoint, f"http://127.0.0.1:{port}/", *self.path)
        self.assertEqual(self.printed(), [f"200 11 bytes through {self.names}"])

    @deferred
    async def test_choose_exit(self) -> None:
        """
        An exit by rules; rules that nothing fits say which hop.
        """
        exits = self.network.exits
        avoided = [node.nickname for node in exits[1:]]
        endpoint = self.client.control_endpoint
        await example("choose_exit").main(self.reactor, endpoint, 80, *avoided[:2], one_subnet=True)
        await example("choose_exit").main(self.reactor, endpoint, 80, exits[0].nickname, *avoided, one_subnet=True)
        first, second = self.printed()
        self.assertIn(first, [f"The exit is {node.nickname} at 127.0.0.1" for node in (exits[0], *exits[3:])])
        self.assertTrue(second.startswith("No relay fits hop 3 of 3"), second)

    @deferred
    async def test_web_page(self) -> None:
        """
        A page through the SocksPort that Tor tells.
        """
        port = self.listen(Site(Page()))
        await self.run_example("web_page", self.client.control_endpoint, f"http://127.0.0.1:{port}/")
        self.assertEqual(self.printed(), ["200 11 bytes", "200 11 bytes"])

    @deferred
    async def test_treq_over_tor(self) -> None:
        """
        Pages with treq; a host that there is not is told.
        """
        port = self.listen(Site(Page()))
        page = f"http://127.0.0.1:{port}/"
        await self.run_example("treq_over_tor", self.client.socks_endpoint, page, "http://nowhere.invalid/")
        first, second = self.printed()
        self.assertEqual(first, f"{page} 200 11 bytes")
        self.assertTrue(second.startswith("http://nowhere.invalid/ could not be reached: "), second)

    @deferred
    async def test_plain_agent(self) -> None:
        """
        A page twice over one connection, which is closed in the end.
        """
        site = WrappingFactory(Site(Page()))
        port = self.listen(site)
        await self.run_example("plain_agent", self.client.socks_endpoint, f"http://127.0.0.1:{port}/")
        self.assertEqual(self.printed(), ["200 11 bytes", "200 11 bytes"])
        self.assertLessEqual(len(site.protocols), 1)
        while site.protocols:  # the end of a connection comes through Tor
            await deferLater(self.reactor, 0.02)

    @deferred
    async def test_endpoint_string(self) -> None:
        """
        The string of an endpoint goes through Tor.
        """
        port = self.listen(Factory.forProtocol(Echo))
        string = f"tor:127.0.0.1:{port}:socksPort={self.client.socks_port}:isolation=destination"
        await self.run_example("endpoint_string", string, "hello\r\n")
        self.assertEqual(self.printed(), ["b'hello\\r\\n'"])

    @deferred
    async def test_resolve_names(self) -> None:
        """
        Names that are known and not.
        """
        await self.run_example("resolve_names", self.client.socks_endpoint, "nowhere.invalid")
        self.assertEqual(self.printed(), ["nowhere.invalid is not known"])

    @deferred
    async def test_attach_streams(self) -> None:
        """
        A stream to the port goes over the circuit, and Tor is left as it was.
        """
        port = self.listen(Factory.forProtocol(Echo))
        running = Deferred.fromCoroutine(
            self.run_example("attach_streams", self.client.control_endpoint, port, 1, *self.path)
        )
        while "ready" not in self.printed() and not running.called:
            await deferLater(self.reactor, 0.02)
        string = f"tor:127.0.0.1:{port}:socksPort={self.client.socks_port}:isolation=connection"
        await self.run_example("endpoint_string", string, "hello\r\n")
        await running
        self.assertTrue(any(f"to 127.0.0.1:{port} goes over circuit" in line for line in self.printed()), self.printed())
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            self.assertEqual(await tor.protocol.get_conf_single("__LeaveStreamsUnattached"), "0")

    @deferred
    async def test_read_documents(self) -> None:
        """
        The consensus of a client is verified against the authorities that it was told of.
        """
        await self.run_example("read_documents", self.client.control_endpoint)
        first, second = self.printed()
        self.assertIn(f"with {len(self.network.authorities) + len(self.network.exits)} relays", first)
        here, _, of, *_ = second.split()
        self.assertEqual(here, of)

    @deferred
    async def test_ask_directory(self) -> None:
        """
        The consensus is verified, and the microdescriptors by it.
        """
        await self.run_example("ask_directory", self.client.control_endpoint)
        first, *others = self.printed()
        self.assertRegex(first, r"^\d+ relays, \d+ exits, until ")
        self.assertEqual(len(others), 3)
        self.assertTrue(all(" lets out " in line for line in others), others)

    @deferred
    async def test_fleet(self) -> None:
        """
        Two Tors answer, one does not, and connections go through those that are there.
        """
        port = self.listen(Site(Page()))
        endpoints = [node.control_endpoint for node in self.network.clients[:2]]
        await self.run_example("fleet", f"127.0.0.1:{port}", *endpoints, f"tcp:127.0.0.1:{port}")
        lines = self.printed()
        version = lines[0].removeprefix("tor0 is Tor ")
        self.assertEqual(lines[1], f"tor1 is Tor {version}")
        self.assertTrue(lines[2].startswith("tor2 did not answer: "), lines)
        self.assertEqual(lines[3:], ["b'HTTP/1.0 200 OK'"] * 3)

    @deferred
    async def test_launch_tor(self) -> None:
        """
        A Tor of one's own, with the options that make it one of the private network.
        """
        torrc = self.client.read("torrc").splitlines()
        authorities = [line.partition(" ")[2] for line in torrc if line.startswith("DirAuthority ")]
        await self.run_example("launch_tor", None, [("DirAuthority", authorities), ("TestingTorNetwork", 1)])
        lines = self.printed()
        self.assertIn("100 % Done", lines)
        self.assertRegex(lines[-1], r"^Tor 0\.\S+ takes SOCKS at \"127\.0\.0\.1:\d+\"$")

    @deferred
    async def test_launch_with_bridge(self) -> None:
        """
        A relay of the private network does for a bridge.
        """
        torrc = self.client.read("torrc").splitlines()
        more = [("DirAuthority", line.partition(" ")[2]) for line in torrc if line.startswith("DirAuthority ")]
        bridge = f"127.0.0.1:{self.network.exits[0].or_port}"
        await self.run_example("launch_with_bridge", bridge, None, ("TestingTorNetwork", 1), *more)
        self.assertRegex(self.printed()[-1], rf"^Tor 0\.\S+ goes through {bridge}$")

    @deferred
    async def test_leave_tor_running(self) -> None:
        """
        One run launches a Tor, the next finds it and ends it, and the one after that launches another.
        """
        place = self.mktemp()
        for what in ("", "stop", "stop"):
            await self.run_example("leave_tor_running", place, what, {"DisableNetwork": 1, "GeoIPFile": "/dev/null"})
        first, second, ended, third = self.printed()
        self.assertEqual(first, second)
        self.assertIn("has ended", ended)
        self.assertNotEqual(third, first)

    @deferred
    async def test_onion_service(self) -> None:
        """
        The page is served; a cancelled program leaves no service behind.
        """
        running = Deferred.fromCoroutine(self.run_example("onion_service", self.client.control_endpoint))
        while not self.printed() and not running.called:
            await deferLater(self.reactor, 0.02)
        address, key = self.printed()
        self.assertTrue(key.startswith("ED25519-V3:"))
        client = HTTPClient(tor_agent(self.reactor, self.network.clients[-1].socks_endpoint or ""))
        page = await treq.content(await client.get(address))
        self.assertEqual(page, b"Hello over Tor\n")
        running.cancel()
        await self.assertFailure(running, CancelledError)
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            self.assertNotIn(address[7:].partition(".")[0], await tor.protocol.get_info_single("onions/current"))

    async def begin(self, name: str, *arguments: object) -> Running:
        """
        Run an example until it has printed something.
        """
        module = example(name)
        running = Running(module, Deferred.fromCoroutine(module.main(self.reactor, *arguments)))
        while not self.printed():
            if running.result.called:
                await running.result  # raises what went wrong
                self.fail("It has ended without a word.")
            await deferLater(self.reactor, 0.02)
        return running

    async def fetch(self, url: str) -> bytes:
        """
        A page through another client.
        """
        client = HTTPClient(tor_agent(self.reactor, self.network.clients[-1].socks_endpoint or ""))
        page: bytes = await treq.content(await client.get(url, headers=Headers({"connection": ["close"]})))
        return page

    async def stop(self, running: Running) -> None:
        """
        Cancel it, as Ctrl-C does; no service stays behind.
        """
        running.result.cancel()
        await self.assertFailure(running.result, CancelledError)
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            self.assertEqual(await tor.onion_services(), ())
            self.assertEqual(await tor.protocol.send(GetConfGroup("HiddenServiceOptions")), [])

    @deferred
    async def forget_vanguards(self) -> None:
        """
        Let Tor choose them again.
        """
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            await tor.protocol.reset_conf("HSLayer2Nodes")

    @deferred
    async def test_onion_directory(self) -> None:
        """
        The address is the same the next time; Tor keeps to the vanguards that were chosen.
        """
        directory = f"{self.client.data_directory}/example"
        self.addCleanup(shutil.rmtree, directory)
        # Fewer may all stand at one end of a circuit, the guard's or the directory's, and Tor builds none then.
        vanguards = [node.fingerprint for node in self.network.exits]
        self.addCleanup(self.forget_vanguards)
        running = await self.begin("onion_directory", self.client.control_endpoint, directory, 600, *vanguards)
        (address,) = self.printed()
        self.assertEqual(await self.fetch(address), b"Here again\n")
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            self.assertEqual(await tor.protocol.get_conf_single("HSLayer2Nodes"), ",".join(map(str, vanguards)))
        await self.stop(running)
        await self.run_example("onion_directory", self.client.control_endpoint, directory, 0)
        self.assertEqual(self.printed(), [address] * 2)

    @deferred
    async def test_onion_static(self) -> None:
        """
        The files of a folder are there.
        """
        folder = pathlib.Path(self.mktemp())
        folder.mkdir()
        (folder / "a file.txt").write_text("some words", encoding="utf-8")
        key = self.mktemp()
        running = await self.begin("onion_static", self.client.control_endpoint, str(folder), key)
        (address,) = self.printed()
        self.assertEqual(await self.fetch(f"{address}a%20file.txt"), b"some words")
        self.assertIn(b"a%20file.txt", await self.fetch(address))
        await self.stop(running)
        self.assertEqual(address, f"http://{keep_onion_key(key).address.hostname}/")

    @deferred
    async def test_onion_chat(self) -> None:
        """
        Two visitors hear each other.
        """
        running = await self.begin("onion_chat", self.client.control_endpoint)
        host, _, port = self.printed()[0].partition(":")
        async with await connect(self.reactor, self.network.clients[-1].control_endpoint) as tor:
            guests: list[Any] = [await tor.stream_via(host, int(port)).connect(Factory.forProtocol(Guest)) for _ in range(2)]
            ann, bob = guests
            for guest, name in ((ann, b"ann"), (bob, b"bob")):
                await guest.hears(b"Who are you?")
                guest.sendLine(name)
                await ann.hears(name + b" came")
            ann.sendLine(b"hello")
            await bob.hears(b"ann: hello")
            bob.transport.loseConnection()
            await bob.gone
            await ann.hears(b"bob left")
            ann.transport.loseConnection()
            await ann.gone
        visitor = running.module.Visitor
        while any(isinstance(getattr(each, "protocol", None), visitor) for each in self.reactor.getReaders()):
            await deferLater(self.reactor, 0.02)  # the end of a connection comes through Tor
        await self.stop(running)

    @deferred
    async def test_twist_plugin(self) -> None:
        """
        A service of Twisted that knows nothing of Tor is an onion service by its command line; its end ends the onion service.
        """
        folder = pathlib.Path(self.mktemp()).absolute()
        shutil.copytree(EXAMPLES / "twist_plugin", folder)  # Twisted writes a cache beside the plugin
        control = self.client.control_endpoint.replace(":", "\\:")
        listen = f"onion:80:controlPort={control}:privateKeyFile=guests.key"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
        words = [sys.executable, "-c", ProgramTestCase.TWIST, "--log-format=text", "guests", "--listen", listen]
        program = Program()
        process = self.reactor.spawnProcess(program, sys.executable, words, environment, str(folder))
        await program.says(".onion:80")
        host = program.said.partition("Listening behind ")[2].split(":")[0]
        self.assertEqual(host, keep_onion_key(folder / "guests.key").address.hostname)
        for number in (b"1", b"2"):
            self.assertEqual(await self.fetch(f"http://{host}/"), b"You are guest number %s\n" % number)
        process.signalProcess("INT")
        await program.ended
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            again = await tor.create_onion_service([80], OnionKeyFile(folder / "guests.key"), wait="none")
            self.assertEqual(again.hostname, host)
            await again.remove()

    @deferred
    async def test_onion_detached(self) -> None:
        """
        A service is left behind, found by the next run, and ended by another.
        """
        control = self.client.control_endpoint
        await self.run_example("onion_detached", control, "publish", "80 127.0.0.1:9")
        hostname, key = self.printed()
        self.assertTrue(key.startswith("ED25519-V3:"))
        await self.run_example("onion_detached", control, "list")
        self.assertIn(hostname, self.printed()[2:])
        await self.run_example("onion_detached", control, "remove", hostname)
        before = len(self.printed())
        await self.run_example("onion_detached", control, "list")
        self.assertNotIn(hostname, self.printed()[before:])

    @deferred
    async def test_onion_balance(self) -> None:
        """
        Two Tors answer at one address, and nothing of it stays when the program is cancelled.
        """
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        endpoints = [node.control_endpoint for node in self.network.clients[:2]]
        running = Deferred.fromCoroutine(self.run_example("onion_balance", folder, 600, *endpoints))
        while not self.printed() and not running.called:
            await deferLater(self.reactor, 0.02)
        (address,) = self.printed()
        pages: set[bytes] = set()
        while len(pages) < 2:  # each is as likely as the other
            isolated = tor_agent(self.reactor, self.client.socks_endpoint or "", isolation=IsolationToken.new())
            pages.add(await treq.content(await HTTPClient(isolated).get(address)))
        self.assertEqual(pages, {b"Hello from tor0\n", b"Hello from tor1\n"})
        running.cancel()
        await self.assertFailure(running, CancelledError)
        for endpoint in endpoints:
            async with await connect(self.reactor, endpoint) as tor:
                self.assertEqual(await tor.protocol.send(GetConfGroup()), [])

    @deferred
    async def test_onion_client_auth(self) -> None:
        """
        Who has the key is let in, and nobody else; Tor has forgotten the key afterwards.
        """
        client = self.network.clients[-1].control_endpoint
        await self.run_example("onion_client_auth", self.client.control_endpoint, client)
        address, *lines = self.printed()
        self.assertEqual(
            lines,
            [
                "without a key: it needs one",
                "with another key: not accepted",
                "with the key: 3 introduction points",
                "For you alone",
            ],
        )
        async with await connect(self.reactor, client) as tor:
            self.assertEqual(await tor.onion_authentications(address[7:].rstrip("/")), [])

    @deferred
    async def test_onion_listen(self) -> None:
        """
        The string of an endpoint listens behind an onion service, on the Tor that it names.
        """
        string = "onion:80:controlPort=" + self.client.control_endpoint.replace(":", "\\:")
        running = Deferred.fromCoroutine(self.run_example("onion_listen", string, 0.1))
        await running
        (line,) = self.printed()
        self.assertRegex(line, r"^Listening at .*[a-z2-7]{56}\.onion")
        async with await connect(self.reactor, self.client.control_endpoint) as tor:
            self.assertEqual(await tor.protocol.get_info_single("onions/current"), "")

    @deferred
    async def test_programs(self) -> None:
        """
        Examples that are a whole program, for asyncio, trial and pytest: each in a process of its own, all at once.
        """
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        temporary = pathlib.Path(self.mktemp()).absolute()
        temporary.mkdir()

        def start(*arguments: str) -> Any:
            return getProcessOutputAndValue(sys.executable, arguments, environment, str(temporary), self.reactor)

        tests = str(EXAMPLES / "network_fixture.py")
        page = f"http://127.0.0.1:{self.listen(Site(Page()))}/"
        started = {
            "asyncio_pages": start(str(EXAMPLES / "asyncio_pages.py"), self.client.socks_endpoint or "", page, page),
            "asyncio_reactor": start(str(EXAMPLES / "asyncio_reactor.py"), self.client.control_endpoint),
            "network_fixture": start("-m", "twisted.trial", "--temp-directory=trial", tests),
            "test_with_pytest": start("-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLES / "test_with_pytest.py")),
        }
        expected = {"asyncio_pages": f"{page} 200 11 bytes\n".encode() * 2}
        expected["asyncio_reactor"] = b"bytes read in a second"
        expected |= {"network_fixture": b"PASSED (successes=1)", "test_with_pytest": b"1 passed"}
        ended = {name: await process for name, process in started.items()}
        for name, (output, errors, status) in ended.items():
            self.assertEqual((status, errors), (0, b""), f"{name}: {output!r}")
            self.assertIn(expected[name], output, name)
