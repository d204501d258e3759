# -*- test-case-name: txtor.test.test_benchmarks -*-
"""
Writes the data that is measured: one network of made-up relays in all documents, and the life of one client in it.

The same arguments give the same bytes. The layout of every line is that of tor 0.4.9.11, and every signature of the server
descriptors verifies: they are made with `txtor.directory`. Only the RSA keys are of a kind that must never be used: they share
their primes with each other, because twenty thousand honest ones take many minutes. A verifier cannot tell.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from client_life import ClientLife
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPrivateNumbers, RSAPublicNumbers

from txtor.directory import (
    AuthorityKeys,
    Microdescriptor,
    RelayKeys,
    ServerDescriptor,
    make_key_certificate,
    make_microdescriptor,
    make_router_status,
    make_server_descriptor,
    sign_status,
    write_consensus,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
E = 65537
SMALL_PRIMES = math.prod(n for n in range(3, 1000, 2) if all(n % d for d in range(3, math.isqrt(n) + 1, 2)))
PORTS = (9001, 443, 9001, 443, 9002, 9100, 8443, 80)
POLICIES = (
    ("reject 0.0.0.0/8:*", "reject 169.254.0.0/16:*", "reject 127.0.0.0/8:*", "reject 192.168.0.0/16:*", "reject 10.0.0.0/8:*",
     "reject 172.16.0.0/12:*", "accept *:80", "accept *:443", "reject *:*"),
    ("reject 10.0.0.0/8:*", "reject *:25", "reject *:119", "reject *:135-139", "reject *:445", "reject *:6346-6429",
     "accept *:*"),
)  # fmt: skip
NO_EXIT = ("reject *:*",)
AUTHORITIES = 9


def rsa_keys(rng: random.Random, count: int, bits: int = 1024) -> Iterator[RSAPrivateKey]:
    """
    Different RSA keys from few primes: each pair of them is one.
    """
    primes: dict[int, None] = {}
    while len(primes) * (len(primes) - 1) // 2 < count:
        n = rng.getrandbits(bits // 2) | 3 << bits // 2 - 2 | 1
        if math.gcd(n, SMALL_PRIMES) == 1 and (n - 1) % E and pow(2, n - 1, n) == 1:
            primes[n] = None
    pairs = list(itertools.combinations(primes, 2))
    for p, q in rng.sample(pairs, count):
        d = pow(E, -1, (p - 1) * (q - 1))
        numbers = RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), RSAPublicNumbers(E, p * q))
        yield numbers.private_key(unsafe_skip_rsa_key_validation=True)


@dataclass(frozen=True)
class Relay:
    """
    A made-up relay, with its documents.

    :ivar or_address: its IPv6 address and port, or an empty text.
    """

    nickname: str
    descriptor: ServerDescriptor
    microdescriptor: Microdescriptor
    or_address: str
    flags: tuple[str, ...]
    bandwidth: int

    @property
    def long_name(self) -> str:
        """
        As events name it.
        """
        return f"${self.descriptor.fingerprint}~{self.nickname}"

    def status(self, flavour: str) -> bytes:
        """
        Its entry: ``ns``, ``microdesc``, or ``control`` for what GETINFO ns/all tells.
        """
        descriptor = self.descriptor
        micro = hashlib.sha256(bytes(self.microdescriptor)).digest()
        digests = {"ns": bytes.fromhex(descriptor.digest("sha1")), "control": micro[:20]}
        entry = make_router_status(
            self.nickname,
            descriptor.signing_key.digest,
            digest=digests.get(flavour, b""),
            microdescriptor=micro if flavour == "microdesc" else None,
            published=NOW if flavour == "ns" else None,
            address=descriptor.address,
            or_port=descriptor.or_port,
            dir_port=descriptor.dir_port or 0,
            flags=self.flags,
            bandwidth=self.bandwidth,
            lines=[f"p {descriptor.exit_policy.summary()}"] if flavour == "ns" else [],
        )
        first, *rest = entry.splitlines(keepends=True)
        if flavour == "control":
            rest = [line for line in rest if not line.startswith((b"v ", b"pr "))]
        further = [f"a {self.or_address}\n".encode()] if self.or_address else []
        return b"".join([first, *further, *rest])


def make_relay(rng: random.Random, identity: RSAPrivateKey, onion: RSAPrivateKey) -> Relay:
    """
    Make a relay up.
    """
    master, signing, ntor = (Ed25519PrivateKey.from_private_bytes(rng.randbytes(32)) for _ in range(3))
    keys = RelayKeys(identity, master, signing, ntor, onion)
    nickname = "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=rng.randint(4, 19)))
    is_exit = rng.random() < 0.28
    odds = (("Fast", 0.93), ("Guard", 0.55), ("HSDir", 0.6), ("Stable", 0.82), ("V2Dir", 0.96))
    flags = ("Running", "Valid", *(flag for flag, odd in odds if rng.random() < odd), *(["Exit"] if is_exit else []))
    or_port, bandwidth = rng.choice(PORTS), int(rng.lognormvariate(8, 1.8)) + 1
    or_address = f"[2a{rng.getrandbits(8):02x}:{rng.getrandbits(16):x}::{rng.randint(1, 65535):x}]:{or_port}"
    or_address = or_address if rng.random() < 0.45 else ""
    descriptor = make_server_descriptor(
        keys,
        nickname=nickname,
        address=f"{rng.randint(11, 126)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
        or_port=or_port,
        dir_port=9030 if rng.random() < 0.05 else 0,
        published=NOW,
        bandwidth=(2048 * bandwidth, 3072 * bandwidth, 1024 * bandwidth),
        exit_policy=rng.choice(POLICIES) if is_exit else NO_EXIT,
        lines=[*([f"or-address {or_address}"] if or_address else []), "hidden-service-dir", "tunnelled-dir-server",
               f"contact operator{rng.randint(1, 9999)} <abuse AT example dot net>"],
    )  # fmt: skip
    return Relay(nickname, descriptor, make_microdescriptor(descriptor), or_address, flags, bandwidth)


def make_authority(name: str, identity: RSAPrivateKey, signing: RSAPrivateKey) -> AuthorityKeys:
    """
    Make an authority up.
    """
    certificate = make_key_certificate(identity, signing, published=NOW, expires=NOW + timedelta(days=365))
    return AuthorityKeys(name, identity, signing, certificate)


def synthesize(
    folder: Path, *, relays: int = 10_000, circuits: int = 1000, streams: int = 2000, events: int = 200_000, seed: int = 1
) -> None:
    """
    Write all data into a folder.

    :param relays: how many there are.
    :param circuits: how many the client has at the beginning, and about how many later.
    :param streams: the same of streams.
    :param events: how many follow.
    """
    rng = random.Random(seed)
    keys = rsa_keys(rng, 2 * (relays + AUTHORITIES))
    authorities = [make_authority(f"authority{number}", next(keys), next(keys)) for number in range(AUTHORITIES)]
    network = [make_relay(rng, identity, onion) for identity, onion in zip(keys, keys, strict=True)]
    network.sort(key=lambda relay: relay.descriptor.signing_key.digest)
    life = ClientLife(rng, [(relay.long_name, relay.flags) for relay in network], circuits, streams)
    snapshot = life.snapshot()
    found = {
        "server-descriptors": b"".join(bytes(relay.descriptor) for relay in network),
        "microdescriptors": b"".join(bytes(relay.microdescriptor) for relay in network),
        "ns-all": b"".join(relay.status("control") for relay in network),
        **{name: text.encode() for name, text in snapshot.items()},
    }
    for flavour in ("ns", "microdesc"):
        entries = [relay.status(flavour) for relay in network]
        body = write_consensus(entries, authorities, valid_after=NOW, flavour=flavour, lines=["params cc_alg=2 circwindow=1000"])
        found[f"consensus-{flavour}"] = sign_status(body, authorities, flavour)
    found["events"] = "".join(f"650 {event}\r\n" for event in life.events(events)).encode()
    facts = {"relays": relays, "circuits": circuits, "streams": streams, "events": events, "seed": seed,
             "circuits_after": len(life.circuits), "streams_after": len(life.streams), "counts": life.counts}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in found.items():
        (folder / name).write_bytes(content)
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))  # last: where it is, everything is


def main() -> None:
    """
    The program.
    """
    parser = argparse.ArgumentParser(description="Write the data that the benchmarks use.")
    parser.add_argument("folder", type=Path)
    for name, default in (("relays", 10_000), ("circuits", 1000), ("streams", 2000), ("events", 200_000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    synthesize(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
