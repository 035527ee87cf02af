# METADATA
# title: Have every release digest complete in each destination
# description: |
#   Only images pushed after a replication rule are copied, a copy may fail, and a destination with
#   immutable tags keeps the old meaning of a tag. Judges the newest tagged images, and the children of
#   tagged indexes, by comparing both repositories, and by the registry's own status where it was read.
# custom:
#   id: REG-REP-004
#   severity: medium
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   whole_repository: true
#   registries: [ecr, harbor]
#   frameworks:
#     nist-800-53r5: ["CP-9"]
#     soc2: ["A1.2"]
#     iso-27001-2022: ["A.8.14"]
#   low_confidence: ["nist-800-53r5:CP-9"]
#   params:
#     max_minutes:
#       type: integer
#       minimum: 0
#       description: Minutes after the push in which a copy may be under way.
#       default: 60
#     newest:
#       type: integer
#       minimum: 1
#       description: How many tagged images of a repository are judged, the newest first.
#       default: 20
#     prod_selectors:
#       type: object
#       description: A repository that one of these matches is production.
#       default: {names: ["*prod*"], resource_tags: {env: [prod, production], environment: [prod, production]}, tags: ["v*", "release*"]}
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#     nonprod_selectors:
#       type: object
#       description: Otherwise, a repository that one of these matches is not production.
#       default:
#         names: ["dev/*", "*-dev", "test/*", "*-test", "sandbox/*", "*-sandbox", "staging/*", "*-staging"]
#         resource_tags: {env: [dev, development, test, testing, staging, sandbox, qa], environment: [dev, development, test, testing, staging, sandbox, qa]}
#         tags: []
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#   remediation:
#     action: ecr.start_replication_backfill
#     mode: confirm
#     text: |
#       Have the registry copy what is there (ecr:StartReplicationBackfill), or push the image again by
#       its digest. Where a tag means another image in the destination, find out which one is right,
#       and delete the tag there.
package auditor.rules.replication.releases_complete

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.production
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-REP-004"]

_rules := data.context.registry.replication

_replicas := input.derived.replicas

verdicts contains _whole

