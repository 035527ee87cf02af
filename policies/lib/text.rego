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

# METADATA
# description: A number with its noun, as `1 image` and `2 images`.
counted(number, one, _) := sprintf("%d %s", [number, one]) if number == 1

counted(number, _, many) := sprintf("%d %s", [number, many]) if number != 1

# METADATA
# description: The verb that fits a number.
verb(number, one, _) := one if number == 1

verb(number, _, many) := many if number != 1
