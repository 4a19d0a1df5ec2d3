package lesson

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// tls13 is the name of a flow that plays TLS 1.3.
const tls13 = "tls13"

// flow13 shows what is otherwise in TLS 1.3: shares in both hellos, encryption from
// there on, a signature over the whole handshake, and how many round trips it took,
// beside the flow before.
func (s *firstScreen) flow13(n int, f *scenario.Flow, before []*scenario.Flow) {
	s.opening(n, f, len(before) == 0)
	wire := true // one record is enough to see
	for _, m := range every(f, func(m *event.Message) bool { return m.Dir == event.Send }) {
		switch x := m.Msg.(type) {
		case *message.ClientHello:
			s.message13(f, m, s.named(x, before))
			s.offer(f, x)
		case *message.ServerHello:
			s.answer(f, m, x)
		case *message.Certificate13:
			about := s.say.UI("empty")
			if len(x.Entries) > 0 {
				if c, err := pki.ParseCached(x.Entries[0].Cert); err == nil {
					about = s.say.UI("key_of", "algorithm", pki.CertKeyName(c), "name", sheet.Subject(c))
				}
			}
			s.message13(f, m, about)
			if r := recordOf(f, m); r != nil && r.Protected && wire {
				s.Row(4, s.say.UI("on_the_wire"), 0, s.say.Aside(sheet.Spaced(r.Wire[:min(12, len(r.Wire))])+" …",
					s.say.UI("record_says", "type", iana.ContentType(r.Wire[0]).String())), nil)
				wire = false
			}
		case *message.CertificateVerify:
			s.message13(f, m, s.say.UI("signs_transcript"))
		}
	}
	s.finished(f)
	s.roundTrips(f, before)
	if len(before) == 0 {
		s.request(f)
	}
}

// message13 is one line: arrow, name, the value that it is about, how it travels.
func (s *firstScreen) message13(f *scenario.Flow, m *event.Message, about string) {
	state := "" // unless its record is told of
	if r := recordOf(f, m); r != nil && r.Protected {
		state = s.say.UI(protectionOf(f))
	} else if r != nil {
		state = s.say.UI("clear")
	}
	s.Sides(fmt.Sprintf(" %s %s %s", arrowOf(m.Party), sheet.Pad(sheet.Title(m.Kind), 18), about), state, nil)
}

// offer shows the share that the server will answer, under the name of its group.
func (s *firstScreen) offer(f *scenario.Flow, hello *message.ClientHello) {
	x := first(f, func(x *event.Secret) bool { return x.Label == event.LabelServerKeyShare })
	shares, ok := message.Get[*message.KeyShareClient](&hello.Extensions)
	if x == nil || !ok {
		return
	}
	for _, e := range shares.Shares {
		own := first(f, func(o *event.Secret) bool {
			return o.Label == event.LabelClientKeyShare && bytes.Equal(o.Value, e.Share)
		})
		if own != nil && own.Group.ID == x.Group.ID {
			s.Sides(fmt.Sprintf("    %s %s", sheet.Pad(x.Group.Name, 18), parts(own, s.say.Comma())), s.say.UI("asymmetric"), nil)
		}
	}
}

// answer shows the server's share, and, where both ends tell of it, what they now have
// in common.
func (s *firstScreen) answer(f *scenario.Flow, m *event.Message, hello *message.ServerHello) {
	if hello.Kind() == message.KindHelloRetryRequest {
		s.message13(f, m, "")
		return
	}
	x := first(f, func(x *event.Secret) bool { return x.Label == event.LabelServerKeyShare })
	if x == nil {
		s.message13(f, m, "")
		return
	}
	share := parts(x, s.say.Comma())
	s.Sides(fmt.Sprintf(" %s %s %s", arrowOf(m.Party), sheet.Pad(sheet.Title(m.Kind), 18), share), s.say.UI("asymmetric"), nil)
	s.whose(share)
	secrets := every(f, func(x *event.Secret) bool { return x.Label == event.LabelSharedSecret })
	if len(secrets) < 2 || !bytes.Equal(secrets[0].Value, secrets[len(secrets)-1].Value) {
		return
	}
	right := "symmetric_from_here"
	if encryptedAfter(f, m) {
		right = "encrypted_from_here"
	}
	s.Sides("    "+s.say.UI("both_have", "secret", inCommon(secrets[0]))+" > "+s.say.UI("handshake_keys"), s.say.UI(right), nil)
}

