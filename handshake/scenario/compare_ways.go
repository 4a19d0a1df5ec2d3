package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/pki/lesson"
)

// CompareOptions choose what to compare. The zero value compares all ways, over RSA and
// ECDSA chains, without and with a stapled status, 50 ms there and back.
type CompareOptions struct {
	RTT     time.Duration // the round-trip time of the path; 50 ms
	Seed    string        // as in Options
	KeyAlgs []string      // of the chains, some of lesson.KeyAlgs; "rsa" and "ecdsa"
	Stapled []bool        // whether a status is asked for, and stapled; nil: once without, once with
	// Groups are offered in both versions, most preferred first, so that the ways differ in
	// nothing else; X25519. NIST's curves follow them: TLS 1.2 takes no ECDSA certificate
	// whose curve is not offered (RFC 8422 §5.1), and cannot do without any curve.
	Groups []kx.Group
}

// Way is one way to the first byte of a protected reply: played, and counted.
type Way struct {
	Name    string // one of WayNames
	KeyAlg  string // of the chain
	Stapled bool
	RTT     time.Duration
	Group   string // of the key exchange; "" without one
	Suite   iana.CipherSuite

	Count
	Full       *Count // the handshake that this one resumes; nil if it is a full one
	Replayable bool   // the request went as early data, which the server would take again
}

// A course is how a way is played.
type course struct {
	name       string
	terms      terms
	falseStart bool
	resume     bool // a second connection, which is the one that counts
	tickets    bool // by tickets, not IDs
	early      bool
}

var courses = []course{
	{name: "rsa", terms: terms{iana.TLS12, iana.KxRSA}},
	{name: "ecdhe", terms: terms{iana.TLS12, iana.KxECDHE}},
	{name: "false_start", terms: terms{iana.TLS12, iana.KxECDHE}, falseStart: true},
	{name: "session_id", terms: terms{iana.TLS12, iana.KxECDHE}, resume: true},
	{name: "ticket", terms: terms{iana.TLS12, iana.KxECDHE}, resume: true, tickets: true},
	{name: "tls13", terms: in13},
	{name: "psk", terms: in13, resume: true, tickets: true},
	{name: "0rtt", terms: in13, resume: true, tickets: true, early: true},
}

// WayNames lists the Name of every Way, in the order of Compare.
func WayNames() []string {
	var names []string
	for _, c := range courses {
		names = append(names, c.name)
	}
	return names
}

// Compare plays every way with each chain, stapled or not, over a path with a round-trip
// time and no other cost, and counts what it took. Time is simulated: a flight
// leaves as soon as there is something in it, and arrives half of RTT later; TCP's SYN
// and SYN-ACK come first. What endpoints compute takes no time, nothing is lost, and there is
// room for every flight at once. Nothing sleeps.
//
// The ways of one chain stand together. A key that cannot encrypt has no way "rsa". The
// error is an *OptionsError, ctx's, or of a handshake that went wrong.
func Compare(ctx context.Context, o CompareOptions) ([]Way, error) {
	if err := o.settle(); err != nil {
		return nil, err
	}
	var ways []Way
	for _, alg := range o.KeyAlgs {
		for _, stapled := range o.Stapled {
			c := comparison{o: &o, lesson: Options{KeyAlg: alg, Groups: o.Groups}, stapled: stapled}
			if err := c.prepare(ctx); err != nil {
				return nil, err
			}
			for _, way := range courses {
				if way.terms.kx == iana.KxRSA && alg != "rsa" {
					continue
				}
				w, err := c.play(way)
				if err != nil {
					return nil, fmt.Errorf("%s with an %s chain: %w", way.name, alg, err)
				}
				ways = append(ways, w)
			}
		}
	}
	return ways, nil
}

// settle fills in defaults, and finds what cannot be played.
func (o *CompareOptions) settle() error {
	if o.RTT == 0 {
		o.RTT = 50 * time.Millisecond
	}
	if o.RTT < 0 || o.RTT > maxRTT {
		return refuse("RTT", "%v: give a time above 0, and at most %v: else sessions expire under way", o.RTT, maxRTT)
	}
	if o.KeyAlgs == nil {
		o.KeyAlgs = []string{"rsa", "ecdsa"}
	}
	for _, alg := range o.KeyAlgs {
		if err := (&Options{KeyAlg: alg}).validateWords(); err != nil {
			return err
		}
	}
	if o.Stapled == nil {
		o.Stapled = []bool{false, true}
	}
	if o.Groups == nil {
		o.Groups = []kx.Group{kx.X25519}
	}
	o.Groups = slices.Clone(o.Groups)
	for _, g := range []kx.Group{kx.P256, kx.P384, kx.P521} {
		if !slices.Contains(o.Groups, g) {
			o.Groups = append(o.Groups, g)
		}
	}
	return nil
}

