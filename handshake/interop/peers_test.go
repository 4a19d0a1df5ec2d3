package interop_test

import (
	stdtls "crypto/tls"
	"slices"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// peer is somebody else's TLS: what it has in common with ours, and how each of its two
// ends is had. Its own words for what a deal asks are in the file of its name.
type peer struct {
	name  string // in the table of whom we have met
	kinds []string
	// suites and groups are those that both have; each of them can be settled.
	suites func(iana.Version) []*suite.Suite
	groups func(iana.Version) []kx.Group
	// has asks the peer whether it has a suite: what suites says is held to it.
	has func(testing.TB, *suite.Suite) bool
	// offersOne: its client can be told to offer one suite of this version and no other.
	// Where it cannot, our server is told to take one.
	offersOne func(iana.Version) bool
	// leaves: its client is gone once it has heard a goodbye, so it must say its own first.
	leaves bool

	// host starts its server.
	host func(testing.TB, meeting, deal) host
	// visit has its client meet our server, and says what came of it.
	visit func(testing.TB, meeting, deal, *tls.Config) outcome
	// revisit has its client come to our server several times; see series.
	revisit func(testing.TB, meeting, deal) []outcome
	// refused has its client meet our server, and returns our server's error. The peer's own
	// must name the alert; no alert is asked about if it is 255.
	refused func(testing.TB, meeting, deal, *tls.Config, iana.AlertDescription) error

	// client starts its client's program, if it is one.
	client func(t testing.TB, port string, m meeting, d deal) *program

	quirks []quirk
	lacks  []lack
}

// host is a peer's server, which takes one client after the other.
type host interface {
	// meet has our client connect, both ends hear each other, and both end cleanly.
	meet(testing.TB, deal, *tls.Config) outcome
	// refused has our client connect, and returns its error: the handshake's, or if that went
	// well the first Read's.
	refused(testing.TB, deal, *tls.Config, iana.AlertDescription) error
}

// quirk is what a peer's end can do that ours must bear.
type quirk struct {
	name  string
	words []string
}

// lack is a topic on which a peer is not met, and why.
type lack struct {
	topic   string
	version iana.Version // 0: both
	roles   []event.Role // ours; nil: both
	why     string
}

// consulted are the lacks that made a difference: one that makes none is out of date, and
// the whole run says so.
var consulted sync.Map

// The peers, in the order of the table of whom we have met.
var thePeers = []*peer{stdlib, openssl, gnutls}

// deal is what one handshake is to be. Both ends are told: ours by its Config, the peer in
// its own words. A zero field asks for nothing.
type deal struct {
	server []string // kinds of the server's certificates; see kinds
	client string   // kind of the client's
	auth   handshake.ClientAuth

	suite         *suite.Suite // the only one that both ends have, by what one of them is told
	offers, takes []kx.Group   // the client's and the server's

	distrusts bool // the peer's client does not know our CAs
	typed     bool // s_server sends what is typed, and prints what it gets
	noETM     bool // the peer has no encrypt-then-MAC
	noTickets bool // the peer has none
	staple    bool

	clientProtocols, serverProtocols []string

	words []string          // the peer's own, for what no other peer has
	bytes int               // how much is said each way, where the peer can be made to; 0 is little
	ours  func(*tls.Config) // the last changes of our end

	// What crypto/tls is told besides.
	std        func(*stdtls.Config)
	stdCache   stdtls.ClientSessionCache
	stdTickets [32]byte // the key of its server's tickets; zero: one of each Config's own
}

// meeting is our end, in one role, with one peer in one version; version 0 leaves it open.
type meeting struct {
	*peer
	version iana.Version
	role    event.Role // ours
}

// outcome is what a connection that ended well came to.
type outcome struct {
	handshake.Summary
	w    *tlstest.Witness
	conn *tls.Conn // over; it still exports
	// What the peer says besides; the one that it is not is nil.
	prog *program
	std  *stdEnd
}

// meetings runs f for each peer and each role of ours, but for those that lack the topic.
func meetings(t *testing.T, topic string, v iana.Version, f func(*testing.T, meeting)) {
	for _, p := range thePeers {
		column := p.name
		if v != 0 {
			column += ", " + v.String()
		}
		t.Run(column, func(t *testing.T) {
			for _, role := range []event.Role{event.Client, event.Server} {
				if p.why(topic, v, role) == "" {
					t.Run("our "+role.String(), func(t *testing.T) { f(t, meeting{p, v, role}) })
				}
			}
		})
	}
}

// bothVersions is meetings in TLS 1.2 and in TLS 1.3.
func bothVersions(t *testing.T, topic string, f func(*testing.T, meeting)) {
	meetings(t, topic, iana.TLS12, f)
	meetings(t, topic, iana.TLS13, f)
}

// why says why a peer is not met on a topic; "" where it is.
func (p *peer) why(topic string, v iana.Version, role event.Role) string {
	for _, l := range p.lacks {
		if l.topic == topic && (l.version == 0 || l.version == v) && (l.roles == nil || slices.Contains(l.roles, role)) {
			consulted.Store(l.why+l.topic, true)
			return l.why
		}
	}
	return ""
}

// host starts the peer's server if it is the server: once, for all meetings of a test.
func (m meeting) host(t testing.TB, d deal) host {
	t.Helper()
	if m.role == event.Server {
		return nil
	}
	return m.peer.host(t, m, d)
}

// meet makes one connection. It must go well; h may be nil: then a server is started.
func (m meeting) meet(t testing.TB, h host, d deal) outcome {
	t.Helper()
	if m.role == event.Server {
		return m.visit(t, m, d, m.config(d))
	}
	if h == nil {
		h = m.host(t, d)
	}
	return h.meet(t, d, m.config(d))
}

// refuse makes a connection that one end refuses, and returns our end's error. Where the
// peer's client is refused it must have heard the alert; 255 stands for none.
func (m meeting) refuse(t testing.TB, h host, d deal, alert iana.AlertDescription) error {
	t.Helper()
	if m.role == event.Server {
		return m.refused(t, m, d, m.config(d), alert)
	}
	if h == nil {
		h = m.host(t, d)
	}
	return h.refused(t, d, m.config(d), alert)
}

const noAlert iana.AlertDescription = 255

// config is our end's part of a deal.
func (m meeting) config(d deal) *tls.Config {
	cfg := tlstest.Verifying()
	if m.role == event.Client {
		cfg.Stapling, cfg.ALPN, cfg.Groups = d.staple, d.clientProtocols, d.offers
		if d.client != "" {
			cfg.Certificates = tlstest.Clients()[d.client].Ours()
		}
	} else {
		cfg = &tls.Config{Roots: tlstest.Roots(), ClientAuth: d.auth, ALPN: d.serverProtocols, Groups: d.takes}
		for _, id := range d.identities(m) {
			cfg.Certificates = append(cfg.Certificates, id.Ours()...)
		}
	}
	if d.suite != nil && (m.role == event.Client || !m.offersOne(m.version)) {
		cfg.Suites = []*suite.Suite{d.suite}
	}
	if d.ours != nil {
		d.ours(cfg)
	}
	return cfg
}

// identities are those that the server shows, be it ours or the peer's. Unless the deal
// names them, the peer's has RSA and ECDSA in TLS 1.2, where the suites differ in that, and
// ours the one that goes with the suite.
func (d deal) identities(m meeting) (ids []*tlstest.Identity) {
	kinds := d.server
	switch {
	case kinds != nil:
	case m.version == iana.TLS13:
		kinds = []string{"ecdsa"}
	case m.role == event.Client:
		kinds = []string{"rsa", "ecdsa"}
	case d.suite != nil:
		return []*tlstest.Identity{serverFor(d.suite)}
	default:
		kinds = []string{"rsa"}
	}
	for _, kind := range kinds {
		ids = append(ids, tlstest.Servers()[kind])
	}
	return ids
}

// only keeps our end to the meeting's version, where else it would offer or take both.
func (m meeting) only(cfg *tls.Config) { cfg.MinVersion, cfg.MaxVersion = m.version, m.version }

// parallel makes a case parallel where it costs a process of its own. One server process
// takes one client after the other.
func (m meeting) parallel(t *testing.T) {
	if m.role == event.Server {
		t.Parallel()
	}
}

// kindsOr is every kind with crypto/tls, which costs nothing; a program has a process for each,
// and shows but one where another test has it show them all.
func (m meeting) kindsOr(one string) []string {
	if m.peer == stdlib {
		return m.kinds
	}
	return []string{one}
}

// filter picks elements of a list that suit, in its order.
func filter[T any](list []T, suits func(T) bool) (picked []T) {
	for _, x := range list {
		if suits(x) {
			picked = append(picked, x)
		}
	}
	return picked
}
