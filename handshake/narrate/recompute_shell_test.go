package narrate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/kx"
)

// breakouts are labels that an exporter's caller may choose and hashes that a student's
// suite may be called by, each of which would run a command if it reached a shell as it is.
var breakouts = []string{
	"'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "x\ntouch pwned\n", "'\"\\\n touch pwned #", "a'b", "\x00\xff", "--help; touch pwned", "EXPORTER-例子",
}

// hostileEvents are events of every kind that has a command, with s wherever text goes.
func hostileEvents(s string) []*event.Secret {
	secret := kx.Value{Name: "secret", Bytes: []byte(s + "0123456789abcdef")}
	var out []*event.Secret
	for _, hash := range []string{"SHA-256", s} {
		for _, method := range []string{"PRF", "HKDF-Extract", "HKDF-Expand-Label", "HMAC", "key_block[0:4]", "ECDHE x25519", "RSA", "ecdsa_secp256r1_sha256", "ed25519", s, "key_block[" + s + "]", "ECDHE " + s} {
			for _, label := range []event.SecretLabel{event.LabelMasterSecret, event.LabelPremasterSecret, event.LabelClientKeyShare, "server_signature", event.SecretLabel(s)} {
				for _, tag := range []string{"", "key expansion", s} {
					out = append(out, &event.Secret{Label: label, Method: method, Hash: hash, Tag: tag, Value: []byte("value"), Inputs: []kx.Value{secret,
						{Name: "salt", Bytes: []byte(s)}, {Name: "ikm", Bytes: []byte(s)}, {Name: "hkdf_label", Bytes: []byte(s)}, {Name: "finished_key", Bytes: []byte(s)},
						{Name: "transcript_hash", Bytes: []byte(s)}, {Name: "a", Bytes: []byte(s)}, {Name: "B", Bytes: []byte(s)}, {Name: "signed", Bytes: []byte(s)}, {Name: "public_key", Bytes: []byte(s)}, {Name: s, Bytes: []byte(s)}}})
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
