# -*- test-case-name: txtor.test.fetch.test_documents -*-
"""
Which key certificates are asked for to verify a consensus.
"""

from __future__ import annotations

from txtor.directory import Authorities, Consensus, DirectoryQuery

#: As many as one query takes; no network has as many authorities.
MOST_SIGNERS = 96


def certificates_for(consensus: Consensus, known: Authorities) -> DirectoryQuery | None:
    """
    What to ask for.

    Only what known authorities signed is of use, so that a forged consensus cannot make us ask for more.

    :return: ``None`` where none of them signed.
    """
    wanted = {(each.identity, each.signing_key_digest) for each in consensus.signatures}
    signers = sorted(pair for pair in wanted if pair[0] in known.v3idents)[:MOST_SIGNERS]
    return DirectoryQuery.key_certificates(signing_keys=signers) if signers else None
