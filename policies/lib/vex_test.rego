package auditor.lib.vex_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.lib.vex

_flaw(id) := f.override(f.vulnerability(id, "CRITICAL", f.absent), {"packages": [{"name": "openssl", "version": "3"}]})

_clears(statements, changes) if {
	image := a.with_attestations(1, ["v1"], [a.vex(statements, changes)])
	flaw := _flaw("CVE-1")
	record := f.with_images({}, [image])
	vex.clears(image, flaw) with input as record
}

test_verified_statements_clear if {
	_clears([a.said("CVE-1", "not_affected", {})], {})
	_clears([a.said("CVE-1", "fixed", {})], {})
	_clears([a.said("GHSA-1", "fixed", {"aliases": ["CVE-1"]})], {})
}

test_others_do_not if {
	not _clears([a.said("CVE-2", "not_affected", {})], {})
	not _clears([a.said("CVE-1", "affected", {})], {})
	not _clears([a.said("CVE-1", "under_investigation", {})], {})
}

test_what_does_not_verify_never_clears if {
	said := [a.said("CVE-1", "not_affected", {})]
	every state in ["untrusted", "invalid", "expired", "revoked"] {
		not _clears(said, {"verification": f.known(state)})
	}
	not _clears(said, {"verification": f.unsigned})
	not _clears(said, {"verification": f.unknown("cosign verify")})
	not _clears(said, {"subject": f.known(false)})
	not _clears(said, {"subject": f.unknown("x")})
	not _clears(said, {"content": f.known("invalid")})
}

test_the_newest_statement_wins if {
	older := {"at": "2026-10-01T00:00:00Z"}
	_clears([a.said("CVE-1", "not_affected", {}), a.said("CVE-1", "affected", older)], {})
	not _clears([a.said("CVE-1", "not_affected", older), a.said("CVE-1", "affected", {})], {})
	not _clears([a.said("CVE-1", "not_affected", {}), a.said("CVE-1", "affected", {})], {})
	not _clears([a.said("CVE-1", "not_affected", {}), a.said("CVE-1", "affected", {"at": ""})], {})
}

test_only_the_packages_it_names if {
	_clears([a.said("CVE-1", "not_affected", {"components": ["openssl"]})], {})
	_clears([a.said("CVE-1", "not_affected", {"components": ["openssl@3", "zlib"]})], {})
	not _clears([a.said("CVE-1", "not_affected", {"components": ["openssl@1"]})], {})
	not _clears([a.said("CVE-1", "not_affected", {"components": ["?"]})], {})
}

test_one_about_other_packages_hides_nothing_and_contradicts_nothing if {
	_clears([a.said("CVE-1", "not_affected", {"components": ["openssl"]}), a.said("CVE-1", "not_affected", {"components": ["zlib"]})], {})
}

test_what_is_said_of_an_index_is_said_of_its_platforms if {
	index := f.override(f.index(2, ["v1"], f.known([f.child(1)])), {"attestations": f.known([a.vex([a.said("CVE-1", "fixed", {})], {})])})
	flaw := _flaw("CVE-1")
	platform := f.image(1, [], {})
	other := f.image(3, [], {})
	record := f.with_images({}, [index, platform, other])
	vex.clears(platform, flaw) with input as record
	not vex.clears(other, flaw) with input as record
}

test_an_id_is_cleared_only_when_no_entry_of_it_is_open if {
	image := a.with_attestations(1, ["v1"], [a.vex([a.said("CVE-1", "fixed", {"components": ["openssl"]})], {})])
	other := f.override(_flaw("CVE-1"), {"packages": [{"name": "zlib", "version": "1"}]})
	flaw := _flaw("CVE-1")
	record := f.with_images({}, [image])
	alone := vex.cleared(image, [flaw]) with input as record
	alone == {"CVE-1": "fixed: vulnerable_code_not_present"}
	beside := vex.cleared(image, [flaw, other]) with input as record
	beside == {}
}

test_an_id_with_several_statements_has_one_reason if {
	said := [a.said("CVE-1", "fixed", {}), a.said("CVE-1", "not_affected", {"justification": "b"})]
	image := a.with_attestations(1, ["v1"], [a.vex(said, {})])
	flaw := _flaw("CVE-1")
	record := f.with_images({}, [image])
	twice := vex.cleared(image, [flaw, flaw]) with input as record
	twice == {"CVE-1": "fixed: vulnerable_code_not_present"}
}

test_many_are_named_in_short if {
	reasons := {"CVE-1": "fixed", "CVE-2": "fixed", "CVE-3": "fixed", "CVE-4": "fixed"}
	vex.named(reasons) == "CVE-1 (fixed), CVE-2 (fixed), CVE-3 (fixed) and 1 more"
}
