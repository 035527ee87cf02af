"""The policies that bear on one request, compiled: which statements match a principal, an action, a resource.

A layer is one kind of policy. Source: "Policy evaluation logic" of the IAM user guide.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from auditor.analysis.condition_logic import pattern_matches
from auditor.analysis.iam_actions import match_actions
from auditor.analysis.iam_document import PolicyText, Statement, parse_policy
from auditor.analysis.request_context import Caller, Fixed, Held
from auditor.errors import InputError
from auditor.inventory.identity import IdentityPolicy

LayerKind = Literal["identity", "boundary", "scp", "rcp", "repository", "registry"]
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ROOT = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}):root")
_SESSION = re.compile(r"arn:[a-z0-9-]+:sts::(\d{12}):assumed-role/([^/]+)/.+")


@dataclass(frozen=True)
class Cited:
    """A statement as it is shown: where it stands and what it is called."""

    layer: LayerKind
    policy: str
    statement: int
    sid: str
    effect: str


@dataclass(frozen=True, eq=False)
class Clause:
    """A statement of a layer, ready to match. Compared by identity: one object a statement."""

    cited: Cited
    statement: Statement
    variables: bool
    """Policy variables are expanded (Version 2012-10-17)."""
    actions: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    """The context keys whose values its text needs."""
    keys: frozenset[str] = frozenset()
    """All context keys that it asks for."""

    may_allow: bool = True
    """Not surely a Deny; an effect that is neither has its doubts."""
    may_deny: bool = False
    """Not surely an Allow."""

    def about(self, action: str) -> bool:
        """Whether it is, or may be, about an action."""
        return action in self.actions or bool(self.statement.doubts)


@dataclass(frozen=True)
class Policy:
    """A compiled policy."""

    name: str
    layer: LayerKind
    clauses: tuple[Clause, ...]
    doubt: str = ""
    """Why the policy may say something else than its clauses."""
    scope_doubt: str = ""
    """Why a registry's policy may not decide on other than registry actions."""


def compile_text(text: str, name: str, layer: LayerKind, decides: frozenset[str] | None = None) -> Policy:
    """A policy from its document. `decides`: the only actions that it decides on. Errors: `InputError`."""
    return _compile(parse_policy(text), name, layer, decides)


def compile_identity(policy: IdentityPolicy, layer: LayerKind) -> Policy:
    """A policy from the statements that were kept of it. Errors: `InputError`."""
    kept = ",".join(statement.text for statement in policy.statements)
    version = f'"Version": {json.dumps(policy.version)}, ' if policy.version else ""
    document = parse_policy(f'{{{version}"Statement": [{kept}]}}')
    places = [statement.index for statement in policy.statements]
    if len(places) != len(document.statements):
        raise InputError("a statement is not one JSON value")
    renumbered = tuple(replace(s, index=places[s.index]) for s in document.statements)
    return _compile(replace(document, statements=renumbered), policy.id or policy.name, layer, None)


def _compile(document: PolicyText, name: str, layer: LayerKind, decides: frozenset[str] | None) -> Policy:
    variables = document.version == "2012-10-17"

    def clause(statement: Statement) -> Clause:
        actions = actions_of(statement)
        needs = variables_in(statement) if variables else frozenset()
        return Clause(
            Cited(layer, name, statement.index, statement.sid, statement.effect),
            statement,
            variables,
            actions if decides is None else actions & decides,
            needs,
            needs.union(entry.key for entry in statement.conditions),
            may_allow=statement.effect != "Deny",
            may_deny=statement.effect != "Allow",
        )

    clauses = tuple(clause(statement) for statement in document.statements)
    return Policy(name, layer, clauses, doubt=document.doubts[0] if document.doubts else "")


def actions_of(statement: Statement) -> frozenset[str]:
    """The known registry actions that a statement is about."""
    matched = _matched(statement.not_actions or statement.actions)
    return frozenset(match_actions("*")) - matched if statement.not_actions else matched


