package observe_test

import (
	"bytes"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
	"tlslab/pki/lesson"
)

// kinds13 are handshakes of TLS 1.3 that look different on the wire.
var kinds13 = []struct {
	name string
	tune func(t testing.TB, c, s *handshake.Config)
}{
	{"plain", func(testing.TB, *handshake.Config, *handshake.Config) {}},
	{"retry", func(_ testing.TB, c, _ *handshake.Config) { c.KeyShares = []iana.Group{} }},
	{"cookie", func(_ testing.TB, _, s *handshake.Config) { s.RetryWithCookie = true }},
	{"client certificate", authenticate},
	{"retry, client certificate, separate records, not in disguise", func(t testing.TB, c, s *handshake.Config) {
		authenticate(t, c, s)
		c.KeyShares, c.NoCompatibilityMode, c.SeparateRecords, s.SeparateRecords = []iana.Group{}, true, true, true
	}},
	{"padding", func(_ testing.TB, c, s *handshake.Config) {
		c.Padding = func(n int) int { return 300 - n }
		s.Padding = func(int) int { return 1 }
	}},
	{"compressed certificates", func(t testing.TB, c, s *handshake.Config) {
		authenticate(t, c, s)
		c.CertificateCompression, s.CertificateCompression = []*certcompress.Method{brotli.Method, certcompress.Zlib}, []*certcompress.Method{zstd.Method, brotli.Method}
	}},
	{"small records", func(_ testing.TB, c, s *handshake.Config) { c.RecordSizeLimit, s.RecordSizeLimit = 64, 100 }},
	{"tickets, GREASE", func(_ testing.TB, c, s *handshake.Config) {
		c.GREASE, c.Sessions, s.Tickets = true, session.NewMemory(0), session.NewTicketKeys(zeroes{}, 0)
	}},
}

func authenticate(t testing.TB, c, s *handshake.Config) {
	l, err := lesson.New(lesson.Options{KeyAlg: "ecdsa", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	is, key, err := l.Client("alice")
	if err != nil {
		t.Fatal(err)
	}
	c.Certificates = []handshake.Certificate{{Chain: is.Chain, Key: key}}
	s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
}

// updates makes both ends go through several generations of keys, and talk in each.
func updates(t testing.TB) func(r *recording, c, s *handshake.Endpoint) {
	return func(r *recording, c, s *handshake.Endpoint) {
		for _, by := range []struct {
			end     *handshake.Endpoint
			request bool
		}{{c, true}, {s, true}, {c, false}, {s, false}, {s, false}} {
			if err := by.end.UpdateKeys(by.request); err != nil {
				t.Fatal(err)
			}
			r.pump(c, s)
		}
	}
}

func record13(t testing.TB, s *suite.Suite, tune func(t testing.TB, c, s *handshake.Config)) *recording {
	t.Helper()
	return recordWith(t, "rsa", func(c, srv *handshake.Config) {
		only(s)(c, srv)
		tune(t, c, srv)
	}, updates(t))
}

// TestTLS13: with nothing all stays closed (RFC 9150 aside), and with the server's key
// too; with a key log all opens.
func TestTLS13(t *testing.T) {
	for _, s := range suite.Of(iana.TLS13) {
		for _, k := range kinds13 {
			t.Run(s.String()+"/"+k.name, func(t *testing.T) {
				r := record13(t, s, k.tune)
				plain := s.Cipher.Kind == suite.MAC13
				for _, thief := range []bool{false, true} {
					o, why := observe.Options{}, observe.NoKeys
					if thief {
						o.RSAKey, why = lesson.Key("leaf").(*rsa.PrivateKey), observe.KeyOnlySigns
					}
					rep := r.show(t, 1<<20, o)
					if plain {
						if rep.Err != nil || !rep.ReadHandshake || string(rep.FromClient) != request || string(rep.FromServer) != reply || rep.Sealed != 0 || rep.Closed != "" || rep.Traffic.ClientHandshake != nil {
							t.Errorf("of a suite that hides nothing: %+v", rep)
						}
					} else if rep.ReadData || rep.ReadHandshake || rep.Resumed || rep.Master != nil || rep.Err != nil || rep.Sealed == 0 || rep.Closed != why ||
						rep.Version != iana.TLS13 || rep.Suite != s.ID || rep.Traffic.ServerHandshake != nil {
						t.Errorf("with the server's key (%v): %+v", thief, rep)
					}
				}
				r.mustRead(t, r.show(t, 1<<20, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())}))
				r.mustRead(t, r.show(t, 1, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())}))
			})
		}
	}
}

// events plays the recording and keeps what is told.
func (r *recording) events(t testing.TB, o observe.Options) ([]event.Event, observe.Report) {
	t.Helper()
	var seen []event.Event
	o.Time, o.Listener = clock, event.ListenerFunc(func(e event.Event) { seen = append(seen, e) })
	rep := r.show(t, 7, o)
	return seen, rep
}

