# METADATA
# title: Keep secrets out of image layers, config and history
# description: |
#   Anyone who can pull an image has every secret in it, also after a later layer deletes the file.
#   A secret whose form says what it is (an AWS access key, a PEM private key, a GitHub token, a
#   registry login) is critical; a variable or build argument with a name like that of a secret, and
#   a value, is high, since only its name was judged; a random value beside such a name is medium.
#   Whether an image was searched depends on scan_secrets: one that was not is unknown.
# custom:
#   id: REG-SEC-001
#   severity: critical
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.4"]
#     nist-800-53r5: ["IA-5(7)", "SC-28"]
#     cis-docker: ["4.10"]
#     pci-dss-4: ["8.6.2", "8.3.2"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.5.17", "A.8.12"]
#     fedramp: ["KSI-SVC-ASM"]
#   params:
#     env_name_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the names of variables and build arguments that hold secrets; case does not count.
#       default: ["*PASSWORD*", "*SECRET*", "*TOKEN*", "*_KEY"]
#     allow:
#       type: array
#       items: {type: string}
#       description: "Globs of places whose findings are known to be harmless: a path in a layer, the name of a variable or label, or either with its rule before it, as private-key:usr/share/doc/*."
#       default: []
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Revoke the secret first: it must be taken for known. Rebuild with it mounted only while it is
#       needed (RUN --mount=type=secret), and delete the images that hold it (ecr:BatchDeleteImage).
package auditor.rules.secrets.no_secrets

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-SEC-001"]

_unread := facts.not_collected("oci:GetBlob")

verdicts contains _whole

verdicts contains _judge(i, image) if {
	not _whole
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

# One verdict on the repository where nobody asked for a search, in place of one for each image.
_whole := verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": "Cannot tell: images were not searched for secrets (scan_secrets is off).",
	"evidence": facts.unread_evidence(sprintf("/images/value/%d/secrets", [_unasked[0]]), _scans[_unasked[0]]),
	"settle": [_scans[_unasked[0]].source],
	"not_asked": true,
} if {
	count(_unasked) > 0
	count(_unasked) == count(_scans)
	count(_reported) == 0
}

_scans[i] := object.get(image, "secrets", _unread) if {
	some i, image in input.images.value
	image.kind == "image"
	image.status != "archived"
}

_unasked := [i |
	some i, scan in _scans
	scan.state == "unknown"
	scan.reason == "not_requested"
]

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.kind == "index"
} else := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := object.union(verdict.image(image, "fail", _message(i), _evidence(i)), {"severity": _severity(i)}) if {
	i in _leaking
} else := object.union(verdict.image(image, "fail", _told(i), _told_evidence(i)), {"severity": _told_severity(i)}) if {
	i in _reported
} else := verdict.image_unknown(image, "whether there are secrets in the image", _path(i), _scans[i]) if {
	not facts.known(_scans[i])
} else := object.union(verdict.image_unsettled(image, message, [facts.evidence(path, value)], ["oci:GetBlob"]), {"not_asked": i in _beyond_reach}) if {
	i in _incomplete
	value := _scans[i].value.gaps
	path := sprintf("%s/value/gaps", [_path(i)])
	message := sprintf("Cannot tell: no secret was found, and not all of the image was read: %s.", [text.names(_gaps(i))])
} else := verdict.image_unsettled(image, message, [facts.evidence(path, value)], ["oci:GetBlob"]) if {
	i in _cut
	value := _scans[i].value.total
	path := sprintf("%s/value/total", [_path(i)])
	message := sprintf("Cannot tell: all findings that were kept are allowed, and only these of %d were kept.", [value])
} else := verdict.image_pass(image)

_path(i) := sprintf("/images/value/%d/secrets", [i])

# What scanners elsewhere found, position of the image -> positions among the secrets of its scan.
_elsewhere[i] := found if {
	some i, image in input.images.value
	found := [k |
		some k, secret in object.get(image.scan, ["value", "secrets"], [])
		not _allowed(secret.rule, secret.path)
	]
}

_reported contains i if {
	some i, found in _elsewhere
	count(found) > 0
}

_secret(i, k) := input.images.value[i].scan.value.secrets[k]

_told(i) := sprintf("The image holds secrets: %s.", [text.names({_told_words(_secret(i, k)) | some k in _elsewhere[i]})])

_told_words(secret) := sprintf("%s in %s line %d, found by %s", [substring(secret.rule, 0, 100), substring(secret.path, 0, 200), secret.line, secret.scanner])

