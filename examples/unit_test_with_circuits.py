"""
Unit tests of a program that follows circuits and streams, on a Tor in memory.

    python -m twisted.trial unit_test_with_circuits.py
"""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txtor.state import CircuitFailed, Stream, TorState
from txtor.testing import FakeTor


# begin program
def close_streams_to(state: TorState, host: str) -> None:
    """
    Close each new stream to a host.
    """

    def new(stream: Stream) -> None:
        if stream.target_host == host:
            stream.close()

    state.on("stream_new", new)
# end program


# begin tests
class CircuitTests(SynchronousTestCase):
    """
    Circuits and streams of a `FakeTor` happen because a command, or the test, says so.
    """

    def setUp(self) -> None:
        """
        What a picture of Tor begins with. This Tor knows ten relays, of which none is in its consensus.
        """
        self.tor = FakeTor()
        nothing = ("ns/all", "address-mappings/all", "entry-guards", "orconn-status")
        self.tor.info.update({**dict.fromkeys(nothing, ""), "network-liveness": "up"})
        self.reactor = MemoryReactorClock()
        self.state = self.successResultOf(TorState.from_protocol(self.reactor, self.tor.connect(self.reactor)))

    def test_build(self) -> None:
        """
        Circuits build at once.
        """
        circuit = self.successResultOf(self.state.build_circuit(["relay1", "relay2", "relay3"]))
        self.assertIs(self.successResultOf(circuit.when_built()), circuit)
        self.assertEqual([router.name for router in circuit.path], ["relay1", "relay2", "relay3"])

    def test_failed(self) -> None:
        """
        Or they fail, if the test wants it.
        """
        self.tor.network.builds = False
        circuit = self.successResultOf(self.state.build_circuit())
        built = circuit.when_built()
        self.tor.network.close_circuit(circuit.id, "TIMEOUT", "FAILED")
        self.assertEqual(self.failureResultOf(built, CircuitFailed).value.reason, "TIMEOUT")

    def test_closed(self) -> None:
        """
        Streams come when the test opens them.
        """
        close_streams_to(self.state, "ads.example.com")
        self.tor.network.new_stream("ads.example.com:443")
        self.tor.network.new_stream("example.com:443")
        self.assertEqual([stream.target for stream in self.state.streams.values()], ["example.com:443"])
# end tests
