package record

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// Every protected record of RFC 8448, sealed with its keys, is the RFC's, and opens
// to its payload.
func TestRFC8448(t *testing.T) {
	files, err := filepath.Glob("../testdata/rfc8448/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	records := 0
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			steps := traceSteps(t, name)
			// Of both ends' steps the one with the values counts: what an end
			// reads with is what the other writes with.
			keys := map[string]suite.Keys{}
			other := map[string]string{"client": "server", "server": "client"}
			derive := regexp.MustCompile(`^(client|server): derive (read|write) traffic keys for (.*?) data`)
			for _, s := range steps {
				if m := derive.FindStringSubmatch(s.title); m != nil && s.values["key expanded"] != nil {
					party := m[1]
					if m[2] == "read" {
						party = other[party]
					}
					keys[party+m[3]] = suite.Keys{Key: s.values["key expanded"], IV: s.values["iv expanded"]}
				}
			}
			writers, readers := map[string]*Writer{}, map[string]*Reader{}
			for party := range other {
				writers[party], readers[party] = new(Writer), new(Reader)
				writers[party].SetVersion(iana.TLS13)
				readers[party].SetVersion(iana.TLS13)
			}
			send := regexp.MustCompile(`^(client|server): send (\w+) record`)
			types := map[string]iana.ContentType{"handshake": iana.Handshake, "application_data": iana.ApplicationData,
				"alert": iana.Alert, "change_cipher_spec": iana.ChangeCipherSpec}
			for _, s := range steps {
				if m := derive.FindStringSubmatch(s.title); m != nil && m[2] == "write" {
					k, ok := keys[m[1]+m[3]]
					if !ok {
						t.Fatalf("no keys: %s", s.title)
					}
					for _, change := range []func(suite.Protection, Compressor){writers[m[1]].Change, readers[m[1]].Change} {
						p, err := suite.ByID(gcm13).Cipher.Protect(k, suite.Options{})
						if err != nil {
							t.Fatal(err)
						}
						change(p, nil)
					}
				}
				m := send.FindStringSubmatch(s.title)
				if m == nil {
					continue
				}
				records++
				typ, payload, wire := types[m[2]], s.values["payload"], s.values["complete record"]
				sealed := write(t, writers[m[1]], typ, payload)
				if writers[m[1]].protection == nil {
					sealed[2] = wire[2] // the first ClientHello's header may say 0x0301
				}
				if !bytes.Equal(sealed, wire) {
					t.Errorf("%s: %x, want %x", s.title, sealed, wire)
				}
				rec, n, err := readers[m[1]].Next(slices.Clone(wire), nil, false)
				if err != nil || n != len(wire) || rec.Type != typ || !bytes.Equal(rec.Payload, payload) {
					t.Errorf("%s: %v of %d bytes, n %d, %v", s.title, rec.Type, len(rec.Payload), n, err)
				}
			}
		})
	}
	if records < 40 {
		t.Errorf("only %d records", records)
	}
}

// traceStep is a step of a trace, with its values.
type traceStep struct {
	title  string
	values map[string][]byte
}

func traceSteps(t *testing.T, name string) (steps []traceStep) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	key := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] != ' ':
			steps = append(steps, traceStep{line, map[string][]byte{}})
			continue
		case !strings.HasPrefix(line, "    "):
			key, line, _ = strings.Cut(strings.TrimSpace(line), " =")
		}
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil || len(steps) == 0 {
			continue // a word where a value would be
		}
		s := steps[len(steps)-1]
		s.values[key] = append(s.values[key], b...)
	}
	return steps
}
