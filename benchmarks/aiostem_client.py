"""
aiostem, through its public names: a library for asyncio, whose events are dataclasses with all fields validated.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from measuring import EVENTS, Meter, Options, Result, main, measure_import


def connected(function: Callable[[Any, Options], Coroutine[Any, Any, Result]]) -> Callable[[Options], Result]:
    """
    A task that gets a connection, authenticated.
    """

    async def run(options: Options) -> Result:
        from aiostem import Controller

        async with Controller.from_port("127.0.0.1", options.control) as controller:
            (await controller.authenticate()).raise_for_status()
            return await function(controller, options)

    return lambda options: asyncio.run(run(options))


async def connect(controller: Any, options: Options) -> Result:
    """
    Connect and authenticate, after one time that fills its caches. The time is the median of one.
    """
    from aiostem import Controller

    times = []
    with Meter() as meter:
        for _ in range(options.count):
            began = time.perf_counter()
            async with Controller.from_port("127.0.0.1", options.control) as one:
                await one.authenticate()
                times.append(time.perf_counter() - began)
    return meter.result_of_one(times)


async def getinfo_sequential(controller: Any, options: Options) -> Result:
    """
    GETINFO after GETINFO.
    """
    await controller.get_info("traffic/read")
    with Meter() as meter:
        for _ in range(options.count):
            await controller.get_info("traffic/read")
    return meter.result(done=options.count)


async def getinfo_pipelined(controller: Any, options: Options) -> Result:
    """
    All GETINFOs at once.
    """
    await controller.get_info("traffic/read")
    with Meter() as meter:
        answers = await asyncio.gather(*[controller.get_info("traffic/read") for _ in range(options.count)])
    return meter.result(done=len(answers))


async def ns_all(controller: Any, options: Options) -> Result:
    """
    It gives text; what makes routers of it is its reader of NEWCONSENSUS.
    """
    from aiostem.event import EventNewConsensus

    adapter = EventNewConsensus.adapter()
    with Meter() as meter:
        text = (await controller.get_info("ns/all"))["ns/all"]
        routers = adapter.validate_python({"routers": EventNewConsensus.parse_router_statuses(text)}).routers
        meter.stop()
        del text
        fields = [(one.nickname, one.identity.hex(), one.ip, one.or_port, one.flags, one.bandwidth) for one in routers]
    return meter.result(done=len(fields))


async def ns_all_text(controller: Any, options: Options) -> Result:
    """
    The same as one text.
    """
    with Meter() as meter:
        text = (await controller.get_info("ns/all"))["ns/all"]
    return meter.result(done=len(text))


async def _receive(controller: Any, signal: str) -> Meter:
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(event: Any) -> None:
        if not ended.done():
            ended.set_result(None)

    await controller.add_event_handler("SIGNAL", end)
    with Meter() as meter:
        await controller.signal(signal)
        await ended
    return meter


async def events(controller: Any, options: Options) -> Result:
    """
    A listener for each kind of event; it gets an object with all fields read.
    """
    counts = dict.fromkeys(EVENTS, 0)

    def listener(keyword: str) -> Any:
        def count(event: Any) -> None:
            counts[keyword] += 1

        return count

    for keyword in EVENTS:
        await controller.add_event_handler(keyword, listener(keyword))
    return (await _receive(controller, "DUMP")).result(done=sum(counts.values()))


async def newconsensus(controller: Any, options: Options) -> Result:
    """
    A NEWCONSENSUS, as an event with all routers.
    """
    came: list[Any] = []
    await controller.add_event_handler("NEWCONSENSUS", came.append)
    meter = await _receive(controller, "DEBUG")
    return meter.result(done=len(came[0].routers))


def _load() -> None:
    import aiostem  # noqa: F401


FUNCTIONS = (connect, getinfo_sequential, getinfo_pipelined, ns_all, ns_all_text, events, newconsensus)
TASKS = {**{function.__name__: connected(function) for function in FUNCTIONS}, "import_": measure_import(_load)}

if __name__ == "__main__":
    main(TASKS)
