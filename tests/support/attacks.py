"""The world that attacks on signatures are made in, and the table they are put down in.

An attack is one image in a repository of its own, with a signature that should not count. Whom the audit trusts is the
same for all: a key, an identity with its trusted root, and a notation policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization

from auditor.config.settings import TrustedIdentitySettings, TrustSettings
from auditor.signatures.notation import Target
from tests.support import notation
from tests.support.certificates import Party, authority, key, pem, revocation_list
from tests.support.keyless_cases import OURS
from tests.support.registries import CONFIG, MANIFEST
from tests.support.signed_world import BUNDLE, LEGACY, NOTATION, OFFLINE, SIMPLE_SIGNING, SignedWorld, cosign
from tests.support.sigstore_world import IDENTITY, ISSUER, pae, sign, text

KEY, STRANGER = key("P-256", "release key"), key("P-256", "a stranger's key")
ROOT, OTHER_ROOT, TSA_ROOT = authority("Attacked root"), authority("Another root"), authority("Time root")
NOBODY = authority("Nobody")
SCOPED = "trust store of another scope"
IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Attack:
    """One row. `states`: of the signatures that an audit finds, sorted; `accepted`: the reference's answer.

    `differs`: why it is another than ours; empty where it agrees.
    """

    name: str
    tool: str
    states: tuple[str, ...]
    differs: str
    make: Callable[[AttackWorld, str], None]

    @property
    def case(self) -> str:
        """The repository of its image."""
        return re.sub("[^a-z0-9]+", "-", f"{self.name} {self.tool}".lower())

    @property
    def accepted(self) -> bool:
        """What the reference implementation says."""
        return ("verified" in self.states) is not bool(self.differs)


ATTACKS: list[Attack] = []


def attack(name: str, tool: str, *states: str, differs: str = "") -> Any:
    """Put a function down as an attack. `tool`: `cosign key bundle`, `cosign keyless classic`, `notation jws`..."""

    def add(make: Callable[[AttackWorld, str], None]) -> Any:
        ATTACKS.append(Attack(name, tool, states, differs, make))
        return make

    return add


@dataclass
class AttackWorld(SignedWorld):
    """A registry with attacks. `envelopes`: what was pushed for notation, for the reference to look at."""

    envelopes: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    lists: bool = False
    revoked: list[Party] = field(default_factory=list)

    def make_keys(self) -> None:
        """Keys as files for cosign and for us, the trusted root, notation's policy and store."""
        for name, private in (("release", KEY), ("stranger", STRANGER)):
            form = serialization.PrivateFormat.PKCS8
            content = private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            (self.folder / f"{name}.pem").write_bytes(content)
            made = cosign(self.folder, "import-key-pair", "--key", f"{name}.pem", "--output-key-prefix", name)
            assert made.returncode == 0, made.stderr
        (self.folder / "trusted_root.json").write_text(json.dumps(OURS.trusted_root()))
        notation.write_store(self.folder, {"ca:acme": [ROOT], "ca:other": [OTHER_ROOT], "tsa:time": [TSA_ROOT]})
        (self.folder / "trustpolicy.json").write_text(json.dumps(self.policy()))
        (self.folder / "acme.crl").write_text(pem(revocation_list(ROOT, tuple(self.revoked))))

    def policy(self) -> dict[str, Any]:
        scoped = [f"{self.host}/{attack.case}" for attack in ATTACKS if attack.name == SCOPED]
        stores = ["ca:acme", "tsa:time"]
        late = notation.statement(registryScopes=["*"], trustStores=stores, verifyTimestamp="afterCertExpiry")
        other = notation.statement(name="other", registryScopes=[f"{self.host}/elsewhere"], trustStores=["ca:other"])
        own = notation.statement(name="scoped", registryScopes=scoped, trustStores=["ca:acme"])
        return notation.policy(late, other, own)

    def trust(self, **key: Any) -> TrustSettings:
        """Everybody who is trusted."""
        found = super().trust(**key)
        identity = TrustedIdentitySettings(identity=IDENTITY, issuer=ISSUER)
        lists = [str(self.folder / "acme.crl")]
        assert found.notation is not None
        return TrustSettings(
            keys=found.keys,
            identities=[identity],
            trusted_root=str(self.folder / "trusted_root.json"),
            notation=type(found.notation)(
                policy=found.notation.policy, store=found.notation.store, revocation_lists=lists
            ),
        )

    # ---------------------------------------------------------------- signatures by hand
    def simple(self, case: str, **changes: str) -> bytes:
        """What a classic signature of a case's image signs."""
        critical = {
            "identity": {"docker-reference": changes.get("repository", f"{self.host}/{case}")},
            "image": {"docker-manifest-digest": changes.get("digest", self.digest(case))},
            "type": changes.get("type", "cosign container image signature"),
        }
        return json.dumps({"critical": critical, "optional": None}).encode()

    def classic(self, case: str, *layers: tuple[bytes, dict[str, str]]) -> None:
        """Push a classic signature of layers with their annotations."""
        pushed = [self.push.blob(case, content, SIMPLE_SIGNING) | {"annotations": more} for content, more in layers]
        config = self.push.blob(case, b"{}", CONFIG)
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": pushed}
        self.push.manifest(case, document, f"sha256-{self.digest(case)[7:]}.sig")

    def signed(self, content: bytes, private: Any = KEY) -> tuple[bytes, dict[str, str]]:
        """A layer of a classic signature."""
        return content, {"dev.cosignproject.cosign/signature": text(sign(private, content))}

    def bundle(
        self, payload: bytes, private: Any = KEY, *, kind: str = IN_TOTO, message: bytes = b""
    ) -> dict[str, Any]:
        """A bundle with a key. `message`: what is signed in place of what should be."""
        signature = text(sign(private, message or pae(kind, payload)))
        envelope = {"payload": text(payload), "payloadType": kind, "signatures": [{"sig": signature}]}
        return {"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": envelope}

    def notary(self, case: str, form: str, recipe: notation.Recipe) -> None:
        """Sign a case's image by a recipe, whose payload is made to fit unless it is another already."""
        if recipe.payload == notation.payload():
            recipe.payload = self.notary_payload(case)
        self.envelope(case, form, notation.envelope(form, recipe))

    def notary_payload(self, case: str) -> bytes:
        image = self.images[case]
        return notation.payload(image["digest"], image["mediaType"], image["size"])

    def envelope(self, case: str, form: str, content: bytes) -> None:
        """Attach a notation signature."""
        self.envelopes[case] = (content, notation.MEDIA_TYPES[form])
        layer = self.push.blob(case, content, notation.MEDIA_TYPES[form])
        self.refer(case, NOTATION, [layer], {"io.cncf.notary.x509chain.thumbprint#S256": "[]"})


def reference_accepts(world: AttackWorld, attack: Attack) -> tuple[bool, str]:
    """Whether cosign or notation-go takes the signature of an attack's image, and what it says."""
    reference = f"{world.host}/{attack.case}@{world.digest(attack.case)}"
    if attack.tool.startswith("notation"):
        content, media_type = world.envelopes[attack.case]
        image = world.images[attack.case]
        target = Target(image["digest"], f"{world.host}/{attack.case}", image["mediaType"], image["size"])
        with notation.reference() as process:
            return process.verify(content, media_type, target=target, document=world.policy(), store=world.folder)
    who = ["--key", "release.pub", *OFFLINE]
    if "keyless" in attack.tool:
        identity = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
        who = ["--trusted-root", "trusted_root.json", *identity]
    answer = cosign(world.folder, "verify", *who, *([LEGACY] if "classic" in attack.tool else []), reference)
    return answer.returncode == 0, answer.stderr
