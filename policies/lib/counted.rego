# METADATA
# title: Numbers with their nouns
# description: Singular and plural as people write them.
package auditor.lib.counted

# METADATA
# description: '`1 image`, `2 images`.'
images(1) := "1 image"

images(n) := sprintf("%d images", [n]) if n != 1

# METADATA
# description: '`1 day`, `2 days`.'
days(1) := "1 day"

days(n) := sprintf("%d days", [n]) if n != 1

# METADATA
# description: The verb that fits a number.
verb(1, one, _) := one

verb(n, _, many) := many if n != 1
