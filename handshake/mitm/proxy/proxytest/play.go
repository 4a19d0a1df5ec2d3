package proxytest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// Transcript is what each end has heard, and how that ended; and of what the proxy told.
type Transcript struct {
	Client, Server         string
	ClientOver, ServerOver End
	Entries                []*proxy.Entry
	Connections            int // to the server, beyond the first
}

// playing is an exchange that is being played.
type playing struct {
	t    testing.TB
	x    *Exchange
	form Form
	end  map[relay.Side]*end
	want map[relay.Side]heard
	all  sync.WaitGroup // what runs besides

	mu      sync.Mutex
	entries []*proxy.Entry
}

// Play plays x in a form, checks that each end hears what it is to hear of what the other says,
// and returns what they heard.
func Play(t testing.TB, x *Exchange, f Form) *Transcript {
	t.Helper()
	st, err := plays()
	if err != nil {
		t.Fatal(err)
	}
	p := &playing{t: t, x: x, form: f, end: map[relay.Side]*end{}, want: map[relay.Side]heard{}}
	for _, side := range []relay.Side{relay.Client, relay.Server} {
		p.end[side], p.want[side] = newEnd(side, f), newHeard(side, f)
	}
	c, s := p.end[relay.Client], p.end[relay.Server]
	defer p.all.Wait()
	defer p.hangUp()
	at := p.serve(st)
	var px *proxy.Proxy
	if !f.direct() {
		px, at = p.proxy(st, at)
		defer px.Close()
	}
	p.dial(st, at)
	refused := p.steps()
	if !refused && !c.own {
		c.do(t, Ends)
	}
	for _, e := range []*end{c, s} {
		e.endedIfThere(t)
	}
	if px != nil {
		if err := px.Close(); err != nil {
			t.Error(err)
		}
	}
	p.hangUp()
	for _, e := range []*end{c, s} {
		e.mu.Lock()
		defer e.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range []*end{c, s} {
		if e.first {
			e.over = Own // whoever was faster
		}
	}
	out := &Transcript{Client: c.heard.String(), Server: s.heard.String(), ClientOver: c.over, ServerOver: s.over, Entries: p.entries, Connections: s.more}
	if !refused && (p.x.refused() == nil || !f.http2()) { // a frame that is none is not heard as one

		for _, e := range []*end{c, s} {
			if got, want := e.heard.String(), p.want[e.side].String(); got != want {
				t.Errorf("the %s heard\n%s\nwant\n%s", e.side, apart(got, want), apart(want, got))
			}
		}
	}
	return out
}

// apart is where got departs from want.
func apart(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	i = max(0, i-80)
	return fmt.Sprintf("(%d) … %.300q", len(got), got[i:])
}

// hangUp ends what may still be open.
func (p *playing) hangUp() {
	for _, e := range p.end {
		e.mu.Lock()
		e.own = true
		c := e.conn
		e.mu.Unlock()
		if c != nil {
			_ = c.Close()
		}
	}
}

// serve has the server listen, and returns where.
func (p *playing) serve(st *stand) (addr string) {
	l := listen(p.t)
	var cfg *tls.Config
	if p.form.tls() {
		cfg = &tls.Config{Certificates: []tls.Certificate{st.trust.Leaf}, NextProtos: p.form.protocols(), SessionTicketsDisabled: true}
	}
	p.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() {
				_ = raw.SetDeadline(time.Now().Add(Patience))
				c, err := underTLS(raw, cfg, true)
				if err != nil {
					_ = raw.Close()
					return
				}
				p.end[relay.Server].begins(c, raw.(*net.TCPConn))
			})
		}
	}()
	return l.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// proxy starts one in front of the server at addr, and returns where it listens.
func (p *playing) proxy(st *stand, addr string) (*proxy.Proxy, string) {
	o := proxy.Options{Forger: st.forger, ToServer: handshake.Config{Roots: st.trust.Roots},
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		Seen: func(e *proxy.Entry) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.entries = append(p.entries, e)
		}}
	if p.form == Behind1 || p.form == Behind2 {
		o.Mode = proxy.Reverse(Name, "443")
	}
	px, err := proxy.New(o)
	if err != nil {
		p.t.Fatal(err)
	}
	l := listen(p.t)
	p.all.Go(func() {
		if err := px.Serve(l); err != nil {
			p.t.Error(err)
		}
	})
	return px, l.Addr().String()
}

