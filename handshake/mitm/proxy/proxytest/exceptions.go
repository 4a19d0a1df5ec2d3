package proxytest

import "tlslab/handshake/mitm/relay"

// The exceptions to "as it came". There is no other.
var (
	Unfolded = Exception{"a folded field of a reply becomes spaces",
		"RFC 9112 §5.2: a proxy or gateway that receives an obs-fold in a response message ... MUST either discard the message ... or replace each received obs-fold with one or more SP octets", relay.NoteUnfolded, false}
	SpaceColon = Exception{"white space before a colon of a reply is removed",
		"RFC 9112 §5.1: a proxy MUST remove any such whitespace from a response message before forwarding the message downstream", relay.NoteSpaceColon, false}
	HopByHop = Exception{"fields for the proxy, and what Connection names, are removed",
		"RFC 9110 §7.6.1: intermediaries MUST parse a received Connection header field before a message is forwarded and, for each connection-option in this field, remove any header or trailer field(s) from the message with the same name", relay.NoteHopByHop, false}
	OriginForm = Exception{"a target in absolute form becomes one in origin form",
		"RFC 9112 §3.2.1: when making a request directly to an origin server, other than a CONNECT or server-wide OPTIONS request, a client MUST send only the absolute path and query components of the target URI as the request-target", relay.NoteOriginForm, false}
	TargetsHost = Exception{"Host is what a target in absolute form names",
		"RFC 9112 §3.2.2: the proxy MUST ignore the received Host header field (if any) and instead replace it with the host information of the request-target", relay.NoteHost, false}
	EmptyLines = Exception{"empty lines before a message are skipped",
		"RFC 9112 §2.2: a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF) received prior to the request-line", "", false}
	Unasked = Exception{"a reply that nobody asked for is dropped, and the connection ends",
		"RFC 9112 §9.2: if a client receives data on a connection that doesn't have outstanding requests, the client MUST NOT consider that data to be a valid response; the client SHOULD close the connection", "", false}
	NoReply = Exception{"where a server says nothing, the proxy says so",
		"RFC 9110 §15.6.3: 502 (Bad Gateway) indicates that the server, while acting as a gateway or proxy, received an invalid response from an inbound server", "", false}
	HalfHeads = Exception{"half a head does not go on: it cannot be looked at",
		"RFC 9112 §8: a server that receives an incomplete request message ... MAY send an error response prior to closing the connection; of a reply: if a response terminates in the middle of the header section ... the client cannot assume that meaning has been conveyed", "", false}
	Refusals = Exception{"what two readers could read in two ways does not go on",
		"RFC 9112 §11.2, and the section of the rule that was broken", "", true}
)

// Exceptions lists every Exception.
func Exceptions() []Exception {
	return []Exception{Unfolded, SpaceColon, HopByHop, OriginForm, TargetsHost, EmptyLines, Unasked, NoReply, HalfHeads, Refusals}
}
