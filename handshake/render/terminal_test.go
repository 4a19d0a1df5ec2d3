package render

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

var update = flag.Bool("update", false, "write the golden files anew; review them like code")

// golden compares with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("%s, line %d:\n got %q\nwant %q\n(-update writes it anew)", file, i+1, g[i], w[i])
			}
		}
		t.Fatalf("%s: %d lines, want %d (-update writes it anew)", file, len(g), len(w))
	}
}

// lessons are seeded runs that between them have every kind of event.
func lessons() map[string]scenario.Options {
	null := suite.ByID(0x003b) // TLS_RSA_WITH_NULL_SHA256
	cbc := suite.ByID(0xc027)  // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
	return map[string]scenario.Options{
		"bare":    {},
		"rsa":     {Kx: []iana.Kx{iana.KxRSA}},
		"dhe":     {Kx: []iana.Kx{iana.KxDHE}, NoEMS: true},
		"ecdhe":   {Kx: []iana.Kx{iana.KxECDHE}},
		"null":    {Kx: []iana.Kx{iana.KxRSA}, Suites: []*suite.Suite{null}},
		"cbc":     {Kx: []iana.Kx{iana.KxECDHE}, Suites: []*suite.Suite{cbc}, EncryptThenMAC: true},
		"mutual":  {Kx: []iana.Kx{iana.KxECDHE}, ClientAuth: true},
		"refused": {Kx: []iana.Kx{iana.KxECDHE}, UntrustedRoot: true},
		"expired": {Kx: []iana.Kx{iana.KxRSA}, Cert: "expired"},
		"mitm":    {MITM: true, TrustMITM: true},
		"id":      {Resume: scenario.ResumeByID},
		"ticket":  {Resume: scenario.ResumeByTicket},
		"plain":   {Kx: []iana.Kx{iana.KxECDHE}, Plain: true},
		"psk":     {Resume: scenario.ResumePSK},
		"0rtt":    {Resume: scenario.ResumeEarly},
		"psk_ke":  {PSK: &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}, PSKOnly: true},

		"tls13":     {Version: iana.TLS13},
		"retry":     {Version: iana.TLS13, HelloRetry: true, Cookie: true},
		"mutual13":  {Version: iana.TLS13, ClientAuth: true, CertificateCompression: []*certcompress.Method{brotli.Method}},
		"integrity": {Suites: []*suite.Suite{suite.ByID(0xc0b4)}}, // TLS_SHA256_SHA256
		"update":    {Version: iana.TLS13, KeyUpdate: true, Padding: 16},
		"grease":    {Version: iana.TLS13, GREASE: true, NoCompatibility: true, RecordSizeLimit: 1000, Staple: "good"},
		"x25519":    {Version: iana.TLS13, Groups: []kx.Group{kx.X25519}},
		"refused13": {Version: iana.TLS13, UntrustedRoot: true},
		"mitm13":    {Version: iana.TLS13, MITM: true, TrustMITM: true},

		"h2":       {Version: iana.TLS13, ALPN: []string{"h2", "http/1.1"}},
		"h2_small": {Version: iana.TLS13, ALPN: []string{"h2"}, RecordSizeLimit: 64},
		"h2_0rtt":  {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}},
		"h2_again": {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}, Cookie: true},
		"h2_id":    {Resume: scenario.ResumeByID, ALPN: []string{"h2"}},
		"h2_mitm":  {MITM: true, TrustMITM: true, ALPN: []string{"h2"}, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},

		"mitm_changed":  {MITM: true, StolenCA: true, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},
		"mitm_click":    {MITM: true, ClickThrough: true},
		"mitm_pin":      {MITM: true, TrustMITM: true, Pin: true, ClickThrough: true},
		"mitm_mutual":   {MITM: true, TrustMITM: true, ClientAuth: true},
		"mitm_mutual13": {Version: iana.TLS13, MITM: true, TrustMITM: true, ClientAuth: true},
		"mitm_through":  {MITM: true, Passthrough: true, Pin: true, ClientAuth: true},
	}
}

var played = map[string]*scenario.Transcript{}

// play runs a lesson once; many renderings look at the same transcript.
func play(t *testing.T, name string) *scenario.Transcript {
	t.Helper()
	if tr := played[name]; tr != nil {
		return tr
	}
	o := lessons()[name]
	o.Seed = "1"
	tr, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	played[name] = tr
	return tr
}

