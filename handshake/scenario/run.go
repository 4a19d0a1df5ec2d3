package scenario

import (
	"context"
	"io"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/handshake/tamper"
	"tlslab/pki"
)

// Run plays the lesson. Events reach l (which may be nil) as they happen, numbered
// through. A refusal is no error of Run's: it is the Outcome of a flow. The error
// is an *OptionsError for Options that cannot be played, ctx's, or BeforeMove's.
func Run(ctx context.Context, o Options, l event.Listener) (*Transcript, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &play{ctx: ctx, o: o, out: l, t: &Transcript{Seed: o.Seed}, now: o.clock(),
		link: &tamper.Link{Script: o.Tamper}, streams: make(map[string]io.Reader)}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	return p.t, p.run()
}

// play is one lesson under way.
type play struct {
	ctx     context.Context
	o       Options
	out     event.Listener
	t       *Transcript
	flow    *Flow
	lines   []*line // the flow's connections
	now     func() time.Time
	seq     uint64
	conns   int // connections so far
	link    *tamper.Link
	streams map[string]io.Reader // each party's randomness, drawn on from flow to flow

	lesson   *pki.Lesson
	roots    *pki.TrustStore         // the client's
	identity []handshake.Certificate // the client's, once it was needed
	issued   bool
	loot     []observe.Master // what the thief of the server's key has recovered so far
	stopped  error            // BeforeMove's

	ownRefused bool // what Options.VerifyChain said last
}

// prepare makes what all flows share: the chain, and whom the client trusts.
func (p *play) prepare() (err error) {
	p.lesson, err = pki.NewLesson(pki.LessonOptions{Kind: p.o.Cert, KeyAlg: p.o.keyAlg(), Name: p.o.server(), Time: p.now(),
		Rand: p.stream("ca"), Staple: p.o.Staple})
	if err != nil {
		return err
	}
	p.roots = pki.NewTrustStore()
	if !p.o.UntrustedRoot {
		p.roots = pki.NewTrustStore(p.lesson.Roots.All()...)
	}
	return nil
}

// run plays the flows that the options ask for.
func (p *play) run() error {
	if p.o.Plain {
		if err := p.plain(); err != nil {
			return err
		}
	}
	switch {
	case p.o.MITM && p.o.Passthrough:
		return p.passthrough(p.o.terms()[0])
	case p.o.MITM:
		return p.mitm(p.o.terms()[0])
	case p.o.Resume.tls13():
		return p.resume13()
	case p.o.Resume != NoResume:
		return p.resume(p.o.terms()[0])
	case p.o.PSK != nil:
		return p.external()
	}
	for _, t := range p.o.terms() {
		p.begin(t.flow(), "client", "server")
		p.issue()
		var kept *sessions
		if t == in13 { // where a server gives tickets as a matter of course
			kept = &sessions{client: session.NewMemory(0), tickets: session.NewTicketKeys(p.stream("ticket keys"), 0)}
		}
		if err := p.honest(t, kept, nil); err != nil {
			return err
		}
	}
	return nil
}

// honest is a flow after its opening scenes: connect, talk, take stock. kept may
// be nil; then, if not nil, is called before stock is taken.
func (p *play) honest(t terms, kept *sessions, then func()) error {
	l, err := p.connect(t, "client", kept)
	if err != nil {
		return err
	}
	if err := p.talk(l); err != nil {
		return err
	}
	if then != nil {
		then()
	}
	if l.c.ep.Done() || l.s.ep.Done() { // of a refused handshake there is nothing to know
		thieves, err := p.thieves(t, kept, l.conn)
		if err != nil {
			return err
		}
		if err := p.know(t, []int{l.conn}, append([]viewpoint{{party: "client", keys: l.c.keys.Bytes()}, {party: "server", keys: l.s.keys.Bytes()},
			{party: "listener"}, {party: "thief", thief: true}}, thieves...)); err != nil {
			return err
		}
	}
	p.end(p.outcome(&l.c, &l.s, &l.c, &l.s))
	return nil
}

// stream is a party's randomness, from where it left off.
func (p *play) stream(party string) io.Reader {
	if p.streams[party] == nil {
		p.streams[party] = p.o.stream(party)
	}
	return p.streams[party]
}

// Event numbers an event through all parties, keeps it, and passes it on.
func (p *play) Event(e event.Event) {
	if _, secret := e.(*event.Secret); secret && p.o.Quiet {
		return
	}
	p.tell(e)
	p.clicked(e)
}

func (p *play) tell(e event.Event) {
	p.seq++
	e.Head().Seq = p.seq
	p.flow.Events = append(p.flow.Events, e)
	if p.out != nil {
		p.out.Event(e)
	}
}

// scene tells what happens around the endpoints.
func (p *play) scene(party string, s event.Scene) {
	h := s.Head()
	h.Party, h.Time = party, p.now()
	p.Event(s)
}

// begin opens a flow.
func (p *play) begin(name string, parties ...string) {
	p.flow, p.lines = &Flow{Name: name, Parties: parties, Passthrough: p.o.Passthrough && name == "mitm"}, nil
	p.t.Flows = append(p.t.Flows, p.flow)
	scene := &event.Flow{Name: name, Parties: parties, Passthrough: p.flow.Passthrough, Own: strings.HasPrefix(name, "kx_")}
	if p.flow.Passthrough {
		scene.Variant = "passthrough"
	}
	if p.o.Resume.tls13() {
		scene.Resume = string(p.o.Resume)
		if name == "resumed" || name == "captured_session" { // the others are the same either way
			scene.Variant = scene.Resume
		}
	}
	p.scene("", scene)
}

// end closes it.
func (p *play) end(o Outcome) {
	p.flow.Outcome, p.flow.KeyLog = o, p.keyLogs()
	p.scene("", &event.Outcome{Done: o.Done, Intended: o.Intended, Refused: o.Refused, Err: o.Err})
}

// issue tells, once a lesson, how the server came by its certificate, whom the
// client trusts, and what of the exchange is the student's own.
func (p *play) issue() {
	if p.issued {
		return
	}
	p.issued = true
	for _, st := range p.lesson.Leaf.Steps {
		p.scene("ca", &event.Issue{Step: st})
	}
	p.scene("client", &Trusts{Roots: p.roots.All()})
	for _, x := range p.o.Exchanges {
		p.scene("", &OwnExchange{Exchange: x.Kx(), Ephemeral: x.Ephemeral()})
	}
	for _, g := range p.o.Groups {
		if ours, err := private.ByName(g.Name()); err != nil || ours.ID() != g.ID() {
			p.scene("", &OwnGroup{Name: g.Name(), ID: g.ID()})
		}
	}
}
