package auditor.rules.naming.well_formed_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.naming.well_formed

_on(record) := v if v := well_formed.verdicts with input as record

_status(record) := f.only(_on(record)).status

_reference(error, tags) := f.record({}, f.known([]), {"reference": f.known({
	"repository_error": error,
	"components": [],
	"bad_tags": tags,
})})

test_well_formed_passes if _status(_reference("", [])) == "pass"

test_bad_name_fails if _status(_reference("the path A has a character that is not allowed", [])) == "fail"

test_bad_tag_fails if _status(_reference("", ["-x"])) == "fail"

test_tags_not_read_is_unknown if _status(f.record({}, f.known([]), {"reference": f.unknown("ecr:DescribeImages")})) == "unknown"

test_each_bad_tag_is_a_piece_of_evidence if {
	v := f.only(_on(_reference("", ["-x", "-y"])))
	v.evidence == [
		{"path": "/derived/reference/value/bad_tags/0", "value": "-x"},
		{"path": "/derived/reference/value/bad_tags/1", "value": "-y"},
	]
}

test_evidence_is_capped if {
	v := f.only(_on(_reference("", [sprintf("-%02d", [i]) | some i in numbers.range(1, 30)])))
	count(v.evidence) == 20
	endswith(v.message, "and 20 more.")
}
