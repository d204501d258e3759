"""
Make the documents of a Tor network that does not exist: relays, authorities, and a consensus that these have signed.

    python make_documents.py FOLDER

A Tor whose data directory is FOLDER believes them when the lines that are printed are in its torrc. (With ``DisableNetwork 1``:
there is nobody to connect to.)
"""

from __future__ import annotations

import pathlib
import sys
from datetime import datetime, timedelta, timezone

from txtor.directory import (
    Authorities,
    AuthorityKeys,
    DirectoryAuthority,
    RelayKeys,
    ServerDescriptor,
    make_consensus,
    make_microdescriptor,
    make_router_status,
    make_server_descriptor,
)


# begin relay
def make_relay(number: int, published: datetime) -> ServerDescriptor:
    """
    A relay that lets out web pages.
    """
    return make_server_descriptor(
        RelayKeys.generate(),
        nickname=f"relay{number}",
        address=f"198.51.100.{number}",
        or_port=9001,
        published=published,
        exit_policy=["accept *:443", "reject *:*"],
        lines=["tunnelled-dir-server"],
    )
# end relay


# begin main
def main(folder: str) -> None:
    """
    Write the documents where a Tor keeps them, and print which authorities it must know.
    """
    now = datetime.now(timezone.utc).replace(microsecond=0)
    authorities = [AuthorityKeys.generate(f"auth{number}", published=now - timedelta(days=1)) for number in range(3)]
    relays = [make_relay(number, now - timedelta(hours=1)) for number in range(1, 6)]
    described = [make_microdescriptor(relay) for relay in relays]
    entries = [
        make_router_status(
            relay.nickname,
            relay.signing_key.digest,
            microdescriptor=microdescriptor.digest("sha256", encoding="raw"),
            address=relay.address,
            flags=["Exit", "Fast", "Guard", "Running", "Stable", "V2Dir", "Valid"],
        )
        for relay, microdescriptor in zip(relays, described, strict=True)
    ]
    consensus = make_consensus(entries, authorities, valid_after=now - timedelta(minutes=5), flavour="microdesc")
    known = Authorities(
        DirectoryAuthority(each.nickname, "192.0.2.1", 80, f"{number:040}", each.v3ident)
        for number, each in enumerate(authorities)
    )
    certificates = [each.certificate for each in authorities]
    count = consensus.verify(known, certificates, now=now)

    place = pathlib.Path(folder)
    place.mkdir(mode=0o700, exist_ok=True)
    place.joinpath("cached-certs").write_bytes(b"".join(map(bytes, certificates)))
    place.joinpath("cached-microdesc-consensus").write_bytes(bytes(consensus))
    listed = f"@last-listed {now:%Y-%m-%d %H:%M:%S}\n".encode("ascii")
    place.joinpath("cached-microdescs.new").write_bytes(b"".join(listed + bytes(each) for each in described))
    print("#", len(consensus.routers), "relays, signed by", len(count.good), "authorities, until", consensus.valid_until)
    for authority in known:
        print("DirAuthority", authority)
# end main


if __name__ == "__main__":
    main(*sys.argv[1:])
