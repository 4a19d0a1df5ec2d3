package render

import (
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// brief writes a move as one line: number, arrow, message, whether it is
// encrypted, and the one value that it is about.
func (t *Pen) brief(m *move) {
	trouble := slices.ContainsFunc(m.events, t.troubles)
	if trouble {
		t.endLines()
	}
	told := false // an alert says why
	for _, e := range m.events {
		if a, ok := e.(*event.Alert); ok {
			told = told || a.Err != nil
			defer t.briefAlert(m, a)
		}
	}
	for _, e := range m.events {
		if c, ok := e.(*event.Check); ok && c.Err != nil && !told {
			defer t.Line(sheet.Cut("   "+t.Say.Party(m.head.Party)+t.Say.Colon()+t.Say.Fault(c.Err), t.Width))
		}
	}
	for _, e := range m.events {
		if s, ok := e.(*event.Secret); ok {
			if line := t.disagreement(s); line != "" {
				if !trouble {
					trouble = true
					t.endLines()
				}
				defer t.Hang("   ! ", 5, line, t.Paint.Bad)
			}
		}
	}
	if m.known {
		return
	}
	what, about := "", ""
	state := t.Say.UI("clear")
	for _, e := range m.events {
		switch e := e.(type) {
		case *event.Message:
			what, about = sheet.Title(e.Kind), t.about(e)
			if e.QUIC {
				state = t.Say.UI("known_keys")
			}
		case *event.Data:
			what, about = t.Say.Data(e), m.About(t.Say, e.Data, t.Width)
		}
	}
	if m.sealed {
		state = t.Say.UI(t.flow.protection())
	}
	if what == "" {
		return
	}
	t.flow.moves++
	t.counted(m)
	how := sheet.Pad(sheet.Pad(what, 21)+" "+state, 31)
	line := sheet.Cut(fmt.Sprintf("%2d %s  %s %s", t.flow.moves, t.arrow(m.from, m.to), how, about), t.Width)
	if t.asked == Flights && t.flow.brief && !trouble {
		t.inLine(m, line)
		return
	}
	if !t.flow.lines { // or the other leg has told
		t.flightLine(m.flight)
	}
	t.Line(line)
}

// again writes a move of an interceptor's second leg in one line, as what it means was told
// of the first. How the client judges its chain is what the lesson is about: that is told
// in full.
func (t *Pen) again(m *move) {
	if t.First("ui/brief_leg") {
		t.Blank()
		t.Text(3, t.Say.UI("brief_leg"), t.Paint.Dim)
	}
	chain := slices.IndexFunc(m.events, func(e event.Event) bool {
		c, ok := e.(*event.Check)
		return ok && c.What == event.CheckCertificateChain
	})
	if chain < 0 {
		if !m.known { // what its sender has told before is not shown again, except a fault
			if !t.flow.lines {
				t.Blank()
			}
			t.flow.lines = true
		}
		t.brief(m)
		return
	}
	t.flow.lines = false
	t.Blank()
	t.Sides("   "+t.Say.UI("reads", "party", t.Say.Party(m.head.Party), "message", sheet.Title(m.message.Kind)), "", t.Paint.Bold)
	for _, e := range m.events {
		switch e := e.(type) {
		case *event.Check:
			t.check(e)
		case *event.Alert:
			t.alert(m, e)
		}
	}
}

func (t *Pen) briefAlert(m *move, a *event.Alert) {
	from, to := m.head.Party, t.flow.Peer(sheet.LegOf(m.head))
	if a.Dir == event.Receive {
		from, to = to, from
	}
	if t.flow.track(sheet.LegOf(a.Head()), a.Dir, "alert", alertBytes(a)) {
		return
	}
	s := "   " + t.arrow(from, to) + "  " + t.alertName(m, a)
	if a.Err != nil {
		s += t.Say.Colon() + t.Say.Fault(a.Err)
	}
	t.Line(sheet.Cut(s, t.Width))
}

// about is the one value of a message that a learner looks for.
func (t *Pen) about(e *event.Message) string {
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		if x, ok := message.Get[*message.KeyShareClient](&m.Extensions); ok && len(x.Shares) > 0 {
			var groups []string
			for _, s := range x.Shares {
				groups = append(groups, t.Plain(s.Group))
			}
			return t.Say.List(groups)
		}
		return "random C=" + sheet.Start(m.Random[:])
	case *message.ServerHello:
		if x, ok := message.Get[*message.KeyShareRetry](&m.Extensions); ok {
			return t.Plain(x.Group)
		}
		if _, ok := message.Get[*message.Cookie](&m.Extensions); ok && m.Kind() == message.KindHelloRetryRequest {
			return "cookie" // all that it asks for
		}
		if name := m.CipherSuite.OpenSSL(); name != "" {
			return name // the shorter one
		}
		return m.CipherSuite.String()
	case *message.Certificate12:
		if len(m.Certificates) == 0 {
			return t.Say.UI("empty")
		}
		if c, err := pki.ParseCached(m.Certificates[0]); err == nil {
			return t.Say.UI("key_of", "algorithm", pki.CertKeyName(c), "name", sheet.Subject(c))
		}
	case *message.Certificate13:
		if len(m.Entries) == 0 {
			return t.Say.UI("empty")
		}
		if c, err := pki.ParseCached(m.Entries[0].Cert); err == nil {
			return t.Say.UI("key_of", "algorithm", pki.CertKeyName(c), "name", sheet.Subject(c))
		}
	case *message.CompressedCertificate:
		return m.Algorithm.String() + t.Say.Comma() + t.Say.UI("n_bytes", "n", sheet.Text(len(m.Compressed))+"/"+sheet.Text(m.Length))
	case *message.CertificateVerify:
		return m.Signature.Scheme.String()
	case *message.KeyUpdate:
		return m.RequestUpdate.String()
	case *message.NewSessionTicket12:
		return ending(m.Ticket)
	case *message.NewSessionTicket13:
		return ending(m.Ticket)
	case *message.ServerKeyExchangeECDHE:
		return fmt.Sprintf("%v A=%s", m.Group, sheet.Start(m.Point))
	case message.ClientKeyExchange:
		return sheet.Start(m.Share())
	case *message.Finished:
		return "verify_data " + t.start(m.VerifyData)
	}
	return ""
}

// ending is the last bytes of a value that begins as others do.
func ending(b []byte) string {
	if len(b) <= 4 {
		return sheet.Text(b)
	}
	return ".." + sheet.Text(b[len(b)-4:])
}

// start is the first bytes of a value, or its blank.
func (t *Pen) start(b []byte) string {
	if s, hidden := t.blank.hide(b, 4); hidden {
		return s
	}
	return sheet.Start(b)
}
