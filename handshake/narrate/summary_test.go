package narrate

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/stage"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

// flowsOf cuts a transcript where a flow begins.
func flowsOf(events []event.Event) (flows [][]event.Event) {
	for _, e := range events {
		if _, begins := e.(*event.Flow); begins || len(flows) == 0 {
			flows = append(flows, nil)
		}
		flows[len(flows)-1] = append(flows[len(flows)-1], e)
	}
	return flows
}

// live is what one end of a connection tells: no scenes, and nothing of the other end.
func live(events []event.Event, party string, conn int) (out []event.Event) {
	for _, e := range events {
		if _, scene := e.(event.Scene); !scene && e.Head().Party == party && e.Head().Conn == conn {
			out = append(out, e)
		}
	}
	return out
}

// stories is every flow of every lesson, as it was played; as each end tells it, if nobody
// else tells; and from each of these what there is when the connection breaks off after a
// message.
func stories(t *testing.T) map[string][]event.Event {
	out := map[string][]event.Event{}
	all := play(t)
	for name, events := range all {
		for i, f := range flowsOf(events) {
			at := fmt.Sprintf("%s/%d", name, i)
			out[at] = f
			for n, e := range f {
				if breaks(e) {
					out[fmt.Sprintf("%s, first %d", at, n)] = f[:n]
				}
				h := e.Head()
				key := fmt.Sprintf("%s as %s of %d", at, h.Party, h.Conn)
				if _, scene := e.(event.Scene); scene || out[key] != nil {
					continue
				}
				out[key] = live(f, h.Party, h.Conn)
				out[key+", overheard"] = heardBy(f, h.Party, h.Conn, "listener")
				out[key+", nothing asked"] = slices.DeleteFunc(slices.Clone(out[key]), func(e event.Event) bool {
					d, ok := e.(*event.Data)
					return ok && (d.Party == "server") != (d.Dir == event.Send)
				})
				for n, e := range out[key] {
					if breaks(e) {
						out[fmt.Sprintf("%s, first %d", key, n)] = out[key][:n]
					}
				}
			}
		}
	}
	for _, name := range []string{"proxy_to_client", "proxy_both", "proxy_no_keys"} { // as a proxy's recording is told
		head := &event.Flow{Name: name, Parties: []string{"client", "mitm"}, Host: "www.lab.test"}
		out[name] = live(all["1.3, trusted box"], "client", 1)
		if name == "proxy_both" {
			head.Parties = append(head.Parties, "server")
			out[name] = append(live(all["1.3, trusted box"], "mitm", 2), out[name]...)
		}
		out[name] = append([]event.Event{head}, out[name]...)
	}
	for name, events := range recordings(t) {
		out["recording of "+name] = events
	}
	for name, events := range odds(t) {
		for _, party := range []string{"client", "server"} {
			out[name+" as "+party] = live(events, party, 0)
		}
	}
	for name, events := range maps.Clone(out) { // a client that sends what is no request; and more than is kept
		if !strings.Contains(name, " as ") && !strings.HasPrefix(name, "recording") || len(events) == 0 {
			continue
		}
		raw := slices.Clone(events)
		for i, e := range raw {
			if d, ok := e.(*event.Data); ok {
				d := *d
				d.Data = []byte("raw")
				raw[i] = &d
			}
		}
		out[name+", raw"] = raw
		out[name+", unkept"] = append(slices.Clone(events), &event.Unkept{Meta: *events[len(events)-1].Head(), Octets: 1, ToServer: 1})
	}
	return out
}

