package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// Who types what other programs have, or misses a letter, is told what was meant; and nothing where nothing is like it.
func TestMeant(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	for line, want := range map[string]string{
		"client -connect h:1":           "client --connect",
		"client -CAfile=x":              "client --CAfile",
		"client --cafile x":             "client --CAfile",
		"client --servernam x":          "client --servername",
		"client localhost:443":          "client --connect localhost:443",
		"server :8443":                  "server --accept :8443",
		"replay early-data":             "replay --attack early-data",
		"s_client -connect h:1":         "client",
		"s_server":                      "server",
		"runn --tls 1.3":                "run",
		"ca sing":                       "ca sign",
		"proxy cb":                      "proxy ca",
		"help clinet":                   "client",
		"help ca sing":                  "ca sign",
		"--kx rsa":                      "run --kx",
		"--lang zh_CN":                  "",
		"client h --connect x":          "",
		"client --port 1":               "",
		"client -k":                     "",
		"client --host h":               "",
		"help run extra":                "",
		"ls":                            "",
		"--nothing":                     "",
		"run --nothing":                 "",
		"server :8443 --accept :1":      "",
		"server --accept :1 --verify 1": "",
		"compare x":                     "",
	} {
		var said bytes.Buffer
		if status := command(t.Context(), strings.NewReader(""), io.Discard, &said, strings.Fields(line)...); status != 2 {
			t.Errorf("%s: status %d, %s", line, status, &said)
		}
		_, meant, _ := strings.Cut(said.String(), "  Did you mean: tlslab ")
		if strings.TrimSpace(meant) != want {
			t.Errorf("%s: it says %s, and should say that %q was meant", line, &said, want)
		}
	}
}
