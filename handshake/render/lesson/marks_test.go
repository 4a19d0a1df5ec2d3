package lesson

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/suite"
)

// The section that an entry has is printed with what it explains, at every width that a
// reader may have.
func TestSectionsArePrinted(t *testing.T) {
	const columns = 2000 // no text is broken
	cited := map[narrate.Kind]int{}
	for name := range rendertest.Lessons() {
		for _, l := range narrate.Langs() {
			myths := new(narrate.Context)
			whole, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Width: columns})
			for _, e := range rendertest.Play(t, name).Events() {
				var want []narrate.Kind
				var keys []string
				need := func(k narrate.Kind, key string) { want, keys = append(want, k), append(keys, key) }
				switch e := e.(type) {
				case *event.Secret:
					if e.Function != event.FunctionPart { // a line each, below their key block
						need(narrate.Secret, narrate.SecretKey(e))
					}
				case *event.Check:
					need(narrate.Check, string(e.What))
				case *event.Decision:
					need(narrate.Decision, narrate.DecisionKey(e))
				case *event.Record:
					for _, s := range e.Steps {
						if !e.Protected || e.Type == iana.Alert {
							break // told of in a line
						}
						need(narrate.Step, narrate.StepKey(s.Name, e.Step(suite.StepContentType) != nil))
					}
				}
				for _, key := range narrate.Myths(e, myths) {
					need(narrate.Myth, key)
				}
				got := ""
				for i, k := range want {
					entry, _ := narrate.Get(l, k, keys[i])
					_, part, _ := strings.Cut(entry.Ref, "§")
					if entry.Ref == "" || k == narrate.Step && part == "" {
						continue
					}
					if got == "" {
						got, _ = write(t, []event.Event{e}, render.TerminalOptions{Lang: l})
					}
					in, cite := got, entry.Ref
					switch k {
					case narrate.Myth: // it goes by what came before
						text, _, _ := strings.Cut(entry.Text, "{")
						at := strings.Index(whole, text)
						if at < 0 {
							continue // in a line a move
						}
						in = whole[max(0, at-columns):min(len(whole), at+len(entry.Text)+columns)]
					case narrate.Step:
						cite = "§" + part
					}
					if cited[k]++; !strings.Contains(in, cite) {
						t.Errorf("%s, %s: %s %q: no %q in\n%s", name, l, k, keys[i], cite, in)
					}
				}
			}
		}
	}
	early := &event.Decision{What: event.DecisionEarlyData, Why: event.WhyNotFresh} // which takes a replay
	if got, _ := write(t, []event.Event{early}, render.TerminalOptions{}); !strings.Contains(got, "RFC 9846 §8.3") {
		t.Errorf("no section in %s", got)
	}
	for _, k := range []narrate.Kind{narrate.Secret, narrate.Check, narrate.Step, narrate.Myth} {
		if cited[k] == 0 {
			t.Errorf("no %s cites anything", k)
		}
	}
}

// What has the mark of a secret travels in no message; what has none does, as it is or
// protected, or can be computed by whoever likes: the first stage of the key schedule
// without a pre-shared key (RFC 9846 §7.1), and what a transcript is hashed to.
func TestMarkOfSecrets(t *testing.T) {
	const shortest = 8 // bytes of a value that does not turn up by chance
	values := 0
	for name := range rendertest.Lessons() {
		if strings.HasPrefix(name, "mitm") || name == "id" || name == "ticket" || name == "psk" || name == "0rtt" {
			continue // of several connections; each goes as one of the others does
		}
		tr := rendertest.Play(t, name)
		for _, f := range tr.Flows {
			var sent [][]byte
			for _, e := range f.Events {
				if m, ok := e.(*event.Message); ok {
					sent = append(sent, m.Raw)
				}
			}
			got, _ := write(t, f.Events, render.TerminalOptions{Level: render.Bytes, Width: 20000})
			lines := computed.FindAllStringSubmatch(got, -1)
			values += len(lines)
			psk := name == "psk_ke"
			for _, m := range lines {
				value, err := hex.DecodeString(m[2])
				if err != nil || len(value) < shortest {
					continue
				}
				travels := slices.ContainsFunc(sent, func(raw []byte) bool { return bytes.Contains(raw, value) })
				marked := m[3] != ""
				if travels && marked {
					t.Errorf("%s: %s has the mark and is sent: %s", name, m[1], m[0])
				}
				if !travels && !marked && !derivable(f.Events, value, psk) {
					t.Errorf("%s: %s has no mark and is not sent: %s", name, m[1], m[0])
				}
			}
		}
	}
	if values < 1000 {
		t.Errorf("only %d values", values)
	}
}

// computed is the line of a value: an input by its name, a result behind an equals sign.
var computed = regexp.MustCompile(`(?m)^ {7}(\S.*?) +([0-9a-f]{8,})( \[secret\])?$`)

// derivable reports whether a value that is not sent follows from what is.
func derivable(events []event.Event, value []byte, psk bool) bool {
	for _, e := range events {
		switch e := e.(type) {
		case *event.Secret:
			if !psk && (e.Label == event.LabelEarlySecret || e.Label == event.LabelEarlyDerived) && bytes.Equal(e.Value, value) {
				return true
			}
			for _, v := range e.Inputs {
				switch v.Name {
				case "transcript_hash", "session_hash", "handshake_hash", "hkdf_label", "signed", "public_key", "n", "p", "g":
					if bytes.Equal(v.Bytes, value) {
						return true
					}
				case "salt", "ikm":
					if !v.Private && bytes.Equal(v.Bytes, value) {
						return true
					}
				}
			}
		case *event.Record: // what it is made of: what travels, or is counted
			for _, s := range e.Steps {
				if s.Name != suite.StepFixedIV && s.Name != suite.StepWriteIV && s.Name != suite.StepNonce && bytes.Equal(s.Bytes, value) {
					return true
				}
			}
		case *event.Check:
			for _, v := range e.Inputs {
				if !v.Private && bytes.Equal(v.Bytes, value) {
					return true
				}
			}
		}
	}
	return false
}

