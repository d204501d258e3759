"""
stem, through its public names: a library that blocks, with threads of its own.

Its events are objects with all fields read. It keeps no picture of Tor; the nearest thing is to ask for everything once.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

from measuring import EVENTS, Meter, Options, Result, main, measure_import


def open_control(options: Options) -> Any:
    """
    A connection, authenticated.
    """
    from stem.control import Controller

    controller = Controller.from_port(port=options.control)
    controller.authenticate()
    return controller


def read_six(router: Any) -> tuple[Any, ...]:
    """
    What most programs want to know of a router.
    """
    return (router.nickname, router.fingerprint, router.address, router.or_port, router.flags, router.bandwidth)


def connect(options: Options) -> Result:
    """
    Connect and authenticate. The time is the median of one.
    """
    open_control(options).close()
    times = []
    with Meter() as meter:
        for _ in range(options.count):
            began = time.perf_counter()
            controller = open_control(options)
            times.append(time.perf_counter() - began)
            controller.close()
    return meter.result_of_one(times)


def getinfo_sequential(options: Options) -> Result:
    """
    GETINFO after GETINFO, of something that it keeps no copy of.
    """
    controller = open_control(options)
    with Meter() as meter:
        for _ in range(options.count):
            controller.get_info("traffic/read")
    return meter.result(done=options.count)


def ns_all(options: Options) -> Result:
    """
    All routers as objects.
    """
    controller = open_control(options)
    with Meter() as meter:
        routers = list(controller.get_network_statuses())
        meter.stop()
        fields = [read_six(router) for router in routers]
    return meter.result(done=len(fields))


def ns_all_text(options: Options) -> Result:
    """
    The same as one text.
    """
    controller = open_control(options)
    with Meter() as meter:
        text = controller.get_info("ns/all")
    return meter.result(done=len(text))


def bootstrap(options: Options) -> Result:
    """
    The nearest thing to a picture of Tor.
    """
    controller = open_control(options)
    with Meter() as meter:
        routers = {one.fingerprint: one for one in controller.get_network_statuses()}
        circuits = {one.id: one for one in controller.get_circuits()}
        streams = {one.id: one for one in controller.get_streams()}
        controller.get_info(["address-mappings/all", "entry-guards", "process/pid"])
    return meter.result(done=len(routers) + len(circuits) + len(streams))


def _receive(controller: Any, signal: str) -> Meter:
    ended = threading.Event()
    controller.add_event_listener(lambda event: ended.set(), "SIGNAL")
    with Meter() as meter:
        controller.msg(f"SIGNAL {signal}")
        ended.wait()
    return meter


def events(options: Options) -> Result:
    """
    A listener for each kind of event; it gets an object with all fields read.
    """
    controller = open_control(options)
    counts = dict.fromkeys(EVENTS, 0)

    def listener(keyword: str) -> Any:
        def count(event: Any) -> None:
            counts[keyword] += 1

        return count

    for keyword in EVENTS:
        controller.add_event_listener(listener(keyword), keyword)
    return _receive(controller, "DUMP").result(done=sum(counts.values()))


def newconsensus(options: Options) -> Result:
    """
    A NEWCONSENSUS, as an event with all routers.
    """
    controller = open_control(options)
    came: list[Any] = []
    controller.add_event_listener(came.append, "NEWCONSENSUS")
    meter = _receive(controller, "DEBUG")
    return meter.result(done=len(came[0].desc))


def _documents(
    name: str, kind: str, validate: bool = False, finish: Callable[[Any], object] | None = None
) -> Callable[[Options], Result]:
    def task(options: Options) -> Result:
        import stem.descriptor
        import stem.descriptor.microdescriptor
        import stem.descriptor.networkstatus
        import stem.descriptor.server_descriptor
        import stem.prereq

        stem.prereq.is_crypto_available(ed25519=True)  # it imports what it needs when it is first asked
        data = options.read(name)
        with Meter() as meter:
            found = list(stem.descriptor.parse_file(io.BytesIO(data), kind, validate=validate))
            for document in found if finish else ():
                finish(document)  # type: ignore[misc]  # it is there
        return meter.result(done=len(found))

    return task


def _load() -> None:
    import stem.control  # noqa: F401


FUNCTIONS = (connect, getinfo_sequential, ns_all, ns_all_text, bootstrap, events, newconsensus)
TASKS = {
    **{function.__name__: function for function in FUNCTIONS},
    "consensus_ns": _documents("consensus-ns", "network-status-consensus-3 1.0"),
    "consensus_ns_fields": _documents("consensus-ns", "network-status-consensus-3 1.0", finish=read_six),
    "consensus_microdesc": _documents("consensus-microdesc", "network-status-microdesc-consensus-3 1.0"),
    "consensus_microdesc_fields": _documents("consensus-microdesc", "network-status-microdesc-consensus-3 1.0", finish=read_six),
    "server_descriptors": _documents("server-descriptors", "server-descriptor 1.0"),
    "server_descriptors_verified": _documents("server-descriptors", "server-descriptor 1.0", validate=True),
    "microdescriptors": _documents("microdescriptors", "microdescriptor 1.0", finish=lambda one: one.digest()),
    "import_": measure_import(_load),
}

if __name__ == "__main__":
    main(TASKS)
