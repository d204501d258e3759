# -*- test-case-name: txtor.test.directory.test_exit_policy -*-
"""
Exit policies: their two grammars, what they allow, and their summary against a slow evaluation.
"""

from __future__ import annotations

import contextlib
import ipaddress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txtor.directory import DEFAULT_POLICY, ExitPolicy, ExitRule, PortSummary, Verdict
from txtor.errors import InvalidArgument, MalformedDocument

PRIVATE_NETWORKS = (
    "0.0.0.0/8 169.254.0.0/16 127.0.0.0/8 192.168.0.0/16 10.0.0.0/8 172.16.0.0/12 "
    "::/8 fc00::/7 fe80::/10 fec0::/10 ff00::/8 ::/127"
).split(" ")


def descriptor(*lines: str, ipv6: str | None = None) -> ExitPolicy:
    """
    The policy of a server descriptor.
    """
    return ExitPolicy.from_descriptor(lines, None if ipv6 is None else PortSummary.parse(ipv6))


class GrammarTests(SynchronousTestCase):
    """
    Text to rules.
    """

    def test_descriptor(self) -> None:
        """
        A rule knows its parts, and is written as tor writes it.
        """
        (rule,) = descriptor("reject 192.0.2.7/24:80-443").rules
        self.assertEqual(rule, ExitRule(False, 4, 0xC0000207, 24, 80, 443))
        self.assertEqual((rule.address, str(rule)), ("192.0.2.7", "reject 192.0.2.7/24:80-443"))
        self.assertFalse(rule.is_address_wildcard or rule.is_port_wildcard or rule.is_private)

    def test_star_of_descriptor_is_ipv4(self) -> None:
        """
        In a server descriptor ``*`` is every IPv4 address and no IPv6 address.
        """
        policy = descriptor("accept *:*")
        self.assertEqual([rule.family for rule in policy], [4])
        self.assertEqual(policy.evaluate("2001:db8::1", 80), Verdict.REJECTED)

    def test_star_of_torrc_is_both(self) -> None:
        """
        In torrc ``*`` is both families, ``*4`` and ``*6`` are one, and ports may be left out. Case 130.
        """
        self.assertEqual([str(rule) for rule in ExitPolicy.parse("accept *")], ["accept *:*", "accept6 *:*"])
        self.assertEqual([rule.family for rule in ExitPolicy.parse("accept *4:80,accept *6:81")], [4, 6])
        self.assertEqual([rule.family for rule in ExitPolicy.parse("accept6 *:80\nreject6 [2001:db8::]/32:*")], [6, 6])

    def test_getinfo(self) -> None:
        """
        What tor says of its own policy has ``*`` for IPv4 and rules of their own for IPv6, as tor 0.4.9.11 writes them; read
        as torrc the second rule would come too late.
        """
        text = "reject *:25\naccept6 *:25-26\nreject6 [2001::]/16:443\nreject6 *:*\nreject *:*"
        policy = ExitPolicy.from_getinfo(text)
        self.assertEqual([rule.family for rule in policy], [4, 6, 6, 6, 4])
        self.assertEqual("\n".join(map(str, policy)), text)
        self.assertEqual((str(policy.summary(4)), str(policy.summary(6))), ("reject 1-65535", "accept 25-26"))
        self.assertFalse(ExitPolicy.parse(text).can_exit_to("2001:db8::1", 25))
        self.assertTrue(policy.can_exit_to("2001:db8::1", 25))

    def test_private(self) -> None:
        """
        ``private`` stands for twelve networks in torrc, six in a descriptor, and with ``accept6`` for the other six. Case 130.
        """
        rules = ExitPolicy.parse("reject private:*").rules
        written = [str(ipaddress.ip_network(f"{rule.address}/{rule.bits}")) for rule in rules]
        self.assertEqual(written, PRIVATE_NETWORKS)
        self.assertTrue(all(rule.is_private for rule in rules))
        self.assertEqual(len(descriptor("reject private:*")), 6)
        self.assertEqual(len(ExitPolicy.parse("reject6 private:80")), 6)

    def test_masks(self) -> None:
        """
        A mask is a number of bits or, for IPv4, dotted; a dotted one that is no prefix is refused. Case 130.
        """
        self.assertEqual(descriptor("accept 10.0.0.0/255.255.0.0:9"), descriptor("accept 10.0.0.0/16:9"))
        self.assertEqual(descriptor("accept 1.2.3.4/0.0.0.0:9").rules[0].bits, 0)
        for mask in ("255.0.255.0", "33", "-1", "", "1.2.3", "٣"):
            with self.assertRaises(MalformedDocument):
                descriptor(f"accept 10.0.0.0/{mask}:9")

    def test_port_zero(self) -> None:
        """
        Old relays wrote port 0: a range from 0 begins at 1, and 0 alone matches nothing. torrc has no port 0. Case 130.
        """
        policy = descriptor("accept *:0-5", "accept *:0", "reject *:*")
        self.assertTrue(policy.can_exit_to("192.0.2.1", 1))
        self.assertEqual(policy.lines, ("accept *:0-5", "accept *:0", "reject *:*"))
        self.assertFalse(descriptor("accept *:0", "reject *:*").is_exiting_allowed)
        self.assertEqual(str(descriptor("accept *:0", "reject *:*").summary()), "reject 1-65535")
        self.assertEqual(str(descriptor("accept *:0").rules[0]), "accept *:0")
        for text in ("accept *:0", "accept *:0-5"):
            with self.assertRaises(MalformedDocument):
                ExitPolicy.parse(text)

    def test_refused_in_descriptor(self) -> None:
        """
        What tor refuses in a server descriptor is refused, with the number of the rule. Case 130.
        """
        for line in (
            "accept6 *:80", "reject6 [::1]:80", "accept [::1]:80", "accept *4:80", "accept *", "accept *:", "accept",
            "allow *:80", "ACCEPT *:80", "accept */0:80", "accept *:80-70", "accept *:65536", "accept *: 80", "accept 1.2.3:80",
            "accept 1.2.3.4.5:80", "accept 256.1.1.1:80", "accept *:1_0", "accept *:+5", "accept *:80-", "accept *:-80", "",
        ):  # fmt: skip
            with self.assertRaises(MalformedDocument) as caught:
                descriptor("reject *:25", line)
            self.assertEqual(caught.exception.line, 2, line)

    def test_refused_in_torrc(self) -> None:
        """
        What tor 0.4.9.11 refuses in torrc is refused.
        """
        refused = "accept6 *4:7,accept6 1.2.3.4:9,accept *4/0:4,accept [::]/129:5,accept 2001:db8::1:80,accept:80"
        for text in refused.split(","):
            with self.assertRaises(MalformedDocument):
                ExitPolicy.parse(text)

    def test_written_again(self) -> None:
        """
        The lines stay as they were; rules written anew say the same.
        """
        lines = ("reject 0.0.0.0/255.0.0.0:*", "accept *:80", "accept *:0443", "reject *:*")
        policy = ExitPolicy.from_descriptor(lines)
        self.assertEqual(policy.lines, lines)
        self.assertEqual(str(policy), ", ".join(lines))
        self.assertEqual(ExitPolicy.from_descriptor([str(rule) for rule in policy]), policy)
        self.assertEqual(hash(ExitPolicy.from_descriptor([str(rule) for rule in policy])), hash(policy))

    @settings(max_examples=150)
    @given(st.lists(st.text(alphabet="acceptrj6 *4:/[].-0123456789private٣\0\n", max_size=40), max_size=4), st.booleans())
    @example(["accept [:80"], False)
    @example(["accept ]:80"], False)
    def test_any_text(self, lines: list[str], in_descriptor: bool) -> None:
        """
        A policy, or the declared error.
        """
        with contextlib.suppress(MalformedDocument):
            policy = ExitPolicy.from_descriptor(lines) if in_descriptor else ExitPolicy.parse(lines)
            self.assertEqual(policy.lines, tuple(lines))
            if not in_descriptor:
                self.assertEqual(ExitPolicy.from_getinfo(map(str, policy)).rules, policy.rules)


