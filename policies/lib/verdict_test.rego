package auditor.lib.verdict_test

import data.auditor.lib.fixtures_test as fx
import data.auditor.lib.verdict

_in_use(usage) := found.in_use if {
	image := fx.image(1, ["v1"], {})
	found := verdict.image(image, "fail", "bad", []) with input as fx.record({}, fx.known([image]), {"usage": usage})
}

test_a_used_image_is_marked if _in_use(fx.usage([fx.use(1)]))

test_an_unused_image_is_not_marked if _in_use(fx.usage([fx.use(2)])) == false

test_an_image_whose_use_is_not_known_is_not_marked if _in_use(fx.unknown("ecs:ListClusters")) == false

test_unknown_verdicts_are_marked_too if {
	image := fx.image(1, ["v1"], {})
	record := fx.record({}, fx.known([image]), {"usage": fx.usage([fx.use(1)])})
	unread := verdict.image_unknown(image, "the scan", "/images/value/0/scan", fx.unknown("ecr:DescribeImageScanFindings")) with input as record
	unread.in_use
	unsettled := verdict.image_unsettled(image, "Cannot tell.", [], ["a scan"]) with input as record
	unsettled.in_use
}
