package explain_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/quic"
)

// quicCaptures are those of make_quic.sh.
func quicCaptures(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/quic_*.pcapng")
	if err != nil || len(names) < 8 {
		t.Fatal(len(names), err)
	}
	return names
}

// events are what is told of the first connection in a file.
func events(t testing.TB, name string) (all []event.Event) {
	t.Helper()
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Show: 1, ShowSecrets: true,
		Listener: event.ListenerFunc(func(e event.Event) { all = append(all, e) })})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What tshark opens of Initial packets we open, byte for byte, and nothing else; and it finds the
// same names and protocols in the hellos.
func TestQUICAsTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("tshark is not installed")
	}
	opened := 0
	for _, name := range quicCaptures(t) {
		var ours []string
		var said []string
		for _, e := range events(t, name) {
			switch e := e.(type) {
			case *explain.QUICInitial:
				ours = append(ours, hex.EncodeToString(e.Opened.Payload))
			case *event.Message:
				if e.Dir == event.Send {
					said = append(said, toldOf(e))
				}
			}
		}
		// tshark 4.0 loses the keys where a client goes on to a connection ID that it was given under
		// keys, and says so; what opens there has been authenticated.
		theirs, lost := decrypted(t, name), failures(t, name)
		if len(ours) != len(theirs)+lost {
			t.Errorf("%s: we opened %d packets, and tshark %d; %d it could not", name, len(ours), len(theirs), lost)
			continue
		}
		at := 0
		for i, want := range theirs {
			for at < len(ours) && ours[at] != want {
				at++
			}
			if at++; at > len(ours) {
				t.Errorf("%s: packet %d is for tshark\n%s, and for us one of\n%s", name, i, want, strings.Join(ours, "\n"))
				break
			}
		}
		opened += len(theirs)
		if want := hellos(t, name); strings.Join(said, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: we read\n%s\nand tshark\n%s", name, strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
	}
	if opened < 25 {
		t.Errorf("%d packets were opened: nothing was tested", opened)
	}
}

// toldOf is what tshark's fields say of one.
func toldOf(e *event.Message) string {
	var random []byte
	name, alpn := "", ""
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		random = m.Random[:]
		if x, ok := message.Get[*message.ServerName](&m.Extensions); ok {
			name = x.Name
		}
		if x, ok := message.Get[*message.ALPN](&m.Extensions); ok {
			alpn = strings.Join(x.Protocols, ",")
		}
	case *message.ServerHello:
		random = m.Random[:]
	}
	return hex.EncodeToString(random) + "|" + name + "|" + alpn
}

// hellos are tshark's.
func hellos(t *testing.T, name string) (all []string) {
	t.Helper()
	out, err := exec.Command("tshark", "-r", name, "-T", "fields", "-E", "separator=|", "-e", "tls.handshake.random", "-e", "tls.handshake.extensions_server_name", "-e", "tls.handshake.extensions_alpn_str").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSuffix(line, "\n"); line != "||" {
			all = append(all, line)
		}
	}
	return all
}

