package observe_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
)

// rfc8448Step is one thing that one party does in a trace of RFC 8448.
type rfc8448Step struct {
	party, title string
	values       map[string][]byte
}

// rfc8448 reads a trace: "party: what it does", and below it "name = hex", which may go
// on in further lines.
func rfc8448(t *testing.T, name string) []*rfc8448Step {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "rfc8448", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var steps []*rfc8448Step
	var value string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] != ' ':
			party, title, _ := strings.Cut(line, ": ")
			steps = append(steps, &rfc8448Step{party, title, map[string][]byte{}})
			continue
		}
		digits := strings.TrimSpace(line)
		if left, right, ok := strings.Cut(digits, " ="); ok {
			value, digits = left, strings.TrimSpace(right)
		}
		more, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		last := steps[len(steps)-1]
		last.values[value] = append(last.values[value], more...)
	}
	return steps
}

// TestRFC8448: given the traffic secrets of a trace, the observer reads the payload of
// every record of it, and derives its keys. In the resumed one the 0-RTT data has a
// secret of its own; without that it stays closed, in its epoch.
func TestRFC8448(t *testing.T) {
	labels := map[string]string{`"tls13 c hs traffic"`: "CLIENT_HANDSHAKE_TRAFFIC_SECRET", `"tls13 s hs traffic"`: "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		`"tls13 c ap traffic"`: "CLIENT_TRAFFIC_SECRET_0", `"tls13 s ap traffic"`: "SERVER_TRAFFIC_SECRET_0"}
	for _, trace := range []struct {
		name   string
		early  bool // its secret is known
		closed int
	}{{"simple", false, 0}, {"retry", false, 0}, {"client_auth", false, 0}, {"compatibility", false, 0}, {"resumed", false, 2}, {"resumed", true, 0}} {
		t.Run(fmt.Sprint(trace.name, trace.early), func(t *testing.T) {
			labels := maps.Clone(labels)
			if trace.early {
				labels[`"tls13 c e traffic"`] = "CLIENT_EARLY_TRAFFIC_SECRET"
			}
			steps := rfc8448(t, trace.name)
			var log strings.Builder
			var random []byte
			keys := map[string]bool{} // every write key and IV of the trace
			for _, s := range steps {
				if hello := s.values["ClientHello"]; random == nil && hello != nil {
					random = hello[6:38]
				}
				if secret := strings.TrimPrefix(s.title, "derive secret "); s.values["expanded"] != nil && labels[secret] != "" {
					fmt.Fprintf(&log, "%s %x %x\n", labels[secret], random, s.values["expanded"])
				}
				if strings.HasPrefix(s.title, "derive write traffic keys") && s.values["key expanded"] != nil && (trace.early || !strings.Contains(s.title, "early")) {
					keys[fmt.Sprintf("%x", s.values["key expanded"])], keys[fmt.Sprintf("%x", s.values["iv expanded"])] = true, true
				}
			}
			var seen []*event.Record
			ob, err := observe.New(observe.Options{KeyLog: strings.NewReader(log.String()), ShowSecrets: true, Listener: event.ListenerFunc(func(e event.Event) {
				switch e := e.(type) {
				case *event.Record:
					seen = append(seen, e)
				case *event.Secret:
					delete(keys, fmt.Sprintf("%x", e.Value))
				case *event.Check:
					if !e.OK {
						t.Errorf("%+v", e)
					}
				}
			})})
			if err != nil {
				t.Fatal(err)
			}
			none, err := observe.New(observe.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var late []*event.Record // what opens with the application's secrets alone
			part, err := observe.New(observe.Options{KeyLog: strings.NewReader(strings.NewReplacer("HANDSHAKE", "OTHER", "EARLY", "OTHER").Replace(log.String())),
				Listener: event.ListenerFunc(func(e event.Event) {
					if r, ok := e.(*event.Record); ok && r.Protected && r.Payload != nil {
						late = append(late, r)
					}
				})})
			if err != nil {
				t.Fatal(err)
			}
			closed, early, records := 0, uint64(0), 0
			for _, s := range steps {
				wire, payload := s.values["complete record"], s.values["payload"]
				if wire == nil {
					continue
				}
				if s.party == "client" {
					ob.ClientBytes(wire)
					none.ClientBytes(wire)
					part.ClientBytes(wire)
				} else {
					ob.ServerBytes(wire)
					none.ServerBytes(wire)
					part.ServerBytes(wire)
				}
				if wire[0] == byte(iana.ApplicationData) {
					records++
				}
				got := seen[len(seen)-1]
				if !bytes.Equal(got.Wire, wire) {
					t.Fatalf("%s %s: wire %x, want %x", s.party, s.title, got.Wire, wire)
				}
				if got.Payload == nil {
					if closed++; got.Epoch != 1 || got.Sequence != early || s.party != "client" {
						t.Errorf("%s %s: closed as %d/%d", s.party, s.title, got.Epoch, got.Sequence)
					}
					early++
				} else if !bytes.Equal(got.Payload, payload) {
					t.Errorf("%s %s: payload %x, want %x", s.party, s.title, got.Payload, payload)
				}
			}
			rep := ob.Report()
			if rep.Err != nil || rep.Version != iana.TLS13 || !rep.Traffic.Complete() || closed != trace.closed || rep.Sealed != closed || rep.Resumed != (trace.name == "resumed") {
				t.Errorf("%d closed: %+v", closed, rep)
			}
			if rep := none.Report(); rep.Err != nil || rep.Sealed != records || rep.Closed != observe.NoKeys || rep.ReadData || rep.ReadHandshake {
				t.Errorf("with nothing, of %d closed records: %+v", records, rep)
			}
			if len(late) < 2 || part.Report().Err != nil || part.Report().Closed != observe.SomeKeysMissing {
				t.Errorf("with the application's secrets %d records open: %+v", len(late), part.Report())
			}
			for _, l := range late {
				i := slices.IndexFunc(seen, func(r *event.Record) bool { return bytes.Equal(r.Wire, l.Wire) })
				if f := seen[i]; f.Epoch != l.Epoch || f.Sequence != l.Sequence || !bytes.Equal(f.Payload, l.Payload) {
					t.Errorf("with the application's secrets alone: %+v, with all: %+v", l, f)
				}
			}
			if len(keys) > 0 || len(seen) == 0 {
				t.Errorf("of %d records; keys not derived: %v", len(seen), keys)
			}
			if last := seen[len(seen)-2]; trace.name == "resumed" && (last.Dir != event.Send || last.Epoch != 3) { // early, handshake, application
				t.Errorf("the client's close_notify is %+v", last)
			}
		})
	}
}
