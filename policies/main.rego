# METADATA
# title: Collect the verdicts of every selected rule
# description: |
#   The one entry point of both engines. data.selection names, per entity of the input, the rules to
#   run as group -> rule; the result maps "group/rule" to that rule's verdicts.
package auditor.main

verdicts[path] := data.auditor.rules[group][rule].verdicts if {
	some group, rules in data.selection[input.entity]
	some rule in rules
	path := concat("/", [group, rule])
}
