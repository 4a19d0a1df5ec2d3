// Package relay is HTTP between one client and one server, as machines without sockets and
// without TLS: bytes in, bytes out, and beside them what they mean. H1 is HTTP/1.1, what it is
// upgraded to, and what is no HTTP at all; H2 is HTTP/2; H2toH1 and H1toH2 translate.
//
// A relay is believed only if it changes nothing. A head goes on byte for byte as it came, in
// its order and its case; what is looked at is a copy (Head). The exceptions are those that the
// RFCs demand of a relay, and each is noted in the Head: a folded field of a reply becomes
// spaces (RFC 9112 §5.2), white space before a colon of a reply is removed (§5.1), the fields
// for a proxy (Proxy-Connection and the three of its passwords) and what Connection names are
// removed (RFC 9110 §7.6.1; but what it says of the connection itself, close, keep-alive, Upgrade
// and TE, is as true of the other one, and a field that frames or describes the message stays),
// a target in absolute form becomes one in origin form, Host is what that target names, and the white
// space around a value of a reply in HTTP/2 is taken off (RFC 9113 §8.2.1). What two readers could read in
// two ways does not go on at all, nor what HTTP/2 calls malformed (RFC 9113 §8.1.1): it is a Refusal, with
// the rule that it broke.
//
// It is no client and no server: it never invents a field, never answers by itself (Options
// say what is answered), and judges no target, no method and no status. It is not for one
// request and many servers either: a client's connection has one server's at a time, so that
// what a server remembers of a connection is that client's. Where the two
// have no version of HTTP in common, H2toH1 and H1toH2 say in the one what was said in the other;
// otherwise what a client's and a server's TLS agree on is the same on both legs.
//
// Read h1.go first: how a machine is driven. head.go is what a head says, framing.go where a body
// ends, request.go and reply.go the two directions, rules.go what is refused. Of HTTP/2 h2.go has
// the frames, data2.go and fields2.go what they carry, stream.go the streams, malformed.go what none of
// their messages may be, refused2.go and longblock.go what becomes of one that is, changed2.go what it
// takes to change a body. hold.go is what may be held, changed and answered by the caller (hold1.go and
// hold2.go do so where both ends have one version, holdto1.go and holdto2.go where it is translated).
// What is translated stands in translate.go, head by head, h2toh1.go and h1toh2.go; conn2.go is their end
// of HTTP/2.
// websocket.go listens to what a connection was upgraded to, and takes no part in it.
package relay

// Side is one of the two ends.
type Side string

// The sides. Each is a stable key.
const (
	Client Side = "client"
	Server Side = "server"
)

// Other is the other end.
func (s Side) Other() Side {
	if s == Client {
		return Server
	}
	return Client
}

// Exchange is a request and its reply; or, where Request is nil, a connection that is no HTTP.
type Exchange struct {
	Request *Head // what was understood of it; nil for a connection relayed as bytes
	Reply   *Head // the final one's; nil if none came
	Fault   *Fault
	Early   bool // the reply was over before the request was
	Cut     bool // the reply, or the bytes, ended without the goodbye that TLS wants
	Bytes   bool // it is, or became, bytes in both directions
	User    any  // the listener's own

	sent     bool // to the server
	begun    bool // of the final reply, something has gone to the client
	passed   bool // the request is over
	replied  bool // the reply is over
	endless  bool // only the end of the connection ends its reply
	done     bool
	changes  Changes
	decided  bool // the holder has said what those are
	stream   *stream
	apart    *stream2 // where it is translated
	answered bool     // by Options.Answer, or by Answer
}

// Fault is why an exchange is not whole: one of the ends broke off, or said what is refused.
type Fault struct {
	Leg     Side
	Refusal *Refusal // nil if the other end broke off
	Err     error
	InHead  bool // a head had begun, and not ended
}

func (f *Fault) Error() string { return string(f.Leg) + ": " + f.Err.Error() }

// Unwrap returns the error behind it.
func (f *Fault) Unwrap() error { return f.Err }

// Event is something that happened. Data is the caller's only until the listener returns.
type Event struct {
	Kind     EventKind
	Exchange *Exchange
	From     Side
	Head     *Head   // of Interim
	Data     []byte  // of Body: a piece of a body, or of bytes, as it came but for chunks
	Fields   []Field // of Trailers
}

// EventKind says what an Event is.
type EventKind string

// The kinds. Each is a stable key.
const (
	RequestHead EventKind = "request"
	Body        EventKind = "body"
	Trailers    EventKind = "trailers"
	RequestOver EventKind = "request_over"
	Interim     EventKind = "interim" // a reply of 1xx that is not the last
	ReplyHead   EventKind = "reply"
	ReplyOver   EventKind = "reply_over"
	Switched    EventKind = "switched" // what follows are bytes: an upgrade, a tunnel, or no HTTP at all
	Done        EventKind = "done"     // nothing more comes of this exchange
)
