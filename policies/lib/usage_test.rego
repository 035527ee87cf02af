package auditor.lib.usage_test

import data.auditor.lib.fixtures_test as fx
import data.auditor.lib.usage

_uses(uses) := fx.record({}, fx.known([]), {"usage": fx.usage(uses)})

_phrase(uses) := phrase if {
	phrase := usage.phrase(fx.digest(1)) with input as _uses(uses)
}

_use(n, label, running) := fx.override(fx.use(n), {"label": label, "running": running})

test_nothing_runs_it if {
	_phrase([_use(2, "service prod/app", true)]) == ""
	not usage.in_use(fx.digest(1)) with input as _uses([_use(2, "service prod/app", true)])
}

test_it_runs if {
	_phrase([_use(1, "service prod/app", true)]) == "; in use by service prod/app"
	usage.in_use(fx.digest(1)) with input as _uses([_use(1, "service prod/app", true)])
}

test_several_run_it if {
	_phrase([
		_use(1, "task prod/app", true), _use(1, "service prod/app", true),
		_use(1, "service prod/app", true), _use(1, "service prod/web", true),
		_use(1, "task definition app:1", false),
	]) == "; in use by service prod/app (and 2 more)"
}

test_kept_ready if {
	_phrase([_use(1, "task definition app:7", false)]) == "; kept ready by task definition app:7"
}

test_users_may_not_have_been_grouped if {
	record := fx.record({}, fx.known([]), {"usage": fx.known({"complete": true, "missing": [], "uses": [fx.use(1)]})})
	usage.phrase(fx.digest(1)) == "; in use" with input as record
}

test_long_names_are_cut if {
	name := concat("", [sprintf("%0300d", [7])])
	count(_phrase([_use(1, name, true)])) == count("; in use by ") + 120
}

test_unread_usage_is_neither_used_nor_complete if {
	record := fx.record({}, fx.known([]), {})
	usage.phrase(fx.digest(1)) == "" with input as record
	not usage.in_use(fx.digest(1)) with input as record
	not usage.complete with input as record
}

test_a_reference_that_resolves_to_nothing_uses_nothing if {
	record := _uses([fx.override(fx.use(1), {"digest": ""})])
	usage.digests == set() with input as record
	usage.complete with input as record
}

test_missing_sources_make_it_incomplete if {
	fact := fx.known({"complete": false, "missing": ["ecs:ListClusters: access_denied"], "uses": []})
	not usage.complete with input as fx.record({}, fx.known([]), {"usage": fact})
}
