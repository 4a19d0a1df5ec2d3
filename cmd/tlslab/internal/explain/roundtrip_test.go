package explain_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// said is what the ends of one connection said, each in its order.
type said struct {
	messages, alerts [2][]string
	data             [2][]byte
	secrets          map[string]bool // label and value
	dir              event.Direction
}

func newSaid() *said { return &said{secrets: map[string]bool{}, dir: event.Send} }

// hear takes what an end sent, if dir is that; by: 0 the client, 1 the server.
func (s *said) hear(by int, e event.Event) {
	switch e := e.(type) {
	case *event.Message:
		if e.Dir == s.dir && e.Kind != message.KindChangeCipherSpec {
			s.messages[by] = append(s.messages[by], fmt.Sprintf("%s %x", e.Kind, e.Raw))
		}
	case *event.Alert:
		if e.Dir == s.dir {
			s.alerts[by] = append(s.alerts[by], e.Description.String())
		}
	case *event.Data:
		if e.Dir == s.dir {
			s.data[by] = append(s.data[by], e.Data...)
		}
	}
}

func (s *said) keep(e *event.Secret) { s.secrets[fmt.Sprintf("%s %x", e.Label, e.Value)] = true }

// readBack is what explain makes of connection n of a file.
func readBack(t *testing.T, file []byte, n int) (*said, *explain.Connection) {
	t.Helper()
	s := newSaid()
	var c *explain.Connection
	var lines []byte
	lines, err := explain.Secrets(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	keys := explain.Keys{Logged: new(observe.KeyLog)}
	if err := keys.Logged.Read(bytes.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	_, err = explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Keys: keys, Show: n, ShowSecrets: true, Each: func(x *explain.Connection) {
		if x.Number == n {
			c = x
		}
	}, Listener: event.ListenerFunc(func(e event.Event) {
		if x, ok := e.(*event.Secret); ok {
			s.keep(x)
			return
		}
		by := 0
		if e.Head().Party == event.Server.String() {
			by = 1
		}
		s.hear(by, e)
	})})
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		t.Fatalf("there is no connection %d", n)
	}
	return s, c
}

// same compares what was read back with what the ends themselves told of.
func same(t *testing.T, what string, told, got *said) {
	t.Helper()
	for by, who := range []string{"client", "server"} {
		for i := range max(len(told.messages[by]), len(got.messages[by])) {
			if a, b := at(told.messages[by], i), at(got.messages[by], i); a != b {
				t.Errorf("%s: message %d of the %s is\n%.200s\nand was\n%.200s", what, i, who, b, a)
				break
			}
		}
		if !bytes.Equal(told.data[by], got.data[by]) {
			t.Errorf("%s: %d bytes of data of the %s's, and there were %d", what, len(got.data[by]), who, len(told.data[by]))
		}
		if a, b := fmt.Sprint(told.alerts[by]), fmt.Sprint(got.alerts[by]); a != b {
			t.Errorf("%s: the %s's alerts are %s, and were %s", what, who, b, a)
		}
	}
	for s := range got.secrets {
		if !told.secrets[s] {
			t.Errorf("%s: nobody had this secret: %s", what, s)
		}
	}
}

func at(l []string, i int) string {
	if i < len(l) {
		return l[i]
	}
	return "none"
}