// dial has the client come to addr.
func (p *playing) dial(st *stand, addr string) {
	t := p.t
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.SetDeadline(time.Now().Add(Patience)); err != nil {
		t.Fatal(err)
	}
	var cfg *tls.Config
	port := "80"
	if p.form.tls() {
		cfg, port = &tls.Config{RootCAs: st.pool, ServerName: Name, NextProtos: p.form.protocols()}, "443"
		if p.form.direct() {
			cfg.RootCAs = st.trust.Pool
		}
	}
	if p.form == Tunnel || p.form == Tunnel1 || p.form == Tunnel2 {
		if err := Connect(raw, net.JoinHostPort(Name, port)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := underTLS(raw, cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	p.all.Go(func() { p.end[relay.Client].begins(c, raw.(*net.TCPConn)) })
	p.end[relay.Client].there(t)
}

// Connect asks the proxy at the other end of c for a way to target.
func Connect(c net.Conn, target string) error {
	if _, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(&oneByOne{c}), &http.Request{Method: http.MethodConnect})
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("CONNECT %s: %s", target, resp.Status)
	}
	return err
}

// oneByOne keeps a buffered reader from taking more than it needs.
type oneByOne struct{ io.Reader }

func (o *oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(1, len(p))]) }

// steps plays them. It reports whether the last was a message that the proxy refused.
func (p *playing) steps() (refused bool) {
	p.t.Helper()
	for i := range p.x.Steps {
		s := &p.x.Steps[i]
		me, other := p.end[s.Who], p.end[s.Who.Other()]
		switch s.Do {
		case Says:
			said := p.say(me, s)
			if s.refused != nil && !p.form.direct() {
				p.refused(s)
				return true
			}
			if said && !s.free {
				other.hears(p.t, p.want[other.side])
			}
		case Hears:
			p.want[me.side].add([]byte(s.heardIn(p.form)))
			me.hears(p.t, p.want[me.side])
		default:
			me.first = s.Do != Halves
			me.do(p.t, s.Do)
			if s.refused != nil && !p.form.direct() {
				p.refused(s)
				return true
			}
			if !s.free {
				other.ended(p.t)
			}
		}
	}
	return false
}

// say has me say s, and notes what the other is to hear. It reports whether there is anything.
func (p *playing) say(me *end, s *Step) bool {
	p.t.Helper()
	b, want := []byte(s.said(p.form)), p.want[s.Who.Other()]
	if me.out != nil {
		b = me.out.write(s.Frames)
	}
	before := want.size()
	switch {
	case me.out != nil && !p.form.direct() && s.frames != nil:
		want.(*frames).note(*s.frames)
	case s.refused != nil && !p.form.direct() && s.through[p.form] == nil:
	case s.free && me.out == nil: // Hears says it
	case me.out != nil:
		want.add(b)
	default:
		want.add([]byte(s.heardIn(p.form)))
	}
	if s.free {
		p.all.Go(func() { me.says(p.t, b, s.slow) })
	} else {
		me.says(p.t, b, s.slow)
	}
	return want.size() > before
}

// refused checks that a message has not gone on, and what the client read instead.
func (p *playing) refused(s *Step) {
	p.t.Helper()
	c, sv := p.end[relay.Client], p.end[relay.Server]
	c.ended(p.t)
	sv.endedIfThere(p.t)
	for _, e := range []*end{c, sv} {
		e.mu.Lock()
		defer e.mu.Unlock()
	}
	got, want := c.heard.String(), p.want[relay.Client].String()
	if s.refused.Status != 0 && !p.form.http2() {
		if i := len(want); len(got) >= i {
			want += fmt.Sprintf("HTTP/1.1 %d ", s.refused.Status)
			got = got[:min(len(got), len(want))]
		}
	}
	if !p.form.http2() && got != want {
		p.t.Errorf("the client heard %s\nwant %s", apart(c.heard.String(), want), apart(want, got))
	}
	if p.form.http2() && s.refused.Status != 0 && !strings.Contains(got, fmt.Sprintf(":status: %d", s.refused.Status)) {
		p.t.Errorf("the client heard %s", got)
	}
	if got, want := sv.heard.String(), p.want[relay.Server].String(); got != want && !p.form.http2() {
		p.t.Errorf("the server heard %s\nwant %s", apart(got, want), apart(want, got))
	}
}
