"""What AWS Signer's notation plugin decides, as far as it can be decided without asking AWS.

Source: aws-signer-notation-plugin, `internal/verifier`: the signed profile must be a trusted identity, and `*` is none,
since one root signs for every AWS account. Whether AWS revoked profile, job or certificate only AWS can tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.signatures.notation_envelope import AWS_ALIAS, AWS_JOB, AWS_PROFILE, SIGNING_AUTHORITY, Signed

NOT_ASKED = "AWS Signer was not asked whether it revoked the signature: the rest holds"
_PROFILE, _ALIASED, _ALIAS = "/signing-profiles/", "/aliased-signing-profiles/", "/aliases/"
_PARTS_OF_AN_ARN = 6


def identity_problem(signed: Signed, identities: Iterable[str]) -> str:
    """Why the signer's profile does not count; empty where it is a trusted identity."""
    profile, job, alias = (signed.attributes.get(name) for name in (AWS_PROFILE, AWS_JOB, AWS_ALIAS))
    if signed.scheme != SIGNING_AUTHORITY or not isinstance(profile, str) or not isinstance(job, str):
        return "it asks for AWS Signer's plugin but lacks what AWS Signer signs: scheme, profile version and job"
    for identity in identities:
        resource = _resource(identity)
        if resource.startswith(_ALIAS):
            found = alias == identity
        elif resource.startswith(_PROFILE) and resource.count("/") == _PROFILE.count("/"):
            found = profile.rpartition("/")[0] == identity
        else:
            found = resource.startswith((_PROFILE, _ALIASED)) and profile == identity
        if found:
            return ""
    return f"the AWS Signer profile {profile[:200]} is no trusted identity"


def _resource(arn: str) -> str:
    """The resource of an AWS Signer ARN; empty for anything else."""
    parts = arn.split(":", _PARTS_OF_AN_ARN - 1)
    if len(parts) != _PARTS_OF_AN_ARN or parts[0] != "arn" or parts[2] != "signer":
        return ""
    return parts[5]