// TestUnkeptIsKnown holds that a summary speaks of a request only of what looks like one, and knows of what is not kept.
func TestUnkeptIsKnown(t *testing.T) {
	for _, c := range []struct{ data, want, zh string }{
		{"GET / HTTP/1.1\r\n", "a request was sent", "请求"},
		{"\x00\x01\x02", "the client sent something", "客户端发了数据"},
	} {
		var events []event.Event
		for _, e := range heardBy(flowsOf(play(t)["1.3"])[0], "client", 1) {
			if d, ok := e.(*event.Data); ok {
				if d.Dir == event.Receive {
					continue
				}
				d := *d
				d.Data = []byte(c.data)
				e = &d
			}
			events = append(events, e)
		}
		for lang, want := range map[Lang]string{En: c.want, Zh: c.zh} {
			for _, kept := range []bool{true, false} {
				told := events
				if !kept {
					told = append(slices.Clone(events), &event.Unkept{Meta: event.Meta{Conn: 1}, Records: 1, Octets: 1, ToServer: 1})
				}
				said := Summarize(told).In(lang)[0]
				gap := map[Lang]string{En: "not all of it is kept", Zh: "没有全部保留"}[lang]
				if !strings.Contains(strings.ReplaceAll(said, "only the", "the"), want) || strings.Contains(said, gap) == kept {
					t.Errorf("%q, kept: %v: %s", c.data, kept, said)
				}
			}
		}
	}
}

// TestRequestIsOne holds that nothing is called a request that does not look like one, when it goes early, when it goes
// before a refusal, or when nothing becomes of it.
func TestRequestIsOne(t *testing.T) {
	for name, events := range stories(t) {
		sent := slices.ContainsFunc(events, func(e event.Event) bool { d, ok := e.(*event.Data); return ok && string(d.Data) == "raw" })
		if !strings.HasSuffix(name, ", raw") || !sent || strings.Contains(name, "nothing asked") { // of which it is said that none was sent
			continue
		}
		c := new(Context)
		for _, l := range Langs() {
			three := Summarize(events).In(l)
			said := three[:2] // the third is of what one could try
			for _, e := range events {
				if m, ok := e.(*event.Message); ok && m.Kind == message.KindClientHello {
					said = append(said, Caption(e, c).In(l))
				}
			}
			for _, s := range said {
				if strings.Contains(s, "request") || strings.Contains(s, "请求") {
					t.Errorf("%s: %s", name, s)
				}
			}
		}
	}
}

// breaks reports whether a connection could break off before an event.
func breaks(e event.Event) bool {
	switch e.(type) {
	case *event.Message, *event.Data:
		return true
	}
	return false
}

// odds are connections between ends of which each wants something else, or to which
// nobody's name is known.
func odds(t *testing.T) map[string][]event.Event {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	made, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Name: "www.lab.test", Time: now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]event.Event{}
	meet := func(name string, set func(client, server *handshake.Config)) {
		hear := event.ListenerFunc(func(e event.Event) { out[name] = append(out[name], e) })
		clock := func() time.Time { return now }
		client := &handshake.Config{Party: "client", Listener: hear, Time: clock, Rand: rand.Reader, Roots: made.Roots, ServerName: "www.lab.test"}
		server := &handshake.Config{Party: "server", Listener: hear, Time: clock, Rand: rand.Reader, Certificates: []handshake.Certificate{{Chain: made.Chain, Key: made.Key}}}
		set(client, server)
		c, err := handshake.NewClient(client)
		if err != nil {
			t.Fatal(err)
		}
		s, err := handshake.NewServer(server)
		if err != nil {
			t.Fatal(err)
		}
		stage.Meet(c, s, nil)
	}
	meet("no common version", func(c, s *handshake.Config) { c.MaxVersion, s.MinVersion = iana.TLS12, iana.TLS13 })
	meet("no common group", func(c, s *handshake.Config) {
		c.Groups, s.Groups = []kx.Group{kx.X25519}, []kx.Group{kx.P256}
	})
	meet("nobody looks", func(c, s *handshake.Config) { c.Weak.SkipVerify, c.ServerName, c.Roots = true, "", nil })
	meet("no name", func(c, s *handshake.Config) {
		c.ServerName, c.VerifyChain = "", func(handshake.ChainInput) (*pki.Report, error) { return nil, nil }
	})
	meet("no name, refused", func(c, s *handshake.Config) {
		c.ServerName, c.VerifyChain = "", func(handshake.ChainInput) (*pki.Report, error) { return nil, errors.New("no") }
	})
	return out
}

