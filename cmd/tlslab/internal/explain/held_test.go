package explain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlslab/handshake/event"
)

// A connection that is too long to be kept is told from its file all the same, in the same words: the file is read once
// more. Of standard input that cannot be, nor can it be drawn; then it is said.
func TestLongConnection(t *testing.T) {
	const at = "../../../../handshake/explain/testdata/"
	most := maxHeld
	defer func() { maxHeld = most }()
	for _, name := range []string{"tls13", "rsa", "mutual12", "incomplete12", "quic_v1", "key_update", "snapped", "starttls"} {
		args := []string{at + name + ".pcapng", "--show", "1", "--rsa-key", at + "rsa.key"}
		if log := at + name + ".log"; exists(log) {
			args = append(args, "--keylogfile", log)
		}
		for _, more := range [][]string{nil, {"--secrets"}, {"--worksheet"}, {"--full"}} {
			if name == "incomplete12" && more != nil && more[0] == "--worksheet" {
				continue // there is nothing to compute
			}
			args := append(append([]string(nil), args...), more...)
			maxHeld = most
			want, err := run(t, args...)
			if err != nil {
				t.Fatal(name, more, err)
			}
			maxHeld = 0
			got, err := run(t, args...)
			if err != nil || got != want {
				t.Errorf("%s %v: %v, and it is told otherwise:\n%s\nwant\n%s", name, more, err, got, want)
			}
		}
	}
	maxHeld = 0
	if _, err := run(t, at+"tls13.pcapng", "--show", "1", "--format", "mermaid", "--lang", "en"); err == nil || !strings.Contains(err.Error(), "is too long to be told so") {
		t.Error("a drawing of it:", err)
	}
	f, err := os.Open(filepath.Join(at, "tls13.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdin := os.Stdin
	os.Stdin = f
	defer func() { os.Stdin = stdin }()
	if _, err := run(t, "-", "--show", "1", "--lang", "en"); err == nil || !strings.Contains(err.Error(), "is too long to be told so") {
		t.Error("of standard input:", err)
	}
}

// What is kept of a connection is bounded, its secrets too.
func TestHeldIsBounded(t *testing.T) {
	var h held
	record, kept := &event.Record{Wire: make([]byte, 1<<14)}, 0
	for range 3 * maxHeld / (1 << 14) {
		h.Event(record)
		h.Event(new(event.Secret))
		kept = max(kept, len(h.events))
	}
	if !h.over || h.events != nil || len(h.secrets) > maxSecrets || kept > maxHeld/(1<<14)*2 {
		t.Errorf("%d events were kept, and %d secrets", kept, len(h.secrets))
	}
}
