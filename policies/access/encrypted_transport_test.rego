package auditor.rules.access.encrypted_transport_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.encrypted_transport

_defaults := {"require_private_network": false, "min_tls": "1.2", "certificate_days": 14}

_with(record, changes) := f.only(v) if {
	v := encrypted_transport.verdicts with input as record
		with data.params as {"REG-ACC-013": object.union(_defaults, changes)}
}

_on(record) := _with(record, {})

_registry(changes) := f.registry({"kind": "oci", "transport": f.known(f.override(_good, changes))}, {})

_good := {
	"encrypted": true,
	"loopback": false,
	"tls_version": f.known("TLSv1.3"),
	"certificate": f.known("valid"),
	"certificate_expires_at": f.known("2027-11-24T00:00:00Z"),
}

_plain := _registry({"encrypted": false, "tls_version": f.absent, "certificate": f.absent, "certificate_expires_at": f.absent})

test_tls_passes if {
	v := _on(_registry({}))
	v.status == "pass"
	v.message == "Reached over TLS 1.3 with a valid certificate."
}

test_plain_http_fails if {
	v := _on(_plain)
	v.status == "fail"
	v.evidence == [{"path": "/registry/transport/value/encrypted", "value": false}]
}

test_loopback_says_nothing_of_others if {
	_on(_registry({"encrypted": false, "loopback": true})).status == "not_applicable"
	_on(_registry({"loopback": true})).status == "not_applicable"
}

test_expired_certificate_fails_though_nothing_else_was_seen if {
	v := _on(_registry({
		"certificate": f.known("expired"),
		"tls_version": f.unknown("registry endpoint"),
		"certificate_expires_at": f.unknown("registry endpoint"),
	}))
	v.status == "fail"
	v.message == "The certificate of the registry has expired."
}

test_refused_certificate_is_unknown if {
	v := _on(_registry({"certificate": f.unknown("registry endpoint")}))
	v.status == "unknown"
	v.settle == ["registry endpoint"]
}

test_old_tls_fails if {
	v := _on(_registry({"tls_version": f.known("TLSv1.1"), "certificate": f.unknown("registry endpoint")}))
	v.status == "fail"
	v.message == "The registry speaks TLS 1.1, older than TLS 1.2."
}

test_tls_older_than_wanted_fails if {
	_on(_registry({"tls_version": f.known("TLSv1.2")})).status == "pass"
	_with(_registry({"tls_version": f.known("TLSv1.2")}), {"min_tls": "1.3"}).status == "fail"
	_with(_registry({}), {"min_tls": "1.3"}).status == "pass"
}

test_certificate_about_to_expire_fails_with_low_severity if {
	v := _on(_registry({"certificate_expires_at": f.known("2026-12-08T00:00:00Z")}))
	v.status == "fail"
	v.severity == "low"
	v.message == "The certificate of the registry expires in 14 days."
	_on(_registry({"certificate_expires_at": f.known("2026-12-09T00:00:00Z")})).status == "pass"
}

test_one_day_reads_well if {
	v := _on(_registry({"certificate_expires_at": f.known("2026-11-25T12:00:00Z")}))
	v.message == "The certificate of the registry expires in 1 day."
	w := _on(_registry({"certificate_expires_at": f.known("2026-11-24T12:00:00Z")}))
	w.message == "The certificate of the registry expires within a day."
}

test_unread_details_are_unknown if {
	_on(_registry({"tls_version": f.unknown("registry endpoint")})).status == "unknown"
	_on(_registry({"certificate_expires_at": f.unknown("registry endpoint")})).status == "unknown"
	_on(_registry({"certificate_expires_at": f.absent})).status == "unknown"
}

test_ecr_is_tls_only if {
	every kind in ["ecr", "ecr_public"] { _on(f.registry({"kind": kind}, {})).status == "pass" }
	v := _on(f.registry({}, {}))
	v.status == "pass"
	v.message == "ECR is served over TLS only."
}

test_networks_are_not_read if {
	every record in [f.registry({}, {}), _registry({})] {
		_with(record, {"require_private_network": true}).status == "unknown"
	}
	_with(_plain, {"require_private_network": true}).status == "fail"
}

test_other_kinds_and_older_snapshots_are_unknown if {
	v := _on(f.registry({"kind": "harbor"}, {}))
	v.status == "unknown"
	v.evidence == []
	_on(f.registry({"kind": "oci", "transport": f.not_requested("auditor:collect")}, {})).status == "unknown"
}
