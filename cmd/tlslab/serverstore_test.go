package main

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
)

// TestStoreInClear: a server says so if the secrets of all sessions leave the machine in
// clear, on their way to Redis; and only then.
func TestStoreInClear(t *testing.T) {
	for url, want := range map[string]bool{
		"redis://127.0.0.1:1": false, "redis://localhost:1": false, "redis://[::1]:1": false, "redis:///1": false,
		"rediss://redis.invalid:1": false, "unix:///nowhere/redis.sock": false,
		"redis://redis.invalid:1": true, "redis://user:secret@redis.invalid:1/2": true,
	} {
		store, err := openStore(url, func(error) {})
		if err != nil {
			t.Fatal(url, err)
		}
		var said bytes.Buffer
		var s serverFlags
		s.lang = narrate.En
		s.announceStore(&said, new(handshake.Config), store, new(replay.Settings))
		store.redis.Close()
		if got := strings.Contains(said.String(), "rediss://"); got != want {
			t.Errorf("%s: %q", url, &said)
		}
		if strings.Contains(said.String(), "secret@") {
			t.Errorf("%s: a password in %q", url, &said)
		}
	}
}
