"""
txtorcon, through its public names: a Twisted library, with which txtor is compared most closely.

Its listeners of events get text. What it makes of a consensus, it makes for the control port only.
"""

from __future__ import annotations

import time
from typing import Any

from measuring import EVENTS, Meter, Options, Result, main, measure_import, under_reactor
from socks_tasks import socks_tasks


async def open_control(reactor: Any, options: Options) -> Any:
    """
    A connection, authenticated, without the configuration that ``txtorcon.connect`` asks for first.
    """
    from twisted.internet.endpoints import TCP4ClientEndpoint
    from txtorcon import TorProtocolFactory

    protocol: Any = await TCP4ClientEndpoint(reactor, "127.0.0.1", options.control).connect(TorProtocolFactory())
    await protocol.post_bootstrap
    return protocol


async def open_state(reactor: Any, options: Options) -> Any:
    """
    A complete picture of Tor.
    """
    from txtorcon import TorState

    return await TorState(await open_control(reactor, options)).post_bootstrap


async def connect(reactor: Any, options: Options) -> Result:
    """
    Connect and authenticate. The time is the median of one.
    """
    (await open_control(reactor, options)).transport.loseConnection()  # it imports what it needs
    times = []
    with Meter() as meter:
        for _ in range(options.count):
            began = time.perf_counter()
            protocol = await open_control(reactor, options)
            times.append(time.perf_counter() - began)
            protocol.transport.loseConnection()
    return meter.result_of_one(times)


async def getinfo_sequential(reactor: Any, options: Options) -> Result:
    """
    GETINFO after GETINFO.
    """
    protocol = await open_control(reactor, options)
    with Meter() as meter:
        for _ in range(options.count):
            await protocol.get_info("traffic/read")
    return meter.result(done=options.count)


async def getinfo_pipelined(reactor: Any, options: Options) -> Result:
    """
    All GETINFOs at once; it sends them one by one.
    """
    from twisted.internet.defer import gatherResults

    protocol = await open_control(reactor, options)
    with Meter() as meter:
        answers = await gatherResults([protocol.get_info("traffic/read") for _ in range(options.count)])
    return meter.result(done=len(answers))


async def ns_all(reactor: Any, options: Options) -> Result:
    """
    The part of a picture of Tor that reads all routers. Nothing public does this alone.
    """
    from txtorcon import TorState

    protocol = await open_control(reactor, options)
    state = TorState(protocol, bootstrap=False)
    parser = state._network_status_parser
    with Meter() as meter:
        await protocol.get_info_incremental("ns/all", parser.feed_line)
        parser.done()
        routers = list(state.all_routers)
        meter.stop()
        fields = [(one.name, one.id_hex, one.ip, one.or_port, one.flags, one.bandwidth) for one in routers]
    return meter.result(done=len(fields))


async def ns_all_text(reactor: Any, options: Options) -> Result:
    """
    The same as one text.
    """
    protocol = await open_control(reactor, options)
    with Meter() as meter:
        text = await protocol.get_info_raw("ns/all")
    return meter.result(done=len(text))


async def bootstrap(reactor: Any, options: Options) -> Result:
    """
    A complete picture of Tor.
    """
    from txtorcon import TorState

    protocol = await open_control(reactor, options)
    before = int((await protocol.get_info("benchmark/commands"))["benchmark/commands"])
    with Meter() as meter:
        state = await TorState(protocol).post_bootstrap
    commands = int((await protocol.get_info("benchmark/commands"))["benchmark/commands"]) - before - 1
    return meter.result(done=len(state.all_routers) + len(state.circuits) + len(state.streams), commands=commands)


async def _listen_for_end(protocol: Any) -> Any:
    from twisted.internet.defer import Deferred

    ended: Deferred[Any] = Deferred()
    await protocol.add_event_listener("SIGNAL", lambda text: None if ended.called else ended.callback(text))
    return ended


async def newconsensus(reactor: Any, options: Options) -> Result:
    """
    A NEWCONSENSUS, followed.
    """
    state = await open_state(reactor, options)
    ended = await _listen_for_end(state.protocol)
    with Meter() as meter:
        state.protocol.queue_command("SIGNAL DEBUG")
        await ended
    return meter.result(done=len(state.all_routers))


async def events_text(reactor: Any, options: Options) -> Result:
    """
    A listener for each kind of event; it gets text.
    """
    protocol = await open_control(reactor, options)
    counts = dict.fromkeys(EVENTS, 0)

    def listener(keyword: str) -> Any:
        def count(text: str) -> None:
            counts[keyword] += 1

        return count

    for keyword in EVENTS:
        await protocol.add_event_listener(keyword, listener(keyword))
    ended = await _listen_for_end(protocol)
    with Meter() as meter:
        protocol.queue_command("SIGNAL DUMP")
        await ended
    return meter.result(done=sum(counts.values()))


async def events_state(reactor: Any, options: Options) -> Result:
    """
    A picture of Tor that follows all events, with a listener for circuits and one for streams.
    """
    from txtorcon import CircuitListenerMixin, ICircuitListener, IStreamListener, StreamListenerMixin
    from zope.interface import implementer

    told = [0]

    def happening(self: Any, *args: Any, **kw: Any) -> None:
        told[0] += 1

    circuit = ("circuit_new", "circuit_launched", "circuit_extend", "circuit_built", "circuit_closed", "circuit_failed")
    stream = ("stream_new", "stream_succeeded", "stream_attach", "stream_detach", "stream_closed", "stream_failed")
    state = await open_state(reactor, options)
    circuits = implementer(ICircuitListener)(type("Circuits", (CircuitListenerMixin,), dict.fromkeys(circuit, happening)))
    streams = implementer(IStreamListener)(type("Streams", (StreamListenerMixin,), dict.fromkeys(stream, happening)))
    state.add_circuit_listener(circuits())
    state.add_stream_listener(streams())
    for keyword in ("CIRC_BW", "STREAM_BW", "ORCONN", "BW", "CIRC_MINOR"):
        await state.protocol.add_event_listener(keyword, lambda text: None)
    ended = await _listen_for_end(state.protocol)
    with Meter() as meter:
        state.protocol.queue_command("SIGNAL DUMP")
        await ended
    assert (len(state.circuits), len(state.streams)) == (options.facts["circuits_after"], options.facts["streams_after"])
    return meter.result(done=told[0])


def _socks_endpoint() -> Any:
    from txtorcon.socks import TorSocksEndpoint

    return TorSocksEndpoint


socks_connect, socks_bulk = socks_tasks(_socks_endpoint)


def _load() -> None:
    import txtorcon  # noqa: F401


ASYNCHRONOUS = (connect, getinfo_sequential, getinfo_pipelined, ns_all, ns_all_text, bootstrap, newconsensus, events_text,
                events_state, socks_connect, socks_bulk)  # fmt: skip
TASKS = {**{task.__name__: under_reactor(task) for task in ASYNCHRONOUS}, "import_": measure_import(_load)}

if __name__ == "__main__":
    main(TASKS)