// write renders events with a Terminal.
func write(t *testing.T, events []event.Event, o TerminalOptions) (string, *Terminal) {
	t.Helper()
	var b bytes.Buffer
	term := NewLesson(&b, o)
	for _, e := range events {
		term.Event(e)
	}
	if err := term.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), term
}

func TestGoldenTranscript(t *testing.T) {
	for _, c := range []struct {
		file, lesson string
		o            TerminalOptions
	}{
		{"rsa.brief.en.txt", "rsa", TerminalOptions{Lang: narrate.En, Level: Brief}},
		{"refused.brief.zh.txt", "refused", TerminalOptions{Lang: narrate.Zh, Level: Brief}},
		{"ecdhe.en.txt", "ecdhe", TerminalOptions{Lang: narrate.En}},
		{"ecdhe.zh.txt", "ecdhe", TerminalOptions{Lang: narrate.Zh}},
		{"hello.bytes.en.txt", "hello", TerminalOptions{Lang: narrate.En, Level: Bytes}},
		{"refused.en.txt", "refused", TerminalOptions{Lang: narrate.En}},
		{"tls13.en.txt", "tls13", TerminalOptions{Lang: narrate.En}},
		{"tls13.zh.txt", "tls13", TerminalOptions{Lang: narrate.Zh}},
		{"retry.en.txt", "retry", TerminalOptions{Lang: narrate.En}},
		{"retry.brief.zh.txt", "retry", TerminalOptions{Lang: narrate.Zh, Level: Brief}},
		{"mutual13.en.txt", "mutual13", TerminalOptions{Lang: narrate.En}},
		{"mutual13.brief.en.txt", "mutual13", TerminalOptions{Lang: narrate.En, Level: Brief}},
		{"0rtt.en.txt", "0rtt", TerminalOptions{Lang: narrate.En}},
		{"0rtt.brief.zh.txt", "0rtt", TerminalOptions{Lang: narrate.Zh, Level: Brief}},
		{"psk.zh.txt", "psk", TerminalOptions{Lang: narrate.Zh}},
		{"psk_ke.brief.en.txt", "psk_ke", TerminalOptions{Lang: narrate.En, Level: Brief}},
		{"integrity.en.txt", "integrity", TerminalOptions{Lang: narrate.En}},
		{"integrity.zh.txt", "integrity", TerminalOptions{Lang: narrate.Zh}},
		{"mitm_changed.en.txt", "mitm_changed", TerminalOptions{Lang: narrate.En}},
		{"mitm_changed.zh.txt", "mitm_changed", TerminalOptions{Lang: narrate.Zh}},
		{"mitm_click.brief.en.txt", "mitm_click", TerminalOptions{Lang: narrate.En, Level: Brief}},
		{"mitm_pin.zh.txt", "mitm_pin", TerminalOptions{Lang: narrate.Zh}},
		{"mitm_mutual.brief.zh.txt", "mitm_mutual", TerminalOptions{Lang: narrate.Zh, Level: Brief}},
		{"mitm_mutual13.en.txt", "mitm_mutual13", TerminalOptions{Lang: narrate.En}},
		{"mitm_mutual13.brief.zh.txt", "mitm_mutual13", TerminalOptions{Lang: narrate.Zh, Level: Brief}},
		{"mitm_through.brief.en.txt", "mitm_through", TerminalOptions{Lang: narrate.En, Level: Brief}},
	} {
		lesson, events := c.lesson, []event.Event(nil)
		if lesson == "hello" { // the first two messages
			events = append(events, play(t, "ecdhe").Messages()[0], play(t, "ecdhe").Messages()[2])
		} else {
			events = play(t, lesson).Events()
		}
		got, _ := write(t, events, c.o)
		golden(t, c.file, []byte(got))
	}
}

// No line is wider than the page, in any lesson, language and level.
func TestWidth(t *testing.T) {
	for name := range lessons() {
		events := play(t, name).Events()
		for _, lang := range narrate.Langs() {
			for _, level := range []Level{Default, Brief, Bytes} {
				for _, columns := range []int{DefaultWidth, 60} {
					got, _ := write(t, events, TerminalOptions{Lang: lang, Level: level, Width: columns})
					for i, l := range strings.Split(got, "\n") {
						if width(l) > columns && !unbreakable.MatchString(l) {
							t.Errorf("%s, %s, level %d: line %d has %d columns of %d: %s", name, lang, level, i+1, width(l), columns, l)
						}
					}
				}
			}
		}
	}
}

// unbreakable is base64 between quotes in a command: it has lines of 64 characters
// of its own, which a narrower page cannot change.
var unbreakable = regexp.MustCompile(`^\s*'?[A-Za-z0-9+/=]{60,66}`)

