# METADATA
# title: Ask what runs
# description: |
#   Joins images with what runs, by digest. `derived.usage` has a use for every image that a workload runs
#   or may start: the image itself, the index that it is a platform of, the platforms of an index.
package auditor.lib.usage

import data.auditor.lib.facts

_most_characters := 120

# METADATA
# description: Every digest in use. Empty where what runs was not read, which is not the same as unused.
digests contains use.digest if {
	facts.known(input.derived.usage)
	some use in input.derived.usage.value.uses
	use.digest != ""
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
#   "; kept ready by task definition app:7" where nothing runs it at the moment.
phrase(digest) := "" if not digest in digests

phrase(digest) := sprintf("; in use by %s", [_listed(_running[digest])]) if count(_running[digest]) > 0

phrase(digest) := sprintf("; kept ready by %s", [_listed(_ready[digest])]) if {
	digest in digests
	not _running[digest]
}

# Grouped once a record, since a repository may have thousands of images and of uses.
_running[use.digest] contains _name(use) if {
	facts.known(input.derived.usage)
	some use in input.derived.usage.value.uses
	object.get(use, "running", true)
}

_ready[use.digest] contains _name(use) if {
	facts.known(input.derived.usage)
	some use in input.derived.usage.value.uses
	not object.get(use, "running", true)
}

_name(use) := substring(object.get(use, "label", use.workload), 0, _most_characters)

_listed(names) := sort(names)[0] if count(names) == 1

_listed(names) := sprintf("%s (and %d more)", [sort(names)[0], count(names) - 1]) if count(names) > 1