class EvaluationTests(SynchronousTestCase):
    """
    What a policy allows.
    """

    def test_first_match_decides(self) -> None:
        """
        The first rule that matches decides, and what no rule matches is accepted.
        """
        policy = descriptor("reject 192.0.2.0/24:*", "accept *:80", "reject *:1-1024")
        self.assertEqual(policy.evaluate("192.0.2.99", 80), Verdict.REJECTED)
        self.assertEqual(policy.evaluate("192.0.3.99", 80), Verdict.ACCEPTED)
        self.assertEqual(policy.evaluate("192.0.3.99", 81), Verdict.REJECTED)
        self.assertEqual(policy.evaluate("192.0.3.99", 2000), Verdict.ACCEPTED)
        self.assertEqual(ExitPolicy(()).evaluate("192.0.3.99", 2000), Verdict.ACCEPTED)

    def test_unknown_address(self) -> None:
        """
        A host name is judged by its port: certainly where no rule for some addresses comes before the one for all.
        """
        rules = ("reject 10.0.0.0/8:*", "accept *:80", "accept 192.0.2.1:90", "reject *:*")
        policy = descriptor(*rules)
        self.assertEqual(policy.evaluate(None, 80), Verdict.PROBABLY_ACCEPTED)
        self.assertEqual(policy.evaluate(None, 90), Verdict.PROBABLY_REJECTED)
        self.assertEqual(descriptor(*rules[1:]).evaluate(None, 80), Verdict.ACCEPTED)
        self.assertEqual(descriptor(*rules[1:]).evaluate(None, 81), Verdict.REJECTED)
        self.assertEqual(descriptor("reject 10.0.0.0/8:*").evaluate(None, 81), Verdict.PROBABLY_ACCEPTED)
        self.assertEqual(ExitPolicy(()).evaluate(None, 81), Verdict.ACCEPTED)

    def test_port_zero_is_no_port(self) -> None:
        """
        Port 0, and what is no port, is never allowed.
        """
        for port in (0, -1, 65536):
            self.assertEqual(ExitPolicy(()).evaluate("192.0.2.1", port), Verdict.REJECTED)
            self.assertFalse(ExitPolicy(()).can_exit_to("192.0.2.1", port))

    def test_ipv6_of_descriptor(self) -> None:
        """
        IPv6 is judged by ``ipv6-policy``, which is never certain; without it nothing of IPv6 is allowed.
        """
        policy = descriptor("reject *:*", ipv6="accept 443")
        self.assertEqual(policy.evaluate("[2001:db8::1]", 443), Verdict.PROBABLY_ACCEPTED)
        self.assertTrue(policy.can_exit_to("2001:db8::1", 443))
        self.assertFalse(policy.can_exit_to("2001:db8::1", 443, strict=True))
        self.assertTrue(policy.is_exiting_allowed)
        self.assertEqual(str(policy.summary(6)), "accept 443")
        self.assertFalse(descriptor("accept *:*").can_exit_to("2001:db8::1", 443))

    def test_ipv6_of_torrc(self) -> None:
        """
        In torrc, rules for IPv6 are rules as others.
        """
        policy = ExitPolicy.parse("reject [2001:db8::]/32:*, accept *6:80, reject *:*")
        self.assertEqual(policy.evaluate("2001:db8::1", 80), Verdict.REJECTED)
        self.assertEqual(policy.evaluate("2001:db9::1", 80), Verdict.ACCEPTED)
        self.assertFalse(policy.can_exit_to("192.0.2.1", 80))
        self.assertEqual(str(policy.summary(6)), "accept 80")
        self.assertEqual(str(policy.summary(4)), "reject 1-65535")

    def test_strict(self) -> None:
        """
        Strictly, all that the question leaves open must be allowed.
        """
        policy = descriptor("reject 10.0.0.0/8:*", "accept *:80-90", "reject *:*")
        self.assertTrue(policy.can_exit_to(port=85))
        self.assertFalse(policy.can_exit_to(port=85, strict=True))
        self.assertTrue(policy.can_exit_to("192.0.2.1"))
        self.assertFalse(policy.can_exit_to("192.0.2.1", strict=True))
        self.assertTrue(policy.can_exit_to("192.0.2.1", 85, strict=True))
        self.assertTrue(descriptor("accept *:*", "reject 10.0.0.0/8:*").can_exit_to(port=85, strict=True))

    def test_is_exiting_allowed(self) -> None:
        """
        Nothing leaves where every port is rejected for all before it is accepted, in however many rules that is written.
        """
        self.assertFalse(descriptor("reject *:*").is_exiting_allowed)
        self.assertFalse(descriptor("reject *:1-99", "reject *:100-65535", "accept *:80").is_exiting_allowed)
        self.assertTrue(descriptor("reject *:1-99", "accept 192.0.2.1:100", "reject *:*").is_exiting_allowed)
        self.assertTrue(descriptor("reject *:1-65534").is_exiting_allowed)

    def test_no_address(self) -> None:
        """
        What is no address is the caller's mistake.
        """
        for address in ("example.com", "", "1.2.3", "192.0.2.1/24"):
            with self.assertRaises(InvalidArgument):
                DEFAULT_POLICY.can_exit_to(address, 80)

    def test_strip(self) -> None:
        """
        Rules against private networks, and tor's default rules at the end, can be taken off.
        """
        policy = ExitPolicy.parse(f"reject private:*,reject 192.0.2.1:*,accept 10.0.0.0/8:*,{DEFAULT_POLICY}")
        stripped = policy.strip_private().strip_default()
        self.assertEqual(stripped.lines, ("reject 192.0.2.1:*", "accept 10.0.0.0/8:*"))
        self.assertIs(stripped.strip_default().strip_private(), stripped)
        ipv4 = [str(rule) for rule in DEFAULT_POLICY if rule.family == 4]
        self.assertEqual(descriptor("reject 192.0.2.1:*", *ipv4).strip_default().lines, ("reject 192.0.2.1:*",))


