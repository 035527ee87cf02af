# The role that registry-auditor assumes in an account: it reads, and can change nothing.
# The policies are the JSON files beside this module, which are generated from what the auditor calls.

data "aws_partition" "current" {}

locals {
  read_only = replace(
    file("${path.module}/../read-only.json"),
    "arn:aws:", "arn:${data.aws_partition.current.partition}:"
  )
  read_signatures = replace(
    file("${path.module}/../read-signatures.json"),
    "arn:aws:", "arn:${data.aws_partition.current.partition}:"
  )
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "OnlyTheAuditor"
    effect  = "Allow"
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = var.auditor_principal_arns
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "audit" {
  name                 = var.role_name
  description          = "Assumed by registry-auditor; reads only"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
  tags                 = var.tags
}

resource "aws_iam_role_policy" "read_only" {
  name   = "read-only"
  role   = aws_iam_role.audit.id
  policy = local.read_only
}

resource "aws_iam_role_policy" "read_signatures" {
  count  = var.read_image_content ? 1 : 0
  name   = "read-signatures"
  role   = aws_iam_role.audit.id
  policy = local.read_signatures
}
