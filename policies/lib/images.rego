# METADATA
# title: Which images a rule judges
# description: |
#   Rules on images leave out artefacts (signatures, SBOMs, attestations, charts). An index is judged
#   by its children; a child without a tag of its own counts as tagged when its index is.
package auditor.lib.images

import data.auditor.lib.extent
import data.auditor.lib.facts
import data.auditor.lib.usage

# METADATA
# description: Digest of every child of a tagged index.
children_of_tagged contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	image.tags != []
	some child in image.children.value
}

children_of_tagged contains child.digest if {
	count(extent.named_by_digest) > 0
	some image in input.images.value
	image.digest in extent.named_by_digest
	some child in image.children.value
}

# METADATA
# description: Pointer and fact of an index whose children were not read; undefined when all were.
unread_index := unread[0] if {
	unread := [[path, image.children] |
		some i, image in input.images.value
		image.kind == "index"
		image.children.state == "unknown"
		path := sprintf("/images/value/%d/children", [i])
	]
	count(unread) > 0
}

# METADATA
# description: Digest -> position in the list of images. Asked for only where indexes exist.
position[digest] := i if {
	some i, image in input.images.value
	digest := image.digest
}

# METADATA
# description: |
#   The digests that `params.scope` takes in: tagged ones (and children of tagged indexes), the newest
#   `params.newest_count` of these, those in use, or all. Where an index was not read, an untagged image may
#   be its child and is taken in; one that was named by its digest may have any tag. Where what runs was not read completely, every tagged image may be in use.
scope(params) := {image.digest | some image in input.images.value} if params.scope == "all"

scope(params) := _tagged if params.scope == "tagged"

scope(params) := {image.digest |
	since := _newest_since(params.newest_count)
	some image in input.images.value
	image.digest in _tagged
	object.get(image.pushed_at, "value", "9999") >= since
} if {
	params.scope == "newest"
}

scope(params) := usage.digests if {
	params.scope == "in_use"
	usage.complete
}

scope(params) := usage.digests | _tagged if {
	params.scope == "in_use"
	not usage.complete
}

_tagged := (_own_tags | children_of_tagged) | extent.named_by_digest if not unread_index

_tagged := {image.digest | some image in input.images.value} if unread_index

_own_tags := {image.digest |
	some image in input.images.value
	image.tags != []
}

# The push time of the n-th newest tagged image that has one; all when there are fewer.
_newest_since(n) := _times[count(_times) - n] if count(_times) > n

_newest_since(n) := "" if count(_times) <= n

_times := sort([image.pushed_at.value |
	some image in input.images.value
	image.kind in {"image", "index"}
	image.digest in _tagged
	facts.known(image.pushed_at)
])

# METADATA
# description: |
#   The registry does not scan, and nobody else's scan result is there: what asks for results does not
#   apply. A result from elsewhere is judged, whatever the registry can do; where such results were given and
#   none is of an image here, it is not known whether it was scanned.
never_scanned if {
	input.repository.scanning.reason == "unsupported_by_platform"
	input.images.state == "known"
	every image in input.images.value {
		image.scan.state != "known"
		object.get(image.scan, "reason", "") != "pending"
	}
}
