package auditor.rules.secrets.no_secrets_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.secrets.no_secrets

_defaults := {"env_name_patterns": ["*PASSWORD*", "*SECRET*", "*TOKEN*", "*_KEY"], "allow": []}

_on(images, changes) := v if {
	params := {"REG-SEC-001": object.union(_defaults, changes)}
	v := no_secrets.verdicts with input as f.record({}, f.known(images), {}) with data.params as params
}

_scan(changes) := f.known(f.override(
	{"source": "auditor", "findings": [], "total": 0, "variables": [], "layers": 2, "gaps": []},
	changes,
))

_image(scan) := f.image(1, ["v1"], {"secrets": scan})

_judged(changes) := f.only(_on([_image(_scan(changes))], {}))

_finding(changes) := f.override(
	{
		"rule": "aws-access-key",
		"confidence": "format",
		"where": "layer",
		"layer": f.digest(7),
		"path": "root/.aws/credentials",
		"line": 2,
		"name": "",
		"index": 0,
		"match": "AKIA… (20 characters)",
		"removed": false,
		"source": "auditor",
	},
	changes,
)

_variable(changes) := f.override({"where": "env", "name": "DB_PASSWORD", "content": "set", "index": 0}, changes)

_gap := {"layer": f.digest(7), "reason": "truncated", "detail": "it has more than 1000000 entries"}

test_nothing_found_passes if _judged({}).status == "pass"

test_form_fails_as_critical if {
	v := _judged({"findings": [_finding({})], "total": 1})
	v.status == "fail"
	v.severity == "critical"
	v.message == "The image holds secrets: aws-access-key in root/.aws/credentials line 2 of layer sha256:000000000000."
	v.evidence == [{"path": "/images/value/0/secrets/value/findings/0", "value": _finding({})}]
}

test_deleted_file_fails_and_says_so if {
	v := _judged({"findings": [_finding({"removed": true})], "total": 1})
	v.status == "fail"
	contains(v.message, "a later layer deletes it, whoever pulls still has it")
}

test_entropy_alone_fails_as_medium if {
	v := _judged({"findings": [_finding({"rule": "high-entropy", "confidence": "entropy"})], "total": 1})
	v.status == "fail"
	v.severity == "medium"
}

test_named_variable_fails_as_high if {
	v := _judged({"variables": [_variable({})]})
	v.status == "fail"
	v.severity == "high"
	v.message == "The image holds secrets: a value for the variable DB_PASSWORD."
}

test_build_argument_in_history_fails if {
	v := _judged({"variables": [_variable({"where": "history", "name": "npm_token", "index": 3})]})
	v.status == "fail"
	v.message == "The image holds secrets: a value for npm_token in step 3 of the history."
}

test_values_that_are_no_secrets_pass if {
	every content in ["empty", "placeholder", "reference", "public"] {
		_judged({"variables": [_variable({"content": content})]}).status == "pass"
	}
}

test_other_names_pass if {
	every name in ["PATH", "KEYRING", "HOSTKEY", "PASS", "A_KEYS"] {
		_judged({"variables": [_variable({"name": name})]}).status == "pass"
	}
}

test_places_have_their_words if {
	words := {"env": "in the variable X", "label": "in the label X", "command": "in the config's X", "history": "in step 4 of the history"}
	every where, text in words {
		v := _judged({"findings": [_finding({"where": where, "name": "X", "index": 4})], "total": 1})
		contains(v.message, text)
	}
}

test_incomplete_search_is_unknown if {
	v := _judged({"gaps": [_gap]})
	v.status == "unknown"
	v.settle == ["oci:GetBlob"]
	contains(v.message, "it has more than 1000000 entries")
}

test_foreign_layers_alone_are_no_gap_of_the_audit if {
	foreign := {"layer": f.digest(8), "reason": "unsupported_by_platform", "detail": "a foreign layer, not in the registry"}
	_judged({"gaps": [foreign]}).not_asked == true
	_judged({"gaps": [foreign, _gap]}).not_asked == false
	_judged({"gaps": [_gap]}).not_asked == false
}

test_finding_in_an_incomplete_search_fails if {
	v := _judged({"findings": [_finding({})], "total": 1, "gaps": [_gap]})
	v.status == "fail"
	endswith(v.message, "Not all of it was read.")
}

