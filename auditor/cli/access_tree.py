"""The answers of `auditor access` as a tree: by capability, by kind of principal, principals alike together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from auditor.cli.common import printable

if TYPE_CHECKING:
    from auditor.inventory.identity import Witness
    from auditor.run.access_report import AccessAnswer, AccessReport

SHOWN = 4
"""Names of a group that are written out; the others are counted."""
GROUPS = 6
"""Groups of one kind that are written out."""
WITNESSES = 6
ACTIONS = 5
_KINDS = {
    "any_account": ("any account", "any account"),
    "organization": ("organisation", "organisations"),
    "account": ("other account", "other accounts"),
    "principal": ("principal whose own policies were not read", "principals whose own policies were not read"),
    "service": ("service", "services"),
    "root": ("root user", "root users"),
    "user": ("user", "users"),
    "role": ("role", "roles"),
    "unusable": ("name that stands for nobody", "names that stand for nobody"),
}
_LAYERS = {
    "identity": "policy",
    "boundary": "permission boundary",
    "scp": "SCP",
    "rcp": "RCP",
    "repository": "repository policy",
    "registry": "registry policy",
}
_STYLES = {"yes": "green", "unknown": "yellow", "no": "red", "in part": "cyan"}


@dataclass
class Node:
    """A line of the tree and what hangs on it."""

    text: str
    style: str = ""
    children: list[Node] = field(default_factory=list)


def lines(report: AccessReport, width: int) -> Iterator[tuple[str, str]]:
    """(text, style) of every line, no wider than `width` columns where the text allows it."""
    for node in _head(report):
        yield from ((text, node.style) for text in wrap(node.text, width))
    for capability in report.capabilities:
        found = [answer for answer in report.answers if answer.capability == capability]
        yield "", ""
        yield from _drawn(_capability(capability, found, report), width, "", "")


def _head(report: AccessReport) -> Iterator[Node]:
    repository = report.repository
    yield Node(f"{repository.name}  {repository.account} {repository.region}", "bold")
    accounts = _counted(len(report.accounts), "account", "accounts")
    asked = _counted(report.principals, "principal", "principals")
    yield Node(f"As of {report.taken_at}; asked: {asked} of {accounts}, and whom the policies name.")
    for text in report.unread:
        yield Node(f"Note: {text}.", "yellow")
    if not report.accounts:
        yield Node(
            "Identity policies were not read: this is what the policies of repository and registry alone say. "
            "Every role and user of the account may have access that does not show here.",
            "yellow",
        )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


# ---------------------------------------------------------------- grouping
def _capability(name: str, answers: list[AccessAnswer], report: AccessReport) -> Node:
    node = Node(name, "bold")
    for kind, of_kind in groupby(answers, key=lambda answer: answer.kind):
        groups: dict[tuple[str, ...], list[AccessAnswer]] = {}
        for answer in of_kind:
            groups.setdefault(_likeness(answer), []).append(answer)
        ordered = sorted(groups.values(), key=lambda group: (_ORDER[_state(group[0])], -len(group)))
        if len(ordered) == 1:
            node.children.append(_group(kind, ordered[0], report))
        else:
            node.children.append(_several(kind, ordered, report))
    if not node.children:
        node.children.append(_none(report))
    return node


def _none(report: AccessReport) -> Node:
    if report.principal:
        return Node("no such principal was asked")
    if report.repository.account not in report.accounts:
        return Node("unknown: nobody is named for it; the account's own principals were not asked", _STYLES["unknown"])
    return Node("nobody")


def _several(kind: str, groups: list[list[AccessAnswer]], report: AccessReport) -> Node:
    """A kind of principal with many groups: the largest of each state, the others counted."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[_state(group[0])] = counts.get(_state(group[0]), 0) + len(group)
    said = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    node = Node(f"{_KINDS[kind][1]}: {said}")
    for state, same_state in groupby(groups, key=lambda group: _state(group[0])):
        alike = list(same_state)
        node.children += [_group(kind, group, report) for group in alike[:GROUPS]]
        rest = alike[GROUPS:]
        if rest:
            left = _counted(sum(map(len, rest)), *_KINDS[kind])
            ways = _counted(len(rest), "other way", "other ways")
            node.children.append(
                Node(f"{state}: {left} more, in {ways}; --json lists all, --principal picks", _STYLES[state])
            )
    return node


_ORDER = {"yes": 0, "in part": 1, "unknown": 2, "no": 3}


def _state(answer: AccessAnswer) -> str:
    return "in part" if answer.partial else answer.state


def _likeness(answer: AccessAnswer) -> tuple[str, ...]:
    """What principals in one group share: everything that is shown of them but the name."""
    shown = (*_details(answer), answer.account if answer.kind in ("role", "user") else "")
    return tuple(text.replace(answer.principal, "…") for text in shown)


