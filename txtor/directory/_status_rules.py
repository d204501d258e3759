# -*- test-case-name: txtor.test.directory.test_network_status -*-
"""
The table of what votes and consensuses have in common.

See dir-spec 3.4.1, Vote and consensus status document formats.
"""

from __future__ import annotations

from ._grammar import Rule, any_number, maybe, once, some

SECTION = "dir-spec 3.4.1"
SIGNATURE = "directory-signature"
#: What stands below the routers.
FOOTER = frozenset(("directory-footer", "bandwidth-weights", SIGNATURE))

#: The keywords that votes and consensuses share.
RULES: dict[str, Rule] = {
    "network-status-version": once(1),
    "vote-status": once(1),
    "valid-after": once(2),
    "fresh-until": once(2),
    "valid-until": once(2),
    "voting-delay": once(2),
    "client-versions": maybe(),
    "server-versions": maybe(),
    "package": any_number(3),
    "known-flags": once(),
    "recommended-client-protocols": maybe(),
    "recommended-relay-protocols": maybe(),
    "required-client-protocols": maybe(),
    "required-relay-protocols": maybe(),
    "params": maybe(),
    "shared-rand-previous-value": maybe(2),
    "shared-rand-current-value": maybe(2),
    "dir-source": some(6),
    "contact": any_number(),
    "directory-footer": once(),
    SIGNATURE: some(2, "SIGNATURE"),
}