// Colour adds escape sequences and changes nothing else; without it there are none.
func TestColor(t *testing.T) {
	for _, level := range []Level{Default, Brief, Bytes} {
		plain, _ := write(t, play(t, "refused").Events(), TerminalOptions{Level: level})
		if strings.ContainsRune(plain, 0x1b) {
			t.Errorf("level %d: an escape sequence without Color", level)
		}
		coloured, _ := write(t, play(t, "refused").Events(), TerminalOptions{Level: level, Color: true})
		if level != Brief && !strings.ContainsRune(coloured, 0x1b) {
			t.Errorf("level %d: no escape sequence with Color", level)
		}
		if trailing.ReplaceAllString(unpainted(coloured), "") != plain {
			t.Errorf("level %d: colour changes the text", level)
		}
	}
}

// trailing blanks hide behind the sequence that ends a colour.
var trailing = regexp.MustCompile(`(?m) +$`)

// What a peer sends cannot reach the terminal as an escape sequence.
func TestPeerCannotPaint(t *testing.T) {
	for _, level := range []Level{Default, Brief, Bytes} {
		got, _ := write(t, []event.Event{
			&event.Data{Meta: event.Meta{Party: "client"}, Dir: event.Receive, Data: []byte("\x1b[31mred\x07")},
			&event.Record{Meta: event.Meta{Party: "client"}, Dir: event.Receive, Type: iana.ApplicationData,
				Protected: true, Wire: []byte("\x17\x03\x03\x00\x01\x1b"), Payload: []byte("\x1b[31mred\x07")},
			&ownScene{values: []event.Value{{Name: "x", Value: "\x1b]0;title\x07"}}},
		}, TerminalOptions{Level: level})
		if strings.ContainsAny(got, "\x1b\x07") {
			t.Errorf("level %d: %q", level, got)
		}
	}
}

var heading = regexp.MustCompile(`(?m)^ ?\d+ \S.* (-->|<--) .*$`)

// A message that both ends tell of has one heading. So has one that a single end
// tells of, sent or received: a live peer's, or what an attacker replays as bytes. Data that
// was sent at once and comes in several records was told of where it was sent.
func TestEachMessageOnce(t *testing.T) {
	for name := range lessons() {
		tr := play(t, name)
		want, client := 0, 0
		var alone []event.Event
		for _, f := range tr.Flows {
			times := map[string]*[2]int{} // sent, received
			var whole []string            // data that was sent
			for _, e := range f.Events {
				dir, what := event.Send, ""
				switch e := e.(type) {
				case *event.Message:
					// Both ends send ChangeCipherSpec, in the same byte.
					fromClient := strings.HasPrefix(e.Move, "client") == (e.Dir == event.Send)
					dir, what = e.Dir, fmt.Sprint(fromClient)+string(e.Raw)
				case *event.Data:
					dir, what = e.Dir, "data"+string(e.Data)
					if dir == event.Send {
						whole = append(whole, string(e.Data))
					}
				}
				if e.Head().Party == "client" {
					alone = append(alone, e)
				}
				if what == "" {
					continue
				}
				if e.Head().Party == "client" {
					client++
				}
				if d, ok := e.(*event.Data); ok && times[what] == nil && dir == event.Receive &&
					slices.ContainsFunc(whole, func(s string) bool { return strings.Contains(s, string(d.Data)) }) {
					continue
				}
				if times[what] == nil {
					times[what] = new([2]int)
				}
				times[what][dir]++
			}
			for _, n := range times {
				want += max(n[0], n[1])
			}
		}
		for _, level := range []Level{Default, Brief, Bytes} {
			got, _ := write(t, tr.Events(), TerminalOptions{Level: level})
			if n := len(heading.FindAllString(got, -1)); n != want {
				t.Errorf("%s, level %d: %d headings for %d messages and data", name, level, n, want)
			}
			got, _ = write(t, alone, TerminalOptions{Level: level})
			if n := len(heading.FindAllString(got, -1)); n != client {
				t.Errorf("%s, level %d, the client alone: %d headings for %d", name, level, n, client)
			}
		}
	}
}