verdicts contains _judge(i, image) if {
	not _whole
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

# Said of the repository where no image of it can be judged.
_whole := verdict.record("not_applicable", "This registry has no replication.", []) if {
	facts.unknown(_rules)
	_rules.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the replication configuration", "/context/registry/replication", _rules) if {
	facts.unknown(_rules)
} else := verdict.record("not_applicable", "Not copied anywhere.", []) if {
	not _replicates
} else := verdict.record_unknown("what the copies hold", "/derived/replicas", _replicas) if {
	not facts.known(_replicas)
} else := verdict.record("not_applicable", "Not copied anywhere.", []) if {
	count(_replicas.value) == 0
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
}

_replicates if count(_rules.value) > 0

_production if production.is_production(_params)

_scope := images.scope({"scope": "newest", "newest_count": _params.newest})

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.status != "active"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := verdict.image(image, "fail", message, _evidence(_failures(i, image))) if {
	count(_failures(i, image)) > 0
	message := sprintf("Not complete in every destination: %s.", [text.names({f.reason | some f in _failures(i, image)})])
} else := verdict.image_unsettled(image, message, _evidence(_doubts(i, image)), _settles(i, image)) if {
	count(_doubts(i, image)) > 0
	message := sprintf("Cannot tell whether every destination is complete: %s.", [text.names({d.reason | some d in _doubts(i, image)})])
} else := verdict.image_not_applicable(image) if {
	count(_lacking(image)) > 0
} else := verdict.image_pass(image)

_place(replica) := sprintf("%s of account %s", [replica.region, replica.account])

# Position of a replica -> what is known of it, as sets.
_sets[r] := {
	"missing": {d | some d in replica.missing_digests},
	"moved": {t | some t in replica.moved_tags},
	"untagged": {t | some t in replica.missing_tags},
} if {
	some r, replica in _replicas.value
}

_compared(replica) if {
	replica.state in {"found", "missing"}
	replica.images_unread == ""
}

# The replicas that surely lack the image.
_lacking(image) := {r |
	some r, replica in _replicas.value
	_compared(replica)
	image.digest in _sets[r].missing
}

_failures(i, image) := (((_absent(image) | _other_meaning(image)) | _untagged(image)) | _failed(i, image)) | _late(i, image)

# Pushed before the rule, or lost: only in production does each image have to be there.
_absent(image) := {{"reason": reason, "path": path, "value": value} |
	_production
	not _young(image)
	some r in _lacking(image)
	replica := _replicas.value[r]
	path := sprintf("/derived/replicas/value/%d/missing_count", [r])
	value := replica.missing_count
	reason := sprintf("%s does not hold it%s", [_place(replica), _because(replica)])
}

_because(replica) := "" if count(replica.relayed_from) == 0

_because(replica) := " (what arrives as a copy is not copied on)" if count(replica.relayed_from) > 0

_other_meaning(image) := {{"reason": reason, "path": path, "value": replica.moved_tags} |
	not _young(image)
	some r, replica in _replicas.value
	_compared(replica)
	some tag in image.tags
	tag in _sets[r].moved
	path := sprintf("/derived/replicas/value/%d/moved_tags", [r])
	reason := sprintf("%s means another image in %s", [tag, _place(replica)])
}

_untagged(image) := {{"reason": reason, "path": path, "value": replica.missing_tags} |
	not _young(image)
	some r, replica in _replicas.value
	_compared(replica)
	some tag in image.tags
	tag in _sets[r].untagged
	path := sprintf("/derived/replicas/value/%d/missing_tags", [r])
	reason := sprintf("%s lacks the tag %s", [_place(replica), tag])
}

_failed(i, image) := {{"reason": reason, "path": path, "value": entry} |
	some j, entry in _statuses(image)
	entry.status == "failed"
	_named(entry)
	path := sprintf("/images/value/%d/replicas/value/%d", [i, j])
	reason := sprintf("copying to %s failed (%s)", [_place(entry), entry.failure_code])
}

_late(i, image) := {{"reason": reason, "path": path, "value": entry} |
	not _young(image)
	some j, entry in _statuses(image)
	entry.status == "in_progress"
	_named(entry)
	path := sprintf("/images/value/%d/replicas/value/%d", [i, j])
	reason := sprintf("copying to %s takes longer than %d minutes", [_place(entry), _params.max_minutes])
}

_statuses(image) := object.get(image.replicas, "value", [])

# A status may be left of a destination that no rule names any more.
_named(entry) if {
	some replica in _replicas.value
	replica.account == entry.account
	replica.region == entry.region
}

_doubts(i, image) := ((_unread(i, image) | _pending(image)) | _cut(image)) | _maybe_child(image)

_unread(_, image) := {{"reason": reason, "path": path, "value": value, "settle": "auditor collect with every destination among its targets"} |
	some r, replica in _replicas.value
	not _compared(replica)
	not _told_complete(image, replica)
	[reason, path, value] := _why(r, replica)
}

_why(r, replica) := [replica.reason, sprintf("/derived/replicas/value/%d/reason", [r]), replica.reason] if {
	replica.state == "unread"
}

_why(r, replica) := [replica.images_unread, sprintf("/derived/replicas/value/%d/images_unread", [r]), replica.images_unread] if {
	replica.state != "unread"
}

# The registry's own word counts where the destination was not read.
_told_complete(image, replica) if {
	some entry in _statuses(image)
	entry.status == "complete"
	entry.account == replica.account
	entry.region == replica.region
}

_pending(image) := {{"reason": reason, "path": path, "value": replica.missing_count, "settle": "auditor collect again once the copies had their time"} |
	_young(image)
	some r in (_lacking(image) | _awry(image))
	replica := _replicas.value[r]
	path := sprintf("/derived/replicas/value/%d/missing_count", [r])
	reason := sprintf("the copy to %s may be under way", [_place(replica)])
}

_awry(image) := {r |
	some r, sets in _sets
	count((sets.moved | sets.untagged) & {tag | some tag in image.tags}) > 0
}

# Lists hold the newest 1,000: what is older and not on a list that was cut may be missing all the same.
_cut(image) := {{"reason": reason, "path": path, "value": replica.listed_after, "settle": "a smaller parameter newest"} |
	some r, replica in _replicas.value
	_compared(replica)
	replica.listed_after != ""
	not image.digest in _sets[r].missing
	object.get(image.pushed_at, "value", "") <= replica.listed_after
	path := sprintf("/derived/replicas/value/%d/listed_after", [r])
	reason := sprintf("%s lacks more than the record lists", [_place(replica)])
}

# Only tagged images and their children are compared: this one may be a child of an index that was not read.
_maybe_child(image) := {{"reason": reason, "path": path, "value": fact, "settle": fact.source} |
	image.tags == []
	not image.digest in images.children_of_tagged
	images.unread_index
	[path, fact] := images.unread_index
	reason := sprintf("whether an index holds this image was not read (%s)", [fact.reason])
}

_settles(i, image) := sort({d.settle | some d in _doubts(i, image)})

_young(image) if {
	facts.known(image.pushed_at)
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(image.pushed_at.value)
	age <= (_params.max_minutes * 60) * 1000000000
}

_evidence(found) := text.capped([facts.evidence(f.path, f.value) | some f in found])