// TestSameEvents13: an observer with keys tells, in each direction, of what the client
// tells, and of the secrets that follow from those of the key log what the client does.
func TestSameEvents13(t *testing.T) {
	for _, k := range kinds13 {
		t.Run(k.name, func(t *testing.T) {
			r := record13(t, suite.ByID(0x1302), k.tune)
			seen, _ := r.events(t, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes()), ShowSecrets: true})
			for _, dir := range []event.Direction{event.Send, event.Receive} {
				same(t, told(t, seen, dir), told(t, r.client, dir))
			}
			same(t, secretsOf(seen), secretsOf(r.client))
			for i, e := range seen {
				if m := e.Head(); m.Seq != uint64(i+1) {
					t.Fatalf("event %d: %+v", i, m)
				}
				if m, ok := e.(*event.Message); ok && m.Ref == "" {
					t.Errorf("%s has no reference", m.Move)
				}
			}
		})
	}
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the observer tells\n%s\nthe client\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// told writes down what goes in one direction: first records and changes of keys, then
// messages, alerts and data. (An endpoint makes the messages of a flight before it
// makes their record.)
func told(t testing.TB, events []event.Event, dir event.Direction) []string {
	t.Helper()
	var records, content []string
	note := func(to *[]string, d event.Direction, format string, args ...any) {
		if d == dir {
			*to = append(*to, fmt.Sprintf(format, args...))
		}
	}
	for _, e := range events {
		switch e := e.(type) {
		case *event.Record:
			note(&records, e.Dir, "record %v %d/%d %v %v %x %x", e.Type, e.Epoch, e.Sequence, e.Keys, e.Protected, e.Wire, e.Payload)
		case *event.KeyChange:
			note(&records, e.Dir, "keys %d %v %v", e.Epoch, e.Keys, e.Suite)
		case *event.Message:
			note(&content, e.Dir, "%v %x %v %v", e.Kind, e.Raw, e.Move, e.Ref)
			if err := wire.Covered(e.Fields, len(e.Raw)); err != nil {
				t.Errorf("%v: %v", e.Kind, err)
			}
		case *event.Data:
			note(&content, e.Dir, "%q", e.Data)
		case *event.Alert:
			note(&content, e.Dir, "%v", e.Description)
		}
	}
	return append(records, content...)
}

// secretsOf writes down what a key log leads to. How the traffic secrets came to be it
// does not tell.
func secretsOf(events []event.Event) []string {
	var out []string
	for _, e := range events {
		s, ok := e.(*event.Secret)
		if !ok {
			continue
		}
		switch {
		case slices.Contains(trafficLabels, s.Label):
			out = append(out, fmt.Sprintf("%s %x", s.Label, s.Value))
		case slices.Contains([]string{"key", "iv", "finished", "traffic upd"}, s.Tag), s.Method == "HMAC":
			out = append(out, fmt.Sprintf("%s %s %s %q %v %x", s.Label, s.Method, s.Hash, s.Tag, s.Inputs, s.Value))
		}
	}
	slices.Sort(out) // a client turns its own keys on when it has something to say
	return out
}

// TestFinishedChecked: an observer with the handshake secrets judges each Finished.
func TestFinishedChecked(t *testing.T) {
	r := record13(t, suite.ByID(0x1301), kinds13[1].tune)
	checks := func(o observe.Options) (n int) {
		seen, _ := r.events(t, o)
		for _, e := range seen {
			if c, ok := e.(*event.Check); ok && c.What == event.CheckFinished && c.OK {
				n++
			}
		}
		return n
	}
	if n := checks(observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())}); n != 2 {
		t.Errorf("%d Finished were found right", n)
	}
	// The client's covers what the server sent: without that nothing can be said.
	if n := checks(observe.Options{KeyLog: r.lines("CLIENT_HANDSHAKE")}); n != 0 {
		t.Errorf("%d Finished were found right, of an incomplete transcript", n)
	}
}

// TestInClear13: what a listener without keys sees of TLS 1.3. Beyond the hellos
// every record says the same.
func TestInClear13(t *testing.T) {
	r := record13(t, suite.ByID(0x1301), kinds13[1].tune)
	seen, rep := r.events(t, observe.Options{})
	var messages, moves []string
	closed := 0
	for _, e := range seen {
		switch e := e.(type) {
		case *event.Message:
			messages = append(messages, e.Kind.String())
			moves = append(moves, e.Move)
		case *event.Record:
			if e.Protected {
				if closed++; e.Type != iana.ApplicationData || e.Epoch != 1 || e.Payload != nil {
					t.Errorf("%+v", e)
				}
			}
		case *event.Secret, *event.KeyChange, *event.Data, *event.Check:
			t.Errorf("a listener without keys tells %T", e)
		}
	}
	want := []string{"client_hello", "hello_retry_request", "change_cipher_spec", "change_cipher_spec", "client_hello", "server_hello"}
	if !slices.Equal(messages, want) || closed != rep.Sealed || closed < 10 {
		t.Errorf("%v, %d records closed: %+v", messages, closed, rep)
	}
	if moves[0] != "client/send/client_hello" || moves[4] != "client/send/client_hello/tls13" || moves[1] != "client/recv/hello_retry_request/tls13" {
		t.Errorf("%v", moves)
	}
}

