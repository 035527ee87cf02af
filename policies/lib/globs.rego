# METADATA
# title: Globs on names and tags
# description: |
#   `*` stands for any run of characters and `?` for one, whatever they are: the delimiters of
#   glob.match would keep `v*` from matching v1.2.3.
package auditor.lib.globs

# METADATA
# description: One regular expression for a list of globs. An empty list matches nothing.
union(patterns) := sprintf("^(?s:%s)$", [concat("|", [_translate(p) | some p in patterns])]) if {
	count(patterns) > 0
}

union(patterns) := `[^\s\S]` if count(patterns) == 0

_translate(glob) := replace(replace(escaped, "*", ".*"), "?", ".") if {
	escaped := regex.replace(glob, `[.+^$(){}|\[\]\\]`, `\$0`)
}

# METADATA
# description: |
#   Whether some text matches both globs. Exact for globs of literals and `*`: with a star in each it
#   is enough that the ends fit, since the middle parts can stand one after the other. A `?` is read
#   as `*`, so that with it the answer may be yes where it is no, never the other way round.
intersect(a, b) if _meet(replace(a, "?", "*"), replace(b, "?", "*"))

_meet(a, b) if {
	contains(a, "*")
	contains(b, "*")
	_compatible_start(_head(a), _head(b))
	_compatible_end(_tail(a), _tail(b))
}

_meet(a, b) if {
	not contains(a, "*")
	regex.match(union([b]), a)
}

_meet(a, b) if {
	not contains(b, "*")
	regex.match(union([a]), b)
}

# METADATA
# description: |
#   Whether every text that `inner` matches is matched by `outer` as well. Only a star takes in a star,
#   so that `inner` can be read as plain text: exact for globs of literals and `*`. A `?` in `outer`
#   would take a star for one character; such a pair may be no where it is yes.
inside(inner, outer) if {
	not contains(outer, "?")
	regex.match(union([outer]), inner)
}

inside(inner, outer) if {
	not contains(inner, "*")
	regex.match(union([outer]), inner)
}

_head(glob) := split(glob, "*")[0]

_tail(glob) := parts[count(parts) - 1] if parts := split(glob, "*")

_compatible_start(a, b) if startswith(a, b)

_compatible_start(a, b) if startswith(b, a)

_compatible_end(a, b) if endswith(a, b)

_compatible_end(a, b) if endswith(b, a)