// At level Bytes every byte of every message is in the output, at its offset.
func TestEveryByte(t *testing.T) {
	for _, name := range []string{"bare", "mutual", "ticket", "retry", "mutual13", "update"} {
		for _, e := range play(t, name).Messages() {
			got, _ := write(t, []event.Event{e}, TerminalOptions{Level: Bytes})
			var raw []byte
			for _, l := range strings.Split(got, "\n") {
				if m := dumped.FindStringSubmatch(l); m != nil {
					if want := fmt.Sprintf("%04x", len(raw)); m[1] != want {
						t.Fatalf("%s, %v: offset %s, want %s", name, e.Kind, m[1], want)
					}
					b, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
					if err != nil {
						t.Fatal(err)
					}
					raw = append(raw, b...)
				}
			}
			if !bytes.Equal(raw, e.Raw) {
				t.Errorf("%s, %v: %d of %d bytes dumped", name, e.Kind, len(raw), len(e.Raw))
			}
		}
	}
}

var dumped = regexp.MustCompile(`^     ([0-9a-f]{4})   ((?:[0-9a-f]{2} ?){1,8})(?: |$)`)

// A refusal says who, which alert, why, and that the lesson meant it; a completed
// lesson says nothing of the kind.
func TestRefusalIsTold(t *testing.T) {
	got, _ := write(t, play(t, "refused").Events(), TerminalOptions{})
	for _, want := range []string{"refused by client", "unknown_ca", "certificate_untrusted", "refused, as this lesson intended"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(got, "certificate_untrusted in"); n != 1 {
		t.Errorf("the error is written %d times", n)
	}
	if got, _ := write(t, play(t, "ecdhe").Events(), TerminalOptions{}); strings.Contains(got, "refused by") {
		t.Error("a completed lesson tells of a refusal")
	}
}

// stranger is a kind of event that this package does not know.
type stranger struct{ event.Meta }

func TestUnknownEvents(t *testing.T) {
	for _, level := range []Level{Default, Brief, Bytes} {
		var events []event.Event
		for _, e := range play(t, "refused").Events() {
			events = append(events, e, &stranger{event.Meta{Party: "client"}})
		}
		events = append(events, &ownScene{values: []event.Value{{Name: "x", Value: nil},
			{Name: "knowledge", Value: struct{}{}}, {Name: "y", Value: make(chan int)}}},
			&event.Secret{Label: "a_students_own"}, &event.Check{What: "own"}, &event.Decision{What: "own"})
		if got, _ := write(t, events, TerminalOptions{Level: level}); level != Brief && !strings.Contains(got, "a_students_own") {
			t.Errorf("level %d: a secret without an explanation is not shown", level)
		}
	}
}

// ownScene is a scene of a student's, of which narrate has no words.
type ownScene struct {
	event.Meta
	values []event.Value
}

const sceneUnheardOf event.SceneKey = "unheard_of"

func (*ownScene) Key() event.SceneKey     { return sceneUnheardOf }
func (*ownScene) Entry() event.SceneKey   { return sceneUnheardOf }
func (s *ownScene) Values() []event.Value { return s.values }

// failing takes n bytes and then fails.
type failing struct{ n int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriteErrorIsReported(t *testing.T) {
	term := NewTerminal(&failing{1000}, TerminalOptions{})
	for _, e := range play(t, "ecdhe").Events() {
		term.Event(e)
	}
	if err := term.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v, want %v", err, errFull)
	}
}

// Every phrase that this package asks for exists in every language: a missing one
// would show as its key.
func TestPhrasesExist(t *testing.T) {
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for filepath.Base(root) != "render" {
		root = filepath.Dir(root)
	}
	keys := []string{"keys_change_send", "keys_change_recv", "keys_change_send_null", "keys_change_recv_null", "integrity_only", "encrypted",
		"keys_change_send_next", "keys_change_recv_next", "encrypted_from_here",
		"legal_send", "legal_recv", "reads_handshake", "reads_data", "has_master", "has_traffic_secrets", "can_impersonate"}
	for _, r := range pki.RejectionReasons() {
		keys = append(keys, "rejected_"+string(r))
	}
	err = filepath.WalkDir(root, func(f string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(f, ".go") || strings.HasSuffix(f, "_test.go") {
			return err
		}
		src, err := os.ReadFile(f)
		for _, m := range phrase.FindAllStringSubmatch(string(src), -1) {
			keys = append(keys, m[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) < 150 {
		t.Errorf("only %d phrases found in the source", len(keys))
	}
	for _, key := range append(keys, narrate.RecomputeReasons()...) {
		for _, l := range narrate.Langs() {
			if _, ok := narrate.Get(l, narrate.UI, key); !ok {
				t.Errorf("no %s phrase %q", l, key)
			}
		}
	}
}

var phrase = regexp.MustCompile(`(?:ui|UI)\("([a-z_]+)"[,)]`)
