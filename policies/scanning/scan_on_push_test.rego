package auditor.rules.scanning.scan_on_push_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.scanning.scan_on_push

_on(record) := v if v := scan_on_push.verdicts with input as record

_status(record) := f.only(_on(record)).status

_scanning(tier, frequency) := f.repository({"scanning": f.known({
	"tier": tier,
	"frequency": frequency,
	"decided_by": "registry",
	"filters": [],
})})

test_on_push_passes if _status(_scanning("basic", "on_push")) == "pass"

test_continuous_passes if _status(_scanning("enhanced", "continuous")) == "pass"

test_manual_fails if _status(_scanning("basic", "manual")) == "fail"

test_scheduled_is_not_on_push if _status(_scanning("external", "scheduled")) == "fail"

test_off_fails if _status(_scanning("none", "on_push")) == "fail"

test_absent_fails if _status(f.repository({"scanning": f.absent})) == "fail"

test_denied_is_unknown_even_with_the_flag if {
	changes := {"scanning": f.unknown("ecr:GetRegistryScanningConfiguration"), "scan_on_push": f.known(true)}
	f.only(_on(f.repository(changes))).settle == ["ecr:GetRegistryScanningConfiguration"]
}

test_platform_without_it_is_not_applicable if {
	_status(f.repository({"registry": {"kind": "oci", "account": "a", "region": ""}})) == "not_applicable"
}
