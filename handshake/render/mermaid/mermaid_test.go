package mermaid_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

func TestMermaid(t *testing.T) {
	var b bytes.Buffer
	if err := lesson.WriteMermaid(&b, rendertest.Play(t, "mitm"), narrate.En); err != nil {
		t.Fatal(err)
	}
	rendertest.Golden(t, "mitm.mmd", b.Bytes())
	b.Reset()
	if err := lesson.WriteMermaid(&b, rendertest.Play(t, "update"), narrate.En); err != nil {
		t.Fatal(err)
	}
	rendertest.Golden(t, "update.mmd", b.Bytes())
	for name := range rendertest.Lessons() {
		tr := rendertest.Play(t, name)
		b.Reset()
		if err := lesson.WriteMermaid(&b, tr, narrate.Zh); err != nil {
			t.Fatal(err)
		}
		sent := 0
		for _, m := range tr.Messages() {
			if m.Dir == event.Send {
				sent++
			}
		}
		for _, e := range tr.Events() {
			if d, ok := e.(*event.Data); ok && d.Dir == event.Send {
				sent++
			}
			if s, ok := e.(event.Scene); ok && s.Key() == "plain_http" {
				sent += 2 // request and reply
			}
		}
		arrows := strings.Count(b.String(), "->>") - strings.Count(b.String(), "-->>") - strings.Count(b.String(), "（录下的）\n")
		if arrows != sent {
			t.Errorf("%s: %d arrows for %d messages", name, arrows, sent)
		}
		for _, l := range strings.Split(b.String(), "\n") {
			if _, text, ok := strings.Cut(l, ": "); ok && strings.ContainsAny(strings.NewReplacer("#35;", "", "#59;", "", "#lt;", "", "#gt;", "", "#37;", "").Replace(text), "#;<>") {
				t.Errorf("%s: not escaped: %s", name, l)
			}
		}
	}
}

