# METADATA
# title: Read principals of policies
# description: A principal is an account id, or an ARN whose fifth part is the account.
package auditor.lib.principals

# METADATA
# description: The account of a principal.
account(principal) := split(principal, ":")[4] if startswith(principal, "arn:")

account(principal) := principal if not startswith(principal, "arn:")
