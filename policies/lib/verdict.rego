# METADATA
# title: Build verdicts
# description: |
#   A verdict is {status, resource_id, message, evidence}, and optionally `severity` (only ever lower
#   than the rule's own), `settle` (the calls that would settle an unknown) and `tag`; one on an image that
#   is no pass also says whether the image is `in_use`.
package auditor.lib.verdict

import data.auditor.lib.facts
import data.auditor.lib.usage

# METADATA
# description: A verdict on the record itself, a repository or a registry.
record(status, message, evidence) := {
	"status": status,
	"resource_id": input.id,
	"message": message,
	"evidence": evidence,
}

# METADATA
# description: An unknown verdict on the record, because a fact was not read.
record_unknown(what, path, fact) := {
	"status": "unknown",
	"resource_id": input.id,
	"message": _unread(what, fact),
	"evidence": facts.unread_evidence(path, fact),
	"settle": [fact.source],
}

# METADATA
# description: A verdict on one image of the record.
image(image, status, message, evidence) := {
	"status": status,
	"resource_id": concat("@", [input.id, image.digest]),
	"message": message,
	"evidence": evidence,
	"tag": array.concat(image.tags, [""])[0],
	"in_use": image.digest in usage.digests,
}

# METADATA
# description: An unknown verdict on one image, because a fact was not read.
image_unknown(image, what, path, fact) := {
	"status": "unknown",
	"resource_id": concat("@", [input.id, image.digest]),
	"message": _unread(what, fact),
	"evidence": [{"path": path, "value": fact}],
	"settle": [fact.source],
	"tag": array.concat(image.tags, [""])[0],
	"in_use": image.digest in usage.digests,
}

# METADATA
# description: An unknown verdict on one image, with a message of its own.
image_unsettled(image, message, evidence, settle) := {
	"status": "unknown",
	"resource_id": concat("@", [input.id, image.digest]),
	"message": message,
	"evidence": evidence,
	"settle": settle,
	"tag": array.concat(image.tags, [""])[0],
	"in_use": image.digest in usage.digests,
}

# A fact that is absent where it should be known is as unsettled as one that was not read.
_unread(what, fact) := sprintf("Cannot tell: %s was not read (%s); %s would settle it.", [what, why, fact.source]) if {
	why := object.get(fact, "reason", fact.state)
}

# METADATA
# description: A passed image, kept small since most verdicts are this one.
image_pass(image) := {"status": "pass", "resource_id": concat("@", [input.id, image.digest])}

# METADATA
# description: An image that the rule does not apply to.
image_not_applicable(image) := {"status": "not_applicable", "resource_id": concat("@", [input.id, image.digest])}
