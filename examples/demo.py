"""
txtor at work: a private Tor network on this machine, and what a program sees and does of one of its Tors.

``tools/demo`` runs it. Nothing leaves this machine. With ``--stay`` it goes on to show what happens until Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater, react
from twisted.web.client import readBody
from twisted.web.resource import Resource
from twisted.web.server import Site

import txtor
from txtor.directory import TorVersion
from txtor.events import BandwidthEvent
from txtor.state import Circuit, CircuitListenerMixin, RouterListenerMixin, Stream, StreamListenerMixin, TorState
from txtor.testing import TorNetwork

COLOURS = {"green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36, "grey": 90, "bold": 1}


class Screen:
    """
    Where the demo writes: in colour on a terminal, plain elsewhere.
    """

    def __init__(self) -> None:
        self._fancy = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ
        self._began = time.monotonic()
        self._last_percent = -1

    def paint(self, text: str, colour: str) -> str:
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._fancy else text

    def title(self, text: str) -> None:
        print(f"\n{self.paint(text, 'bold')}", flush=True)

    def say(self, what: str, text: str, colour: str = "cyan") -> None:
        seconds = self.paint(f"{time.monotonic() - self._began:6.2f} s", "grey")
        print(f"{seconds}  {self.paint(f'{what:<10}', colour)} {text}", flush=True)

    def progress(self, percent: int, nickname: str, tag: str, summary: str) -> None:
        """
        A bar that stays in its line on a terminal; elsewhere a line for each tenth.
        """
        if self._fancy:
            bar = "█" * (percent // 4) + "░" * (25 - percent // 4)
            end = "\n" if percent == 100 else ""
            print(f"\r\033[K{self.paint(bar, 'green')} {percent:3} %  {nickname}: {summary}"[:140], end=end, flush=True)
        elif percent // 10 > self._last_percent // 10:
            self._last_percent = percent
            print(f"{percent:3} %  {nickname}: {summary}", flush=True)


class Watcher(CircuitListenerMixin, StreamListenerMixin, RouterListenerMixin):
    """
    Says what happens to circuits, streams and the consensus, from a `TorState`.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def circuit_built(self, circuit: Circuit) -> None:
        path = " -> ".join(router.name for router in circuit.path)
        self._screen.say("circuit", f"{circuit.id} is built, for {circuit.purpose}: {path}", "green")

    def circuit_closed(self, circuit: Circuit, **kw: str) -> None:
        self._screen.say("circuit", f"{circuit.id} has closed: {circuit.reason}", "yellow")

    def circuit_failed(self, circuit: Circuit, **kw: str) -> None:
        self._screen.say("circuit", f"{circuit.id} has failed: {circuit.reason}", "yellow")

    def stream_attach(self, stream: Stream, circuit: Circuit) -> None:
        self._screen.say("stream", f"{stream.id} to {stream.target} goes over circuit {circuit.id}", "blue")

    def stream_closed(self, stream: Stream, **kw: str) -> None:
        self._screen.say("stream", f"{stream.id} has closed: {stream.reason}", "blue")

    def routers_changed(self, joined: list[Any], left: list[Any], changed: list[Any]) -> None:
        numbers = f"{len(joined)} joined, {len(left)} left, {len(changed)} changed"
        self._screen.say("consensus", f"there is a new one: {numbers}", "magenta")


class Page(Resource):
    """
    What the demo fetches over Tor.
    """

    isLeaf = True  # noqa: N815  # Twisted's

    def render_GET(self, request: Any) -> bytes:
        return b"Greetings from the far end of a circuit."


async def connect(reactor: Any, screen: Screen, network: TorNetwork) -> txtor.Tor:
    """
    Open the control port of the first client and ask some things.
    """
    screen.title("The control port")
    client = network.clients[0]
    tor = await txtor.connect(reactor, client.control_endpoint)
    offered = (await tor.protocol.protocolinfo()).methods
    screen.say("connected", f"to {client.nickname}; Tor offers {', '.join(offered)}, and SAFECOOKIE was taken")
    values = await tor.protocol.get_info("version", "status/bootstrap-phase", "traffic/read")
    is_recent = tor.version is not None and tor.version >= TorVersion.parse("0.4.9.1-alpha")
    screen.say("version", f"{values['version']} ({'' if is_recent else 'not '}at least 0.4.9)")
    screen.say("bootstrap", values["status/bootstrap-phase"])
    return tor


async def watch(reactor: Any, screen: Screen, network: TorNetwork, tor: txtor.Tor) -> TorState:
    """
    Make the live picture and let a watcher tell what changes in it.
    """
    screen.title("The live picture")
    began = time.monotonic()
    state = await tor.create_state()
    milliseconds = (time.monotonic() - began) * 1000
    screen.say("state", f"{len(state.routers)} relays, {len(state.circuits)} circuits, in {milliseconds:.1f} ms")
    for router in state.routers.values():
        screen.say("relay", f"{router.name:<11} {router.address}:{router.or_port:<6} {' '.join(sorted(router.flags))}", "grey")
    watcher = Watcher(screen)
    state.add_circuit_listener(watcher)
    state.add_stream_listener(watcher)
    state.add_router_listener(watcher)

    def bandwidth(event: BandwidthEvent) -> None:
        if event.read or event.written:
            screen.say("bandwidth", f"{event.read} bytes read, {event.written} written in the last second", "grey")

    await tor.protocol.add_event_listener("BW", bandwidth)
    return state


