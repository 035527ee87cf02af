# METADATA
# title: Ask what is known of a fact
# description: A collected fact is known, absent or unknown; see the inventory schema.
package auditor.lib.facts

known(fact) if fact.state == "known"

absent(fact) if fact.state == "absent"

unknown(fact) if fact.state == "unknown"

# METADATA
# description: What stands in for a fact of a snapshot that was written before the auditor collected it.
not_collected(source) := {"state": "unknown", "reason": "not_requested", "source": source, "detail": _older}

_older := "an older snapshot"

# METADATA
# description: The evidence of a fact that was not read; none for one that is not in the record at all.
unread_evidence(_, fact) := [] if object.get(fact, "detail", "") == _older

unread_evidence(path, fact) := [evidence(path, fact)] if object.get(fact, "detail", "") != _older

# METADATA
# description: Why an unknown fact is unknown, and what would settle it, as a sentence.
why(what, fact) := sprintf("Cannot tell: %s was not read (%s); %s would settle it.", [what, fact.reason, fact.source])

# METADATA
# description: One piece of evidence, a JSON pointer into the record and the value found there.
evidence(path, value) := {"path": path, "value": value}
