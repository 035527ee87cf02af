package auditor.lib.principals_test

import data.auditor.lib.principals

test_account_of_an_arn if principals.account("arn:aws:iam::222222222222:role/ci") == "222222222222"

test_account_by_its_id if principals.account("222222222222") == "222222222222"
