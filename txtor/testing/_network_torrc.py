# -*- test-case-name: txtor.test.testing.test_network_torrc -*-
"""
The torrc of each node.

See dir-spec 3, and the section "Testing network options" of tor's manual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._network_process import OWNER_FD
from ._network_view import NodeView

#: For every node.
COMMON = """\
TestingTorNetwork 1
CookieAuthentication 1
ShutdownWaitLength 0
Log notice stdout
"""

#: For all that other Tors connect to.
RELAY = """\
Address 127.0.0.1
AssumeReachable 1
SocksPort 0
ExitPolicyRejectPrivate 0
"""

#: A consensus every ten seconds, which is as fast as tor lets authorities vote.
AUTHORITY = """\
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo nobody@localhost
TestingV3AuthInitialVotingInterval 10
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
V3AuthNIntervalsValid 60
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
MinUptimeHidServDirectoryV2 0
AuthDirTestReachability 0
ExitRelay 0
"""

#: Tor's default policy follows the first line: without a policy that lets some ports out to everywhere, clients would see no exit
#: in the consensus and build no circuits of their own. What goes out is bound to loopback all the same, so it reaches nothing
#: else; and no names are looked up to learn whether the name server lies.
EXIT = """\
ExitRelay 1
ExitPolicy accept 127.0.0.0/8:*
OutboundBindAddressExit 127.0.0.1
ServerDNSDetectHijacking 0
"""

# Loopback is so fast that tor would learn to give circuits up after milliseconds, and a busy machine would lose them. A client
# that takes its consensus early agrees with the others on time periods.
CLIENT = """\
LearnCircuitBuildTimeout 0
CircuitBuildTimeout 60
FetchDirInfoEarly 1
FetchDirInfoExtraEarly 1
"""

BY_ROLE = {"authority": RELAY + AUTHORITY, "relay": RELAY + "ExitRelay 0\n", "exit": RELAY + EXIT, "client": CLIENT}

#: When the first consensus comes, in seconds after the start. Four seconds before, the authorities vote on the relays that they
#: have heard of: all, by then. One second earlier or later in wall-clock time would be another second of the ten.
FIRST_CONSENSUS = 9
INTERVAL = 10

#: The options that differ in each run.
VOLATILE = ("__OwningControllerProcess ", "TestingV3AuthVotingStartOffset ")


@dataclass(frozen=True)
class AuthorityIdentity:
    """
    What every node must know of an authority.

    :ivar v3ident: the fingerprint of its voting identity.
    :ivar fingerprint: the fingerprint of its relay identity.
    """

    v3ident: str
    fingerprint: str

    def line(self, node: NodeView) -> str:
        """
        The ``DirAuthority`` line.
        """
        return (
            f"DirAuthority {node.nickname} orport={node.or_port} no-v2 v3ident={self.v3ident} "
            f"127.0.0.1:{node.dir_port} {self.fingerprint}"
        )


def quote(value: str) -> str:
    """
    A value of torrc as a string of C, so that blanks, ``#`` and quotes stay what they are.
    """
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ports(node: NodeView) -> list[str]:
    """
    The lines for the ports that the node has.
    """
    lines = [f"ControlPort 127.0.0.1:{node.control_port}"]
    if node.control_socket is not None:
        lines.append(f"ControlPort {quote(f'unix:{quote(node.control_socket)}')}")
    if node.or_port is not None:
        lines.append(f"Nickname {node.nickname}")
        lines.append(f"ORPort 127.0.0.1:{node.or_port}")
    if node.dir_port is not None:
        lines.append(f"DirPort 127.0.0.1:{node.dir_port}")
    if node.socks_port is not None:
        lines.append(f"SocksPort 127.0.0.1:{node.socks_port}")
    return lines


def torrc(node: NodeView, authorities: Sequence[str], extra: Sequence[str], owner: int, now: float) -> str:
    """
    The whole torrc of a node.

    :param authorities: the ``DirAuthority`` lines.
    :param extra: further lines, which come last.
    :param owner: the process id of who runs the network.
    :param now: the time, in seconds since 1970.
    """
    lines = [
        f"DataDirectory {quote(node.data_directory)}",
        f"PidFile {quote(node.path('pid'))}",
        f"Log {quote('notice file ' + node.path('notices.log'))}",
        f"__OwningControllerProcess {owner}",
        f"__OwningControllerFD {OWNER_FD}",
    ]
    if node.role == "authority":
        lines.append(f"TestingV3AuthVotingStartOffset {int(now + FIRST_CONSENSUS) % INTERVAL}")
    if node.role != "client":
        # To read the countries of all addresses takes a relay a second, and it needs none.
        lines += [f"GeoIPFile {quote(node.path('empty'))}", f"GeoIPv6File {quote(node.path('empty'))}"]
    own = "\n".join([*lines, *ports(node), *authorities])
    further = "".join(f"{line}\n" for line in extra)
    return f"{COMMON}{own}\n{BY_ROLE[node.role]}{further}"


def lasting(text: str) -> list[str]:
    """
    The lines of a torrc that do not differ from one run to the next by themselves.
    """
    return [line for line in text.splitlines() if not line.startswith(VOLATILE)]
