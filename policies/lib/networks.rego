# METADATA
# title: Networks in policies
# description: |
#   Whether a network lies inside a trusted one. Only plain notations are compared: the engines differ
#   on others, such as numbers with leading zeros.
package auditor.lib.networks

_ipv4 := `^((0|[1-9][0-9]{0,2})\.){3}(0|[1-9][0-9]{0,2})(/(0|[1-9][0-9]?))?$`

_ipv6 := `^[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}(/(0|[1-9][0-9]{0,2}))?$`

# METADATA
# description: Whether `network`, a CIDR or an address, lies wholly inside one of `trusted`.
inside(network, trusted) if network in trusted

inside(network, trusted) if {
	_plain(network)
	some wide in trusted
	_plain(wide)
	contains(wide, "/")
	net.cidr_contains(wide, network)
}

_plain(text) if regex.match(_ipv4, text)

_plain(text) if regex.match(_ipv6, text)
