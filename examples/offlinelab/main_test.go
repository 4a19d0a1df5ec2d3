//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/ascii85"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"
)

// TestWrite: the file holds the engine as it was built, its policy allows its own scripts and no
// other, and nothing in it is to be fetched. How it plays is tested in handshake/lab, by a browser.
func TestWrite(t *testing.T) {
	engine := bytes.Repeat([]byte("engine"), 1000)
	var file bytes.Buffer
	if err := write(&file, engine, "class Go {}"); err != nil {
		t.Fatal(err)
	}
	scripts := regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`).FindAllStringSubmatch(file.String(), -1)
	if len(scripts) != 3 {
		t.Fatalf("%d scripts", len(scripts))
	}
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(file.String())[1]
	for _, s := range scripts[:2] {
		sum := sha256.Sum256([]byte(s[2]))
		if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; s[1] != "" || !strings.Contains(policy, hash) {
			t.Errorf("the policy does not allow the script %.40q: %s", s[2], policy)
		}
	}
	for _, want := range []string{"default-src 'none'", "'wasm-unsafe-eval'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy is %q, without %s", policy, want)
		}
	}
	for _, never := range []string{"'unsafe-eval'", "'unsafe-inline'", "http:", "https:", "*"} {
		if strings.Contains(policy, never) {
			t.Errorf("the policy is %q, with %s", policy, never)
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(read(t, scripts[2][2])))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, engine) {
		t.Errorf("the engine has %d bytes, %v, want %d", len(got), err, len(engine))
	}
	for _, m := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(file.String(), -1) {
		if m[1] != "data:," {
			t.Errorf("it asks for %s", m[1])
		}
	}
	if err := write(io.Discard, engine, "s = '</Script>'"); err == nil {
		t.Error("a script that ends amid a string is taken")
	}
}

// read reads what was written as text.
func read(t *testing.T, text string) []byte {
	t.Helper()
	b := make([]byte, len(text))
	n, _, err := ascii85.Decode(b, []byte(strings.ReplaceAll(text, "v", "<")), true)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// TestWritten: no byte of an engine becomes what HTML would take for its own, and none is lost, not
// in a last group that is short, nor among zeros; a group is five characters wherever it stands.
func TestWritten(t *testing.T) {
	all := make([]byte, 4<<16)
	for i := range 1 << 16 { // every pair of bytes, thus every character at each place
		copy(all[4*i:], []byte{byte(i), byte(i >> 8), byte(i >> 8), byte(i)})
	}
	for short := range 5 {
		for _, b := range [][]byte{all[:len(all)-short], make([]byte, 12-short), bytes.Repeat([]byte{255}, 12-short)} {
			text := written(b)
			if strings.ContainsAny(text, "<z") || len(text) != (len(b)*5+3)/4 {
				t.Errorf("%d bytes are %d characters, with one that has a meaning or a length of its own: %.40q", len(b), len(text), text)
			}
			if got := read(t, text); !bytes.Equal(got, b) {
				t.Errorf("%d bytes came back as %d, and they differ", len(b), len(got))
			}
		}
	}
}
