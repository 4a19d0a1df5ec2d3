package main

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/scenario"
)

// Under a seed the page is the same twice, and it holds the story from the first
// message to the data.
func TestRun(t *testing.T) {
	o := scenario.Options{Seed: "first", Kx: []iana.Kx{iana.KxECDHE}}
	var page, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&page, &again} {
		if err := run(w, o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(page.Bytes(), again.Bytes()) {
		t.Error("two runs under one seed differ")
	}
	at := 0
	for _, word := range []string{"ClientHello", "ServerKeyExchange", "premaster_secret", "master_secret", "Finished", "GET /"} {
		i := strings.Index(page.String()[at:], word)
		if i < 0 {
			t.Fatalf("no %q behind byte %d of\n%s", word, at, &page)
		}
		at += i
	}
}