// Values that stand one behind the other are joined by ‖; a plus beside a point is a sum.
func TestConcatenationIsNoSum(t *testing.T) {
	joins := 0
	for name := range rendertest.Lessons() {
		for _, l := range narrate.Langs() {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Width: 200})
			joins += strings.Count(got, "‖")
			for _, line := range strings.Split(got, "\n") {
				if strings.HasPrefix(line, "       = ") && strings.Contains(line, " + ") {
					t.Errorf("%s, %s: %s", name, l, line)
				}
			}
		}
	}
	if joins == 0 {
		t.Error("nothing is joined")
	}
}

// The four classes of operations and the parties other than client and server are told of
// where they first come up, once.
func TestClassesAndPartiesAreIntroduced(t *testing.T) {
	met := map[string]bool{}
	for name := range rendertest.Lessons() {
		for _, l := range narrate.Langs() {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Width: 400})
			for _, k := range []narrate.Kind{narrate.Op, narrate.Party} {
				for _, key := range narrate.Keys(k) {
					entry, _ := narrate.Get(l, k, key)
					if entry.Text == "" {
						continue
					}
					title := entry.Title
					if key == "thief" {
						title = sheet.Speak(l).UI("thief")
					}
					use, about := regexp.MustCompile(`(?m)(  |: |：)`+regexp.QuoteMeta(title)+`(  |:|：|$)`), title+sheet.Speak(l).Colon()+entry.Text
					if k == narrate.Op {
						use, about = regexp.MustCompile(`(?m)  .*`+regexp.QuoteMeta("["+title+"]")+`$`), "["+title+"] "+entry.Text
					}
					if !strings.Contains(got, title) {
						continue // to look with an expression for what is not there takes longest
					}
					first, told := use.FindStringIndex(got), strings.Index(got, about)
					if first == nil && told < 0 {
						continue
					}
					met[key] = true
					switch n := strings.Count(got, about); {
					case n != 1:
						t.Errorf("%s, %s: %s %q is introduced %d times", name, l, k, key, n)
					case first != nil && strings.Count(got[min(first[0], told):told], "\n") > 12:
						t.Errorf("%s, %s: %s %q is introduced late", name, l, k, key)
					}
				}
			}
		}
	}
	for _, key := range []string{"asymmetric", "symmetric", "hash", "ca", "listener", "thief", "mitm"} {
		if !met[key] {
			t.Errorf("%s is never introduced", key)
		}
	}
}

// A protected record says under which keys it is, by their name in RFC 9846 §7.1: a client's
// second keys are those of the handshake where it has sent early data, and else its data's.
func TestRecordsNameTheirKeys(t *testing.T) {
	for name, want := range map[string][]string{
		"0rtt":   {"application_data, 77 bytes, early keys, seq 0", "26 bytes, early keys, seq 1", "58 bytes, handshake keys, seq 0", "99 bytes, application keys, seq 0"},
		"tls13":  {"58 bytes, handshake keys, seq 0", "application_data, 77 bytes, application keys, seq 0"},
		"update": {"application keys 1, seq 0"}, "rsa": {"45 bytes, write keys, seq 0"}} {
		got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{})
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: no %q", name, w)
			}
		}
	}
	for name := range rendertest.Lessons() {
		for _, l := range narrate.Langs() {
			for _, level := range []render.Level{render.Default, render.Bytes} {
				got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Level: level})
				if m := countedKeys.FindString(got); m != "" {
					t.Errorf("%s, %s: keys are counted: %s", name, l, m)
				}
			}
		}
	}
}

var countedKeys = regexp.MustCompile(`epoch [0-9]|第 [0-9]+ 套|纪元`)

// Yes and no are said in words, and what a row is called can be read: nothing looks as if a
// program had dumped it.
func TestNothingIsDumped(t *testing.T) {
	dumped := regexp.MustCompile(`(?m) (true|false)$|[=＝：] ?(true|false)\b`)
	for name := range rendertest.Lessons() {
		for _, l := range narrate.Langs() {
			for _, level := range []render.Level{render.Default, render.Bytes, render.Flights} {
				got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Level: level, Width: 4000})
				for line := range strings.Lines(got) { // few have such a word: to look at all with an expression takes seconds
					if strings.Contains(line, "true") || strings.Contains(line, "false") {
						if m := dumped.FindString(line); m != "" {
							t.Errorf("%s, %s: %q", name, l, m)
						}
					}
				}
			}
		}
	}
	for _, l := range narrate.Langs() {
		for _, key := range narrate.Keys(narrate.UI) {
			kind, rest, _ := strings.Cut(key, ".")
			e, _ := narrate.Get(l, narrate.UI, key)
			variable := kind == "label" && strings.HasPrefix(rest, "state_") // RFC 5280 §6.1.2 calls them so
			if (kind == "label" || kind == "word" || kind == "compared") && !variable && strings.Contains(e.Title, "_") {
				t.Errorf("%s: %s is called %q", l, key, e.Title)
			}
		}
	}
}