_told_evidence(i) := text.capped([facts.evidence(path, _secret(i, k)) |
	some k in _elsewhere[i]
	path := sprintf("/images/value/%d/scan/value/secrets/%d", [i, k])
])

_told_severity(i) := "critical" if {
	"CRITICAL" in {_secret(i, k).severity | some k in _elsewhere[i]}
} else := "high" if {
	"HIGH" in {_secret(i, k).severity | some k in _elsewhere[i]}
} else := "medium"

_incomplete contains i if {
	some i, scan in _scans
	scan.state == "known"
	count(scan.value.gaps) > 0
}

# Only foreign layers are missing, which no registry holds: no gap of the audit.
_beyond_reach contains i if {
	some i in _incomplete
	every gap in _scans[i].value.gaps {
		gap.reason == "unsupported_by_platform"
	}
}

_cut contains i if {
	some i, scan in _scans
	scan.state == "known"
	scan.value.total > count(scan.value.findings)
}

_leaking contains i if {
	some i, found in _found
	count(found) > 0
}

_leaking contains i if {
	some i, named in _named
	count(named) > 0
}

# Image -> positions of the findings that count.
_found[i] := found if {
	some i, scan in _scans
	scan.state == "known"
	found := [k |
		some k, finding in scan.value.findings
		not _allowed(finding.rule, _place(finding))
	]
}

# Image -> positions of the variables and build arguments that count.
_named[i] := named if {
	some i, scan in _scans
	scan.state == "known"
	named := [k |
		some k, variable in scan.value.variables
		variable.content == "set"
		regex.match(_names, upper(variable.name))
		not _allowed("name", variable.name)
	]
}

_names := globs.union([upper(pattern) | some pattern in _params.env_name_patterns])

_allow := globs.union(_params.allow)

_allowed(_, place) if regex.match(_allow, place)

_allowed(rule, place) if regex.match(_allow, sprintf("%s:%s", [rule, place]))

_place(finding) := finding.path if finding.where == "layer"

_place(finding) := finding.name if not finding.where in {"layer", "history"}

_place(finding) := sprintf("history/%d", [finding.index]) if finding.where == "history"

_severity(i) := "critical" if {
	count(_certain(i)) > 0
} else := "high" if {
	count(_named[i]) > 0
} else := "medium"

_certain(i) := [k |
	some k in _found[i]
	_scans[i].value.findings[k].confidence == "format"
]

_evidence(i) := text.capped(array.concat(
	[facts.evidence(sprintf("%s/value/findings/%d", [_path(i), k]), _scans[i].value.findings[k]) | some k in _found[i]],
	[facts.evidence(sprintf("%s/value/variables/%d", [_path(i), k]), _scans[i].value.variables[k]) | some k in _named[i]],
))

_message(i) := sprintf("The image holds secrets: %s.%s", [text.names(words), _rest(i)]) if {
	words := {_words(_scans[i].value.findings[k]) | some k in _found[i]} | {_name(_scans[i].value.variables[k]) | some k in _named[i]}
}

_rest(i) := " Not all of it was read." if i in _incomplete

_rest(i) := "" if not i in _incomplete

_words(finding) := sprintf("%s in %s line %d of layer %s%s", [finding.rule, substring(finding.path, 0, 200), finding.line, substring(finding.layer, 0, 19), _removed(finding)]) if {
	finding.where == "layer"
}

_words(finding) := sprintf("%s in step %d of the history", [finding.rule, finding.index]) if {
	finding.where == "history"
}

_words(finding) := sprintf("%s in %s %s", [finding.rule, _kinds[finding.where], substring(finding.name, 0, 100)]) if {
	finding.where in {"env", "label", "command"}
}

_kinds := {"env": "the variable", "label": "the label", "command": "the config's"}

_removed(finding) := " (a later layer deletes it, whoever pulls still has it)" if finding.removed

_removed(finding) := "" if not finding.removed

_name(variable) := sprintf("a value for the variable %s", [substring(variable.name, 0, 100)]) if {
	variable.where == "env"
}

_name(variable) := sprintf("a value for %s in step %d of the history", [substring(variable.name, 0, 100), variable.index]) if {
	variable.where == "history"
}

_gaps(i) := {words |
	some gap in _scans[i].value.gaps
	words := trim_space(sprintf("%s %s", [substring(gap.layer, 0, 19), gap.detail]))
}
