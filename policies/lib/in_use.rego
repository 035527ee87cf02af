# METADATA
# title: Images in use
# description: |
#   What workloads run or may start, by digest. An index and its children belong together: who uses the
#   index pulls a child, and who runs a child was most often started by the index.
package auditor.lib.in_use

# METADATA
# description: Digests of everything in use; empty where that was not read.
digests := (_named | _children) | _indexes

_named contains use.digest if {
	some use in input.derived.usage.value.uses
	use.digest != ""
}

_children contains child.digest if {
	count(_named) > 0
	some image in input.images.value
	image.digest in _named
	some child in image.children.value
}

_indexes contains image.digest if {
	count(_named) > 0
	some image in input.images.value
	some child in image.children.value
	child.digest in _named
}

# METADATA
# description: Whether every source of workloads was read, so that what is not in `digests` is surely not in use.
complete if {
	input.derived.usage.state == "known"
	input.derived.usage.value.complete
}
