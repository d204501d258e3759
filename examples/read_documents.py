"""
Verify the consensus that a Tor of this machine keeps, and the microdescriptors that belong to it.

    python read_documents.py [ENDPOINT]

The files are read where Tor says that its DataDirectory is.
"""

from __future__ import annotations

import pathlib
import sys
from datetime import datetime, timezone

from twisted.internet.task import Cooperator, react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.directory import (
    USABLE,
    Authorities,
    Consensus,
    KeyCertificate,
    Microdescriptor,
    Reading,
    cooperate,
    parse,
    parse_in_steps,
)
from txtor.errors import DocumentError


# begin verify
def read_consensus(folder: pathlib.Path, authorities: Authorities) -> Consensus:
    """
    Read a consensus, and believe it only when enough of the authorities that we know have signed it, and it is of today.

    :raises DocumentError: it cannot be read, or must not be believed.
    """
    (reading,) = parse(folder / "cached-microdesc-consensus", Consensus)
    consensus = reading.get()
    assert isinstance(consensus, Consensus)
    certificates = [found.document for found in parse(folder / "cached-certs", KeyCertificate)]
    consensus.verify(
        authorities,
        [certificate for certificate in certificates if isinstance(certificate, KeyCertificate)],
        now=datetime.now(timezone.utc),
        grace=USABLE,
    )
    return consensus
# end verify


# begin main
async def main(reactor: IConnectReactor, control_endpoint: ControlEndpoint | None = None) -> None:
    """
    Ask Tor where its files are and which authorities it trusts, and read.
    """
    async with await connect(reactor, control_endpoint) as tor:
        folder = pathlib.Path(await tor.protocol.get_conf_single("DataDirectory") or "")
        configured = await tor.protocol.get_conf_list("DirAuthority")
    authorities = Authorities.parse(configured) if configured else Authorities.public_network()
    try:
        consensus = read_consensus(folder, authorities)
    except DocumentError as error:
        print("No consensus to be believed:", error)
        return
    print("A consensus of", consensus.valid_after, "with", len(consensus.routers), "relays")
# end main

    # begin cooperate
    wanted = {status.microdescriptor_digest for status in consensus.routers.values()}
    found = set()

    def take(reading: Reading) -> None:
        if isinstance(reading.document, Microdescriptor):
            found.add(reading.document.digest("sha256", encoding="base64"))
        else:
            print(reading.place, reading.error)

    cooperator = Cooperator(scheduler=lambda work: reactor.callLater(0, work))
    for name in ("cached-microdescs", "cached-microdescs.new"):
        if (folder / name).exists():
            await cooperate(cooperator, parse_in_steps(folder / name, Microdescriptor), take)
    print(len(wanted & found), "of", len(wanted), "microdescriptors are here")
    # end cooperate


if __name__ == "__main__":
    react(main, sys.argv[1:])
