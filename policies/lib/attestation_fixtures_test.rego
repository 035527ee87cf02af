package auditor.lib.attestation_fixtures_test

import data.auditor.lib.fixtures_test as f

# Builders of attestations: good ones, changed where a test says so.

attestation(kind, changes) := f.override(
	{
		"kind": kind,
		"format": "",
		"predicate_type": kind,
		"found_via": "referrers",
		"digest": f.digest(90),
		"blob": f.digest(91),
		"subject": f.known(true),
		"content": f.known("valid"),
		"verification": f.known("verified"),
		"detail": "",
		"signer": "release key",
		"packages": f.absent,
		"provenance": f.absent,
		"statements": [],
	},
	changes,
)

sbom(changes) := attestation("sbom", f.override({"format": "spdx", "packages": f.known(3)}, changes))

provenance(builder, source, changes) := attestation("provenance", f.override(
	{
		"format": "slsa-v1",
		"provenance": f.known({"builder": builder, "build_type": "t", "source": source, "source_digest": "", "materials": 0}),
	},
	changes,
))

vex(statements, changes) := attestation("vex", f.override({"format": "openvex", "statements": statements}, changes))

said(id, status, changes) := f.override(
	{
		"vulnerability": id,
		"aliases": [],
		"status": status,
		"justification": "vulnerable_code_not_present",
		"at": "2026-11-01T00:00:00Z",
		"components": [],
	},
	changes,
)

with_attestations(n, tags, list) := f.image(n, tags, {"attestations": f.known(list)})
