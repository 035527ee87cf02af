package auditor.lib.globs_test

import data.auditor.lib.globs

_matches(patterns, text) if regex.match(globs.union(patterns), text)

test_star_crosses_dots_and_slashes if {
	_matches(["v*"], "v1.2.3")
	_matches(["*prod*"], "team/prod/app")
}

test_other_characters_are_literal if {
	not _matches(["a.b"], "axb")
	_matches(["a.b"], "a.b")
	_matches(["a+b(c)[d]{e}|f^g$h\\"], "a+b(c)[d]{e}|f^g$h\\")
	not _matches(["a|b"], "a")
}

test_question_mark_is_one_character if {
	_matches(["v?"], "v1")
	not _matches(["v?"], "v10")
}

test_any_of_several if {
	_matches(["v*", "release*"], "release-1")
	not _matches(["v*", "release*"], "dev")
}

test_no_pattern_matches_nothing if not _matches([], "")

test_intersections if {
	globs.intersect("*", "v*")
	globs.intersect("v1*", "v*")
	globs.intersect("*-rc", "v*")
	globs.intersect("a*b*c", "a*d*c")
	globs.intersect("v1.2.3", "v*")
	globs.intersect("v*", "v1.2.3")
	globs.intersect("latest", "latest")
	globs.intersect("*-rc", "v*-rc")
	globs.intersect("", "*")
}

test_intersections_with_question_marks_are_never_missed if {
	globs.intersect("?1", "v?")
	globs.intersect("v?*", "v1*")
	globs.intersect("v1", "v?")
	not globs.intersect("dev-?", "v?")
}

test_inside if {
	globs.inside("v*", "v*")
	globs.inside("release*", "rel*")
	globs.inside("v1.2.3", "v*")
	globs.inside("v*-rc", "v*")
	globs.inside("a*b*c", "a*c")
	globs.inside("v?", "v*")
	globs.inside("v1", "v?")
}

test_not_inside if {
	not globs.inside("v*", "v1*")
	not globs.inside("*", "v*")
	not globs.inside("v*", "v?")
	not globs.inside("v*", "v*-rc")
	not globs.inside("va", "v.")
}

test_disjoint if {
	not globs.intersect("dev-*", "v*")
	not globs.intersect("latest", "v*")
	not globs.intersect("*-dev", "*-rc")
	not globs.intersect("buildcache*", "release*")
	not globs.intersect("a*", "b")
	not globs.intersect("aXb", "a*c")
}