// maxRTT leaves a session time to be resumed within its lifetime, which is that of a
// client's store and a server's tickets if nothing else is said.
const maxRTT = session.DefaultLifetime / 12

// comparison is what the ways of one chain share.
type comparison struct {
	o       *CompareOptions
	lesson  Options // for its suites and its words
	stapled bool
	chain   *lesson.Lesson
	stage   *stage.Stage // its clock goes on from one connection to the next
}

func (c *comparison) prepare(ctx context.Context) (err error) {
	c.stage = stage.New(ctx, c.o.Seed)
	c.stage.SetClock(c.stage.Now()) // also where time is real: only flights under way make it pass
	staple := "none"
	if c.stapled {
		staple = "good"
	}
	c.chain, err = lesson.New(lesson.Options{KeyAlg: c.lesson.KeyAlg, Name: c.lesson.server(), Time: c.stage.Now(),
		Rand: c.stage.Stream("ca"), Staple: staple})
	return err
}

// play runs the connection of a way, and before it the one that it resumes.
func (c *comparison) play(way course) (Way, error) {
	w := Way{Name: way.name, KeyAlg: c.lesson.KeyAlg, Stapled: c.stapled, RTT: c.o.RTT}
	cc, sc := c.configs(way)
	if way.resume {
		full, err := c.connect(cc, sc, false)
		if err != nil {
			return w, err
		}
		w.Full = &full.Count
	}
	last, err := c.connect(cc, sc, way.early)
	if err != nil {
		return w, err
	}
	remembered := last.summary.Resumed && last.summary.Version == iana.TLS12 // and no key exchange of its own
	for _, g := range c.o.Groups {
		if g.ID() == last.summary.Group && !remembered {
			w.Group = g.Name()
		}
	}
	w.Count, w.Suite, w.Replayable = last.Count, last.summary.Suite.ID, last.summary.EarlyData == handshake.EarlyDataAccepted
	if last.summary.Resumed != way.resume || w.Replayable != way.early {
		return w, fmt.Errorf("resumed: %v, early data: %v", last.summary.Resumed, last.summary.EarlyData)
	}
	return w, nil
}

// configs are a way's ends. Nothing keeps two servers from taking the same early data:
// Way.Replayable says that it can be replayed.
func (c *comparison) configs(way course) (cc, sc *handshake.Config) {
	end := func(party string) *handshake.Config {
		return &handshake.Config{Rand: c.stage.Stream(way.name + " " + party), Time: c.stage.Now, Party: party,
			MinVersion: way.terms.version, MaxVersion: way.terms.version, Suites: c.lesson.suites(way.terms), Groups: c.o.Groups, ShowSecrets: true}
	}
	cc, sc = end("client"), end("server")
	cc.Roots, cc.ServerName, cc.Stapling = c.chain.Roots, c.chain.Name, c.stapled
	sc.Certificates = []handshake.Certificate{{Chain: c.chain.Chain, Key: c.chain.Key, Staple: c.chain.Staple}}
	cc.FalseStart = way.falseStart
	if !way.resume {
		return cc, sc
	}
	cc.Sessions, cc.NoTickets = session.NewMemory(0), !way.tickets
	if way.tickets {
		sc.Tickets, sc.SessionTickets = session.NewTicketKeys(c.stage.Stream(way.name+" ticket keys"), 0), 1
	} else {
		sc.Sessions = session.NewMemory(0)
	}
	if way.early {
		cc.EarlyData, sc.MaxEarlyData = true, 1<<14
		sc.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return "" } // however long it was under way
	}
	return cc, sc
}

// ride is one connection of a comparison, after it.
type ride struct {
	Count
	summary *handshake.Summary
}

// connect runs a connection up to the reply, and counts it.
func (c *comparison) connect(cc, sc *handshake.Config, early bool) (ride, error) {
	var heard Flow
	client, server := *cc, *sc
	client.Listener = event.ListenerFunc(func(e event.Event) { heard.Events = append(heard.Events, e) })
	server.Listener, client.EarlyData = client.Listener, early
	p := &path{stage: c.stage, rtt: c.o.RTT}
	start := c.stage.Now()
	if err := p.open(&client, &server, c.lesson.request(), c.lesson.reply()); err != nil {
		return ride{}, err
	}
	if err := p.run(); err != nil {
		return ride{}, err
	}
	if !bytes.Equal(p.client.got, p.server.says) {
		return ride{}, fmt.Errorf("the reply has not arrived: %q", p.client.got)
	}
	r := ride{Count: heard.count(start), summary: p.client.ep.Summary()}
	r.LargestFlight = p.largest
	return r, nil
}
