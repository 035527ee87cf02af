# METADATA
# title: Remove images and repositories nobody pulls
# description: |
#   An image that nothing runs and nobody pulls costs storage and keeps old vulnerabilities at hand.
#   An image that was never pulled counts from its push, or from its restore from the archive. A platform
#   goes with its index. Pull times are kept to a day, and pulls by scanners or replication may renew
#   them: such an image seems used.
# custom:
#   id: REG-USE-001
#   severity: low
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, artifactory, quay, acr]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["CM-7", "SI-12"]
#     iso-27001-2022: ["A.8.10"]
#     fedramp: ["KSI-SVC-RUD"]
#   low_confidence: ["nist-800-53r5:CM-7"]
#   params:
#     unused_days:
#       type: integer
#       minimum: 1
#       description: Days without a pull after which an image that nothing uses is unused.
#       default: 90
#     unused_repo_days:
#       type: integer
#       minimum: 1
#       description: Days after which a repository without any used image, or without images, is unused.
#       default: 180
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Let a lifecycle rule with sinceImagePulled move such images to the archive (it cannot expire
#       them), or delete them (ecr:BatchDeleteImage, indexes before their platforms); delete a
#       repository that holds nothing.
package auditor.rules.usage.nothing_unused

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-USE-001"]

_day := ((24 * 60) * 60) * 1000000000

_now := time.parse_rfc3339_ns(input.now)

_judged[i] := image if {
	some i, image in input.images.value
	image.kind in {"image", "index"}
	image.status == "active"
}

# When each image was last wanted; without an entry that is not known.
_last[digest] := time.parse_rfc3339_ns(fact.value) if {
	some image in _judged
	digest := image.digest
	fact := _wanted(image)
	facts.known(fact)
}

_wanted(image) := image.last_pulled_at if not facts.absent(image.last_pulled_at)

_wanted(image) := image.activated_at if {
	facts.absent(image.last_pulled_at)
	facts.known(image.activated_at)
}

_wanted(image) := image.pushed_at if {
	facts.absent(image.last_pulled_at)
	not facts.known(image.activated_at)
}

# Pulled lately, or in use.
_used contains image.digest if {
	some image in _judged
	_last[image.digest] >= _now - (_params.unused_days * _day)
}

_used contains digest if some digest in usage.digests

_kept contains digest if some digest in _used

_kept contains child.digest if {
	some image in _judged
	image.digest in _used
	some child in image.children.value
}

_kept contains image.digest if {
	some image in _judged
	some child in image.children.value
	child.digest in _used
}

_unused[i] := image if {
	some i, image in _judged
	_last[image.digest]
	not image.digest in _kept
	not _may_be_a_platform(image)
}

# Where an index was not read, an untagged image may belong to it.
_may_be_a_platform(image) if {
	image.tags == []
	images.unread_index
}

_untimed[i] := image if {
	some i, image in _judged
	not image.digest in _kept
	not _last[image.digest]
}

_untimed[i] := image if {
	some i, image in _judged
	not image.digest in _kept
	_may_be_a_platform(image)
}

_newest := max([last | some last in _last])

# Pulls by excluded principals are not recorded: whether there are any, the registry's settings say.
_recorded if input.repository.registry.kind != "ecr"

_recorded if {
	input.repository.registry.kind == "ecr"
	facts.known(data.context.registry.settings)
}

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This kind of registry keeps no pull times.", []) if {
	not input.repository.registry.kind in {"ecr", "harbor", "artifactory", "quay", "acr"}
} else := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := _empty if {
	count(input.images.value) == 0
} else := verdict.record("not_applicable", "It holds no image that could be pulled.", []) if {
	count(_judged) == 0
} else := _doubtful if {
	count(_unused) > 0
} else := _untold if {
	count(_untimed) > 0
} else := verdict.record("pass", "Every image is in use, or was pulled lately.", [])

_empty := verdict.record_unknown("when it was created", "/repository/created_at", input.repository.created_at) if {
	not facts.known(input.repository.created_at)
} else := verdict.record("pass", "A workload names the repository.", []) if {
	facts.known(input.derived.usage)
	count(input.derived.usage.value.uses) > 0
} else := verdict.record("fail", message, [facts.evidence("/repository/created_at", input.repository.created_at)]) if {
	_now - time.parse_rfc3339_ns(input.repository.created_at.value) > _params.unused_repo_days * _day
	message := sprintf("The repository holds no image, and was created more than %d days ago.", [_params.unused_repo_days])
} else := verdict.record("pass", "The repository is new and still empty.", [])

# Images that nobody pulls: unused only where it is sure that nothing runs them.
_doubtful := verdict.record("fail", _message, text.capped(_evidence)) if {
	usage.complete
	_recorded
} else := _unrecorded if {
	usage.complete
} else := _incomplete if {
	facts.known(input.derived.usage)
} else := verdict.record_unknown("what runs", "/derived/usage", input.derived.usage)

_unrecorded := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: %s, but whose pulls are not recorded was not read.", [_lately]),
	"evidence": [first],
	"settle": ["ecr:ListPullTimeUpdateExclusions"],
} if {
	first := _evidence[0]
}

_incomplete := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell: %s, and what runs was not read completely (%s).", [_lately, text.names(_missing)]),
	"evidence": [facts.evidence("/derived/usage/value/missing", input.derived.usage.value.missing)],
	"settle": _missing,
}

_missing := array.slice(input.derived.usage.value.missing, 0, 3)

_first := min(object.keys(_untimed))

_undated := input.images.value[_first]

_untold := verdict.record_unknown("the platforms of an index", images.unread_index[0], images.unread_index[1]) if {
	images.unread_index
} else := verdict.record_unknown("when images were pulled", path, _undated.last_pulled_at) if {
	facts.unknown(_undated.last_pulled_at)
	path := sprintf("/images/value/%d/last_pulled_at", [_first])
} else := verdict.record_unknown("when images were pushed", path, _undated.pushed_at) if {
	path := sprintf("/images/value/%d/pushed_at", [_first])
}

_evidence := [facts.evidence(sprintf("/images/value/%d/last_pulled_at", [i]), _unused[i].last_pulled_at) |
	some i in sort(object.keys(_unused))
]

_whole if {
	count(_unused) == count(_judged)
	_newest < _now - (_params.unused_repo_days * _day)
}

_message := sprintf("None of its %d images was pulled in the last %d days, and nothing uses them: the repository is unused.", [count(_judged), _params.unused_repo_days]) if {
	_whole
	count(_judged) > 1
}

_message := sprintf("Its only image was not pulled in the last %d days, and nothing uses it: the repository is unused.", [_params.unused_repo_days]) if {
	_whole
	count(_judged) == 1
}

_message := sprintf("%s, and nothing uses %s.", [_lately, _them]) if not _whole

_them := "it" if count(_unused) == 1

_them := "them" if count(_unused) != 1

_lately := sprintf("1 of %d images was not pulled in the last %d days", [count(_judged), _params.unused_days]) if {
	count(_unused) == 1
}

_lately := sprintf("%d of %d images were not pulled in the last %d days", [count(_unused), count(_judged), _params.unused_days]) if {
	count(_unused) != 1
}
