package explain

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/explain"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/pki"
)

// asked are the keys that the list can ask for.
func asked() (keys []string) {
	for _, w := range explain.Whats() {
		for _, p := range explain.Phases() {
			for _, o := range []explain.Outcome{{What: w, Phase: p}, {What: w, Phase: p, HasAlert: true}, {What: w, Phase: p, HasAlert: true, By: "client"},
				{What: w, Phase: p, Closing: "rst"}, {What: w, Phase: p, Inferred: true}} {
				keys = append(keys, outcomeKey(&explain.Connection{Outcome: o}))
				for _, q := range []*explain.QUIC{{}, {Close: new(explain.Close)}} {
					keys = append(keys, outcomeKey(&explain.Connection{Outcome: o, QUIC: q}))
				}
			}
		}
	}
	for _, c := range explain.Causes() {
		keys = append(keys, new(list).causeKey(&explain.Outcome{Cause: c}), new(list).causeKey(&explain.Outcome{Cause: c, Inferred: true}), (&list{shown: true}).causeKey(&explain.Outcome{Cause: c}))
	}
	for _, x := range explain.Takens() {
		keys = append(keys, "early/"+string(x))
	}
	for _, n := range explain.Needs() {
		keys = append(keys, needKey(n, &explain.Connection{Random: []byte{1}}))
	}
	keys = append(keys, needKey(explain.NeedKeyLog, new(explain.Connection)), needKey(explain.NeedSession, &explain.Connection{Session: 1}), "need/whole+with")
	for _, c := range explain.Carriers() {
		if c != explain.Bare {
			keys = append(keys, carrierKey(&explain.Connection{Carrier: c}), carrierKey(&explain.Connection{Carrier: c, Target: "x"}))
		}
	}
	for _, w := range explain.Whys() {
		keys = append(keys, "why/"+string(w))
	}
	for _, c := range []explain.Connection{{}, {Read: explain.Reading{Data: true}}, {Read: explain.Reading{Data: true, Computed: true}}, {Read: explain.Reading{Data: true, Sealed: 1}}, {Read: explain.Reading{Sealed: 1}}, {Read: explain.Reading{Initial: true}}, {Read: explain.Reading{Initial: true, Hello: true}}} {
		keys = append(keys, opensKey(&c))
	}
	keys = append(keys, "missing", "gap", "differing", "midway", "not_believed", "not_believed+name", "asked_no_name", "own_ca", "own_ca+given", "own_ca/issuer", "own_ca/issuer+given")
	for _, s := range explain.Sights() {
		keys = append(keys, "sight/"+string(s))
	}
	for _, w := range explain.WhyNots() {
		keys = append(keys, "whynot/"+string(w))
	}
	for _, p := range observe.Parts() {
		keys = append(keys, "part/"+p.String())
	}
	for _, p := range points {
		keys = append(keys, "point/"+p)
	}
	keys = append(keys, "recorded", "recorded/nameless", "who_reads", "who_reads/connection", "sight/reads+session", "sight/clear", "part_unsure", "opens/all+session")
	keys = append(keys, "why/"+string(explain.ClosedQUIC), "quic/alpn", "quic/retried", "quic/switched", "quic/midway", "quic/sealed", "quic/reserved")
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Whatever can be said of a recording has its words, in every language, and no words are left over.
func TestWords(t *testing.T) {
	want := asked()
	if have := narrate.Keys(narrate.Recording); !slices.Equal(have, want) {
		t.Errorf("there are words for\n%v\nand the list asks for\n%v", have, want)
	}
}

// What a peer wrote cannot become part of the list's own writing.
func TestHostileWords(t *testing.T) {
	hostile := "x\x1b[2J\u202e\n  99  12:00:00  www.bank.example   TLS 1.3"
	c := &explain.Connection{Number: 1, TLS: true, ServerName: hostile, Carrier: explain.Connect, Target: hostile, ALPN: hostile, Version: iana.TLS13,
		Outcome:   explain.Outcome{What: explain.Refused, By: "server", HasAlert: true, Alert: 199, Phase: explain.PhaseHello},
		Onlookers: []explain.Onlooker{{Party: explain.Listener, Tried: true, Whole: explain.Closed, Why: explain.Keyless}}}
	q := &explain.Connection{Number: 2, TLS: true, ServerName: hostile, Offered: []string{hostile}, QUIC: &explain.QUIC{Version: 1, First: 1, Close: &explain.Close{By: "server", Code: 2, Reason: hostile}},
		Outcome: explain.Outcome{What: explain.Refused, By: "server"}}
	for _, lang := range narrate.Langs() {
		for _, json := range []bool{false, true} {
			var b bytes.Buffer
			l := &list{out: &cli.Output{Writer: &b, Options: render.TerminalOptions{Lang: lang, Width: 80}}, lang: lang, json: json}
			l.add(c)
			l.add(q)
			table := newReaders(l.out.Options.Page(&b), l.out.Options.Voice(), false)
			table.connection(c)
			table.end()
			if got := b.String(); strings.ContainsAny(got, "\x1b\u202e") || strings.Contains(got, "\n  99") {
				t.Errorf("%s: %q", lang, got)
			}
		}
	}
}

// What a proxy and a recording can both say of a failed connection they say in the same words.
func TestCausesAsTheProxy(t *testing.T) {
	same := 0
	for _, c := range explain.Causes() {
		for _, lang := range narrate.Langs() {
			ours, ok := narrate.Get(lang, narrate.Recording, "cause/"+string(c))
			if !ok {
				t.Errorf("%s: no words for %s", lang, c)
			}
			theirs, ok := narrate.Get(lang, narrate.UI, "cmd.proxy_cause_"+string(c))
			switch {
			case !ok:
				continue
			case strings.TrimPrefix(strings.TrimPrefix(ours.Title, "{who}"), " ") == strings.TrimPrefix(strings.TrimPrefix(theirs.Title, "it "), "它"):
				same++
			case !slices.Contains([]explain.Cause{explain.CauseUntrustedRoot, explain.CauseCertificateRefused, explain.CauseLeftAtCertificate, explain.CauseWantsCertificate}, c): // there it is the proxy's own certificate
				t.Errorf("%s: %q, and the proxy says %q", lang, ours.Title, theirs.Title)
			}
		}
	}
	if same < 10 {
		t.Errorf("%d have the same words", same)
	}
}

// A line of JSON says what the list does.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	l := &list{out: &cli.Output{Writer: &b}, json: true}
	l.add(&explain.Connection{Number: 3, TLS: true, ServerName: "www.lab.test", Version: iana.TLS12,
		Outcome: explain.Outcome{What: explain.Refused, By: "client", HasAlert: true, Alert: iana.UnknownCA, Phase: explain.PhaseClient},
		Read:    explain.Reading{Sealed: 2, Closed: observe.NoKeys, Needs: []explain.Need{explain.NeedKeyLog}}})
	var got struct {
		N       int
		Outcome struct{ What, By, Alert, Phase string }
		Opens   struct {
			Sealed int `json:"sealed_records"`
			Needs  []string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.N != 3 || got.Outcome.Alert != "unknown_ca" || got.Outcome.Phase != "client" || got.Opens.Sealed != 2 || got.Opens.Needs[0] != "key_log" {
		t.Errorf("%s", b.Bytes())
	}
}

// What is remembered of what was said does not grow with the file.
func TestRemembered(t *testing.T) {
	var b bytes.Buffer
	l := &list{out: &cli.Output{Writer: &b, Options: render.TerminalOptions{Width: 80}}, lang: narrate.Langs()[0]}
	for i := range 3 * maxSaid {
		err := &reason.Error{Reason: reason.CertificateUntrusted}
		l.unbelieved(&explain.Connection{ServerName: strconv.Itoa(i), Verdict: &pki.Report{Err: err}}, err)
		l.text.Reset()
	}
	if len(l.judged) > maxSaid || len(l.said) > maxSaid {
		t.Errorf("%d chains and %d texts are remembered", len(l.judged), len(l.said))
	}
	l.end(explain.Totals{TLS: 1, LogLeft: 4711})
	if !strings.Contains(b.String(), "4711") {
		t.Errorf("of what was left out of key logs nothing is said: %q", b.String())
	}
}

// What the document of one connection says of its end is what its line of the list says, the likely cause too.
func TestEndInBothDocuments(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	causes := map[string]bool{}
	for _, name := range []string{"incomplete12", "expired12", "reset", "half", "gave_up", "silent", "no_version", "answered_in_clear", "tls13", "snapped"} {
		file := at + name + ".pcapng"
		list, err := run(t, file, "--format", "json")
		if err != nil {
			t.Fatal(name, err)
		}
		first, _, _ := strings.Cut(list, "\n")
		var line struct{ Outcome map[string]any }
		if err := json.Unmarshal([]byte(first), &line); err != nil {
			t.Fatal(name, err)
		}
		shown, err := run(t, file, "--show", "1", "--format", "json")
		if err != nil {
			t.Fatal(name, err)
		}
		var doc any
		if err := json.Unmarshal([]byte(shown), &doc); err != nil {
			t.Fatal(name, err)
		}
		ended := valuesOf(doc, "recording_ended")
		for _, member := range []string{"what", "by", "phase", "closing", "closed_by", "likely_cause"} {
			a, b := line.Outcome[member], ended[member]
			if a == nil {
				a = ""
			}
			if b == nil {
				b = ""
			}
			if a != b {
				t.Errorf("%s: %s is %v in the list, and %v of the connection that is shown", name, member, a, b)
			}
		}
		if cause, ok := ended["likely_cause"].(string); ok {
			causes[cause] = true
		}
	}
	if len(causes) < 5 {
		t.Errorf("only %v were met", causes)
	}
}

// valuesOf are the values of the scene of that name, somewhere in a document.
func valuesOf(doc any, scene string) map[string]any {
	switch d := doc.(type) {
	case []any:
		for _, x := range d {
			if v := valuesOf(x, scene); v != nil {
				return v
			}
		}
	case map[string]any:
		if d["name"] == scene {
			out := map[string]any{}
			for _, v := range d["values"].([]any) {
				out[v.(map[string]any)["name"].(string)] = v.(map[string]any)["value"]
			}
			return out
		}
		for _, x := range d {
			if v := valuesOf(x, scene); v != nil {
				return v
			}
		}
	}
	return nil
}

// --CAfile is advised where it can help, and where the server may have left out an intermediate, that is said, and whose;
// of roots that were given nobody is told to give them.
func TestOwnCAAdvice(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	for _, c := range []struct{ file, roots, says, not string }{
		{"incomplete12", "rsa.pem", "The issuer, CN=Explain Intermediate, is not in --CAfile and was not sent", "--CAfile names"},
		{"untrusted12", "root.pem", "--CAfile has other roots", "--CAfile names"},
		{"expired12", "root.pem", "past its date", "--CAfile"}, // no root mends that
	} {
		said, err := run(t, at+c.file+".pcapng", "--lang", "en", "--width", "120", "--CAfile", at+c.roots)
		if err != nil || !strings.Contains(said, c.says) || strings.Contains(said, c.not) {
			t.Errorf("%s, %s: %v\n%s", c.file, c.roots, err, said)
		}
	}
	for cause, want := range map[string]string{"certificate[0].issuer": "own_ca/issuer", "certificate[1].issuer": "own_ca/issuer", "certificate[1].subject": "own_ca", "certificate[1].issuer.loop": ""} {
		v := &pki.Report{Err: &reason.Error{Reason: reason.CertificateUntrusted, Field: cause}}
		v.Paths = []pki.Path{{Err: v.Err, Certs: []*x509.Certificate{{Issuer: pkix.Name{CommonName: "x"}}}}}
		if got := ownCAKey(v, false); got != want {
			t.Errorf("%s: %q, want %q", cause, got, want)
		}
	}
}
