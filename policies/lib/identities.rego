# METADATA
# title: Identities of an account
# description: |
#   Ids and verdicts for what an account record holds besides the account itself: policies, principals
#   and credentials.
package auditor.lib.identities

import data.auditor.lib.facts

# METADATA
# description: The end of an ARN, `role/ci`.
name(arn) := concat(":", array.slice(parts, 5, count(parts))) if {
	parts := split(arn, ":")
	count(parts) > 5
} else := arn

# METADATA
# description: A policy in words, its account left out where it is the own one; one of the platform's shows that it is.
policy_name(policy) := sprintf("aws:%s", [name(policy.id)]) if {
	contains(policy.id, ":iam::aws:")
} else := trim_prefix(name(policy.id), "policy/")

policy_id(policy) := sprintf("%s:policy/%s", [input.id, policy_name(policy)])

principal_id(arn) := sprintf("%s:principal/%s", [input.id, name(arn)])

credential_id(key) := sprintf("%s:credential/%s/%s", [input.id, name(key.principal), key.ending])

# METADATA
# description: ARNs of those that a policy is attached to, by the policy's id.
default holders := {}

# The embedded engine leaves a partial rule without any value undefined.
holders := _holders if count(_holders) > 0

_holders[policy] contains principal.arn if {
	some principal in input.principals.value
	some policy in principal.policies
}

# METADATA
# description: Whether every holder of a policy is a role that the platform made for itself and nobody else can change.
only_of_the_platform(policy) if {
	every arn in object.get(holders, policy.id, set()) { of_the_platform(arn) }
}

of_the_platform(arn) if contains(arn, ":role/aws-service-role/")

# METADATA
# description: Indexes of the policies that are attached to somebody; what only bounds grants nothing.
attached := {i |
	some i, policy in input.policies.value
	policy.kind != "guardrail"
	count(object.get(holders, policy.id, set())) > 0
}

# METADATA
# description: Indexes of the attached policies that the customer wrote and can change.
own := {i |
	some i in attached
	input.policies.value[i].kind in {"managed", "inline"}
}

# METADATA
# description: A verdict on one of the things above.
on(resource, status, message, evidence) := {
	"status": status,
	"resource_id": resource,
	"message": message,
	"evidence": evidence,
}

# METADATA
# description: An unknown verdict on one of the things above; `settle` names what would settle it.
on_unknown(resource, message, evidence, settle) := {
	"status": "unknown",
	"resource_id": resource,
	"message": message,
	"evidence": evidence,
	"settle": settle,
}

# METADATA
# description: An unknown verdict, because a fact on one of the things above was not read.
on_unread(resource, what, path, fact) := on_unknown(resource, message, [facts.evidence(path, fact)], [fact.source]) if {
	why := object.get(fact, "reason", fact.state)
	message := sprintf("Cannot tell: %s was not read (%s); %s would settle it.", [what, why, fact.source])
}

# METADATA
# description: An unknown verdict on a policy whose document could not be read.
on_unreadable(i) := on_unknown(policy_id(policy), message, [evidence], ["a person reading the document"]) if {
	policy := input.policies.value[i]
	message := sprintf("Cannot tell: the document could not be read (%s).", [policy.unread])
	evidence := facts.evidence(sprintf("/policies/value/%d/unread", [i]), policy.unread)
}

unreadable(i) if object.get(input.policies.value[i], "unread", "") != ""

# METADATA
# description: Whole days from a moment to the snapshot.
days_since(moment) := floor((time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(moment)) / 86400000000000)

# METADATA
# description: A number of days in words.
days(1) := "1 day"

days(n) := sprintf("%d days", [n]) if n != 1
