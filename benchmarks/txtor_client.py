# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
txtor, through its public names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from inspect import getattr_static
from typing import Any

from measuring import EVENTS, Meter, Options, Result, main, measure_import, under_reactor
from socks_tasks import socks_tasks
from txtor_documents import DOCUMENTS, read_six

# -- the control port --------------------------------------------------------------------------------------------------


def controlled(function: Callable[[Any, Any, Options], Coroutine[Any, Any, Result]]) -> Callable[[Any, Options], Any]:
    """
    A task that gets a connection, authenticated, and ends it.
    """

    async def task(reactor: Any, options: Options) -> Result:
        import txtor

        async with await txtor.connect(reactor, f"tcp:127.0.0.1:{options.control}") as tor:
            return await function(reactor, tor.protocol, options)

    return task


async def connect(reactor: Any, options: Options) -> Result:
    """
    Connect and authenticate. The time is the median of one.
    """
    import txtor

    await (await txtor.connect(reactor, f"tcp:127.0.0.1:{options.control}")).close()  # it imports what it needs
    times = []
    with Meter() as meter:
        for _ in range(options.count):
            began = time.perf_counter()
            tor = await txtor.connect(reactor, f"tcp:127.0.0.1:{options.control}")
            times.append(time.perf_counter() - began)
            await tor.close()
    return meter.result_of_one(times)


