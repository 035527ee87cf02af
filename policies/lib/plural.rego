# METADATA
# title: Numbers in messages
package auditor.lib.plural

# METADATA
# description: A number with its noun, "1 day" or "2 days".
of(number, one, _) := sprintf("%d %s", [number, one]) if number == 1

of(number, _, many) := sprintf("%d %s", [number, many]) if number != 1