// oddities are messages and alerts that no lesson has, for their captions.
func oddities() []event.Event {
	opaque := []byte{0x30, 0x00}
	return []event.Event{
		&event.Alert{Dir: event.Receive, Level: iana.Fatal, Description: 200},
		&event.Data{Dir: event.Send, Meta: event.Meta{State: event.WaitServerHello}, Data: opaque},
		&event.Message{Kind: message.KindCertificate, Msg: &message.Certificate12{Certificates: [][]byte{opaque}}},
		&event.Message{Kind: message.KindHelloRequest, Msg: &message.HelloRequest{}},
		&event.Message{Kind: message.KindNewSessionTicket, Msg: &message.NewSessionTicket12{}},
		&event.Message{Kind: message.KindClientHello, Msg: &message.ClientHello{}, Meta: event.Meta{State: event.Connected}},
	}
}

// TestSummaries holds that whatever happened is told in three whole sentences. With -v it
// shows those of whole flows, to be read aloud.
func TestSummaries(t *testing.T) {
	var out strings.Builder
	all := stories(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := Summarize(all[name])
		whole := !strings.Contains(name, ", first ") && !strings.Contains(name, ", nothing asked") // neither broken off nor without a request
		if whole {
			out.WriteString("== " + name + "\n")
		}
		for _, l := range Langs() {
			for i, said := range s.In(l) {
				if whole {
					out.WriteString("   " + said + "\n")
				}
				if strings.ContainsAny(said, "{}") || len(said) < 10 || !strings.ContainsAny(said[len(said)-3:], ".。？") {
					t.Errorf("%s: sentence %d in %s is %q", name, i+1, l, said)
				}
			}
		}
	}
	t.Log("\n" + out.String())
}

