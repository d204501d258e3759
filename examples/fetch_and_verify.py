"""
Ask a Tor for the consensus, verify it, and verify with it what Tor says of a relay; then ask a directory server as well.

    python fetch_and_verify.py NICKNAME [ENDPOINT [SERVER]]

NICKNAME may be a fingerprint. SERVER is the address and port of a directory server, as 127.0.0.1:9030, which is asked for the
key certificates instead of Tor's own file, and for the relay's server descriptor.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone

from twisted.internet.task import react

from txtor import connect
from txtor.control import ControlEndpoint, IConnectReactor
from txtor.directory import DirectoryQuery
from txtor.errors import DirectoryUnavailable, DocumentError, TorRefused
from txtor.fetch import DirectoryClient


# begin main
async def main(
    reactor: IConnectReactor, relay: str, control_endpoint: ControlEndpoint | None = None, server: str | None = None
) -> None:
    """
    Print what is known of a relay, and only what the authorities say of it as well.
    """
    client = None if server is None else DirectoryClient(reactor, server)
    async with await connect(reactor, control_endpoint) as tor:
        try:
            consensus = await tor.directory(client).get_consensus(verify=True)
            status = await tor.get_network_status(relay)
            microdescriptor = await tor.get_microdescriptor(status.fingerprint, verify=consensus)
        except TorRefused as error:
            print("Tor does not have it:", error)
            return
        except (DocumentError, DirectoryUnavailable) as error:
            print("Not to be believed:", error)
            return
    print("A consensus of", consensus.valid_after, "with", len(consensus.routers), "relays is genuine")
    print(status.nickname, "has the exit policy:", microdescriptor.exit_policy or "reject 1-65535")
# end main
    if client is not None:
        await from_server(client, status.fingerprint)


# begin server
async def from_server(client: DirectoryClient, fingerprint: str) -> None:
    """
    Ask a directory server for a relay's server descriptor, which is signed by the relay.
    """
    try:
        fetched = await client.fetch(DirectoryQuery.server_descriptors([fingerprint]))
        (descriptor,) = fetched.matched
        verification = descriptor.verify(now=datetime.now(timezone.utc))
    except (DocumentError, DirectoryUnavailable) as error:
        print("No server descriptor:", error)
        return
    print("Its server descriptor is of", descriptor.published, "and good until", verification.expires)
# end server


if __name__ == "__main__":
    react(main, sys.argv[1:])
