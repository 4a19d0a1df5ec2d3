package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// Run plays the lesson. Events reach l (which may be nil) as they happen, numbered
// through. A refusal is no error of Run's: it is the Outcome of a flow. The error
// is a *reason.Error for Options that cannot be played, ctx's, or BeforeMove's.
func Run(ctx context.Context, o Options, l handshake.Listener) (*Transcript, error) {
	p := &play{ctx: ctx, o: o, out: l, t: &Transcript{Seed: o.Seed}, now: o.clock()}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	return p.t, p.run()
}

// play is one lesson under way.
type play struct {
	ctx    context.Context
	o      Options
	out    handshake.Listener
	t      *Transcript
	flow   *Flow
	now    func() time.Time
	seq    uint64
	lesson *pki.Lesson
	roots  *pki.TrustStore // the client's
}

// Event numbers an event through all parties, keeps it, and passes it on.
func (p *play) Event(e handshake.Event) {
	p.seq++
	e.Head().Seq = p.seq
	p.flow.Events = append(p.flow.Events, e)
	if p.out != nil {
		p.out.Event(e)
	}
}

// scene tells what happens around the endpoints.
func (p *play) scene(party, key string, values ...handshake.SceneValue) {
	p.Event(&handshake.SceneEvent{Meta: handshake.Meta{Party: party, Time: p.now()}, Key: key, Values: values})
}

func value(name string, v any) handshake.SceneValue {
	return handshake.SceneValue{Name: name, Value: v}
}

// begin opens a flow.
func (p *play) begin(name string, parties ...string) {
	p.flow = &Flow{Name: name, Parties: parties}
	p.t.Flows = append(p.t.Flows, p.flow)
	p.scene("", "flow", value("name", name), value("parties", parties))
}

// end closes it.
func (p *play) end(o Outcome) {
	p.flow.Outcome = o
	p.scene("", "outcome", value("done", o.Done), value("intended", o.Intended), value("refused", o.Refused), value("error", o.Err))
}

// prepare makes what all flows share: the chain, and whom the client trusts.
func (p *play) prepare() (err error) {
	p.lesson, err = pki.NewLesson(pki.LessonOptions{Kind: p.o.Cert, KeyAlg: p.keyAlg(), Name: p.o.server(), Time: p.now(),
		Rand: p.o.stream("ca"), Staple: p.o.Staple})
	if err != nil {
		return err
	}
	p.roots = p.lesson.Roots
	if p.o.UntrustedRoot {
		p.roots = pki.NewTrustStore()
	}
	return nil
}

// keyAlg is the kind of certificate that the suites need.
func (p *play) keyAlg() string {
	if p.o.KeyAlg != "" {
		return p.o.KeyAlg
	}
	for _, s := range p.o.Suites {
		if s.Auth == iana.AuthECDSA {
			return "ecdsa"
		}
	}
	return "rsa"
}

// run plays the flows that the options ask for.
func (p *play) run() error {
	for i, x := range p.o.kx() {
		p.begin(flowName(x), "client", "server")
		if i == 0 {
			p.issue()
		}
		c, s, err := p.endpoints(x)
		if err != nil {
			return err
		}
		if err := p.connect(c, s); err != nil {
			return err
		}
	}
	return nil
}

func flowName(x iana.Kx) string {
	switch x {
	case iana.KxRSA:
		return "rsa"
	case iana.KxDHE:
		return "dhe"
	case iana.KxECDHE:
		return "ecdhe"
	}
	return fmt.Sprintf("kx_%02x", uint8(x))
}

// issue tells how the server came by its certificate.
func (p *play) issue() {
	for _, st := range p.lesson.Leaf.Steps {
		values := make([]handshake.SceneValue, 0, len(st.Inputs))
		for _, in := range st.Inputs {
			values = append(values, value(in.Name, in.Value))
		}
		p.scene("ca", "ca_"+st.Key, values...)
	}
}

// config is what both ends' configurations have in common.
func (p *play) config(party string, x iana.Kx) *handshake.Config {
	return &handshake.Config{
		Rand: p.o.stream(party), Time: p.now, Party: party, Conn: len(p.t.Flows),
		Suites: p.suites(x), Groups: p.o.Groups, Exchanges: p.o.Exchanges,
		ALPN: p.o.ALPN, EncryptThenMAC: p.o.EncryptThenMAC, KeyLog: nil,
		Listener: p, ShowSecrets: !p.o.Quiet,
		Weak: handshake.Weak{NULL: true, Compression: p.o.Compress, NoExtendedMasterSecret: p.o.NoEMS},
	}
}

