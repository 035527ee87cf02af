"""What a value is, where its name looks like that of a secret: a secret, or something that only stands in its place."""

from __future__ import annotations

import re
from typing import Literal

Content = Literal["set", "empty", "placeholder", "reference", "public"]
MAX_VALUE = 4096

_PLACEHOLDER = re.compile(
    r"""(?ix) ^ (?: change[-_ ]?(?:me|it|this) | replace[-_ ]?(?:me|this|with.*) | your[-_ ].* | insert[-_ ].*
    | to[-_ ]?do | tbd | fix[-_ ]?me | none | null | nil | undefined | unset | empty | redacted | removed | masked
    | hidden | fake | dummy
    | example | placeholder | not[-_ ]?(?:set|used|a[-_ ]?secret|needed) | (?:.*[-_])?(?:placeholder|changeme|example)
    | <.*> | \[.*\] | \{\{.*\}\} | %.*% | @.*@ | (.)\1* | x[-_x]* ) [!.]* $"""
)
_REFERENCE = re.compile(
    r"""(?ix) ^ (?: \$\{.* | \$\(.* | \$(?-i:[A-Z_][A-Z0-9_]*)
    | (?:file|vault|ssm|secretsmanager|arn|op|ref\+\w+|sops|env):.* | /[\w.-]+/[\w./-]+
    | https?://[^@\s]* | \w+\((?:.*)\) ) $"""
)
_PUBLIC = re.compile(
    r"""(?ix) ^ (?: true | false | yes | no | on | off | enabled? | disabled? | auto | default | required | optional
    | [+-]?\d{1,3} | \d+(?:\.\d+)+ | (?:0x)?(?:[0-9A-F]{40}[\s,]*)+ | ssh-(?:rsa|ed25519)\ .* | ecdsa-sha2-\S+\ .*
    | -----BEGIN\ (?:RSA\ )?(?:PUBLIC\ KEY|CERTIFICATE)----- .* ) $""",
    re.DOTALL,
)
_PUBLIC_NAME = re.compile(r"(?i)gpg|pgp|public|pub_?key|fingerprint|host_?key")


def content_of(name: str, value: str) -> Content:
    """What the value of a variable is. 40 hexadecimal digits are public where the name is that of a signer's key.

    A working default such as `postgres` is `set`; a word that asks to be replaced, as `changeme`, is a placeholder.
    """
    value = value[:MAX_VALUE].strip().strip("\"'").strip()
    if not value:
        return "empty"
    if _PUBLIC.match(value) and (not re.match(r"(?i)(?:0x)?[0-9a-f]{40}", value) or _PUBLIC_NAME.search(name)):
        return "public"
    if _REFERENCE.match(value):
        return "reference"
    return "placeholder" if _PLACEHOLDER.match(value) else "set"


_SAMPLE = re.compile(r"(?i)example|sample|dummy|placeholder|changeme|xxxx|0{8}|1234567890(?!\d)|abcdefghij|a{8}")


def is_sample(secret: str) -> bool:
    """Whether a match is one of documentation, as AWS's own AKIAIOSFODNN7EXAMPLE."""
    return bool(_SAMPLE.search(secret))