PORTS = st.sampled_from([1, 2, 3, 5, 8, 80, 81, 443, 65534, 65535])
NETWORKS = st.sampled_from(
    "* 0.0.0.0/1 128.0.0.0/6 8.0.0.0/7 9.0.0.0/8 10.0.0.0/8 10.1.2.3/8 192.0.2.1 127.0.0.0/8 127.0.0.0/9 172.16.0.0/12".split(" ")
)


@st.composite
def descriptor_lines(draw: st.DrawFn) -> list[str]:
    """
    Some rules of a descriptor, over few ports and networks, so that they meet often.
    """
    lines = []
    for _ in range(draw(st.integers(1, 6))):
        first, last = sorted((draw(PORTS), draw(PORTS)))
        lines.append(f"{draw(st.sampled_from(['accept', 'reject']))} {draw(NETWORKS)}:{first}-{last}")
    return lines


def slow_summary(lines: list[str]) -> dict[int, bool]:
    """
    By port, whether the summary accepts it: the rules walked for each port by itself.
    """
    rules = []
    for line in lines:
        word, pattern = line.split(" ")
        network, _, ports = pattern.partition(":")
        first, _, last = ports.partition("-")
        size = 2**32 if network == "*" else ipaddress.ip_network(network, strict=False).num_addresses
        rules.append((word == "accept", size, network in PRIVATE_NETWORKS, int(first), int(last)))
    accepted = {}
    for port in range(1, 65536):
        rejected, verdict = 0, False
        for is_accept, size, private, low, high in rules:
            if not low <= port <= high:
                continue
            if is_accept and size == 2**32 and rejected <= 2**25:
                verdict = True
            elif not is_accept and not private:
                rejected += size
        accepted[port] = verdict
    return accepted


