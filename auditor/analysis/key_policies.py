"""Whether a key policy lets in everybody.

Source: "Key policies in AWS KMS" and the condition keys of KMS: kms:CallerAccount says who calls as
aws:PrincipalAccount does; kms:ViaService and the encryption context say how, not who.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.analysis.iam_conditions import Narrowing, narrow, required_keys
from auditor.analysis.iam_document import ConditionEntry, Statement, parse_policy
from auditor.errors import InputError
from auditor.inventory.derived import KeyGrant
from auditor.inventory.facts import Absent, Fact, Known, Unknown
from auditor.inventory.keys import EncryptionKey


def derive_key_access(keys: Fact[list[EncryptionKey]]) -> Fact[list[KeyGrant]]:
    """The statements of all keys whose policy was read that let in everybody, or may."""
    if isinstance(keys, (Absent, Unknown)):
        return keys
    return Known([grant for key in keys.value for grant in _of_key(key)])


def _of_key(key: EncryptionKey) -> Iterable[KeyGrant]:
    if not isinstance(key.policy, Known):
        return
    try:
        document = parse_policy(key.policy.value.text)
    except InputError as error:
        yield KeyGrant(key.id, 0, "", "unknown", error.message)
        return
    for doubt in document.doubts:
        yield KeyGrant(key.id, 0, "", "unknown", doubt)
    denies = any(statement.effect == "Deny" for statement in document.statements)
    for statement in document.statements:
        reason = _openness(statement)
        if reason is not None:
            doubt = reason or ("a Deny statement may take it back" if denies else "")
            sid = statement.sid.encode("utf-8", "replace").decode("utf-8")
            yield KeyGrant(key.id, statement.index, sid, "unknown" if doubt else "exact", doubt)


def _openness(statement: Statement) -> str | None:
    """Empty for an Allow to everybody, the reason where that cannot be told, None for a narrow one."""
    if statement.effect == "Deny":
        return None
    if statement.doubts:
        return statement.doubts[0]
    everybody = statement.not_principals or ("AWS", "*") in statement.principals
    if not everybody:
        return None
    required = required_keys(statement.conditions)
    found = [_narrowing(entry, required) for entry in statement.conditions]
    if any(narrowing.kind not in ("open", "unknown") for narrowing in found):
        return None
    return next((narrowing.reason for narrowing in found if narrowing.kind == "unknown"), "")


def _narrowing(entry: ConditionEntry, required: frozenset[str]) -> Narrowing:
    if entry.key == "kms:calleraccount":
        return narrow(replace(entry, key="aws:principalaccount"), required)
    if entry.key == "kms:viaservice" or entry.key.startswith("kms:encryptioncontext"):
        return Narrowing("open")
    return narrow(entry, required)
