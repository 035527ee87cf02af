# METADATA
# title: Tell production repositories
# description: |
#   A repository is production when a production selector matches it; otherwise it is not when a
#   non-production selector does; when nothing matches it counts as production, which fails safe. Where
#   images or resource tags were not read, a selector on them might have matched: then it is undecided,
#   as far as that would change the answer.
package auditor.lib.production

import data.auditor.lib.extent
import data.auditor.lib.globs
import data.auditor.lib.verdict

# METADATA
# description: |
#   `production`, `non-production` or `undecided`. Most repositories match no non-production selector,
#   which is asked first: it is the cheaper half.
state(params) := "production" if {
	not _selected(params.nonprod_selectors)
	count(_unread(params.nonprod_selectors)) == 0
} else := "production" if {
	_selected(params.prod_selectors)
} else := "undecided" if {
	count(_unread(params.prod_selectors)) > 0
} else := "non-production" if {
	_selected(params.nonprod_selectors)
} else := "undecided"

# METADATA
# description: Whether it is surely, or may be, a production repository. See `undecided` for the difference.
is_production(params) if state(params) != "non-production"

# METADATA
# description: |
#   [what, pointer, fact] of what was not read and decides; undefined where the answer is known. A rule
#   that would fail is unknown then.
undecided(params) := reasons[0] if {
	state(params) == "undecided"
	reasons := array.concat(_unread(params.prod_selectors), _unread(params.nonprod_selectors))
}

# METADATA
# description: The verdict of a rule on repositories that would fail if this were one of production.
unknown(params) := verdict.record_unknown(what, path, fact) if {
	[what, path, fact] := undecided(params)
}

_unread(selectors) := array.concat(_unread_tags(selectors), _unread_images(selectors))

_unread_tags(selectors) := [[_question, "/repository/resource_tags", fact] |
	count(selectors.resource_tags) > 0
	fact := input.repository.resource_tags
	fact.state == "unknown"
	fact.reason != "unsupported_by_platform"
]

_unread_images(selectors) := [[_question, path, fact] |
	count(selectors.tags) > 0
	some [path, fact] in [["/images", input.images], ["/extent/other_images", extent.other_images]]
	fact.state == "unknown"
]

_question := "what tells whether this is a production repository"

_selected(selectors) if regex.match(globs.union(selectors.names), input.repository.name)

_selected(selectors) if {
	some key, values in selectors.resource_tags
	input.repository.resource_tags.value[key] in values
}

_selected(selectors) if {
	count(selectors.tags) > 0
	pattern := globs.union(selectors.tags)
	some image in input.images.value
	some tag in image.tags
	regex.match(pattern, tag)
}
