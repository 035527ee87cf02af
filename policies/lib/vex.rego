# METADATA
# title: What trusted authors say of vulnerabilities
# description: |
#   A VEX statement counts only when its document verifies with the trust in auditor.yaml and is about the image,
#   or about the index that names it. The newest statement on a vulnerability wins; where it is not known which is
#   newest, the vulnerability counts. One about some packages clears only what is in these and no others.
package auditor.lib.vex

import data.auditor.lib.attestations
import data.auditor.lib.facts

_clearing := {"not_affected", "fixed"}

# METADATA
# description: The statement that clears a vulnerability of an image; undefined where none does.
clears(image, v) if {
	spoken
	count(_deciding(image, v)) > 0
}

# METADATA
# description: Whether anything verified is said at all, which is asked first, since mostly nothing is.
spoken if count(_own) > 0

# METADATA
# description: The vulnerabilities of a list that are cleared, id to the reason, of those that no entry leaves open.
cleared(_, _) := {} if not spoken

cleared(image, list) := {id: reasons[0] |
	some id in {v.id | some v in list; clears(image, v)}
	count([other | some other in list; other.id == id; not clears(image, other)]) == 0
	reasons := sort([_reason(said) | some v in list; v.id == id; some said in _deciding(image, v)])
} if {
	spoken
}

# METADATA
# description: Cleared vulnerabilities with their reasons, as a part of a sentence.
named(reasons) := concat(", ", [sprintf("%s (%s)", [id, reasons[id]]) | some id in array.slice(ids, 0, 3)]) if {
	ids := sort(object.keys(reasons))
	count(ids) <= 3
}

named(reasons) := sprintf("%s and %d more", [concat(", ", [sprintf("%s (%s)", [id, reasons[id]]) | some id in array.slice(ids, 0, 3)]), count(ids) - 3]) if {
	ids := sort(object.keys(reasons))
	count(ids) > 3
}

_reason(said) := sprintf("%s: %s", [replace(said.status, "_", " "), substring(said.justification, 0, 100)]) if said.justification != ""

_reason(said) := replace(said.status, "_", " ") if said.justification == ""

# The statements that clear it, none where a statement as new says otherwise.
_deciding(image, v) := [said | some said in newest; _clears(said, v)] if {
	on := _on(image, v)
	latest := max(array.concat([said.at | some said in on], [""]))
	newest := [said | some said in on; said.at == latest]
	otherwise := [said | some said in on; not _clears(said, v); said.at in {latest, ""}]
	count(otherwise) == 0
} else := []

_clears(said, v) if {
	said.status in _clearing
	_covers(said, v)
}

# What is said of it: what clears other packages only says nothing on these.
_on(image, v) := [said |
	some said in _about(image)
	_names(said, v)
	_bears(said, v)
]

_bears(said, _) if not said.status in _clearing

_bears(said, v) if {
	said.status in _clearing
	_covers(said, v)
}

_names(said, v) if said.vulnerability == v.id

_names(said, v) if v.id in said.aliases

_names(said, v) if said.vulnerability in object.get(v, "aliases", [])

_covers(said, _) if said.components == []

_covers(said, v) if {
	count(said.components) > 0
	count(v.packages) > 0
	count([one | some one in v.packages; not _in(one, said.components)]) == 0
}

_in(one, components) if one.name in components

_in(one, components) if sprintf("%s@%s", [one.name, one.version]) in components

_about(_) := [] if count(_own) == 0

_about(image) := array.concat(object.get(_own, image.digest, []), inherited) if {
	count(_own) > 0
	inherited := [said |
		some index in _indexes
		some child in index.children
		child.digest == image.digest
		some said in _own[index.digest]
	]
}

# Digest of an image -> what verified documents say of it. Empty for most records.
_own[image.digest] := said if {
	some image in input.images.value
	some attestation in image.attestations.value
	count(attestation.statements) > 0
	said := [statement |
		some document in attestations.list(image)
		_trusted(document)
		some statement in document.statements
	]
	count(said) > 0
}

_indexes := [{"digest": image.digest, "children": image.children.value} |
	some image in input.images.value
	image.kind == "index"
	facts.known(image.children)
	count(object.get(_own, image.digest, [])) > 0
]

_trusted(document) if {
	attestations.sound(document)
	document.verification.state == "known"
	document.verification.value == "verified"
}