async def fetch(reactor: Any, screen: Screen, network: TorNetwork, state: TorState) -> None:
    """
    Build circuits of our choice and fetch a page over each.
    """
    screen.title("Circuits of our choice, and a page over each")
    listening = reactor.listenTCP(0, Site(Page()), interface="127.0.0.1")
    url = f"http://127.0.0.1:{listening.getHost().port}/".encode()
    exits = [node.fingerprint or "" for node in network.exits]
    paths = [exits[:3], exits[1:4], [exits[3], exits[0]]]
    circuits = await gatherResults([state.build_circuit(path, purpose="controller") for path in paths])
    await gatherResults([circuit.when_built() for circuit in circuits])
    for circuit in circuits:
        began = time.monotonic()
        body = await readBody(await circuit.web_agent().request(b"GET", url))
        milliseconds = (time.monotonic() - began) * 1000
        screen.say("page", f"{body.decode()!r} over circuit {circuit.id}, which took {milliseconds:.0f} ms", "green")
    await gatherResults([circuit.close() for circuit in circuits])
    await listening.stopListening()


async def onion(reactor: Any, screen: Screen, network: TorNetwork, tor: txtor.Tor) -> None:
    """
    Serve the page as an onion service of this Tor, and fetch it through another.
    """
    screen.title("An onion service of the first client, fetched through the second")
    began = time.monotonic()

    def progress(percent: float, tag: str, summary: str) -> None:
        screen.say("publishing", f"{percent:3.0f} %  {summary}", "grey")

    service = await tor.create_onion_service([(80, Site(Page()))], progress=progress, wait="first", timeout=120)
    screen.say("published", f"{service.hostname} after {time.monotonic() - began:.2f} s", "green")
    other = await txtor.connect(reactor, network.clients[1].control_endpoint)
    async with other:
        state = await other.create_state()
        watcher = Watcher(screen)
        state.add_stream_listener(watcher)
        state.on("circuit_built", watcher.circuit_built)
        began = time.monotonic()
        body = await readBody(await other.web_agent().request(b"GET", f"http://{service.hostname}/".encode()))
        screen.say("page", f"{body.decode()!r} from the onion, after {time.monotonic() - began:.2f} s", "green")
        await state.close()
    await service.remove()
    screen.say("removed", "the service is no more", "yellow")


async def consensus(reactor: Any, screen: Screen, network: TorNetwork) -> None:
    """
    Wait for the next consensus, which an authority has first.
    """
    screen.title("The consensus changes")
    tor = await txtor.connect(reactor, network.authorities[0].control_endpoint)
    async with tor:
        state = await tor.create_state()
        changed: Deferred[None] = Deferred()

        class Listener(RouterListenerMixin):
            def routers_changed(self, joined: list[Any], left: list[Any], changed_: list[Any]) -> None:
                if not changed.called:
                    changed.callback(None)

        state.add_router_listener(Watcher(screen))
        state.add_router_listener(Listener())
        await changed.addTimeout(30, reactor)
        validity = state.model.validity
        if validity is not None:
            screen.say("consensus", f"valid from {validity.valid_after:%H:%M:%S} to {validity.valid_until:%H:%M:%S}", "magenta")
        await state.close()


async def identity(screen: Screen, tor: txtor.Tor) -> None:
    """
    Ask for a new identity and know when Tor acts.
    """
    screen.title("A new identity")
    seconds = await tor.new_identity()
    wait = await tor.newnym_wait()
    screen.say("newnym", f"Tor acted after {seconds:.2f} s; the next one would wait {wait:.0f} s")


async def demonstrate(reactor: Any, screen: Screen, network: TorNetwork, stay: bool) -> None:
    """
    Everything, in order.
    """
    tor = await connect(reactor, screen, network)
    async with tor:
        state = await watch(reactor, screen, network, tor)
        await fetch(reactor, screen, network, state)
        await onion(reactor, screen, network, tor)
        await identity(screen, tor)
        await consensus(reactor, screen, network)
        if stay:
            screen.title("Waiting for whatever happens; Ctrl-C ends it")
            await Deferred()
        await deferLater(reactor, 1.5)
        await state.close()


async def main(reactor: Any, arguments: Sequence[str]) -> None:
    """
    Start the network, show everything, and leave nothing behind.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stay", action="store_true", help="go on to show what happens until Ctrl-C")
    parser.add_argument("--directory", help="keep the network there, so that it starts in a few seconds the next time")
    options = parser.parse_args(arguments)
    Factory.noisy = False
    # Twisted warns of its own transport here, whoever uses readBody (Twisted issue 8227).
    warnings.filterwarnings("ignore", message="Using readBody with a transport")
    screen = Screen()
    screen.title("A private Tor network: three authorities, four exits, two clients")
    network = TorNetwork(reactor, options.directory, progress=screen.progress)
    async with network:
        await demonstrate(reactor, screen, network, options.stay)
    screen.title("That was txtor. Nothing of the network is left.")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(main(reactor, sys.argv[1:])))
