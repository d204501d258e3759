# -*- test-case-name: txtor.test.directory.test_reading -*-
"""
Small documents for the tests of readers: real ones of a private network, and others written for the purpose.
"""

from __future__ import annotations

import pathlib

DATA = pathlib.Path(__file__).parent.parent / "data" / "network-1"


def real(name: str) -> bytes:
    """
    A file of the private network of ``txtor/test/data``.
    """
    return (DATA / name).read_bytes()


def broken_descriptors(count: int, broken: int) -> bytes:
    """
    Real server descriptors over and over, one of which lacks a line that must be there.

    :param broken: which one, from 0.
    """
    marks = real("server-descriptors").split(b"\nrouter ")
    originals = [marks[0] + b"\n", *(b"router " + mark + b"\n" for mark in marks[1:-1]), b"router " + marks[-1]]
    found = [originals[number % len(originals)] for number in range(count)]
    found[broken] = found[broken].replace(b"\nbandwidth ", b"\nband-width ")
    return b"".join(found)


BRIDGE_DESCRIPTOR = b"""@type bridge-server-descriptor 1.2
router Unnamed 10.146.72.28 55555 0 0
master-key-ed25519 VkS+wLSGRDAmYBEGGhm2hTLFVyFKHNEyMQCP2EYvcmA
or-address [fd9f:2e19:3bcf::d1:5ee9]:50000
platform Tor 0.4.8.10 on Linux
proto Cons=1-2 Desc=1-2 Link=1-5
published 2024-01-02 03:04:05
fingerprint F3B3 D8C8 85D3 1E6F B3F1 6F5F 1D3F 0F0F 7C4E 5B6A
uptime 189404
bandwidth 5242880 10485760 153600
extra-info-digest 2C7D28A0F5B2B0A7B0E7E5E1B2F3C4D5E6F7A8B9 Zt3S6RVmVHRIhRKX2XRmdRTdzEJY4Xq5n7yP9vXGkqE
hidden-service-dir
contact somebody
bridge-distribution-request any
reject *:*
router-digest-sha256 Zt3S6RVmVHRIhRKX2XRmdRTdzEJY4Xq5n7yP9vXGkqE
router-digest 00A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3
"""

BRIDGE_EXTRA_INFO = b"""@type bridge-extra-info 1.3
extra-info Unnamed F3B3D8C885D31E6FB3F16F5F1D3F0F0F7C4E5B6A
master-key-ed25519 VkS+wLSGRDAmYBEGGhm2hTLFVyFKHNEyMQCP2EYvcmA
published 2024-01-02 03:04:05
transport obfs4
transport webtunnel
bridge-stats-end 2024-01-02 00:00:00 (86400 s)
bridge-ips de=8,us=16
bridge-ip-transports <OR>=8,obfs4=16
router-digest-sha256 Zt3S6RVmVHRIhRKX2XRmdRTdzEJY4Xq5n7yP9vXGkqE
router-digest 2C7D28A0F5B2B0A7B0E7E5E1B2F3C4D5E6F7A8B9
"""

BRIDGE_STATUS = b"""@type bridge-network-status 1.2
published 2024-01-02 03:30:00
flag-thresholds stable-uptime=807660 stable-mtbf=2425164 fast-speed=47000 enough-mtbf=1 guard-wfu=98.000%
fingerprint BA44A889E64B93FAA2B114E02C2A279A8555C533
r Unnamed ABhc2x8e1J2TqN0tO6jVk5D2b9g AKGyw9Tl9gcYKTpLXG1+j5ChssM 2024-01-02 03:04:05 10.146.72.28 55555 0
a [fd9f:2e19:3bcf::d1:5ee9]:50000
s Running Stable Valid
w Bandwidth=150
p reject 1-65535
r Other BBhc2x8e1J2TqN0tO6jVk5D2b9g BKGyw9Tl9gcYKTpLXG1+j5ChssM 2024-01-02 03:04:05 10.146.72.29 55555 0
s Running NewFlag
"""

BRIDGE_POOL = b"""@type bridge-pool-assignment 1.0
bridge-pool-assignment 2024-01-02 03:30:00
00b834117566035736fc6bd4ece950eace8e057a unallocated
00e923e7a8d87d28954fee7503e480f3a03ce4ee email port=443 flag=stable ring
"""

EXIT_LIST = b"""@type tordnsel 1.0
Downloaded 2010-12-28 08:02:03
ExitNode 63BA28370F543D175173E414D5450590D73E22DC
Published 2010-12-28 07:35:55
LastStatus 2010-12-28 08:10:11
ExitAddress 91.102.152.236 2010-12-28 07:10:30
"""
