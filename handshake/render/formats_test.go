package render

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// document is what a program that reads the JSON declares.
type document struct {
	Tlslab int
	Seed   string
	Flows  []struct {
		Name    string
		Parties []string
		Events  []struct {
			Seq                   uint64
			Party, Dir, Kind      string
			Name, Ref, Bytes, Why string
			Fields                []struct {
				Path, Ref string
				Off, Len  int
				Value     any
			}
			Report *struct{ OK bool }
		}
		Outcome struct {
			Done, Intended bool
			Refused        string
			Error          *struct {
				Reason string
				Alert  struct{ Name string }
			}
		}
	}
}

func TestJSON(t *testing.T) {
	for name := range lessons() {
		tr := play(t, name)
		var b bytes.Buffer
		if err := WriteJSON(&b, tr); err != nil {
			t.Fatal(err)
		}
		var d document
		if err := json.Unmarshal(b.Bytes(), &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d.Tlslab != 1 || d.Seed != "1" || len(d.Flows) != len(tr.Flows) {
			t.Fatalf("%s: version %d, seed %q, %d flows", name, d.Tlslab, d.Seed, len(d.Flows))
		}
		for i, f := range d.Flows {
			want := tr.Flows[i]
			if f.Name != want.Name || len(f.Events) != len(want.Events) || f.Outcome.Done != want.Outcome.Done ||
				f.Outcome.Refused != want.Outcome.Refused || (f.Outcome.Error != nil) != (want.Outcome.Err != nil) {
				t.Errorf("%s: flow %d is not the transcript's", name, i)
				continue
			}
			for k, e := range f.Events {
				h := want.Events[k].Head()
				if e.Seq != h.Seq || e.Party != h.Party || e.Kind == "" || e.Name == "" {
					t.Errorf("%s: event %d: %+v", name, k, e)
				}
				m, ok := want.Events[k].(*event.Message)
				if !ok {
					continue
				}
				raw, err := hex.DecodeString(e.Bytes)
				if err != nil || !bytes.Equal(raw, m.Raw) || e.Kind != "message" || e.Name != m.Kind.String() || e.Dir != m.Dir.String() {
					t.Errorf("%s: message %d does not come back: %v", name, k, err)
				}
				var fields []wire.Field
				for j, x := range e.Fields {
					field := wire.Field{Name: x.Path, Off: x.Off, Len: x.Len, Depth: m.Fields[j].Depth, Value: x.Value}
					if x.Value == nil {
						field.Value = wire.Group{}
					}
					fields = append(fields, field)
				}
				if err := wire.Covered(fieldsWithValues(fields, m.Fields), len(raw)); err != nil {
					t.Errorf("%s: message %d: %v", name, k, err)
				}
			}
		}
	}
}

// fieldsWithValues makes decoded values comparable to wire.Group again: a list
// decoded from JSON is not, and no field has one.
func fieldsWithValues(got, want []wire.Field) []wire.Field {
	for i := range got {
		if m, ok := got[i].Value.(map[string]any); ok {
			got[i].Value = fmt.Sprint(m)
		}
		if !want[i].Leaf() {
			got[i].Value = wire.Group{}
		}
	}
	return got
}

// The parts that a grader builds on (json.go), to the letter.
func TestJSONShape(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, play(t, "refused")); err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"tlslab":1,"seed":"1","flows":[{"name":"ecdhe","parties":["client","server"],"events":[{"seq":1,`,
		`"kind":"message","name":"client_hello","ref":"RFC 5246 §7.4.1.2","bytes":"01`,
		`{"path":"client_hello.client_version","off":4,"len":2,"value":{"hex":"0x0303","name":"TLS 1.2","value":771}`,
		`"outcome":{"done":false,"intended":true,"refused":"client","error":{"reason":"certificate_untrusted"`,
		`"alert":{"hex":"0x30","name":"unknown_ca","value":48}`,
		`"name":"server_ephemeral",`, `"exchange":{"hex":"0x03","name":"ECDHE","value":3},"group":{"hex":"0x001d","name":"x25519","value":29}}`,
	} {
		if !strings.Contains(compact.String(), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
}

// So that a program can follow TLS 1.3's key schedule, and tell the versions' moves apart.
func TestJSONOfTLS13(t *testing.T) {
	var b, compact bytes.Buffer
	if err := errors.Join(WriteJSON(&b, play(t, "tls13")), json.Compact(&compact, b.Bytes())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"kind":"secret","name":"server_handshake_key",`, `"method":"HKDF-Expand-Label","hash":"SHA-256","tag":"key","inputs":[{"name":"secret","bytes":"`,
		`{"name":"context","bytes":""},{"name":"hkdf_label","bytes":"001009746c733133206b657900"}]`,
		`"private":true,"from":"server_handshake_traffic_secret"}`, `"name":"ikm","bytes":"`, `"private":true,"from":"shared_secret"}]`,
		`"name":"shared_secret",`, `"group":{"hex":"0x11ec","name":"X25519MLKEM768","value":4588}}`,
		`{"name":"content_type","bytes":"16"}`, `"move":"client/recv/server_hello/tls13"`,
		`{"dir":"recv","message":"server_hello","version":{"hex":"0x0304","name":"TLS 1.3","value":772},"to":"WAIT_EE"`,
	} {
		if !strings.Contains(compact.String(), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
}

// A live listener writes the same events.
func TestJSONListener(t *testing.T) {
	tr := play(t, "ecdhe")
	var b bytes.Buffer
	j := NewJSON(&b, "client", "client", "server")
	for _, e := range tr.Events() {
		j.Event(e)
	}
	j.Event(&stranger{})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Flows) != 1 || len(d.Flows[0].Events) != len(tr.Events()) {
		t.Errorf("%d flows, or events missing", len(d.Flows))
	}
}

func TestStateDiagram(t *testing.T) {
	for _, r := range []event.Role{event.Client, event.Server} {
		for name, v := range map[string]iana.Version{"tls12": iana.TLS12, "tls13": iana.TLS13, "": 0} {
			var b bytes.Buffer
			if err := StateDiagram(&b, handshake.Moves(r), v); err != nil {
				t.Fatal(err)
			}
			if name != "" {
				golden(t, "states."+r.String()+"."+name+".mmd", b.Bytes())
			}
			drawn := 0
			for _, m := range handshake.Moves(r) {
				row := fmt.Sprintf("%v --> %v: %v %s", m.In, m.To, m.Dir, title(m.Msg))
				if v != 0 && m.Version != 0 && m.Version != v {
					continue
				}
				drawn++
				if !strings.Contains(b.String(), row) {
					t.Errorf("%v, %s: %q is not drawn", r, name, row)
				}
			}
			if n := strings.Count(b.String(), "-->") - 2; n > drawn || n == 0 { // beginning and end
				t.Errorf("%v, %s: %d arrows for %d moves", r, name, n, drawn)
			}
		}
	}
}

func TestStepPrompt(t *testing.T) {
	e, err := handshake.NewClient(&handshake.Config{ServerName: "www.lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{"ClientHello -> WAIT_SH"},
		{"ServerHello (TLS 1.2) -> WAIT_CERT", "ServerHello (TLS 1.3) -> WAIT_EE", "ChangeCipherSpec (TLS 1.3) -> dropped"}} {
		var b bytes.Buffer
		if err := StepPrompt(&b, e.Role(), e.State(), e.Legal(), TerminalOptions{Width: 200}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		for i, l := range lines {
			if l != "" && slices.Contains(lines[:i], l) {
				t.Errorf("in state %v: twice: %s", e.State(), l)
			}
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("in state %v: no %q in %q", e.State(), w, b.String())
			}
		}
		if _, err := e.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// Each row of the tables that has a guard says in words when it is taken, in every language,
// and one that is tried behind it says that it is the other case.
func TestStepNamesTheCondition(t *testing.T) {
	for _, r := range []event.Role{event.Client, event.Server} {
		type at struct {
			state   event.State
			version iana.Version
		}
		rows := map[at][]event.Move{} // of each version, as they are when it is settled
		for _, m := range handshake.Moves(r) {
			for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
				if m.Version == 0 || m.Version == v {
					rows[at{m.In, v}] = append(rows[at{m.In, v}], m)
				}
			}
			if m.Guarded != (m.When != "") {
				t.Errorf("%v, %v to %v: guarded %v, when %q", r, m, m.To, m.Guarded, m.When)
			}
		}
		for state, legal := range rows {
			for _, l := range narrate.Langs() {
				var b bytes.Buffer
				term := newPen(&b, TerminalOptions{Lang: l, Width: 400})
				term.legal(legal)
				guarded := 0
				for _, m := range legal {
					free := slices.ContainsFunc(legal, func(x event.Move) bool { return !x.Guarded && x.String() == m.String() && x.To == m.To })
					if m.Guarded && !free {
						guarded++
						words, ok := narrate.Get(l, narrate.Guard, string(m.When))
						if !ok || !strings.Contains(b.String(), words.Title+"\n") {
							t.Errorf("%v, %v, %s: %v to %v does not say %q:\n%s", r, state, l, m, m.To, m.When, b.String())
						}
					}
				}
				last := legal[len(legal)-1]
				if guarded > 0 && !last.Guarded && last.Dir == event.Send && !strings.HasSuffix(strings.TrimSpace(b.String()), term.say.ui("unguarded")) {
					t.Errorf("%v, %v, %s: the last is the other case:\n%s", r, state, l, b.String())
				}
			}
		}
	}
}

// A worksheet holds no derived value, and its answers are the run's.
func TestWorksheet(t *testing.T) {
	for _, name := range []string{"rsa", "dhe", "ecdhe", "cbc", "bare", "id", "tls13", "update"} {
		tr := play(t, name)
		for _, level := range []Level{Default, Bytes} {
			got, term := write(t, tr.Events(), TerminalOptions{Level: level, Worksheet: true})
			answers := term.Answers()
			if len(answers) == 0 {
				t.Fatalf("%s: nothing to answer", name)
			}
			flat := strings.Join(strings.Fields(got), "")
			labels := map[string]bool{}
			for i, a := range answers {
				labels[a.Label] = true
				if a.N != i+1 || !strings.Contains(got, fmt.Sprintf("______ (%d)", a.N)) {
					t.Errorf("%s: blank %d is not on the sheet", name, a.N)
				}
				if shown := a.Value[:min(len(a.Value), 32)]; strings.Contains(flat, shown) {
					t.Errorf("%s, level %d: the sheet gives %s away", name, level, a.Label)
				}
			}
			want := []string{"premaster_secret", "master_secret", "client_verify_data"}
			if tr.Flows[0].Name == tls13 {
				want = []string{"shared_secret", "handshake_secret", "main_secret", "client_application_key", "client_verify_data"}
			}
			for _, label := range want {
				if !labels[label] {
					t.Errorf("%s: %s is not asked for", name, label)
				}
			}
			var b bytes.Buffer
			if err := term.WriteAnswers(&b); err != nil {
				t.Fatal(err)
			}
			var back []Answer
			if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back) != len(answers) {
				t.Errorf("%s: the answers do not come back: %v", name, err)
			}
		}
	}
}