// What tlslab run writes with --pcap reads back whole: each message, the data, the alerts, the version, how it
// ended, and by secrets that the ends had.
func TestLessonsReadBack(t *testing.T) {
	psk := &handshake.PSK{Identity: []byte("Client_identity"), Key: bytes.Repeat([]byte{7}, 32)}
	cbc := []*suite.Suite{suite.ByID(0xc013)}
	lessons := map[string]scenario.Options{
		"as it is":         {},
		"plain":            {Plain: true},
		"dhe":              {Kx: []iana.Kx{iana.KxDHE}},
		"cbc":              {Kx: []iana.Kx{iana.KxECDHE}, Suites: cbc},
		"encrypt then mac": {Kx: []iana.Kx{iana.KxECDHE}, Suites: cbc, EncryptThenMAC: true},
		"no ems":           {Kx: []iana.Kx{iana.KxRSA}, NoEMS: true},
		"deflate":          {Version: iana.TLS12, Compress: true},
		"mutual":           {ClientAuth: true},
		"mutual refused":   {ClientAuth: true, NoClientCert: true},
		"id":               {Resume: scenario.ResumeByID},
		"ticket":           {Resume: scenario.ResumeByTicket},
		"psk resumed":      {Resume: scenario.ResumePSK},
		"0rtt":             {Resume: scenario.ResumeEarly},
		"0rtt retried":     {Resume: scenario.ResumeEarly, HelloRetry: true},
		"retry":            {Version: iana.TLS13, HelloRetry: true},
		"cookie":           {Version: iana.TLS13, Cookie: true},
		"key update":       {Version: iana.TLS13, KeyUpdate: true},
		"padding":          {Version: iana.TLS13, Padding: 100},
		"grease":           {Version: iana.TLS13, GREASE: true},
		"small records":    {Version: iana.TLS13, RecordSizeLimit: 100},
		"compressed":       {Version: iana.TLS13, CertificateCompression: []*certcompress.Method{certcompress.Zlib}},
		"psk":              {Version: iana.TLS13, PSK: psk},
		"psk alone":        {Version: iana.TLS13, PSK: psk, PSKOnly: true},
		"http2":            {Version: iana.TLS13, ALPN: []string{"h2"}},
		"box":              {MITM: true},
		"box believed":     {MITM: true, TrustMITM: true},
		"box believed 13":  {MITM: true, TrustMITM: true, Version: iana.TLS13},
		"untrusted":        {UntrustedRoot: true},
	}
	for _, k := range []lesson.Kind{lesson.Expired, lesson.WrongHost, lesson.SelfSigned, lesson.IncompleteChain, lesson.Revoked} {
		lessons[string(k)] = scenario.Options{Cert: k}
	}
	for name, o := range lessons {
		t.Run(name, func(t *testing.T) {
			o.Seed = name
			file := filepath.Join(t.TempDir(), "lesson.pcapng")
			p := flags.CaptureFile{Pcap: file}
			if err := p.Open(flags.MadeUp, narrate.En, t.Output()); err != nil {
				t.Fatal(err)
			}
			tr, err := p.Perform(context.Background(), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, f := range tr.Flows {
				seen := map[int]bool{}
				for _, w := range f.Wire {
					if seen[w.Conn] {
						continue
					}
					seen[w.Conn] = true
					n++
					flowReadsBack(t, tr, f, w.Conn, b, n)
				}
			}
		})
	}
}

// flowReadsBack compares one connection of a flow, the nth of the file.
func flowReadsBack(t *testing.T, tr *scenario.Transcript, f *scenario.Flow, conn int, file []byte, n int) {
	t.Helper()
	what := fmt.Sprintf("%s, connection %d", f.Name, conn)
	got, c := readBack(t, file, n)
	if f.Name == "plain" {
		if c.TLS {
			t.Errorf("%s is taken for TLS", what)
		}
		return
	}
	// An attacker who replays what it recorded says nothing of its own: what the server heard is compared.
	told, heard, end, attacked := newSaid(), newSaid(), map[string]int{}, false
	heard.dir = event.Receive
	for _, w := range f.Wire {
		if w.Conn == conn && !w.ToServer {
			end[w.From] = 1
		}
		attacked = attacked || w.Conn == conn && w.From == "attacker"
	}
	version := iana.Version(0)
	for _, e := range f.Events {
		h := e.Head()
		if h.Conn != conn {
			continue
		}
		heard.hear(1-end[h.Party], e)
		switch e := e.(type) {
		case *event.Message:
			if hello, ok := e.Msg.(*message.ServerHello); ok {
				version = hello.Version
				if x, ok := message.Get[*message.SelectedVersion](&hello.Extensions); ok {
					version = x.Version
				}
			}
			told.hear(end[h.Party], e)
		default:
			told.hear(end[h.Party], e)
		}
	}
	for _, e := range tr.Events() { // a secret may be an earlier connection's
		if x, ok := e.(*event.Secret); ok {
			told.keep(x)
		}
	}
	if attacked && len(told.messages[0]) == 0 {
		told.messages[0], told.data[0] = heard.messages[0], heard.data[0]
		if len(told.data[0]) == 0 && len(got.data[0]) > 0 { // replayed 0-RTT data that the server passed over
			if !bytes.Contains(replayed(tr), got.data[0]) {
				t.Errorf("%s: %q is nothing that the client has said", what, got.data[0])
			}
			got.data[0] = nil
		}
	}
	same(t, what, told, got)
	if c.Version != version {
		t.Errorf("%s: %s, and it was %s", what, c.Version, version)
	}
	refused := -1
	for by := range told.alerts {
		for _, a := range told.alerts[by] {
			if a != iana.CloseNotify.String() {
				refused = by
			}
		}
	}
	switch o := c.Outcome; {
	case refused >= 0 && (o.What != explain.Refused || o.By != []string{"client", "server"}[refused] || o.Alert.String() != told.alerts[refused][0]):
		t.Errorf("%s: %+v, and the alerts were %v", what, o, told.alerts)
	case refused < 0 && f.Outcome.Done && o.What != explain.Done:
		t.Errorf("%s: %+v, and it was done", what, o)
	}
	if f.Outcome.Done && (len(got.secrets) == 0 || len(got.data[0]) == 0 || len(got.data[1]) == 0 || c.Read.Sealed > 0) {
		t.Errorf("%s: %d secrets, %d and %d bytes of data, %d closed: nothing was compared", what, len(got.secrets), len(got.data[0]), len(got.data[1]), c.Read.Sealed)
	}
}

// replayed is all the data that the client sent.
func replayed(tr *scenario.Transcript) (all []byte) {
	for _, e := range tr.Events() {
		if d, ok := e.(*event.Data); ok && d.Dir == event.Send && d.Party == event.Client.String() {
			all = append(all, d.Data...)
		}
	}
	return all
}
