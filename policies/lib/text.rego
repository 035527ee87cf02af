# METADATA
# title: Lists in messages
# description: Written so that both engines give the same text.
package auditor.lib.text

_most := 10

# METADATA
# description: Names joined by commas, sorted, at most ten and how many more there are.
names(collection) := concat(", ", sort(collection)) if count(collection) <= _most

names(collection) := sprintf("%s and %d more", [concat(", ", first), count(collection) - _most]) if {
	count(collection) > _most
	first := array.slice(sort(collection), 0, _most)
}

# METADATA
# description: The first twenty of a list of evidence.
capped(list) := array.slice(list, 0, 20)
