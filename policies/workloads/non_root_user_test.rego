package auditor.rules.workloads.non_root_user_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.workloads.non_root_user

_config(changes) := {"config": f.known(f.override({"labels": {}, "created_at": f.absent, "user": "10001", "os": "linux", "added_urls": []}, changes))}

_on(images, derived) := v if {
	v := non_root_user.verdicts with input as f.record({}, f.known(images), derived)
}

_judged(changes) := f.only(_on([f.image(1, ["v1"], _config(changes))], {}))

_user(user) := _judged({"user": user})

test_numbers_pass if {
	every user in ["10001", "1", "65532:65532", "1000:0", "10001:staff", "+5"] {
		_user(user).status == "pass"
	}
}

test_root_fails if {
	every user in ["root", "0", "0:0", "root:root", "0:1000", "00", "+0", "-0", "", ":1000"] {
		v := _user(user)
		v.status == "fail"
		not v.severity
	}
}

test_messages_say_which_user if {
	_user("").message == "The image runs as root: it names no user."
	_user("0:0").message == "The image runs as root (USER 0:0)."
}

test_a_name_is_info if {
	every user in ["app", "nobody:nogroup", "Root", "root2", "1app"] {
		v := _user(user)
		v.status == "fail"
		v.severity == "info"
	}
}

test_windows if {
	every user in ["ContainerAdministrator", "", "containeradministrator", `User Manager\ContainerAdministrator`] {
		v := _judged({"os": "windows", "user": user})
		v.status == "fail"
		not v.severity
	}
	_judged({"os": "windows", "user": "ContainerUser"}).status == "pass"
}

test_administrator_fails_where_the_system_was_not_kept if {
	image := f.image(1, ["v1"], {"config": f.known({"labels": {}, "created_at": f.absent, "user": "ContainerAdministrator"})})
	v := f.only(_on([image], {}))
	v.status == "fail"
	not v.severity
}

test_downloads_are_info if {
	v := _judged({"added_urls": ["example.com"]})
	v.status == "fail"
	v.severity == "info"
	v.message == "The build took files from the network by ADD, which checks nothing: example.com."
	not _judged({"added_urls": ["example.com"], "user": "0"}).severity
}

_used(complete, non_root) := {"usage": f.known({
	"complete": complete,
	"missing": [],
	"uses": [f.use(1)],
	"users": {f.digest(1): {"first": "Deployment prod/shop/web", "others": 0, "running": true, "non_root": non_root}},
})}

test_a_user_given_by_every_workload_is_info if {
	image := f.image(1, ["v1"], _config({"user": "root"}))
	v := f.only(_on([image], _used(true, true)))
	v.status == "fail"
	v.severity == "info"
}

test_a_user_given_by_some_is_not_enough if {
	image := f.image(1, ["v1"], _config({"user": "root"}))
	not f.only(_on([image], _used(true, false))).severity
	not f.only(_on([image], _used(false, true))).severity
	endswith(f.only(_on([image], _used(true, false))).message, "; in use by Deployment prod/shop/web.")
}

test_nobody_asked_is_unknown_once if {
	v := f.only(_on([f.image(1, ["v1"], {}), f.image(2, ["v2"], {})], {}))
	v.status == "unknown"
	v.settle == ["ecr:GetDownloadUrlForLayer"]
}

test_unread_config_is_unknown if {
	images := [f.image(1, ["v1"], {"config": f.unknown("oci:GetBlob")}), f.image(2, ["v2"], _config({}))]
	f.statuses(_on(images, {})) == ["pass", "unknown"]
}

test_absent_config_is_unknown if f.only(_on([f.image(1, [], {"config": f.absent})], {})).status == "unknown"

test_unread_images_are_unknown if {
	verdicts := non_root_user.verdicts with input as f.record({}, f.unknown("oci:ListTags"), {})
	f.only(verdicts).status == "unknown"
}

test_index_and_archived_are_not_applicable if {
	f.statuses(_on([f.index(1, ["v1"], f.known([])), f.image(2, [], {"status": "archived"}), f.image(3, [], _config({}))], {})) == [
		"not_applicable",
		"not_applicable",
		"pass",
	]
}
