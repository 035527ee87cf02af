# METADATA
# title: Which images a rule judges
# description: |
#   Rules on images leave out artefacts (signatures, SBOMs, attestations, charts). An index is judged
#   by its children; a child without a tag of its own counts as tagged when its index is.
package auditor.lib.images

# METADATA
# description: Digest of every child of a tagged index.
children_of_tagged contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	image.tags != []
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
#   Whether `params.scope` takes in an image: tagged (or the child of a tagged index), the newest
#   `params.newest_count` of these, or all. Where an index was not read, an untagged image may be its
#   child and is taken in.
in_scope(_, params) if params.scope == "all"

in_scope(image, params) if {
	params.scope == "tagged"
	_tagged(image)
}

in_scope(image, params) if {
	params.scope == "newest"
	_tagged(image)
	image.pushed_at.value >= _newest_since(params.newest_count)
}

in_scope(image, params) if {
	params.scope == "newest"
	not image.pushed_at.value
}

_tagged(image) if image.tags != []

_tagged(image) if {
	image.tags == []
	image.digest in children_of_tagged
}

_tagged(image) if {
	image.tags == []
	unread_index
}

# The push time of the n-th newest tagged image; all when there are fewer.
_newest_since(n) := times[count(times) - n] if {
	times := _times
	count(times) > n
}

_newest_since(n) := "" if count(_times) <= n

_times := sort([image.pushed_at.value |
	some image in input.images.value
	image.kind in {"image", "index"}
	_tagged(image)
])
