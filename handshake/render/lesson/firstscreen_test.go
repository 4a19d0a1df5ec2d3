package lesson

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

func TestFirstScreen(t *testing.T) {
	tr := rendertest.Play(t, "bare")
	for _, lang := range narrate.Langs() {
		var b bytes.Buffer
		if err := FirstScreen(&b, tr, render.TerminalOptions{Lang: lang}); err != nil {
			t.Fatal(err)
		}
		rendertest.Golden(t, "first."+string(lang)+".txt", b.Bytes())
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) > 50 {
			t.Errorf("%s: %d lines, more than 50", lang, len(lines))
		}
		for i, l := range lines {
			if sheet.Width(l) > 80 {
				t.Errorf("%s: line %d has %d columns: %s", lang, i+1, sheet.Width(l), l)
			}
		}
		last := strings.Join(lines[len(lines)-2:], " ")
		if n := strings.Count(b.String(), "tlslab run"); n != 1 || !strings.Contains(last, "tlslab run") || !strings.Contains(last, "run --tls 1.3") {
			t.Errorf("%s: %d commands; the last two lines should have the one, and what else there is", lang, n)
		}
	}
}

// A narrow terminal has the whole screen: what is too long for its row goes on below it.
func TestFirstScreenIsNarrow(t *testing.T) {
	tr := rendertest.Play(t, "bare")
	for _, lang := range narrate.Langs() {
		for _, width := range []int{60, 66, 71} {
			var b bytes.Buffer
			if err := FirstScreen(&b, tr, render.TerminalOptions{Lang: lang, Width: width}); err != nil {
				t.Fatal(err)
			}
			for _, l := range strings.Split(b.String(), "\n") {
				if sheet.Width(l) > width {
					t.Errorf("%s: a line of %d columns, of %d: %s", lang, sheet.Width(l), width, l)
				}
			}
		}
	}
}

