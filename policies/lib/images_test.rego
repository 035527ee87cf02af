package auditor.lib.images_test

import data.auditor.lib.fixtures_test as fx
import data.auditor.lib.images

_images := fx.known([fx.image(1, ["v1"], {}), fx.image(2, ["v2"], {}), fx.image(3, [], {})])

_scope(usage) := scope if {
	scope := images.scope({"scope": "in_use"}) with input as fx.record({}, _images, {"usage": usage})
}

test_in_use_takes_in_what_runs_tagged_or_not if {
	_scope(fx.usage([fx.use(1), fx.use(3)])) == {fx.digest(1), fx.digest(3)}
}

test_in_use_with_nothing_running_is_empty if _scope(fx.usage([])) == set()

test_in_use_takes_in_tagged_images_while_that_is_not_known if {
	_scope(fx.not_requested("auditor:workloads")) == {fx.digest(1), fx.digest(2)}
}

test_in_use_takes_in_tagged_images_while_a_source_is_missing if {
	fact := fx.known({"complete": false, "missing": ["ecs"], "uses": [fx.use(3)]})
	_scope(fact) == {fx.digest(1), fx.digest(2), fx.digest(3)}
}
