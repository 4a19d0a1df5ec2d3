package narrate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// breakouts are labels that an exporter's caller may choose and hashes that a student's
// suite may be called by, each of which would run a command if it reached a shell as it is.
var breakouts = []string{
	"'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "x\ntouch pwned\n", "'\"\\\n touch pwned #", "a'b", "\x00\xff", "--help; touch pwned", "EXPORTER-例子",
}

// hostileEvents are events of every kind that has a command, with s wherever text goes.
func hostileEvents(s string) []*event.Secret {
	var out []*event.Secret
	for _, hash := range []string{"SHA-256", s} {
		for _, made := range []event.Secret{{Function: event.FunctionPRF}, {Function: event.FunctionExtract}, {Function: event.FunctionExpandLabel}, {Function: event.FunctionHMAC}, {Function: event.FunctionPart},
			{Exchange: iana.KxECDHE, Group: event.GroupOf(kx.X25519)}, {Exchange: iana.KxRSA}, {Scheme: iana.ECDSAP256SHA256}, {Scheme: iana.Ed25519}, {Group: event.Group{ID: iana.GroupPrivate, Name: s}}} {
			for _, label := range []event.SecretLabel{event.LabelMasterSecret, event.LabelPremasterSecret, event.LabelClientKeyShare, "server_signature", event.SecretLabel(s)} {
				for _, tag := range []string{"", "key expansion", s} {
					e := made
					e.Label, e.Method, e.Hash, e.Tag, e.Value = label, s, hash, tag, []byte("value")
					e.Inputs = []event.Input{event.Private("secret", []byte(s+"0123456789abcdef"), "")}
					for _, name := range []string{"salt", "ikm", "hkdf_label", "finished_key", "transcript_hash", "a", "B", "signed", "public_key", s} {
						e.Inputs = append(e.Inputs, event.Public(name, []byte(s)))
					}
					out = append(out, &e)
				}
			}
		}
	}
	return out
}

// No byte of a run breaks out of the command that recomputes a value.
func TestNothingBreaksOutOfACommand(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range breakouts {
		dir := t.TempDir()
		commands := map[string]bool{}
		for _, e := range hostileEvents(s) {
			if cmd, _ := Recompute(e); cmd != "" {
				commands[cmd] = true
			}
		}
		if len(commands) < 10 {
			t.Errorf("%q: %d commands, so hardly anything was tested", s, len(commands))
		}
		// Without openssl: what it would print does not matter here.
		tools := t.TempDir()
		if err := os.WriteFile(filepath.Join(tools, "openssl"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		for cmd := range commands {
			script.WriteString(cmd + "\n")
		}
		run := exec.Command(sh)
		run.Dir, run.Env, run.Stdin = dir, []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "TMPDIR=" + tools}, strings.NewReader(script.String())
		_ = run.Run() // its status is that of a command that fails
		if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
			t.Errorf("%q broke out: %v, %v", s, files, err)
		}
	}
}

func FuzzRecompute(f *testing.F) {
	for _, s := range breakouts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, e := range hostileEvents(s) {
			cmd, why := Recompute(e)
			if cmd == "" && why == "" {
				t.Errorf("neither a command nor why there is none: %+v", e)
			}
			for _, r := range cmd {
				if r != '\n' && (r < ' ' || r > '~') {
					t.Fatalf("%q in %q", r, cmd)
				}
			}
			if strings.Count(cmd, "'")%2 != 0 {
				t.Errorf("a quote is open in %q", cmd)
			}
			if !isWord(strings.ReplaceAll(s, " ", "")) && strings.Contains(cmd, s) && strings.Contains(s, "'") {
				t.Errorf("%q is in %q as it is", s, cmd)
			}
		}
	})
}