// suites are those of the options that use x, or the one with which RSA and ECDHE
// differ in nothing but the key exchange.
func (p *play) suites(x iana.Kx) []*suite.Suite {
	if p.o.Suites != nil {
		return slices.DeleteFunc(slices.Clone(p.o.Suites), func(s *suite.Suite) bool { return s.Kx != x })
	}
	ids := map[iana.Kx]iana.CipherSuite{iana.KxRSA: 0x009c, iana.KxDHE: 0x009e, iana.KxECDHE: 0xc02f}
	if p.keyAlg() != "rsa" {
		ids[iana.KxECDHE] = 0xc02b
	}
	if s := suite.ByID(ids[x]); s != nil {
		return []*suite.Suite{s}
	}
	return nil
}

// endpoints makes the two ends of one flow.
func (p *play) endpoints(x iana.Kx) (c, s *handshake.Endpoint, err error) {
	if len(p.suites(x)) == 0 {
		return nil, nil, reason.New(reason.Internal, "options.suites", "a suite with "+x.String()+" key exchange", "none")
	}
	cc := p.config("client", x)
	cc.Roots, cc.ServerName, cc.VerifyChain = p.roots, p.o.server(), p.o.VerifyChain
	cc.KeyLog, cc.Stapling = p.o.KeyLog, p.lesson.Staple != nil
	sc := p.config("server", x)
	sc.Certificates = []handshake.Certificate{{Chain: p.lesson.Chain, Key: p.lesson.Key, Staple: p.lesson.Staple}}
	switch p.o.Resume {
	case ResumeByID:
		cc.Sessions, sc.Sessions, cc.NoTickets = session.NewMemory(0), session.NewMemory(0), true
	case ResumeByTicket:
		cc.Sessions, sc.Tickets = session.NewMemory(0), session.NewTicketKeys(p.o.stream("ticket keys"), 0)
	}
	if c, err = handshake.NewClient(cc); err != nil {
		return nil, nil, err
	}
	s, err = handshake.NewServer(sc)
	return c, s, err
}

// connect drives two ends until the reply has arrived or one has refused.
func (p *play) connect(c, s *handshake.Endpoint) error {
	if err := p.converse(c, s); err != nil {
		return err
	}
	out := Outcome{}
	switch {
	case c.Err() != nil && reason.Of(c.Err()) != reason.PeerAlert:
		out.Refused, out.Err = "client", c.Err()
	case s.Err() != nil:
		out.Refused, out.Err = "server", s.Err()
	}
	if out.Err == nil && c.Done() && s.Done() {
		reply, err := p.exchange(c, s)
		if err != nil {
			return err
		}
		out.Received, out.Done = reply, reply == p.o.reply()
	}
	out.Intended = out.Err != nil && p.refusalIntended()
	p.end(out)
	return nil
}

// refusalIntended reports whether the options ask for a refusal.
func (p *play) refusalIntended() bool {
	good := p.o.Cert == "" || p.o.Cert == "good" || p.o.Cert == "reversed-chain"
	return !good || p.o.UntrustedRoot || p.o.Staple == "revoked" || p.o.Staple == "stale" || p.o.NoClientCert ||
		p.o.VerifyChain != nil
}

// converse shuttles bytes until neither end can go on.
func (p *play) converse(c, s *handshake.Endpoint) error {
	for moved := true; moved; {
		moved = false
		for _, pair := range [][2]*handshake.Endpoint{{c, s}, {s, c}} {
			from, to := pair[0], pair[1]
			for {
				if err := p.ctx.Err(); err != nil {
					return err
				}
				if p.o.BeforeMove != nil {
					if err := p.o.BeforeMove(from); err != nil {
						return err
					}
				}
				progress, err := from.Step()
				if err != nil || !progress {
					break
				}
				moved = true
			}
			if b := from.Output(); len(b) > 0 {
				to.Feed(b)
				moved = true
			}
		}
	}
	return nil
}

// exchange sends the request one way, the reply the other, and says goodbye.
func (p *play) exchange(c, s *handshake.Endpoint) (string, error) {
	if _, err := p.send(c, s, p.o.request()); err != nil {
		return "", err
	}
	reply, err := p.send(s, c, p.o.reply())
	if err != nil {
		return "", err
	}
	if err := errors.Join(s.CloseWrite(), c.CloseWrite()); err != nil {
		return "", err
	}
	return reply, p.converse(c, s)
}

func (p *play) send(from, to *handshake.Endpoint, text string) (string, error) {
	var got []byte
	buf := make([]byte, 1<<14)
	for rest := []byte(text); len(rest) > 0; {
		n, err := from.Write(rest)
		if err != nil {
			return "", err
		}
		rest = rest[n:]
		to.Feed(from.Output())
		for {
			n, err := to.Read(buf)
			if err != nil {
				return "", err
			}
			if n == 0 {
				break
			}
			got = append(got, buf[:n]...)
		}
	}
	return string(got), nil
}