// What the screen shows comes from the run.
func TestFirstScreenShowsTheRun(t *testing.T) {
	tr := rendertest.Play(t, "bare")
	var b bytes.Buffer
	if err := FirstScreen(&b, tr, render.TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	hello := first(tr.Flows[0], func(m *event.Message) bool { return m.Kind == message.KindClientHello })
	want := []string{fmt.Sprintf("C=%x", hello.Msg.(*message.ClientHello).Random[:4])}
	for _, r := range every(tr.Flows[0], func(r *event.Record) bool { return r.Protected && r.Dir == event.Send }) {
		if r.Type == 23 {
			want = append(want, sheet.Spaced(r.Wire[:16]))
			break
		}
	}
	for _, w := range want {
		if !strings.Contains(b.String(), w) {
			t.Errorf("%q is not on the screen", w)
		}
	}
}

// What its title says of the flows holds: one request, certificate, cipher and hash.
func TestFirstScreenComparesLikeWithLike(t *testing.T) {
	tr := rendertest.Play(t, "bare")
	var same []string
	for _, f := range tr.Flows {
		hello := first(f, func(m *event.Message) bool { return m.Kind == message.KindServerHello }).Msg.(*message.ServerHello)
		row := suite.ByID(hello.CipherSuite)
		leaf := first(f, func(c *event.Check) bool { return c.What == event.CheckCertificateChain }).Report.ChosenPath()[0]
		request := first(f, func(d *event.Data) bool { return d.Party == "client" })
		same = append(same, fmt.Sprintf("%d %d %v %x %s", row.Cipher.KeyLen, row.Cipher.TagLen, row.Hash, leaf.SerialNumber, request.Data))
		if !strings.Contains(hello.CipherSuite.String(), "AES_128_GCM_SHA256") {
			t.Errorf("%s: %v", f.Name, hello.CipherSuite)
		}
	}
	if len(same) != 3 || same[0] != same[1] || same[1] != same[2] {
		t.Errorf("the flows differ in more than the handshake: %q", same)
	}
	if a, b, c := roundTripsOf(tr.Flows[0]), roundTripsOf(tr.Flows[1]), roundTripsOf(tr.Flows[2]); a != 2 || b != 2 || c != 1 {
		t.Errorf("%d, %d and %d round trips", a, b, c)
	}
	if n := roundTripsOf(rendertest.Play(t, "retry").Flows[0]); n != 2 {
		t.Errorf("%d round trips with a retry", n)
	}
}

// It claims nothing that the events do not say.
func TestFirstScreenClaimsNothing(t *testing.T) {
	full := rendertest.Play(t, "bare")
	for name, c := range map[string]struct {
		claim string
		drop  func(event.Event) bool
	}{
		"no report":      {"checks ok", func(e event.Event) bool { c, ok := e.(*event.Check); return ok && c.Report != nil }},
		"no Finished":    {"both verified", func(e event.Event) bool { c, ok := e.(*event.Check); return ok && c.What == event.CheckFinished }},
		"no knowledge":   {"can impersonate", func(e event.Event) bool { s, ok := e.(event.Scene); return ok && s.Key() == "knowledge" }},
		"no keys in use": {"encrypted from here", func(e event.Event) bool { r, ok := e.(*event.Record); return ok && r.Protected }},
		"no records":     {"says application_data", func(e event.Event) bool { _, ok := e.(*event.Record); return ok }},
		"no client":      {"round trips", func(e event.Event) bool { m, ok := e.(*event.Message); return ok && m.Party == "client" }},
		"no shares": {"X25519MLKEM768", func(e event.Event) bool {
			s, ok := e.(*event.Secret)
			return ok && s.Label == event.LabelServerKeyShare
		}},
		"no signature": {"signs all messages", func(e event.Event) bool {
			m, ok := e.(*event.Message)
			return ok && m.Kind == message.KindCertificateVerify
		}},
		"one end's secrets": {"both have", func(e event.Event) bool {
			s, ok := e.(*event.Secret)
			return ok && s.Party == "server"
		}},
	} {
		cut := &scenario.Transcript{}
		for _, f := range full.Flows {
			g := &scenario.Flow{Name: f.Name, Parties: f.Parties, Outcome: f.Outcome}
			for _, e := range f.Events {
				if !c.drop(e) {
					g.Events = append(g.Events, e)
				}
			}
			cut.Flows = append(cut.Flows, g)
		}
		var whole, less bytes.Buffer
		if err := errors.Join(FirstScreen(&whole, full, render.TerminalOptions{}), FirstScreen(&less, cut, render.TerminalOptions{})); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(whole.String(), c.claim) || strings.Contains(less.String(), c.claim) {
			t.Errorf("%s: %q stands without its events, or never", name, c.claim)
		}
	}
	if err := FirstScreen(new(bytes.Buffer), &scenario.Transcript{}, render.TerminalOptions{}); err == nil {
		t.Error("a transcript without flows has a first screen")
	}
}

// Each version's ClientHello names the site in clear, so the one that is shown first says
// it, and the later one that it still does; whose a and b are is said where they come up.
func TestFirstScreenSaysItOfAll(t *testing.T) {
	for _, l := range narrate.Langs() {
		var b bytes.Buffer
		if err := FirstScreen(&b, rendertest.Play(t, "bare"), render.TerminalOptions{Lang: l}); err != nil {
			t.Fatal(err)
		}
		say := sheet.Speak(l)
		parts := strings.Split(b.String(), "\n\n")
		names, still := say.UI("names_server", "name", "www.lab.test"), say.UI("names_server_still", "name", "www.lab.test")
		if !strings.Contains(parts[2], names) || !strings.Contains(parts[4], still) {
			t.Errorf("%s: the flows do not all name the site:\n%s", l, b.String())
		}
		if n := strings.Count(b.String(), say.UI("whose_letters")); n != 1 || !strings.Contains(parts[3], say.UI("whose_letters")) {
			t.Errorf("%s: it says %d times whose the letters are", l, n)
		}
	}
}

// In both versions a and A are the server's, b and B the client's.
func TestLettersKeepTheirEnd(t *testing.T) {
	seen := map[string]int{}
	for name := range rendertest.Lessons() {
		for _, e := range rendertest.Play(t, name).Events() {
			s, ok := e.(*event.Secret)
			if !ok {
				continue
			}
			role, _, _ := strings.Cut(s.Move, "/")
			for _, v := range s.Inputs {
				switch letter := narrate.InputKey(v.Name); letter {
				case "a", "A = aG", "A = g^a mod p", "B":
					if seen[role+" "+letter]++; role != "server" {
						t.Errorf("%s: the %s has %s in %s", name, role, v.Name, s.Label)
					}
				case "b", "B = bG", "B = g^b mod p", "A":
					if seen[role+" "+letter]++; role != "client" {
						t.Errorf("%s: the %s has %s in %s", name, role, v.Name, s.Label)
					}
				}
			}
		}
	}
	for _, want := range []string{"server a", "client b", "server A = g^a mod p", "client B = bG", "client A", "server B"} {
		if seen[want] == 0 {
			t.Errorf("no %s in any lesson", want)
		}
	}
}
