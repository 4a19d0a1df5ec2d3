package lesson

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/handshake/tamper"
)

// unfinished is a student's group whose Answer returns another secret than Finish.
type unfinished struct{ kx.Group }

func (unfinished) ID() iana.Group { return iana.GroupPrivate + 7 }

func (unfinished) Name() string { return "mine" }

func (u unfinished) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	a, err := u.Group.Answer(rand, offered)
	return turned{a}, err
}

type turned struct{ kx.Answer }

func (t turned) Secret() []byte {
	s := bytes.Clone(t.Answer.Secret())
	slices.Reverse(s)
	return s
}

func own(t *testing.T, o scenario.Options) *scenario.Transcript {
	t.Helper()
	o.Seed = "1"
	tr, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Where a student's two ends come to different secrets the transcript says so at once,
// and does not leave it to bad_record_mac.
func TestDifferentSecrets(t *testing.T) {
	for label, o := range map[event.SecretLabel]scenario.Options{
		event.LabelSharedSecret:    {Version: iana.TLS13, Groups: []kx.Group{unfinished{kx.X25519}}},
		event.LabelPremasterSecret: {Kx: []iana.Kx{iana.KxECDHE}, Groups: []kx.Group{unfinished{kx.X25519}}},
	} {
		tr := own(t, o)
		if tr.Outcome().Done {
			t.Fatalf("%s: the ends agree", label)
		}
		values := map[string]string{}
		for _, e := range tr.Events() {
			if s, ok := e.(*event.Secret); ok && s.Label == label {
				values[s.Party] = sheet.Start(s.Value)
			}
		}
		for _, level := range []render.Level{render.Default, render.Brief, render.Bytes, render.Flights} {
			got, _ := write(t, tr.Events(), render.TerminalOptions{Level: level, Width: 200})
			if n := strings.Count(got, "! The two ends have different secrets: "); n != 1 {
				t.Errorf("%s: told %d times in\n%s", label, n, got)
			}
			for _, want := range []string{"client " + values["client"], "server " + values["server"], "Answer and Finish of this group do not agree; kxtest.Run says more."} {
				if !strings.Contains(got, want) {
					t.Errorf("%s: no %q in\n%s", label, want, got)
				}
			}
			if strings.Contains(got, "Now both ends have the same secret") || strings.Contains(got, "same "+string(label)) {
				t.Errorf("%s: it says that they are the same:\n%s", label, got)
			}
		}
		if got, _ := write(t, tr.Events(), render.TerminalOptions{Lang: narrate.Zh}); !strings.Contains(got, "! 双方的秘密不同：") {
			t.Errorf("%s: not told in Chinese:\n%s", label, got)
		}
		if got, _ := write(t, tr.Events(), render.TerminalOptions{Worksheet: true, Width: 200}); strings.Contains(got, values["client"]) {
			t.Errorf("%s: the worksheet shows %s", label, values["client"])
		}
	}
}

// Nothing of that is said where the ends agree; and where a share was changed on its way
// it is not the group that is to blame.
func TestDifferentSecretsElsewhere(t *testing.T) {
	for name := range rendertest.Lessons() {
		if got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Width: 200}); strings.Contains(got, "different secrets") {
			t.Errorf("%s: told of ends that agree", name)
		}
	}
	changed := tamper.On(tamper.ToClient, 0, tamper.Edit(func(rec []byte) { rec[len(rec)-10] ^= 1 })) // in the server's share
	tr := own(t, scenario.Options{Version: iana.TLS13, Groups: []kx.Group{kx.X25519}, Tamper: changed})
	got, _ := write(t, tr.Events(), render.TerminalOptions{Width: 200})
	if !strings.Contains(got, "different secrets") || strings.Contains(got, "kxtest") {
		t.Errorf("a share was changed:\n%s", got)
	}
}

// A group that no registry names is called as the student calls it: in a lesson that
// announces it, and of a single end by the share that was computed.
func TestOwnGroupIsNamed(t *testing.T) {
	tr := own(t, scenario.Options{Version: iana.TLS13, Groups: []kx.Group{unfinished{kx.X25519}}})
	var client []event.Event
	for _, e := range tr.Events() {
		if e.Head().Party == "client" {
			client = append(client, e)
		}
	}
	for _, events := range [][]event.Event{tr.Events(), slices.DeleteFunc(client, func(e event.Event) bool { _, ok := e.(event.Scene); return ok })} {
		for _, level := range []render.Level{render.Default, render.Brief, render.Bytes, render.Flights} {
			got, _ := write(t, events, render.TerminalOptions{Level: level, Width: 200})
			if !strings.Contains(got, "mine (0xfe07)") || strings.Contains(strings.ReplaceAll(got, "(0xfe07)", ""), "= 0xfe07") {
				t.Errorf("level %d:\n%s", level, got)
			}
		}
	}
}

// Each generation of a traffic secret has a number, the same at both ends.
func TestGenerations(t *testing.T) {
	got, _ := write(t, rendertest.Play(t, "update").Events(), render.TerminalOptions{Level: render.Bytes})
	if strings.Contains(got, "traffic_secret_n") {
		t.Error("a generation without a number")
	}
	for _, want := range []string{"* client_application_traffic_secret_1 ", "HKDF-Expand-Label(client_application_traffic_secret_1,",
		"server computes the same client_application_traffic_secret_1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "traffic_secret_2") {
		t.Error("a second generation after one update")
	}
	var told []event.Event
	for _, party := range []string{"client", "server"} {
		for n := range byte(2) {
			told = append(told, &event.Secret{Meta: event.Meta{Party: party, Conn: 1}, Label: event.LabelClientApplicationTrafficSecretN, Value: []byte{n}})
		}
	}
	got, _ = write(t, told, render.TerminalOptions{})
	flat := strings.Join(strings.Fields(got), " ")
	for _, want := range []string{"* client_application_traffic_secret_2 ", "server computes the same client_application_traffic_secret_1, client_application_traffic_secret_2"} {
		if strings.Count(flat, want) != 1 {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// GREASE is explained once, where it goes by, and nowhere else.
func TestGREASEIsExplained(t *testing.T) {
	for name := range rendertest.Lessons() {
		want := 0
		if name == "grease" {
			want = 1
		}
		for _, level := range []render.Level{render.Default, render.Bytes} {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: level, Width: 200})
			if n := strings.Count(got, "GREASE (RFC 8701): "); n != want {
				t.Errorf("%s, level %d: explained %d times", name, level, n)
			}
		}
	}
}

// An alert under keys is shown as such, and TLS 1.3's have no level.
func TestAlertsAreProtected(t *testing.T) {
	for name, want := range map[string]string{"tls13": "Alert close_notify (encrypted)", "ecdhe": "Alert close_notify (warning, encrypted)",
		"null": "Alert close_notify (warning, MAC only)", "integrity": "Alert close_notify (MAC only)", "refused": "Alert unknown_ca (fatal)",
		"refused13": "Alert unknown_ca (encrypted)"} {
		for _, level := range []render.Level{render.Default, render.Brief} {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Level: level, Width: 200})
			if !strings.Contains(got, want) || strings.Count(got, "Alert ") != strings.Count(got, want) {
				t.Errorf("%s, level %d: not all alerts are %q:\n%s", name, level, want, got)
			}
		}
	}
}