class SummaryTests(SynchronousTestCase):
    """
    The short form of a policy.
    """

    def test_default(self) -> None:
        """
        tor's default policy is told by what it rejects.
        """
        expected = "reject 25,119,135-139,445,563,1214,4661-4666,6346-6429,6699,6881-6999"
        self.assertEqual(str(DEFAULT_POLICY.summary()), expected)
        self.assertEqual(str(DEFAULT_POLICY.summary(6)), expected)

    def test_all_and_nothing(self) -> None:
        """
        Everything and nothing have one form each; private networks do not count.
        """
        self.assertEqual(str(descriptor("reject *:*").summary()), "reject 1-65535")
        self.assertEqual(str(descriptor("reject private:*", "accept *:*").summary()), "accept 1-65535")
        self.assertEqual(str(descriptor("accept 192.0.2.0/24:*", "reject *:*").summary()), "reject 1-65535")

    def test_policy_without_star(self) -> None:
        """
        For the summary, what no rule accepts for all addresses is rejected, though a stream would be let out.
        """
        self.assertEqual(str(descriptor("reject *:25").summary()), "reject 1-65535")

    def test_share_of_addresses(self) -> None:
        """
        A port is accepted while at most a /7 of addresses was rejected for it before; of IPv6 a /16.
        """
        self.assertEqual(str(descriptor("reject 8.0.0.0/7:25", "accept *:25", "reject *:*").summary()), "accept 25")
        lines = ("reject 8.0.0.0/7:25", "reject 192.0.2.1:25", "accept *:25-26", "reject *:*")
        self.assertEqual(str(descriptor(*lines).summary()), "accept 26")
        for rules, expected in (
            ("reject [2001::]/16:25", "accept 25-26"),
            ("reject [2001::]/16:25,reject [2003::1]/128:25", "accept 25-26"),
            ("reject [2001::]/16:25,reject [2003::]/64:25", "accept 26"),
        ):
            self.assertEqual(str(ExitPolicy.parse(f"{rules},accept *6:25-26,reject *:*").summary(6)), expected)

    def test_tie_accepts(self) -> None:
        """
        Where both lists are as long, the accepted one is taken.
        """
        self.assertEqual(str(descriptor("accept *:1-32767", "reject *:*").summary()), "accept 1-32767")

    def test_cut(self) -> None:
        """
        Where both lists are longer than 1000 characters, the accepted one is cut at a comma.
        """
        lines = [f"accept *:{port}" for port in range(10001, 12000, 2)]
        text = str(descriptor(*lines, "reject *:*").summary())
        self.assertTrue(text.startswith("accept 10001,10003,"))
        self.assertLessEqual(len(text), 1000)
        self.assertGreater(len(text + ",10001"), 1000)
        self.assertEqual(text.count(","), 165 - 1)

    @settings(max_examples=25)
    @given(descriptor_lines())
    def test_slow_evaluation(self, lines: list[str]) -> None:
        """
        Over all ports, the summary is what a walk of the rules for each port gives.
        """
        summary = descriptor(*lines).summary()
        accepted = slow_summary(lines)
        self.assertEqual([port for port in accepted if accepted[port] != (port in summary)], [])
        self.assertEqual(PortSummary.parse(str(summary)), summary)

    @settings(max_examples=60)
    @given(descriptor_lines(), st.sampled_from(["192.0.2.1", "10.1.2.3", "9.9.9.9", "200.1.1.1"]), PORTS)
    def test_questions_agree(self, lines: list[str], address: str, port: int) -> None:
        """
        Each question about one address and port has the answer of the rules, and a wider question contains it.
        """
        policy = descriptor(*lines)
        allowed = policy.evaluate(address, port) is Verdict.ACCEPTED
        self.assertEqual(policy.can_exit_to(address, port), allowed)
        self.assertEqual(policy.can_exit_to(address, port, strict=True), allowed)
        if allowed:
            self.assertTrue(policy.can_exit_to(address) and policy.can_exit_to(port=port) and policy.is_exiting_allowed)
        else:
            self.assertFalse(policy.can_exit_to(address, strict=True) or policy.can_exit_to(port=port, strict=True))