// TestSentAgain holds that of an attacker who captured a session it is said that he sent a request again
// where he did, and only there.
func TestSentAgain(t *testing.T) {
	all := play(t)
	for lesson, want := range map[string]string{"resume id": "read/captured", "resume psk": "read/captured",
		"resume 0rtt": "read/nothing+name", "resume 0rtt, retried": "read/captured"} {
		var got []string
		for _, f := range flowsOf(all[lesson]) {
			if head, ok := f[0].(*event.Flow); ok && head.Name == "captured_session" {
				got = append(got, Summarize(f).Readers.Key)
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, not %s", lesson, got, want)
		}
	}
}

// TestSummariesQuote holds that what a peer wrote is shown quoted: its name, its protocol, the
// first line of what it sent.
func TestSummariesQuote(t *testing.T) {
	const hostile = "a\x1b[2Jb\u202e\x00"
	hello := &message.ClientHello{}
	hello.Extensions.List = []message.Extension{&message.ServerName{Name: hostile}}
	ee := &message.EncryptedExtensions{}
	ee.Extensions.List = []message.Extension{&message.ALPN{Protocols: []string{hostile}}}
	events := []event.Event{
		&event.Message{Meta: event.Meta{Party: "server"}, Dir: event.Receive, Kind: message.KindClientHello, Msg: hello},
		&event.Message{Meta: event.Meta{Party: "server"}, Dir: event.Receive, Kind: message.KindEncryptedExtensions, Msg: ee},
		&event.Data{Meta: event.Meta{Party: "server"}, Dir: event.Receive, Data: []byte(hostile + "\r\n")},
	}
	for _, l := range Langs() {
		three := Summarize(events[:1]).In(l)
		said := three[:]
		c := new(Context)
		for _, e := range events {
			said = append(said, Caption(e, c).In(l))
		}
		all := strings.Join(said, "")
		if strings.ContainsAny(all, "\x1b\x00\u202e") || strings.Count(all, `a\x1b[2Jb\u202e\x00`) != 3 {
			t.Errorf("%s: %q", l, all)
		}
	}
}

// heardBy is what one end tells of a connection, with what these onlookers made of its records.
func heardBy(events []event.Event, party string, conn int, who ...string) (out []event.Event) {
	for _, e := range events {
		o, ok := e.(*event.Onlooked)
		switch {
		case ok && (o.Conn != conn || len(who) == 0): // nobody was tried
		case ok:
			some := *o
			some.Records = nil
			for _, r := range o.Records {
				r.By = slices.DeleteFunc(slices.Clone(r.By), func(s event.Sight) bool { return !slices.Contains(who, s.Onlooker) })
				some.Records = append(some.Records, r)
			}
			out = append(out, &some)
		default:
			out = append(out, live([]event.Event{e}, party, conn)...)
		}
	}
	return out
}

// Of a live connection it is said who was tried, never that nobody else could: and who could, and was not
// among them, is named, until he is tried.
func TestWhoWasNotTried(t *testing.T) {
	all := play(t)
	for _, c := range []struct {
		lesson, party string
		conn          int
		who           []string
		key, untried  string
	}{
		{"resume ticket", "client", 1, []string{"listener"}, "tried", "untried_rsa"},
		{"resume ticket", "client", 1, nil, "live_but", "untried_rsa"},
		{"resume ticket", "server", 1, []string{"listener", "thief"}, "tried", "untried_ticket"},
		{"resume ticket", "server", 1, []string{"listener", "thief", "ticket_thief"}, "tried", ""},
		{"resume ticket", "server", 2, []string{"listener", "thief"}, "tried", "untried_resumed"},
		{"resume ticket", "server", 2, []string{"listener", "thief", "ticket_thief"}, "tried", ""},
		{"resume id", "server", 2, []string{"listener", "thief", "ticket_thief"}, "tried", "untried_resumed"},
		{"resume 0rtt", "client", 2, []string{"listener"}, "tried", "untried_early"},
		{"resume 0rtt", "client", 2, nil, "live_but", "untried_early"},
		{"resume 0rtt", "server", 2, []string{"listener", "ticket_thief"}, "tried", ""},
		{"resume psk", "client", 2, nil, "live", ""},
		{"resume psk_ke", "client", 2, []string{"listener"}, "tried", "untried_resumed"},
		{"external psk_ke", "client", 1, []string{"listener"}, "tried", "untried_psk"},
		{"external psk_ke", "client", 1, []string{"listener", "psk_thief"}, "tried", ""},
	} {
		events := all[c.lesson]
		if events == nil {
			t.Errorf("there is no lesson %s", c.lesson)
			continue
		}
		got := Summarize(heardBy(events, c.party, c.conn, c.who...)).Readers
		clause := ""
		if s, ok := got.Values["untried"].(Sentence); ok {
			clause = s.Key
		}
		if want := "read/" + c.key; got.Key != want || clause != "" && clause != "read/clause_"+c.untried || clause == "" && c.untried != "" {
			t.Errorf("%s as the %s of %d, with %v: %s with %q, want %s with %q:\n%s", c.lesson, c.party, c.conn, c.who, got.Key, clause, want, c.untried, got.In(En))
		}
	}
}

// Of all lessons those compare exchanges that send one request over several; what they say is what
// the onlookers of each flow made of it.
func TestCompareExchanges(t *testing.T) {
	for name, events := range play(t) {
		x, ok := CompareExchanges(flowsOf(events))
		if name == "first screen" && !ok {
			t.Error("the first screen compares nothing")
		}
		if !ok {
			continue
		}
		said := x.Readers.In(En)
		could, couldNot, cut := strings.Cut(said, "though none of")
		if n := len(flowsOf(events)); len(x.Each) != n || !cut || !strings.Contains(x.Title.In(En), fmt.Sprint(n)) {
			t.Errorf("%s: %d of %d exchanges, %q", name, len(x.Each), n, said)
		}
		for _, e := range x.Each {
			where := map[event.Access]string{event.AccessLater: could, event.AccessSealed: couldNot}[e.Onlookers["thief"]]
			if !strings.Contains(where, e.Name) {
				t.Errorf("%s: the thief %s %s: %q", name, e.Onlookers["thief"], e.Name, said)
			}
		}
		if _, ok := CompareExchanges(flowsOf(events)[:1]); ok {
			t.Errorf("%s: one flow is compared with nothing", name)
		}
	}
	for _, name := range []string{"resume ticket", "resume psk", "resume 0rtt", "middle box"} {
		if flows := flowsOf(play(t)[name]); len(flows) == 0 {
			t.Errorf("there is no lesson %s", name)
		} else if _, ok := CompareExchanges(flows); ok {
			t.Errorf("%s compares exchanges", name)
		}
	}
}
