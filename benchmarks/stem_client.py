"""
stem, through its public names: a library that blocks, with threads of its own.

Its events are objects with all fields read. It keeps no picture of Tor; the nearest thing is to ask for everything once.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
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


def read(options: Options, name: str, kind: str, validate: bool = False) -> Callable[[], Iterator[Any]]:
    """
    What reads a file, with everything imported that it needs.
    """
    import stem.descriptor
    import stem.descriptor.microdescriptor
    import stem.descriptor.networkstatus
    import stem.descriptor.server_descriptor
    import stem.prereq

    stem.prereq.is_crypto_available(ed25519=True)  # it imports what it needs when it is first asked
    data = options.read(name)
    return lambda: stem.descriptor.parse_file(io.BytesIO(data), kind, validate=validate)


def _consensus(name: str, kind: str, fields: bool) -> Callable[[Options], Result]:
    def task(options: Options) -> Result:
        begin = read(options, name, kind)
        with Meter() as meter:
            routers = list(begin())
            found = [read_six(router) for router in routers] if fields else []
        return meter.result(done=len(found) or len(routers))

    return task


def server_descriptors(options: Options) -> Result:
    """
    All server descriptors as objects.
    """
    begin = read(options, "server-descriptors", "server-descriptor 1.0")
    with Meter() as meter:
        found = list(begin())
    return meter.result(done=len(found))


def server_descriptors_verified(options: Options) -> Result:
    """
    Server descriptors read and validated one after another; none is kept.
    """
    begin = read(options, "server-descriptors", "server-descriptor 1.0", validate=True)
    with Meter() as meter:
        done = sum(1 for _ in begin())
    return meter.result(done=done)


def microdescriptors(options: Options) -> Result:
    """
    By digest, all microdescriptors as objects.
    """
    begin = read(options, "microdescriptors", "microdescriptor 1.0")
    with Meter() as meter:
        found = {one.digest(): one for one in begin()}
    return meter.result(done=len(found))


def _load() -> None:
    import stem.control  # noqa: F401


FUNCTIONS = (connect, getinfo_sequential, ns_all, ns_all_text, bootstrap, events, newconsensus, server_descriptors,
             server_descriptors_verified, microdescriptors)  # fmt: skip
NS, MICRODESC = "network-status-consensus-3 1.0", "network-status-microdesc-consensus-3 1.0"
TASKS = {
    **{function.__name__: function for function in FUNCTIONS},
    "consensus_ns": _consensus("consensus-ns", NS, False),
    "consensus_ns_fields": _consensus("consensus-ns", NS, True),
    "consensus_microdesc": _consensus("consensus-microdesc", MICRODESC, False),
    "consensus_microdesc_fields": _consensus("consensus-microdesc", MICRODESC, True),
    "import_": measure_import(_load),
}

if __name__ == "__main__":
    main(TASKS)