// decrypted are the payloads that tshark opens.
func decrypted(t *testing.T, name string) (all []string) {
	t.Helper()
	out, err := exec.Command("tshark", "-r", name, "-x").Output()
	if err != nil {
		t.Fatal(err)
	}
	in := false
	for line := range strings.Lines(string(out)) {
		switch f := strings.Fields(line); {
		case strings.HasPrefix(line, "Decrypted QUIC"):
			in = true
			all = append(all, "")
		case len(f) == 0 || strings.HasSuffix(strings.TrimSpace(line), "bytes):"):
			in = false
		case in: // an offset, sixteen bytes, what they are as text
			all[len(all)-1] += strings.ReplaceAll(line[6:min(len(line), 6+47)], " ", "")
		}
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// failures counts the packets for which tshark believes that it has keys, and that do not open.
func failures(t *testing.T, name string) int {
	t.Helper()
	out, err := exec.Command("tshark", "-r", name, "-T", "fields", "-e", "_ws.expert.message").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(out), "(checktag) failed")
}

// Every byte of a hello over QUIC has a name, its transport parameters too, and every label, scene and
// field has words.
func TestQUICIsTold(t *testing.T) {
	labels, scenes := map[event.SecretLabel]bool{}, map[event.SceneKey]bool{}
	for _, name := range quicCaptures(t) {
		seq := uint64(0)
		for _, e := range events(t, name) {
			if seq++; e.Head().Seq != seq || e.Head().Conn != 1 {
				t.Fatalf("%s: event %d is numbered %d, on connection %d", name, seq, e.Head().Seq, e.Head().Conn)
			}
			switch e := e.(type) {
			case *event.Secret:
				labels[e.Label] = true
				if cmd, why := narrate.Recompute(e); cmd == "" {
					t.Errorf("%s: no command for %s: %s", name, e.Label, why)
				}
			case event.Scene:
				scenes[event.SceneKey(narrate.EntryOf(e))] = true
			case *event.Message:
				end, parameters := 0, false
				for _, f := range e.Fields {
					if f.Leaf() {
						if f.Off != end {
							t.Errorf("%s: %s at %d, and the last field ended at %d", name, f.Name, f.Off, end)
						}
						end = f.Off + f.Len
					}
					parameters = parameters || strings.HasSuffix(f.Name, "quic_transport_parameters.initial_source_connection_id.parameter_id") || e.Kind != message.KindClientHello
				}
				if end != len(e.Raw) || !parameters || !e.QUIC {
					t.Errorf("%s: of a %v of %d bytes %d have names; transport parameters %t", name, e.Kind, len(e.Raw), end, parameters)
				}
			}
		}
	}
	for _, l := range explain.SecretLabels() {
		if !labels[l] {
			t.Errorf("no capture has %s", l)
		}
	}
	for _, k := range explain.SceneKeys() {
		if !scenes[k] && k != explain.SceneQUICKeys.Variant("version") && k != explain.SceneQUICClosed.Variant("midway") && !strings.HasPrefix(string(k), "record") { // no client at hand offers two
			t.Errorf("no capture has %s", k)
		}
	}
}

// The commands shown compute the secrets again.
func TestQUICRecompute(t *testing.T) {
	for _, tool := range []string{"sh", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	n := 0
	for _, name := range []string{"testdata/quic_v1.pcapng", "testdata/quic_v2.pcapng"} {
		for _, e := range events(t, name) {
			s, ok := e.(*event.Secret)
			if !ok {
				continue
			}
			n++
			cmd, _ := narrate.Recompute(s)
			out, err := exec.Command("sh", "-c", cmd).Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != hex.EncodeToString(s.Value) {
				t.Errorf("%s, %s: %v, %q; it is %x\n%s", name, s.Label, err, got, s.Value, cmd)
			}
		}
	}
	if n != 18 {
		t.Errorf("%d secrets", n)
	}
}

// What an end says in an Initial packet is known to whoever listens: also that it refused.
func TestQUICRefused(t *testing.T) {
	file, err := os.ReadFile("testdata/quic_no_alpn.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	all, totals, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 1 || totals.QUIC != 1 || totals.Connections != 1 {
		t.Fatal(len(all), totals, err)
	}
	c := all[0]
	if o := c.Outcome; o.What != explain.Refused || o.By != "server" || o.Alert != iana.NoApplicationProtocol || c.Read.Sealed != 0 || len(c.Read.Needs) != 0 {
		t.Errorf("%+v, %+v", c.Outcome, c.Read)
	}
	told := false
	for _, e := range events(t, "testdata/quic_no_alpn.pcapng") {
		a, ok := e.(*event.Alert)
		told = told || ok && a.Description == iana.NoApplicationProtocol && a.Party == "server"
	}
	if !told {
		t.Error("the alert is not told")
	}
}

// A file that lacks the first packet opens nothing, and says why.
func TestQUICMidway(t *testing.T) {
	file, err := os.ReadFile("testdata/quic_v1.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	first := 0
	for i, b := range blocks(file) {
		if block := b; first < 2 && len(block) > 1000 {
			first++
			file = bytes.Replace(file, block, nil, 1)
			_ = i
		}
	}
	all, _, err := read(t, file, explain.Options{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	c := all[0]
	if !c.Midway || c.QUIC.DCID != nil || c.QUIC.Opened != [2]int{} || c.Server.Port() != 19443 || c.Outcome.What != explain.Done && c.Outcome.What != explain.Unseen {
		t.Errorf("%s", account(c))
	}
	scenes := map[string]bool{}
	_, err = explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Show: 1, Listener: event.ListenerFunc(func(e event.Event) {
		if s, ok := e.(event.Scene); ok {
			scenes[narrate.EntryOf(s)] = true
		}
	})})
	if err != nil || !scenes["quic_closed+midway"] || scenes["quic_keys"] {
		t.Errorf("%v, told are %v", err, scenes)
	}
	if len(c.Read.Needs) != 2 || c.Read.Needs[0] != explain.NeedWhole || c.Read.Needs[1] != explain.NeedEnd {
		t.Errorf("it would need %v", c.Read.Needs)
	}
}

// One port can begin again, and other UDP is none of our business.
func TestQUICAgain(t *testing.T) {
	a, err := os.ReadFile("testdata/quic_v1.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/quic_v2.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := os.ReadFile("testdata/tls13.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	all, totals, err := read(t, bytes.Join([][]byte{a, tcp, b}, nil), explain.Options{})
	if err != nil || totals.Connections != 3 || totals.QUIC != 2 || totals.TLS != 3 {
		t.Fatalf("%+v %v", totals, err)
	}
	seen := map[int]quic.Version{}
	for _, c := range all {
		seen[c.Number] = 0
		if c.QUIC != nil {
			seen[c.Number] = c.QUIC.Version
		}
	}
	if seen[1] != quic.V1 || seen[2] != 0 || seen[3] != quic.V2 {
		t.Errorf("numbered %v", seen)
	}
}

// blocks are those of a pcapng file.
func blocks(file []byte) (all [][]byte) {
	for b := file; len(b) >= 12; {
		n := int(b[4]) | int(b[5])<<8 | int(b[6])<<16
		all, b = append(all, b[:n]), b[n:]
	}
	return all
}
