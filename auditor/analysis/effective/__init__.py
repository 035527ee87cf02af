"""Effective access: whether any request by a principal for an action on a repository is allowed.

All layers are joined: identity policies, permission boundary, service and resource control policies, the
registry's and the repository's policy; an explicit Deny in any of them wins. The question is existential: may
the caller choose a request (network, session, user agent, ...) that is let through. Never `no` where some
request is allowed. Source: "Policy evaluation logic" of the IAM user guide.
"""