#: Networks that overlap in every way, and rules for some ports of them.
_NETWORKS = st.sampled_from(["0.0.0.0/1", "10.0.0.0/8", "10.128.0.0/9", "10.0.0.1", "10.0.0.2/31", "128.0.0.0/1", "*"])
_SOME_RULES = st.builds(
    "{} {}:{}".format, st.sampled_from(["accept", "reject"]), _NETWORKS, st.sampled_from(["*", "80", "1-80", "81-65535", "443"])
)
#: All addresses at which a rule may begin or end, and those beside.
_EDGES = ["0.0.0.0", "9.255.255.255", "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.127.255.255", "10.128.0.0",
          "10.255.255.255", "11.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255"]  # fmt: skip


class DecidesLikeTests(SynchronousTestCase):
    """
    `ExitPolicy.decides_like`.
    """

    def test_written_otherwise(self) -> None:
        """
        Policies that say the same in other words, in another order, or with rules that nothing reaches.
        """
        for one, other in (
            ("reject *:25,accept *:*", "reject *:25"),
            ("accept *:80,reject *:*", "reject *:1-79,reject *:81-65535,accept *:*"),
            ("reject 10.0.0.0/9:*,reject 10.128.0.0/9:*", "reject 10.0.0.0/8:*"),
            ("reject 192.0.2.7/24:*", "reject 192.0.2.0/24:*"),
            ("accept *:80,reject *:*", "accept *:80,reject *:*,accept 192.0.2.1:443"),
            ("reject [2001:db8::]/33:*,reject [2001:db8:8000::]/33:*", "reject [2001:db8::]/32:*"),
        ):
            first, second = ExitPolicy.parse(one), ExitPolicy.parse(other)
            self.assertTrue(first.decides_like(second) and second.decides_like(first), one)
            self.assertNotEqual(first, second)

    def test_different(self) -> None:
        """
        One address or one port is enough.
        """
        for one, other in (
            ("reject 192.0.2.1:80", "reject 192.0.2.2:80"),
            ("reject 192.0.2.1:80", "reject 192.0.2.1:81"),
            ("reject *:*", "accept 255.255.255.255:65535,reject *:*"),
            ("accept *4:*,reject *6:*", "accept *:*"),
            ("reject [2001:db8::1]:80", "reject [2001:db8::2]:80"),
        ):
            self.assertFalse(ExitPolicy.parse(one).decides_like(ExitPolicy.parse(other)), one)

    def test_summaries(self) -> None:
        """
        For IPv6 a server descriptor has a summary alone, with which the summary of the other is compared.
        """
        described = descriptor("accept *:80", "reject *:*", ipv6="accept 80")
        self.assertTrue(described.decides_like(ExitPolicy.parse("accept *:80,reject *:*")))
        self.assertFalse(described.decides_like(ExitPolicy.parse("accept *4:80,reject *:*")))
        self.assertTrue(described.decides_like(descriptor("accept *:80", "reject *:*", ipv6="reject 1-79,81-65535")))
        self.assertFalse(described.decides_like(descriptor("accept *:80", "reject *:*")))

    @settings(max_examples=200)
    @given(st.lists(_SOME_RULES, max_size=5), st.lists(_SOME_RULES, max_size=5))
    def test_every_question(self, one: list[str], other: list[str]) -> None:
        """
        Two policies decide alike where every question has the same answer.
        """
        first, second = descriptor(*one), descriptor(*other)
        asked = [(address, port) for address in _EDGES for port in (1, 79, 80, 81, 443, 444, 65535)]
        same = all(first.evaluate(*question) is second.evaluate(*question) for question in asked)
        self.assertEqual(first.decides_like(second), same)
