package lesson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// FirstScreen writes what bare `tlslab run` shows: at most 50 lines, whom the
// client trusts and why, the first flow message by message, of each later flow only
// what changes, who could read a recording of each, and what to type next. It says
// only what the events say: a check that failed is shown as failed.
//
// Of the options, Lang, Color and Width count. The error comes from w, or says
// that t has no flow.
func FirstScreen(w io.Writer, t *scenario.Transcript, o render.TerminalOptions) error {
	if len(t.Flows) == 0 {
		return errors.New("the transcript has no flow to show")
	}
	s := &firstScreen{Page: o.Page(w), say: o.Voice()}
	s.Text(0, s.say.UI("first_title", "n", sheet.Text(len(t.Flows))), s.Paint.Bold)
	s.Blank()
	s.trust(t.Flows[0])
	for i, f := range t.Flows {
		s.Blank()
		if f.Name == tls13 {
			s.flow13(i+1, f, t.Flows[:i])
		} else {
			s.flow(i+1, f, i == 0)
		}
		s.refusal(f)
	}
	s.Blank()
	s.readers(t)
	s.Blank()
	s.next(len(t.Flows) + 2)
	return s.Err()
}

type firstScreen struct {
	*sheet.Page
	say     sheet.Voice
	letters bool // it has said whose a and b are
}

// head opens a numbered part.
func (s *firstScreen) head(n int, name, rest, right string) {
	s.Sides(fmt.Sprintf("%d %s %s", n, sheet.Pad(name, 7), rest), right, s.Paint.Bold)
}

// trust shows the path the client accepted, anchor first, and the verdict.
func (s *firstScreen) trust(f *scenario.Flow) {
	c := first(f, func(c *event.Check) bool { return c.What == event.CheckCertificateChain })
	if c == nil || c.Report == nil {
		return
	}
	verdict := s.say.UI("check_failed")
	var names []string
	if path := c.Report.ChosenPath(); c.OK && path != nil {
		checks := c.Report.Paths[c.Report.Chosen].Checks
		verdict = s.say.UI("all_n_checks_ok", "n", sheet.Text(len(checks)))
		for i := len(path) - 1; i >= 0; i-- {
			names = append(names, sheet.Subject(path[i]))
		}
		names[0] = s.say.Aside(names[0], s.say.UI("trusted"))
	}
	s.head(0, s.say.UI("trust"), strings.Join(names, " > "), verdict)
	if c.Err != nil {
		s.Text(4, s.say.Fault(c.Err), s.Paint.Bad)
	}
}

// flow shows a flow whole, or only the messages in which the key exchange differs.
func (s *firstScreen) flow(n int, f *scenario.Flow, whole bool) {
	s.opening(n, f, whole)
	for _, e := range f.Events {
		m, ok := e.(*event.Message)
		if !ok || m.Dir != event.Send {
			continue
		}
		exchange := m.Kind == message.KindServerKeyExchange || m.Kind == message.KindClientKeyExchange
		if m.Kind == message.KindFinished || m.Kind == message.KindChangeCipherSpec || !whole && !exchange {
			continue
		}
		s.message(f, m)
		if m.Kind == message.KindClientKeyExchange {
			s.agreed(f)
		}
	}
	if whole {
		s.finished(f)
		s.request(f)
	}
}

// opening heads a flow with its name and its cipher suite.
func (s *firstScreen) opening(n int, f *scenario.Flow, whole bool) {
	suite, right := "", s.say.UI("what_changes")
	if h := first(f, func(m *event.Message) bool { return m.Kind == message.KindServerHello }); h != nil {
		suite = h.Msg.(*message.ServerHello).CipherSuite.String()
	}
	if whole {
		right = ""
	}
	s.head(n, nameOf(f), suite, right)
}

// refusal says who refused a flow, and why.
func (s *firstScreen) refusal(f *scenario.Flow) {
	if f.Outcome.Err != nil {
		s.Text(4, s.say.UI("refused_by", "party", s.say.Party(f.Outcome.Refused))+s.say.Colon()+s.say.Fault(f.Outcome.Err), s.Paint.Bad)
	}
}

// nameOf is what a flow is called: by its key exchange, or by the version that has only one.
func nameOf(f *scenario.Flow) string {
	if f.Name == tls13 {
		return iana.TLS13.String()
	}
	return strings.ToUpper(f.Name)
}

