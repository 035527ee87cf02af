output "role_arn" {
  description = "role_arn of this account in auditor.yaml."
  value       = aws_iam_role.audit.arn
}