@cache
def _matched(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(action for pattern in patterns for action in match_actions(pattern))


# ---------------------------------------------------------------- resources
Match = Literal["yes", "no", "maybe"]


def resource_match(clause: Clause, arn: str, held: dict[str, Held]) -> Match:
    """Whether a statement's Resource takes in `arn`."""
    statement = clause.statement
    if statement.not_resources is not None:
        found = [_one_resource(clause, pattern, arn, held) for pattern in statement.not_resources]
        return "no" if "yes" in found else "maybe" if "maybe" in found else "yes"
    if statement.resources is None:
        # A repository policy has none: it is about its repository. An identity policy without one is refused.
        return "yes" if clause.cited.layer == "repository" else "maybe"
    found = [_one_resource(clause, pattern, arn, held) for pattern in statement.resources]
    return "yes" if "yes" in found else "maybe" if "maybe" in found else "no"


def _one_resource(clause: Clause, pattern: str, arn: str, held: dict[str, Held]) -> Match:
    if clause.needs and "${" in pattern:
        expanded = expand(pattern, held)
        if expanded is None:
            return "maybe"
        if expanded == "":
            return "no"
        pattern = expanded
    if pattern in ("*", arn) or _resource_regex(pattern).fullmatch(arn):
        return "yes"
    # A wildcard inside a segment that would have to cross a colon: the guide says that it does not.
    return "maybe" if pattern_matches(arn, pattern) else "no"


@cache
def _resource_regex(pattern: str) -> re.Pattern[str]:
    """A resource's pattern: `*` at the end of a segment goes on beyond the colon, elsewhere it stays inside.

    Source: "IAM JSON policy elements: Resource", on wildcards.
    """
    return re.compile(":".join(_segment(segment) for segment in pattern.split(":")), re.DOTALL)


def _segment(pattern: str) -> str:
    first, *others = ["".join("[^:]" if c == "?" else re.escape(c) for c in part) for part in pattern.split("*")]
    if not others:
        return first
    # Atomic: the first place where a middle part fits is as good as any other.
    middle = "".join(f"(?>[^:]*?{part})" for part in others[:-1] if part)
    return first + middle + ("[^:]*" + others[-1] if others[-1] else ".*")


def expand(text: str, held: dict[str, Held]) -> str | None:
    """`text` with its policy variables replaced; empty where a variable has no value, None where it cannot be told."""
    parts: list[str] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        name, comma, default = found.group(1).partition(",")
        key = name.strip().lower()
        value = held.get(key)
        if not isinstance(value, Fixed) or (value.values is not None and len(value.values) != 1):
            return None
        if value.values is None:
            if not comma:
                return ""
            text_value = default.strip().strip("'")
        else:
            text_value = value.values[0]
        if "*" in text_value or "?" in text_value:
            return None
        parts += [text[position : found.start()], text_value]
        position = found.end()
    return "".join(parts) + text[position:]


def variables_in(statement: Statement) -> frozenset[str]:
    """The keys whose values a statement's text needs."""
    texts = [*(statement.resources or ()), *(statement.not_resources or ())]
    texts += [value for entry in statement.conditions for value in entry.values]
    names = (found.group(1).partition(",")[0] for text in texts for found in _VARIABLE.finditer(text))
    return frozenset(name.strip().lower() for name in names)


# ---------------------------------------------------------------- principals
Directness = Literal["no", "account", "everyone", "direct", "session", "maybe"]


def principal_match(clause: Clause, caller: Caller) -> Directness:
    """How a resource policy's statement names a caller.

    `account`: it leaves it to the account's own policies; `everyone`: `*`; `direct`: the user or role itself;
    `session`: a session of the role.
    """
    statement = clause.statement
    if statement.not_principals:
        return _not_named(statement, caller)
    found = {_one_principal(kind, value, caller) for kind, value in statement.principals}
    for kind in ("direct", "session", "everyone", "account", "maybe"):
        if kind in found:
            return kind
    return "no"


def _one_principal(kind: str, value: str, caller: Caller) -> Directness:
    if caller.kind == "service":
        return "direct" if kind == "Service" and value == caller.arn else "no"
    if kind != "AWS":
        return "no" if kind in ("Service", "Federated", "CanonicalUser") else "maybe"
    if value == "*":
        return "everyone"
    if not caller.chosen and caller.kind != "root" and value in (caller.arn, caller.unique_id):
        return "direct"
    root = _ROOT.fullmatch(value)
    if value == caller.account or (root is not None and root.group(1) == caller.account):
        return "account"
    session = _SESSION.fullmatch(value)
    if session and caller.kind == "role" and session.groups() == (caller.account, caller.name):
        return "session"
    return "maybe" if "${" in value else "no"


_IDENTITY_OF: dict[str, frozenset[str]] = {
    "user": frozenset({"account", "direct"}),
    "role": frozenset({"account", "direct", "session"}),
    "root": frozenset({"account"}),
    "service": frozenset({"direct"}),
}


def _not_named(statement: Statement, caller: Caller) -> Directness:
    """NotPrincipal: everyone but those named.

    A Deny spares a caller whose account, and user or role and session, are all named; the guide warns that
    naming only some of them may deny it, so that is in doubt.
    """
    named = {_one_principal(kind, value, caller) for kind, value in statement.not_principals}
    if statement.effect == "Allow":
        return "no" if named & {"direct", "account", "everyone", "session"} else "everyone"
    needed = _IDENTITY_OF[caller.kind]
    if "everyone" in named or named >= needed:
        return "no"
    return "maybe" if named & {"account", "direct", "session", "maybe"} else "everyone"