async def getinfo_sequential(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    GETINFO after GETINFO.
    """
    with Meter() as meter:
        for _ in range(options.count):
            await protocol.get_info("traffic/read")
    return meter.result(done=options.count)


async def getinfo_pipelined(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    All GETINFOs at once.
    """
    from twisted.internet.defer import gatherResults

    with Meter() as meter:
        answers = await gatherResults([protocol.get_info("traffic/read") for _ in range(options.count)])
    return meter.result(done=len(answers))


async def ns_all(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    All routers as objects. The memory is that with six fields of each read and kept.
    """
    from txtor.directory import index_routers

    with Meter() as meter:
        routers = index_routers((await protocol.get_info_bytes("ns/all"))["ns/all"])
        meter.stop()
        fields = [read_six(router) for router in routers.values()]
    return meter.result(done=len(fields))


async def ns_all_text(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    The same as one text.
    """
    with Meter() as meter:
        text = await protocol.get_info_single("ns/all")
    return meter.result(done=len(text))


async def bootstrap(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    A complete picture of Tor.
    """
    from txtor.state import TorState

    before = int(await protocol.get_info_single("benchmark/commands"))
    with Meter() as meter:
        state = await TorState.from_protocol(reactor, protocol)
    done = len(state.routers) + len(state.circuits) + len(state.streams)
    await state.close()
    commands = int(await protocol.get_info_single("benchmark/commands")) - before - 1
    return meter.result(done=done, commands=commands)


class End:
    """
    The last event, `LAST_EVENT` of `fake_control`.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def listen(self) -> Any:
        """
        Begin to listen. Fires when Tor has taken note.
        """
        return self._protocol.add_event_listener("SIGNAL", self._came)

    async def after(self, signal: str) -> None:
        """
        Have the server send what belongs to a signal, and wait for the end of it.
        """
        from twisted.internet.defer import Deferred

        self._ended: Deferred[None] = Deferred()
        self._protocol.signal(signal)
        await self._ended

    def _came(self, event: Any) -> None:
        self._ended.callback(None)


async def newconsensus(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    A NEWCONSENSUS, until it has taken the place of the old one. Then another, and how long the reactor's other work had to wait
    meanwhile: by the clock, and by the processor time of this process.
    """
    from twisted.internet.task import deferLater

    from txtor.state import TorState

    state = await TorState.from_protocol(reactor, protocol)
    end = End(protocol)
    await end.listen()

    async def follow() -> None:
        before = state.routers.statuses
        await end.after("DEBUG")
        while state.routers.statuses is before:
            await deferLater(reactor, 0)

    stalls, cpu_stalls = [0.0], [0.0]
    ticking: Any = None

    def tick(last: float, last_cpu: float) -> None:
        nonlocal ticking
        now, cpu = time.perf_counter(), time.process_time()
        stalls.append(now - last)
        cpu_stalls.append(cpu - last_cpu)
        ticking = reactor.callLater(0, tick, now, cpu)

    with Meter() as meter:
        await follow()
    ticking = reactor.callLater(0, tick, time.perf_counter(), time.process_time())
    await follow()
    ticking.cancel()
    await state.close()
    return meter.result(done=len(state.routers), stall_seconds=max(stalls), cpu_stall_seconds=max(cpu_stalls))


def _events(make: Callable[[str, dict[str, int]], Callable[[Any], None]]) -> Callable[[Any, Any, Options], Any]:
    async def task(reactor: Any, protocol: Any, options: Options) -> Result:
        counts = dict.fromkeys(EVENTS, 0)
        await protocol.add_event_listeners({keyword: make(keyword, counts) for keyword in EVENTS})
        end = End(protocol)
        await end.listen()
        with Meter() as meter:
            await end.after("DUMP")
        return meter.result(done=sum(counts.values()))

    return task


def unread(keyword: str, counts: dict[str, int]) -> Callable[[Any], None]:
    """
    A listener that looks at nothing.
    """

    def count(event: Any) -> None:
        counts[keyword] += 1

    return count


def keywords(keyword: str, counts: dict[str, int]) -> Callable[[Any], None]:
    """
    A listener that has all words split.
    """

    def count(event: Any) -> None:
        counts[keyword] += event.keywords is not None

    return count


def every_attribute(keyword: str, counts: dict[str, int]) -> Callable[[Any], None]:
    """
    A listener that reads everything that its kind of event tells: as numbers, times, sets and so on.
    """
    from txtor.events import EVENT_CLASSES, Event

    kind = EVENT_CLASSES[keyword]
    names = [
        name
        for name in sorted(set(dir(kind)) - set(dir(Event)))
        if not name.startswith("_") and hasattr(getattr_static(kind, name), "__get__") and not callable(getattr(kind, name))
    ]

    def count(event: Any) -> None:
        for name in names:
            getattr(event, name)
        counts[keyword] += 1

    return count


async def events_state(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    A picture of Tor that follows all events, with a listener for circuits and one for streams.
    """
    from txtor.state import CircuitListenerMixin, StreamListenerMixin, TorState

    told = [0]

    def happening(self: Any, *args: Any, **kw: Any) -> None:
        told[0] += 1

    circuit = ("circuit_new", "circuit_launched", "circuit_extend", "circuit_built", "circuit_closed", "circuit_failed")
    stream = ("stream_new", "stream_succeeded", "stream_attach", "stream_detach", "stream_closed", "stream_failed")
    state = await TorState.from_protocol(reactor, protocol)
    state.add_circuit_listener(type("Circuits", (CircuitListenerMixin,), dict.fromkeys(circuit, happening))())
    state.add_stream_listener(type("Streams", (StreamListenerMixin,), dict.fromkeys(stream, happening))())
    meter = await follow_events(protocol, state, options)
    return meter.result(done=told[0])


async def events_state_alone(reactor: Any, protocol: Any, options: Options) -> Result:
    """
    The same picture, when nobody listens to what happens in it.
    """
    from txtor.state import TorState

    meter = await follow_events(protocol, await TorState.from_protocol(reactor, protocol), options)
    return meter.result(done=options.facts["events"])


async def follow_events(protocol: Any, state: Any, options: Options) -> Meter:
    """
    Have a picture of Tor follow all events, and see that it is the right one afterwards.
    """
    await protocol.add_event_listeners({}, {"CIRC_BW": lambda text: None})  # the picture needs all others
    end = End(protocol)
    await end.listen()
    with Meter() as meter:
        await end.after("DUMP")
    assert (len(state.circuits), len(state.streams)) == (options.facts["circuits_after"], options.facts["streams_after"])
    await state.close()
    return meter


# -- SOCKS and the rest ------------------------------------------------------------------------------------------------


def _socks_endpoint() -> Any:
    from txtor.socks import TorSocksEndpoint

    return TorSocksEndpoint


socks_connect, socks_bulk = socks_tasks(_socks_endpoint)


def _load() -> None:
    import txtor

    txtor.connect  # noqa: B018  # names are imported when they are used


#: Tasks that need a reactor.
ASYNCHRONOUS: dict[str, Callable[[Any, Options], Any]] = {
    **{task.__name__: task for task in (connect, socks_connect, socks_bulk)},
    **{task.__name__: controlled(task) for task in (getinfo_sequential, getinfo_pipelined, ns_all, ns_all_text, bootstrap,
                                                    newconsensus, events_state, events_state_alone)},
    "events_unread": controlled(_events(unread)),
    "events_keywords": controlled(_events(keywords)),
    "events_all": controlled(_events(every_attribute)),
}  # fmt: skip
#: Tasks that need none.
SYNCHRONOUS: dict[str, Callable[[Options], Result]] = {**DOCUMENTS, "import_": measure_import(_load)}
TASKS = {**{name: under_reactor(task) for name, task in ASYNCHRONOUS.items()}, **SYNCHRONOUS}

if __name__ == "__main__":
    main(TASKS)
