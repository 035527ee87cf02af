package auditor.rules.usage.images_exist_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.usage.images_exist

_resolution(state, changes) := f.known(f.override(
	{"state": state, "repository": "team/app", "digest": f.digest(1), "tag_digest": f.digest(1), "drift": "no"},
	changes,
))

_verdict(changes, resolution) := v if {
	found := images_exist.verdicts with input as f.workload(changes, resolution)
	v := f.only(found)
}

_status(resolution) := _verdict({}, resolution).status

test_an_image_that_exists_passes if _status(_resolution("found", {})) == "pass"

test_a_missing_repository_fails if _status(_resolution("repository_missing", {"digest": ""})) == "fail"

test_a_missing_tag_fails if _status(_resolution("tag_missing", {"tag_digest": ""})) == "fail"

test_a_missing_digest_fails if {
	v := _verdict({}, _resolution("digest_missing", {}))
	v.status == "fail"
	v.severity == "high"
	contains(v.message, "the repository does not hold that image any more; the next start fails.")
}

test_an_archived_image_fails if {
	v := _verdict({}, _resolution("archived", {}))
	v.status == "fail"
	contains(v.message, "archived and cannot be pulled")
}

test_what_is_only_kept_ready_weighs_less if {
	v := _verdict({"running": false}, _resolution("tag_missing", {}))
	v.severity == "medium"
	endswith(v.message, "it could not be started.")
}

test_an_image_that_is_being_restored_is_unknown if {
	v := _verdict({}, _resolution("activating", {}))
	v.status == "unknown"
	count(v.settle) > 0
}

test_a_registry_that_was_not_audited_is_unknown if {
	v := _verdict({}, f.not_requested("auditor:workloads"))
	v.status == "unknown"
	v.settle == ["auditor:workloads"]
}

test_the_reason_is_said if {
	fact := object.union(f.not_requested("auditor:workloads"), {"detail": "the registry docker.io was not audited"})
	contains(_verdict({}, fact).message, "(the registry docker.io was not audited)")
	contains(_verdict({}, f.unknown("ecr:DescribeImages")).message, "(access_denied)")
}

test_a_fact_that_is_absent_is_unknown if _status(f.absent) == "unknown"

test_drift_fails_at_medium if {
	v := _verdict({}, _resolution("found", {"tag_digest": f.digest(2), "drift": "yes"}))
	v.status == "fail"
	v.severity == "medium"
	contains(v.message, "points to another image by now")
}

test_a_missing_image_is_worse_than_drift if {
	v := _verdict({}, _resolution("digest_missing", {"tag_digest": f.digest(2), "drift": "yes"}))
	v.severity == "high"
}

test_drift_that_is_not_known_is_unknown if _status(_resolution("found", {"drift": "unknown"})) == "unknown"

test_evidence_names_the_reference if {
	v := _verdict({}, _resolution("archived", {}))
	v.evidence[0] == {"path": "/workload/image", "value": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1.0.0"}
}