def _group(kind: str, alike: list[AccessAnswer], report: AccessReport) -> Node:
    first = alike[0]
    state = _state(first)
    names = [_short(answer, report) for answer in alike]
    title = _counted(len(alike), *_KINDS[kind]) if len(alike) > 1 else _KINDS[kind][0]
    if kind == "root":
        title = f"the root user of account {first.account}"
    elif kind != "any_account":
        more = len(names) - SHOWN
        title += ": " if len(names) > 1 else " "
        title += ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    return Node(f"{state}: {title}", _STYLES[state], [Node(text) for text in _details(first)])


def _short(answer: AccessAnswer, report: AccessReport) -> str:
    """A role of the repository's own account by its path and name, others by their ARN."""
    if answer.kind in ("role", "user") and answer.account == report.repository.account:
        return answer.principal.split(":", 5)[-1].removeprefix(f"{answer.kind}/")
    return answer.principal


def _details(answer: AccessAnswer) -> list[str]:
    state = _state(answer)
    found: list[str] = []
    if state in ("yes", "in part") and _some_of_it(answer):
        found.append(f"allowed: {_bare(answer.allowed)}")
    if state == "in part":
        found.append(f"missing: {_bare(answer.missing)}")
    grants = [one for one in answer.witness if one.layer not in _LIMITS]
    if answer.kind == "root" and answer.state == "yes":
        found.append("by being the root user, which needs no policy")
    found += [f"by {text}" for text in _cited(grants)]
    limits = [one for one in answer.witness if one.layer in _LIMITS]
    if limits:
        found.append(f"within {'; '.join(_cited(limits))}")
    if answer.requires:
        found.append(f"must bring, for example: {', '.join(answer.requires)}")
    found += [f"stopped by {text}" for text in _cited(answer.stopped_by)]
    if answer.reason:
        found.append(f"{'because' if answer.state == 'no' else 'unknown because'} {answer.reason}")
    if answer.note:
        found.append(answer.note)
    return found


_LIMITS = ("boundary", "scp", "rcp")
_WHOLE = ("pull", "push", "metadata", "replicate")


def _some_of_it(answer: AccessAnswer) -> bool:
    """Which actions it is that make up a capability of several, each useful by itself."""
    return answer.partial or answer.capability not in _WHOLE


def _bare(actions: list[str]) -> str:
    more = len(actions) - ACTIONS
    names = ", ".join(action.removeprefix("ecr:") for action in actions[:ACTIONS])
    return names + (f" and {more} more" if more > 0 else "")


def _cited(witnesses: list[Witness]) -> list[str]:
    """One text a policy: `statements 0 (Pull) and 2 of the policy AdministratorAccess`."""
    by_policy: dict[tuple[str, str], list[str]] = {}
    for one in witnesses:
        said = f"{one.statement} ({one.sid})" if one.sid else str(one.statement)
        by_policy.setdefault((one.layer, one.policy), []).append(said)
    texts = [
        f"statement{'s' if len(said) > 1 else ''} {', '.join(said)} of {_policy(layer, policy)}"
        for (layer, policy), said in by_policy.items()
    ]
    more = len(texts) - WITNESSES
    return texts[:WITNESSES] + ([f"{more} more policies (see --json)"] if more > 0 else [])


def _policy(layer: str, policy: str) -> str:
    if layer in ("repository", "registry"):
        return f"the {_LAYERS[layer]}"
    holder, inline, name = policy.partition("#")
    if inline:
        group = re.search(r":group/(.+)$", holder)
        return f"the inline policy {name}" + (f" of group {group.group(1)}" if group else "")
    name = policy.rpartition(":policy/")[2] if ":policy/" in policy else policy
    if layer in ("scp", "rcp"):
        name = name.rpartition("/")[2]
    return f"the {_LAYERS[layer]} {name}"


# ---------------------------------------------------------------- drawing
def _drawn(node: Node, width: int, first: str, rest: str) -> Iterator[tuple[str, str]]:
    """A node and what hangs on it; continued lines are indented below their first."""
    hanging = rest + ("│  " if node.children else "   ") if rest or first else "  "
    for index, text in enumerate(wrap(node.text, width - len(hanging))):
        yield (hanging if index else first) + text, node.style
    for index, child in enumerate(node.children):
        last = index == len(node.children) - 1
        yield from _drawn(child, width, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


_PIECES = re.compile(r"[^/:,]+[/:,]*|[/:,]+")
_SMALLER = re.compile(r"[^-_.]+[-_.]*|[-_.]+")


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width`: broken at spaces, else behind `/`, `:` or `,`, else behind `-`, else anywhere."""
    width = max(width, 20)
    result: list[str] = []
    line = ""
    for word in printable(text).split(" "):
        joined = f"{line} {word}" if line else word
        if len(joined) <= width:
            line = joined
            continue
        if line and len(word) <= width:
            result.append(line)
            line = word
            continue
        line = f"{line} " if line else ""
        for piece in _pieces(word, width):
            if line.strip() and len(line) + len(piece) > width:
                result.append(line.rstrip())
                line = ""
            line += piece
    return [*result, line]


def _pieces(word: str, width: int) -> Iterator[str]:
    for piece in _PIECES.findall(word):
        smaller = [piece] if len(piece) <= width else _SMALLER.findall(piece)
        for part in smaller:
            yield from (part[start : start + width] for start in range(0, len(part), width))
