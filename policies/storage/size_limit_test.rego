package auditor.rules.storage.size_limit_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.storage.size_limit

_params := {"REG-STO-001": {"max_gib": 1}}

_on(record) := v if v := size_limit.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

test_below_passes if _status(f.repository({"size_bytes": f.known(1073741824)})) == "pass"

test_above_fails if _status(f.repository({"size_bytes": f.known(1073741825)})) == "fail"

test_unread_is_unknown if _status(f.repository({"size_bytes": f.unknown("ecr:DescribeImages")})) == "unknown"
