package scenario

import (
	"context"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/tamper"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// Run plays the lesson. Events reach l (which may be nil) as they happen, numbered
// through. A refusal is no error of Run's: it is the Outcome of a flow. The error
// is an *OptionsError for Options that cannot be played, ctx's, or BeforeMove's.
func Run(ctx context.Context, o Options, l event.Listener) (*Transcript, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := &play{Stage: stage.New(ctx, o.Seed), o: o, plan: o.plan(), t: &Transcript{Seed: o.Seed}, link: &tamper.Link{Script: o.Tamper}}
	p.BeforeMove = o.BeforeMove
	p.Listener = event.ListenerFunc(func(e event.Event) {
		p.flow.Events = append(p.flow.Events, e)
		if l != nil {
			l.Event(e)
		}
	})
	if err := p.prepare(); err != nil {
		return nil, err
	}
	return p.t, p.run()
}

// play is one lesson under way.
type play struct {
	*stage.Stage
	o     Options
	plan  []FlowPlan
	t     *Transcript
	flow  *Flow
	lines []*line // the flow's connections
	link  *tamper.Link

	lesson   *lesson.Lesson
	roots    *pki.TrustStore         // the client's
	identity []handshake.Certificate // the client's, once it was needed
	issued   bool
	loot     []observe.Master // what the thief of the server's key has recovered so far

	thief     *observe.Thief // the same thief, as he looks on
	owed      func()         // tells of what has gone by, once its reader has read it
	reader    event.Meta     // who that is, and on which connection
	onlookErr error

	ownRefused bool // what Options.VerifyChain said last
}

// prepare makes what all flows share: the chain, and whom the client trusts.
func (p *play) prepare() (err error) {
	p.lesson, err = lesson.New(lesson.Options{Kind: p.o.Cert, KeyAlg: p.o.keyAlg(), Name: p.o.server(), Time: p.Now(),
		Rand: p.Stream("ca"), Staple: p.o.Staple})
	if err != nil {
		return err
	}
	p.thief = observe.NewThief(p.lesson.Key)
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
		p.begin(t.flow())
		p.issue()
		var kept *sessions
		if t == in13 { // where a server gives tickets as a matter of course
			kept = &sessions{client: session.NewMemory(0), tickets: session.NewTicketKeys(p.Stream("ticket keys"), 0)}
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

// Event tells an event, which is kept in the flow under its number.
func (p *play) Event(e event.Event) {
	if _, secret := e.(*event.Secret); secret && p.o.Quiet {
		return
	}
	if p.owed != nil && !p.reading(e) {
		p.tellOwed()
	}
	p.Stage.Event(e)
	p.clicked(e)
}

// begin opens a flow.
func (p *play) begin(name string) {
	planned := slices.IndexFunc(p.plan, func(f FlowPlan) bool { return f.Name == name })
	parties := p.plan[planned].Parties
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
	p.Scene("", scene)
}

// end closes it.
func (p *play) end(o Outcome) {
	p.flow.Outcome, p.flow.KeyLog = o, p.keyLogs()
	p.Scene("", &event.Outcome{Done: o.Done, Intended: o.Intended, Refused: o.Refused, Err: o.Err})
}

// issue tells, once a lesson, how the server came by its certificate, whom the
// client trusts, and what of the exchange is the student's own.
func (p *play) issue() {
	if p.issued {
		return
	}
	p.issued = true
	for _, st := range p.lesson.Leaf.Steps {
		p.Scene("ca", &event.Issue{Step: st})
	}
	p.Scene("client", &Trusts{Roots: p.roots.All()})
	for _, x := range p.o.Exchanges {
		p.Scene("", &OwnExchange{Exchange: x.Kx(), Ephemeral: x.Ephemeral()})
	}
	for _, g := range p.o.Groups {
		if !ours(g) {
			p.Scene("", &OwnGroup{Name: g.Name(), ID: g.ID()})
		}
	}
}

// ours reports whether a group is one of tlslab's, under its own number.
func ours(g kx.Group) bool {
	if known, err := kx.ByName(g.Name()); err == nil {
		return known.ID() == g.ID()
	}
	return slices.Contains(iana.PrivateGroups(), g.ID()) && g.ID().Called() == g.Name()
}