// message is one line: arrow, name, the value that it is about, how it travels.
func (s *firstScreen) message(f *scenario.Flow, e *event.Message) {
	about, state := "", s.say.UI("clear")
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		about = s.say.UI("random") + " C=" + sheet.Start(m.Random[:])
		if named := s.named(m, nil); named != "" {
			about += s.say.Comma() + named
		}
	case *message.ServerHello:
		about = s.say.UI("random") + " S=" + sheet.Start(m.Random[:])
	case *message.Certificate12:
		if c, err := pki.ParseCached(leaf(m)); err == nil {
			about = s.say.UI("key_of", "algorithm", pki.CertKeyName(c), "name", sheet.Subject(c))
		}
	case message.ServerKeyExchange:
		state = s.say.UI("asymmetric")
		about = s.ephemeral(f)
	case message.ClientKeyExchange:
		state = s.say.UI("asymmetric")
		about = s.clientShare(f, m)
	}
	s.Sides(fmt.Sprintf(" %s %s %s", arrowOf(e.Party), sheet.Pad(sheet.Title(e.Kind), 18), about), state, nil)
	if e.Kind == message.KindClientKeyExchange {
		s.whose(about)
	}
}

func leaf(m *message.Certificate12) []byte {
	if len(m.Certificates) == 0 {
		return nil
	}
	return m.Certificates[0]
}

// ephemeral is the server's share by the name that the group gives it: A = aG.
func (s *firstScreen) ephemeral(f *scenario.Flow) string {
	about := ""
	if x := first(f, func(x *event.Secret) bool { return x.Label == event.LabelServerEphemeral }); x != nil {
		for _, v := range x.Inputs {
			if bytes.Equal(v.Bytes, x.Value) {
				about = v.Name + " " + sheet.Start(v.Bytes) + s.say.Comma()
			}
		}
	}
	return about + s.say.UI("signed")
}

// named says which site a ClientHello names in clear; of a later flow, that it still does.
func (s *firstScreen) named(hello *message.ClientHello, before []*scenario.Flow) string {
	sni, ok := message.Get[*message.ServerName](&hello.Extensions)
	if !ok {
		return ""
	}
	key := "names_server"
	for _, f := range before {
		if m := first(f, func(m *event.Message) bool { return m.Kind == message.KindClientHello }); m != nil {
			if _, ok := message.Get[*message.ServerName](&m.Msg.(*message.ClientHello).Extensions); ok {
				key = "names_server_still"
			}
		}
	}
	return s.say.UI(key, "name", idn.BothForms(foreign.Quote(sni.Name)))
}

// whose says once whose the letters of a Diffie–Hellman exchange are, below the shares.
func (s *firstScreen) whose(share string) {
	if !s.letters && (strings.Contains(share, "A = ") || strings.Contains(share, "B = ")) {
		s.letters = true
		s.Text(4, s.say.UI("whose_letters"), s.Paint.Dim)
	}
}

// clientShare is the client's share by its name: B = bG, or RSA(premaster).
func (s *firstScreen) clientShare(f *scenario.Flow, m message.ClientKeyExchange) string {
	if x := first(f, func(x *event.Secret) bool { return x.Label == event.LabelPremasterSecret && x.Party == "client" }); x != nil {
		for _, v := range x.Inputs {
			if bytes.Equal(v.Bytes, m.Share()) {
				name, _, _ := strings.Cut(v.Name, " = m^")
				return name + " " + sheet.Start(v.Bytes)
			}
		}
	}
	return sheet.Start(m.Share())
}

// agreed says that both ends hold the secret, if their events show the same value.
func (s *firstScreen) agreed(f *scenario.Flow) {
	all := every(f, func(x *event.Secret) bool { return x.Label == event.LabelMasterSecret })
	if len(all) < 2 || !bytes.Equal(all[0].Value, all[len(all)-1].Value) {
		return
	}
	left := "    " + s.say.UI("master_secret_keys")
	pre := first(f, func(x *event.Secret) bool { return x.Label == event.LabelPremasterSecret })
	for _, v := range pre.Inputs {
		if v.Private && bytes.Equal(v.Bytes, pre.Value) {
			left = "    " + s.say.UI("both_have", "secret", v.Name) + " > " + s.say.UI("master_secret_keys")
		}
	}
	s.Sides(left, s.say.UI("symmetric_from_here"), nil)
}

