package auditor.lib.networks_test

import data.auditor.lib.networks

test_itself if networks.inside("203.0.113.0/24", ["203.0.113.0/24"])

test_subnet_and_address if {
	networks.inside("203.0.113.128/25", ["198.51.100.0/24", "203.0.113.0/24"])
	networks.inside("203.0.113.7", ["203.0.113.0/24"])
	networks.inside("203.0.113.7/32", ["203.0.113.0/24"])
}

test_wider_and_other_networks_are_not if {
	not networks.inside("203.0.112.0/23", ["203.0.113.0/24"])
	not networks.inside("198.51.100.0/24", ["203.0.113.0/24"])
	not networks.inside("0.0.0.0/0", ["203.0.113.0/24"])
}

test_ipv6 if {
	networks.inside("2001:db8:1::/48", ["2001:db8::/32"])
	networks.inside("2001:db8:1::7", ["2001:db8::/32"])
	not networks.inside("2001:db9::/32", ["2001:db8::/32"])
	not networks.inside("10.0.0.0/8", ["::/0"])
	not networks.inside("2001:db8::/32", ["0.0.0.0/0"])
}

test_what_is_no_network_is_inside_none if {
	not networks.inside("vpce-1", ["0.0.0.0/0"])
	not networks.inside("203.0.113.0/24", ["vpce-1", "", "203.0.113.0"])
	not networks.inside("010.0.0.1", ["10.0.0.0/8"])
	not networks.inside("10.0.0.1/33", ["10.0.0.0/8"])
	not networks.inside("999.0.0.1", ["0.0.0.0/0"])
	not networks.inside(":::::", ["::/0"])
	not networks.inside("::1/129", ["::/0"])
}
