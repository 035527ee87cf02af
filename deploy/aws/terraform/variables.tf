variable "auditor_principal_arns" {
  description = "ARNs of the roles or users that run the auditor."
  type        = list(string)

  validation {
    condition     = length(var.auditor_principal_arns) > 0
    error_message = "Name at least one principal: a role that anybody may assume is not for auditing."
  }
}

variable "external_id" {
  description = "Agreed between whoever runs the auditor and this account; external_id in auditor.yaml."
  type        = string
  sensitive   = true

  validation {
    condition     = length(var.external_id) >= 2 && length(var.external_id) <= 1224
    error_message = "An external id has 2 to 1224 characters."
  }
}

variable "role_name" {
  description = "The same name in every account; role_name of from_organization in auditor.yaml."
  type        = string
  default     = "registry-audit"
}

variable "read_image_content" {
  description = "Also read layers, for signatures and labels of images."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
