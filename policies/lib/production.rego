# METADATA
# title: Tell production repositories
# description: |
#   A repository is production when a production selector matches it; otherwise it is not when a
#   non-production selector does; when nothing matches it counts as production, which fails safe.
package auditor.lib.production

import data.auditor.lib.globs

# Most repositories match no non-production selector, which is asked first: it is the cheaper half.
is_production(params) if {
	not _selected(params.nonprod_selectors)
} else if {
	_selected(params.prod_selectors)
}

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
