r"""Makes outside text harmless to look at: no control, bidirectional or invisible characters.

Tags, labels, vulnerability titles and policy texts are written by strangers. A right-to-left override
can make a report say the opposite, an escape sequence can rewrite a terminal. Such characters are
shown as `\u202e`; everything else stays as it is.
"""

from __future__ import annotations

import re

# C0 and C1 controls (tab and newline too: callers keep their own layout), soft hyphen, zero-width and
# bidirectional controls, line separators, byte-order mark, interlinear marks, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff\\U000e0000-\\U000e007f]"
)


def inert(text: str) -> str:
    """`text` with every unsafe character as a visible escape."""
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  the BMP's end
