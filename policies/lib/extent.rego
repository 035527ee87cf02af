# METADATA
# title: Tell how much of the repository was read
# description: |
#   An audit reads a repository whole. The gate reads the images that were named, and what belongs to them: what
#   tags they have besides, and what other images there are, is unknown then.
package auditor.lib.extent

_read := {"state": "known", "value": "read"}

# METADATA
# description: The fact that the other images of the repository were read.
other_images := object.get(input, ["extent", "other_images"], _read)

# METADATA
# description: The fact that every tag of the images was read.
other_tags := object.get(input, ["extent", "other_tags"], _read)

# METADATA
# description: |
#   Digests that were named without a tag, and may have any, or may be part of what has one: a rule on tagged
#   images or on releases takes them in, since somebody is about to run them.
named_by_digest contains digest if {
	other_tags.state == "unknown"
	some digest in _without_tag
}

named_by_digest contains image.digest if {
	count(_without_tag) > 0
	some image in input.images.value
	image.digest in _without_tag
	image.tags == []
}

_without_tag contains named.digest.value if {
	some named in object.get(input, ["extent", "named"], [])
	named.tag == ""
	named.digest.state == "known"
}