// finished shows both Finished messages in one line, and whether both were checked.
func (s *firstScreen) finished(f *scenario.Flow) {
	var line string
	for _, m := range every(f, func(m *event.Message) bool {
		return m.Kind == message.KindFinished && m.Dir == event.Send
	}) {
		line += " " + arrowOf(m.Party) + " Finished "
	}
	if line == "" {
		return
	}
	good := every(f, func(c *event.Check) bool { return c.What == event.CheckFinished && c.OK })
	right := s.say.UI("check_failed")
	if len(good) == 2 {
		right = s.say.UI("both_verified")
	}
	s.Sides(line, right, nil)
}

// request shows the first application data, as sent and as a listener sees it.
func (s *firstScreen) request(f *scenario.Flow) {
	r := first(f, func(r *event.Record) bool { return r.Type == iana.ApplicationData && r.Dir == event.Send })
	if r == nil {
		return
	}
	request, _, _ := strings.Cut(sheet.FirstLine(r.Payload), " HTTP/")
	s.Sides(" "+arrowOf(r.Party)+" "+request, s.say.UI("encrypted"), nil)
	at := max(sheet.Width(s.say.UI("on_the_wire")), sheet.Width(s.say.UI("opened")))
	s.Row(4, s.say.UI("on_the_wire"), at, sheet.Spaced(r.Wire[:min(16, len(r.Wire))])+" …", nil)
	s.Row(4, s.say.UI("opened"), at, sheet.Beginning(r.Payload, s.Width-at-6), s.Paint.Good)
}

// readers is the table of who could read a recording, flow by flow.
func (s *firstScreen) readers(t *scenario.Transcript) {
	one, two := 14, 30
	if s.Width < 72 { // then what is long has room beside its row, and goes on below itself
		one, two = 10, 24
	}
	s.Line(s.Paint.Bold(fmt.Sprintf("%d %s", len(t.Flows)+1, s.say.UI("who_can_read"))))
	s.Line("   " + sheet.Pad("", one) + sheet.Pad(s.say.UI("listener"), two-one) + s.say.UI("thief_later"))
	for _, f := range t.Flows {
		scene := scenario.SceneOf[*scenario.WhoKnows](f)
		if scene == nil {
			continue
		}
		answer, bad := map[string]string{}, map[string]func(string) string{}
		for _, k := range scene.Parties {
			switch {
			case k.ReadsData:
				answer[k.Party], bad[k.Party] = s.say.UI("yes"), s.Paint.Bad
			case k.CanImpersonate:
				answer[k.Party] = s.say.UI("no_but_impersonates")
			default:
				answer[k.Party] = s.say.UI("no")
			}
		}
		listener, gap := answer["listener"], strings.Repeat(" ", max(1, two-one-sheet.Width(answer["listener"])))
		if paint := bad["listener"]; paint != nil {
			listener = paint(listener)
		}
		s.Hang("   "+sheet.Pad(nameOf(f), one)+listener+gap, 3+two, answer["thief"], bad["thief"])
	}
}

// next says what to type.
func (s *firstScreen) next(n int) {
	const at = 10 // behind the number and the longest name
	s.Hang(s.Paint.Bold(fmt.Sprintf("%d %s ", n, sheet.Pad(s.say.UI("next"), at-3))), at,
		"tlslab run --kx rsa --step | run --tls 1.3\nrun --mitm | run --untrusted-root", s.Paint.Bold)
}

func arrowOf(party string) string {
	if party == "client" {
		return "->"
	}
	return "<-"
}

// every picks a flow's events of one type that pass.
func every[E event.Event](f *scenario.Flow, pass func(E) bool) []E {
	var out []E
	for _, e := range f.Events {
		if x, ok := e.(E); ok && pass(x) {
			out = append(out, x)
		}
	}
	return out
}

// first is the first that every would pick, or the zero E.
func first[E event.Event](f *scenario.Flow, pass func(E) bool) E {
	var none E
	if all := every(f, pass); len(all) > 0 {
		return all[0]
	}
	return none
}