// What a peer says is text in a diagram, never syntax: Mermaid ends a statement at a
// semicolon and a newline, begins a comment with %% and an entity with #, and its text
// becomes HTML.
func TestMermaidSyntaxIsOurs(t *testing.T) {
	const hostile = "GET /;participant mallory#59;<img src=x onerror='1'>\"`%%{init}&amp;\\end"
	transcript, err := scenario.Run(t.Context(), scenario.Options{Kx: []iana.Kx{iana.KxECDHE}, Request: hostile, Reply: hostile + "\nclient->>server: forged"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := lesson.WriteMermaid(&out, transcript, narrate.En); err != nil {
		t.Fatal(err)
	}
	entity := regexp.MustCompile(`#(35|59|37|92|96|lt|gt|amp|quot);`)
	shown := 0
	for line := range strings.Lines(out.String()) {
		_, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			continue
		}
		if left := entity.ReplaceAllString(text, ""); strings.ContainsAny(left, ";#<>%\"`&\\") {
			t.Errorf("syntax in the text of %q", line)
		}
		if strings.Contains(text, "mallory") {
			shown++
		}
		if strings.Contains(line, "forged") {
			t.Errorf("a peer drew %q", line)
		}
	}
	if shown != 2 {
		t.Errorf("what the peers said is shown %d times, not twice", shown)
	}
}

// drawnLine is an arrow of a diagram.
var drawnLine = regexp.MustCompile(`^    (\w+)(-?->>|-x)(\w+): (.*)$`)

// diagrams are the lessons that are drawn, and some with two switches at once.
func diagrams(t *testing.T) map[string]*scenario.Transcript {
	out := map[string]*scenario.Transcript{}
	for name := range rendertest.Lessons() {
		out[name] = rendertest.Play(t, name)
	}
	for name, o := range map[string]scenario.Options{
		"0rtt_retry":  {Resume: scenario.ResumeEarly, HelloRetry: true},
		"0rtt_cookie": {Resume: scenario.ResumeEarly, Cookie: true},
		"psk_cookie":  {Resume: scenario.ResumePSK, Cookie: true},
		"0rtt_mutual": {Resume: scenario.ResumeEarly, ClientAuth: true, NoCompatibility: true},
		"mitm13_no":   {Version: iana.TLS13, MITM: true},
		"both":        {Suites: []*suite.Suite{suite.ByID(0xc02f), suite.ByID(0x1301)}},
	} {
		o.Seed = "1"
		tr, err := scenario.Run(context.Background(), o, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = tr
	}
	return out
}

func drawn(t *testing.T, tr *scenario.Transcript, lang narrate.Lang) string {
	t.Helper()
	var b bytes.Buffer
	if err := lesson.WriteMermaid(&b, tr, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMermaidNotation: what brackets hold is what the figures of RFC 9846 §2 have in them,
// in TLS 1.2 what comes behind ChangeCipherSpec; whatever keys came before. The legend says
// what occurs, and nothing else.
func TestMermaidNotation(t *testing.T) {
	tls13 := map[string]string{ // Figures 1, 2 and 4
		"ClientHello": "", "HelloRetryRequest": "", "ServerHello": "", "ChangeCipherSpec": "",
		"EncryptedExtensions": "{}", "CertificateRequest": "{}", "Certificate": "{}", "CompressedCertificate": "{}", "CertificateVerify": "{}", "Finished": "{}",
		"EndOfEarlyData": "()", "early data": "()", "NewSessionTicket": "[]", "KeyUpdate": "[]", "application data": "[]", "Alert close_notify": "[]",
	}
	unread := sheet.Speak(narrate.En).UI("replay_unread")
	label := regexp.MustCompile(`^([(\[{]?)(Alert \w+|early data|application data|[A-Z]\w+)(?: \(warning\))?(?: \+ [a-z_ +]+[a-z])?([)\]}]?)(?: .*)?$`)
	for name, tr := range diagrams(t) {
		text := drawn(t, tr, narrate.En)
		keyed := map[string]bool{} // TLS 1.2: by who sends to whom, behind ChangeCipherSpec
		var is13 bool
		var offers []bool // TLS 1.3, by ClientHello as it arrives
		for _, m := range tr.Messages() {
			if h, ok := m.Msg.(*message.ClientHello); ok && m.Dir == event.Receive {
				offers = append(offers, h.Extensions.Find(iana.ExtSupportedVersions) != nil)
			}
		}
		seen := map[string]bool{}
		for line := range strings.Lines(text) {
			a := drawnLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if a == nil || strings.Contains(a[4], "does not open") || strings.Contains(a[4], "("+unread+")") || strings.HasPrefix(a[4], "GET /") || strings.HasPrefix(a[4], "HTTP/1.1 ") {
				continue
			}
			from := a[1] + a[3]
			l := label.FindStringSubmatch(a[4])
			if l == nil {
				t.Errorf("%s: %q is no name in brackets", name, a[4])
				continue
			}
			brackets, what := l[1]+l[3], l[2]
			if what == "ClientHello" {
				if len(offers) == 0 {
					t.Fatalf("%s: too many ClientHellos", name)
				}
				keyed, is13, offers = map[string]bool{}, offers[0], offers[1:]
			}
			want, known := tls13[what]
			if !is13 {
				want, known = "", true
				if keyed[from] && what != "ChangeCipherSpec" {
					want = "[]"
				}
				keyed[from] = keyed[from] || what == "ChangeCipherSpec"
			}
			if a[2] == "-x" {
				continue // a refusal is under whatever keys its time has
			}
			if !known || brackets != want {
				t.Errorf("%s: %q, want it in %q", name, a[4], want)
			}
			seen[brackets] = true
		}
		for _, b := range []string{"()", "{}", "[]"} {
			if strings.Contains(text, ": "+b[:1]+" "+b[1:]+" ") != seen[b] {
				t.Errorf("%s: %s occurs: %v, and the legend says otherwise", name, b, seen[b])
			}
		}
	}
}

// TestMermaidShowsTheAttack: what an attacker sends again is drawn as his, in front of the
// answer; and what a middle box does is drawn, all of its steps.
func TestMermaidShowsTheAttack(t *testing.T) {
	for name, tr := range diagrams(t) {
		text := drawn(t, tr, narrate.En)
		for _, f := range tr.Flows {
			for _, e := range f.Events {
				s, ok := e.(event.Scene)
				if !ok {
					continue
				}
				step, ok := s.(event.Stepped)
				switch {
				case ok:
					if n, of := step.Step(); !strings.Contains(text, fmt.Sprintf("Note over mitm: Step %d of %d: ", n, of)) {
						t.Errorf("%s: step %d is not drawn", name, n)
					}
				case strings.HasPrefix(string(s.Key()), "replayed_"):
					scene, _ := narrate.Get(narrate.En, narrate.Scene, string(s.Key()))
					_, rest, ok := strings.Cut(text, "Note over attacker: "+scene.Title+"\n")
					if next, _, _ := strings.Cut(rest, "\n"); !ok || !strings.HasPrefix(next, "    attacker->>server: ClientHello") || !strings.HasSuffix(next, "(recorded)") {
						t.Errorf("%s: %s: first comes %q, not the recorded ClientHello", name, s.Key(), next)
					}
				}
			}
		}
	}
}

// TestMermaidEarlyData is the diagram of the lesson on early data, where an attack by
// replay works: the client's flights in their brackets, and the same bytes from the attacker.
func TestMermaidEarlyData(t *testing.T) {
	text := drawn(t, rendertest.Play(t, "0rtt"), narrate.En)
	for _, part := range []string{`    client->>server: ClientHello + key_share + early_data + pre_shared_key
    client->>server: ChangeCipherSpec
    client->>server: (early data) GET / HTTP/1.1
`, `    client->>server: (EndOfEarlyData)
    client->>server: {Finished}
`, `    attacker->>server: ClientHello + key_share + early_data + pre_shared_key (recorded)
    attacker->>server: ChangeCipherSpec (recorded)
    attacker->>server: (early data) GET / HTTP/1.1 (recorded)
`, `    attacker->>server: (EndOfEarlyData) (recorded)
    attacker->>server: a record that does not open (recorded)
    server-xattacker: [Alert bad_record_mac]
`} {
		if !strings.Contains(text, part) {
			t.Errorf("missing:\n%sin\n%s", part, text)
		}
	}
}