// parts are the values of which a share consists, by their names: of a hybrid two.
func parts(x *event.Secret, comma string) string {
	var out []string
	for _, v := range made(x) {
		_, name, ok := strings.Cut(v.Name, ": ")
		if !ok {
			name = v.Name
		}
		out = append(out, name+" "+sheet.Start(v.Bytes))
	}
	return strings.Join(out, comma)
}

// inCommon is the formula of a shared secret, without the names of the groups.
func inCommon(x *event.Secret) string {
	var out []string
	for _, v := range made(x) {
		name := v.Name[strings.LastIndex(v.Name, ": ")+1:]
		out = append(out, strings.TrimSpace(name))
	}
	return strings.Join(out, sheet.Concatenated)
}

// made are the inputs of which a value is made by joining, or the one that it is.
func made(x *event.Secret) []event.Input {
	if a, b, ok := sheet.Halves(x); ok {
		return []event.Input{a, b}
	}
	for _, v := range x.Inputs {
		if bytes.Equal(v.Bytes, x.Value) {
			return []event.Input{v}
		}
	}
	return nil
}

// encryptedAfter reports whether every record that is sent after m's is encrypted; the
// ChangeCipherSpec that means nothing does not count.
func encryptedAfter(f *scenario.Flow, m *event.Message) bool {
	later := every(f, func(r *event.Record) bool {
		return r.Seq > m.Seq && r.Move != m.Move && r.Dir == event.Send && r.Type != iana.ChangeCipherSpec
	})
	open := slices.ContainsFunc(later, func(r *event.Record) bool { return !r.Protected })
	return len(later) > 0 && !open && protectionOf(f) == "encrypted"
}

// protectionOf is narrate's key of what a protected record of the flow is.
func protectionOf(f *scenario.Flow) string {
	if c := first(f, func(c *event.KeyChange) bool { return true }); c != nil && c.EncryptsNothing() {
		return "integrity_only"
	}
	return "encrypted"
}

// recordOf is the record in which a message was sent, or nil.
func recordOf(f *scenario.Flow, m *event.Message) *event.Record {
	return first(f, func(r *event.Record) bool {
		return r.Dir == event.Send && r.Party == m.Party && r.Move == m.Move && r.Seq > m.Seq
	})
}

// roundTrips says how often the client had to wait before it could send the request,
// beside the flow before.
func (s *firstScreen) roundTrips(f *scenario.Flow, before []*scenario.Flow) {
	n := roundTripsOf(f)
	if n == 0 {
		return
	}
	line := s.say.UI("round_trips") + s.say.Colon() + sheet.Text(n)
	if k := len(before); k > 0 && roundTripsOf(before[k-1]) > 0 {
		line = s.say.Aside(line, nameOf(before[k-1])+s.say.Colon()+sheet.Text(roundTripsOf(before[k-1])))
	}
	s.Text(4, line, nil)
}

// roundTripsOf counts the server's flights that reached the client before it was done;
// 0 if it never was.
func roundTripsOf(f *scenario.Flow) int {
	n, dir := 0, event.Send
	for _, m := range every(f, func(m *event.Message) bool { return m.Party == "client" }) {
		if m.Kind == message.KindChangeCipherSpec {
			continue // it waits for nothing, and nothing waits for it alone
		}
		if m.Dir == event.Receive && dir == event.Send {
			n++
		}
		dir = m.Dir
		if m.To == event.Connected {
			return n
		}
	}
	return 0
}