test_allowed_places_pass if {
	image := _image(_scan({
		"findings": [_finding({"path": "usr/share/doc/key.pem", "rule": "private-key"})],
		"total": 1,
		"variables": [_variable({"name": "TEST_TOKEN"})],
	}))
	f.only(_on([image], {"allow": ["usr/share/doc/*", "TEST_*"]})).status == "pass"
	f.only(_on([image], {"allow": ["private-key:usr/share/*", "name:TEST_TOKEN"]})).status == "pass"
	f.only(_on([image], {"allow": ["usr/share/doc/*"]})).severity == "high"
	f.only(_on([image], {"allow": ["aws-access-key:*", "TEST_*"]})).severity == "critical"
}

test_own_patterns_count if {
	image := _image(_scan({"variables": [_variable({"name": "ACME_PIN"})]}))
	f.only(_on([image], {"env_name_patterns": ["acme_*"]})).status == "fail"
	f.only(_on([image], {"env_name_patterns": []})).status == "pass"
}

test_more_than_was_kept_and_all_allowed_is_unknown if {
	image := _image(_scan({"findings": [_finding({})], "total": 900}))
	v := f.only(_on([image], {"allow": ["*"]}))
	v.status == "unknown"
	v.message == "Cannot tell: all findings that were kept are allowed, and only these of 900 were kept."
}

test_nobody_asked_is_unknown_once if {
	v := f.only(_on([_image(f.not_requested("oci:GetBlob")), f.image(2, ["v2"], {"secrets": f.not_requested("oci:GetBlob")})], {}))
	v.status == "unknown"
	v.not_asked
	v.resource_id == "urn:cr:ecr:111111111111:eu-west-1:team/app"
	count(v.evidence) == 1
}

test_older_snapshot_is_unknown_and_was_not_asked if {
	v := f.only(_on([f.image(1, ["v1"], {})], {}))
	v.status == "unknown"
	v.not_asked
	v.evidence == []
}

test_unread_config_is_unknown if {
	v := f.only(_on([_image(f.unknown("oci:GetBlob"))], {}))
	v.status == "unknown"
	not v.not_asked
}

test_absent_config_is_unknown if f.only(_on([_image(f.absent)], {})).status == "unknown"

test_unread_images_are_unknown if {
	verdicts := no_secrets.verdicts with input as f.record({}, f.unknown("oci:ListTags"), {})
		with data.params as {"REG-SEC-001": _defaults}
	f.only(verdicts).status == "unknown"
}

test_index_and_archived_are_not_applicable if {
	f.statuses(_on([f.index(1, ["v1"], f.known([])), f.image(2, [], {"status": "archived"}), f.image(3, [], {"secrets": _scan({})})], {})) == [
		"not_applicable",
		"not_applicable",
		"pass",
	]
}

test_no_images_have_no_verdicts if _on([], {}) == set()

test_evidence_is_bounded if {
	findings := [_finding({"line": n}) | some n in numbers.range(1, 60)]
	v := _judged({"findings": findings, "total": 60})
	count(v.evidence) == 20
	contains(v.message, "and 50 more")
}

# ---------------------------------------------------------------- scanners elsewhere
_told(secrets, scan, changes) := _on(
	[f.image(1, ["v1"], {"secrets": scan, "scan": f.known(f.override(
		{"state": "complete", "detail": "", "counts": f.known({}), "vulnerabilities": f.known([]), "external": true},
		{"secrets": secrets},
	))})],
	changes,
)

_key := {"rule": "aws-access-key-id", "category": "AWS", "severity": "CRITICAL", "path": "root/.env", "line": 3, "scanner": "trivy"}

_unasked := {"state": "unknown", "reason": "not_requested", "source": "oci:GetBlob", "detail": "scan_secrets is off"}

test_found_by_a_scanner_elsewhere_fails_though_nobody_searched if {
	v := f.only(_told([_key], _unasked, {}))
	v.status == "fail"
	v.severity == "critical"
	v.message == "The image holds secrets: aws-access-key-id in root/.env line 3, found by trivy."
	v.evidence == [{"path": "/images/value/0/scan/value/secrets/0", "value": _key}]
}

test_found_elsewhere_fails_beside_a_clean_search if {
	v := f.only(_told([f.override(_key, {"severity": "HIGH"})], _scan({}), {}))
	[v.status, v.severity] == ["fail", "high"]
	f.only(_told([f.override(_key, {"severity": "LOW"})], _scan({}), {})).severity == "medium"
}

test_a_scan_elsewhere_without_secrets_clears_nothing if {
	f.only(_told([], _unasked, {})).status == "unknown"
}

test_allowed_places_count_elsewhere_too if {
	f.only(_told([_key], _scan({}), {"allow": ["root/.env"]})).status == "pass"
	f.only(_told([_key], _unasked, {"allow": ["aws-access-key-id:*"]})).status == "unknown"
}
