# METADATA
# title: Ask what runs
# description: |
#   Joins images with what runs, by digest. `derived.usage` has a use for every image that a workload runs
#   or may start: the image itself, the index that it is a platform of, the platforms of an index.
package auditor.lib.usage

import data.auditor.lib.facts

_most_characters := 120

# METADATA
# description: |
#   Every digest in use: those that uses name, and by the record itself the platforms of an index and the index
#   around a platform. Empty where what runs was not read, which is not the same as unused.
digests := (_named | _children) | _indexes

_named contains use.digest if {
	facts.known(input.derived.usage)
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
# description: Whether an image runs, or is kept ready to run.
in_use(digest) if digest in digests

# METADATA
# description: Whether everything that runs was read, so that what is not in use is surely unused.
complete if {
	facts.known(input.derived.usage)
	input.derived.usage.value.complete
}

# METADATA
# description: |
#   Who uses an image, as the end of a sentence: "", "; in use by service prod/app (and 2 more)", or
#   "; kept ready by task definition app:7" where nothing runs it at the moment. `users` were grouped by
#   digest when the snapshot was made: a repository may have thousands of images and of uses.
phrase(digest) := "" if not digest in digests

phrase(digest) := sprintf("; %s %s%s", [_verb(users), substring(users.first, 0, _most_characters), _more(users)]) if {
	digest in digests
	users := input.derived.usage.value.users[digest]
}

phrase(digest) := "; in use" if {
	digest in digests
	not input.derived.usage.value.users[digest]
}

_verb(users) := "in use by" if users.running

_verb(users) := "kept ready by" if not users.running

_more(users) := sprintf(" (and %d more)", [users.others]) if users.others > 0

_more(users) := "" if users.others == 0

# METADATA
# description: |
#   Whether everything that runs an image gives it a user other than root. Never where what runs was not read
#   completely: something else may run it as it is.
overridden(digest) if {
	complete
	input.derived.usage.value.users[digest].non_root
}