// TestCompressedStaysAsItIs: the observer shows what came, and does not open it.
func TestCompressedStaysAsItIs(t *testing.T) {
	r := record13(t, suite.ByID(0x1303), kinds13[6].tune)
	seen, _ := r.events(t, observe.Options{KeyLog: &r.keyLog})
	var kinds []message.Kind
	for _, e := range seen {
		if m, ok := e.(*event.Message); ok {
			kinds = append(kinds, m.Kind)
		}
	}
	if slices.Contains(kinds, message.KindCertificate) || !slices.Contains(kinds, message.KindCompressedCertificate) {
		t.Errorf("%v", kinds)
	}
}

// TestForeignKeys: secrets that are not what a key log says they are open nothing, and
// are not in the Report.
func TestForeignKeys(t *testing.T) {
	r, other := record13(t, suite.ByID(0x1301), kinds13[0].tune), record13(t, suite.ByID(0x1301), kinds13[0].tune)
	rep := r.show(t, 1<<20, observe.Options{KeyLog: bytes.NewReader(other.keyLog.Bytes())})
	if rep.ReadData || rep.ReadHandshake || rep.Closed != observe.NoKeys || rep.Err != nil {
		t.Errorf("another connection's: %+v", rep)
	}
	random := func(r *recording) string { return strings.Fields(r.keyLog.String())[1] }
	forged := strings.ReplaceAll(other.keyLog.String(), random(other), random(r))
	rep = r.show(t, 1<<20, observe.Options{KeyLog: strings.NewReader(forged)})
	if rep.ReadData || rep.ReadHandshake || rep.Closed != observe.DidNotOpen || reason.Of(rep.Err) != reason.BadRecordMAC || rep.Traffic.ServerHandshake != nil {
		t.Errorf("another connection's under this one's name: %+v", rep)
	}
}

// TestTampered13: of a recording with any one byte changed nothing opens that was not
// said, and a direction that was not touched is read on.
func TestTampered13(t *testing.T) {
	r := record13(t, suite.ByID(0x1301), kinds13[1].tune)
	log := r.keyLog.Bytes()
	for i := range r.segments {
		s := &r.segments[i]
		for off := 0; off < len(s.bytes); off += 1 + len(s.bytes)/24 {
			for _, bit := range []byte{1, 0x80} {
				s.bytes[off] ^= bit
				rep := r.show(t, 1<<20, observe.Options{KeyLog: bytes.NewReader(log)})
				s.bytes[off] ^= bit
				if !strings.HasPrefix(request, string(rep.FromClient)) || !strings.HasPrefix(reply, string(rep.FromServer)) {
					t.Errorf("segment %d, byte %d: %+v", i, off, rep)
				}
			}
		}
	}
	r.mustRead(t, r.show(t, 1<<20, observe.Options{KeyLog: bytes.NewReader(log)}))
}

// TestRefusedServerHello: a client that can make nothing of ServerHello has no keys, and
// says so in clear. That is read with keys and without.
func TestRefusedServerHello(t *testing.T) {
	r := record13(t, suite.ByID(0x1301), kinds13[0].tune)
	r.segments = append(r.segments[:2], segment{false, []byte{21, 3, 3, 0, 2, 2, byte(iana.IllegalParameter)}})
	for _, log := range []string{"", r.keyLog.String()} {
		seen, rep := r.events(t, observe.Options{KeyLog: strings.NewReader(log)})
		last, ok := seen[len(seen)-1].(*event.Alert)
		if !ok || last.Description != iana.IllegalParameter || last.Dir != event.Send || rep.Err != nil {
			t.Errorf("%+v, %+v", seen[len(seen)-1], rep)
		}
	}
}

// TestKeyChangeMidMessage: a message that begins under one key cannot end under another.
func TestKeyChangeMidMessage(t *testing.T) {
	r := record13(t, suite.ByID(0x1301), kinds13[0].tune)
	hello := r.segments[1].bytes
	n := 5 + int(hello[3])<<8 + int(hello[4])
	more := slices.Concat(hello[:n], []byte{byte(iana.EncryptedExtensions), 0, 0, 6})
	more[3], more[4] = byte((n-1)>>8), byte(n-1)
	r.segments[1].bytes = append(more, hello[n:]...)
	if rep := r.show(t, 1<<20, observe.Options{}); reason.Of(rep.Err) != reason.KeyChangeMidMessage {
		t.Errorf("%+v", rep)
	}
}

// lines are those of the key log that begin with one of the labels.
func (r *recording) lines(labels ...string) *strings.Reader {
	var out strings.Builder
	for line := range strings.Lines(r.keyLog.String()) {
		if slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(line, l) }) {
			out.WriteString(line)
		}
	}
	return strings.NewReader(out.String())
}
