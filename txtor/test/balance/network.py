"""
A Tor in memory with directories for onion services, which keep what is posted and give what is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from txtor.directory import Consensus, encoding, make_router_status, sign_status, write_consensus
from txtor.grammar import ReplyLine
from txtor.onion import (
    IntroductionPoint,
    LinkSpecifier,
    OnionAddress,
    OnionDescriptor,
    OnionDescriptorContent,
    OnionKey,
    OnionTiming,
    descriptor_slots,
    make_onion_descriptor,
)
from txtor.test.directory.statuses import authority
from txtor.test.onion.services import VALID_AFTER, OnionTor
from txtor.testing import FakeConnection
from txtor.testing._fake_line import FakeCommand

FRONT = OnionKey.from_seed(b"\1" * 32)
BACK = [OnionKey.from_seed(bytes([number]) * 32) for number in range(2, 30)]

MICRODESC_KEY = "dir/status-vote/current/consensus-microdesc"


def fingerprint(number: int) -> str:
    """
    A relay.
    """
    return hashlib.sha1(b"relay %d" % number).hexdigest().upper()


def microdescriptor(number: int) -> bytes:
    """
    What clients need of it.
    """
    key, identity = (encoding.unpadded(hashlib.sha256(b"%s %d" % (what, number)).digest()) for what in (b"ntor", b"identity"))
    return f"onion-key\nntor-onion-key {key}\nid ed25519 {identity}\n".encode()


def status(number: int, *flags: str) -> bytes:
    """
    Its entry in the consensus.
    """
    entry = make_router_status(
        f"relay{number}",
        hashlib.sha1(b"relay %d" % number).digest(),
        microdescriptor=hashlib.sha256(microdescriptor(number)).digest(),
        flags=["Fast", *(flags or ("HSDir",)), "Running", "Valid"],
    )
    return entry.replace(b"Link=4", b"HSDir=2 Link=4")


def point(number: int) -> IntroductionPoint:
    """
    An introduction point.
    """
    key = OnionKey.from_seed(hashlib.sha256(b"auth %d" % number).digest()).public_key
    links = (LinkSpecifier(0, bytes([10, 0, 0, number % 256, 0, 80])), LinkSpecifier(2, bytes([number % 256]) * 20))
    return IntroductionPoint(links, bytes([number % 256]) * 32, key, b"\x09" * 32)


class DirectoryTor(OnionTor):
    """
    A Tor whose HSDirs answer at once. As real ones they take a descriptor only with a greater revision counter than the last.

    :ivar offered: by bare address, the descriptor that directories give.
    :ivar holding: by fingerprint, what each has taken, in order.
    :ivar refusing: the fingerprints of those that take nothing.
    :ivar asked: the relays that were asked for a descriptor.
    """

    def __init__(self) -> None:
        super().__init__()
        self.offered: dict[str, bytes] = {}
        self.holding: dict[str, list[OnionDescriptor]] = {}
        self.refusing: set[str] = set()
        self.asked: list[str] = []
        self.now = VALID_AFTER
        self.answer("HSPOST", self._post)
        self.answer("HSFETCH", self._fetch)
        self.see()

    def see(
        self,
        hours: int = 0,
        relays: Iterable[int] = range(12),
        lines: Iterable[str] = (),
        interval: timedelta = timedelta(hours=1),
    ) -> None:
        """
        Have a consensus.

        :param hours: how much later it is than the first.
        :param interval: until the next one.
        """
        self.now = VALID_AFTER + timedelta(hours=hours)
        entries = [status(number) for number in relays]
        text = write_consensus(
            entries, [authority(0)], valid_after=self.now, interval=interval, flavour="microdesc", lines=list(lines)
        )
        made = Consensus(sign_status(text, [authority(0)], "microdesc"))
        self.info[MICRODESC_KEY] = bytes(made)
        self.info["md/all"] = b"".join([microdescriptor(number) for number in relays])
        self.info["consensus/valid-after"] = f"{made.valid_after:%Y-%m-%d %H:%M:%S}"
        self.info["consensus/fresh-until"] = f"{made.fresh_until:%Y-%m-%d %H:%M:%S}"

    def offer(self, key: OnionKey, *points: int, age: int = 0) -> None:
        """
        A back end is published.

        :param age: how many seconds ago.
        """
        slots = descriptor_slots(self.now, None, None, OnionTiming())
        made = make_onion_descriptor(
            key, [point(each) for each in points], slots.for_clients, self.time() - timedelta(seconds=age)
        )
        self.offered[key.address.bare] = bytes(made)

    def time(self) -> datetime:
        """
        What the clock says: half an hour after the consensus.
        """
        return self.now + timedelta(minutes=30, seconds=self.clock.seconds())

    def posted(self, key: OnionKey = FRONT) -> list[OnionDescriptorContent]:
        """
        What directories have, the newest of each period, opened.
        """
        newest: dict[bytes | None, OnionDescriptor] = {}
        for own in self.holding.values():
            for each in own:
                if (known := newest.get(each.blinded_key)) is None or known.revision_counter < each.revision_counter:
                    newest[each.blinded_key] = each
        period = OnionTiming().period(self.now)
        found = []
        for near in (period.previous, period, period.next):
            blinded = key.blind(near).public_key
            if blinded in newest:
                found.append(newest[blinded].decrypt(key.address, now=self.time(), period=near))
        return found

    def _servers(self, command: FakeCommand) -> list[str]:
        return [word.partition("=$")[2] for word in command.words if word.startswith("SERVER=")]

    def _post(self, connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
        address = OnionAddress.parse(command.arguments.partition("HSADDRESS=")[2]).bare
        assert command.data is not None
        descriptor = OnionDescriptor.parse(command.data)

        def answer() -> None:
            for relay in self._servers(command):
                own = [each for each in self.holding.get(relay, []) if each.blinded_key == descriptor.blinded_key]
                old = any(each.revision_counter >= descriptor.revision_counter for each in own)
                if old or relay in self.refusing:
                    self.emit(f"HS_DESC FAILED {address} NO_AUTH ${relay}~r {descriptor.descriptor_id} REASON=UPLOAD_REJECTED")
                else:
                    self.holding.setdefault(relay, []).append(descriptor)
                    self.emit(f"HS_DESC UPLOADED {address} UNKNOWN ${relay}~relay")

        connection.after_reply(answer)
        return [ReplyLine(250, "OK")]

    def _fetch(self, connection: FakeConnection, command: FakeCommand) -> list[ReplyLine]:
        address = command.words[0]
        (relay,) = self._servers(command)
        self.asked.append(relay)

        def answer() -> None:
            descriptor = self.offered.get(address, b"")
            name = OnionDescriptor.parse(descriptor).descriptor_id if descriptor else "x" * 43
            self.emit(f"HS_DESC REQUESTED {address} NO_AUTH ${relay}~relay {name}")
            outcome = "RECEIVED" if descriptor else "FAILED"
            self.emit(f"HS_DESC {outcome} {address} NO_AUTH ${relay}~relay {name}{'' if descriptor else ' REASON=NOT_FOUND'}")
            self.emit(f"HS_DESC_CONTENT {address} {name} ${relay}~relay", data=descriptor)

        connection.after_reply(answer)
        return [ReplyLine(250, "OK")]
