package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/scenario"
	"tlslab/handshake/transcript"
)

// The good runs meet every demand, and of the others each fails just what is wrong with it.
func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		scenario.Options
		met string // of each demand, in order
	}{
		"ECDHE":         {scenario.Options{Kx: []iana.Kx{iana.KxECDHE}}, "true true true true"},
		"TLS 1.3":       {scenario.Options{Version: iana.TLS13}, "true true true true"},
		"RSA":           {scenario.Options{Kx: []iana.Kx{iana.KxRSA}}, "false true true false"},
		"untrusted":     {scenario.Options{Kx: []iana.Kx{iana.KxECDHE}, UntrustedRoot: true}, "true false false false"},
		"wrong name":    {scenario.Options{Version: iana.TLS13, Cert: "wrong.host"}, "true false false false"},
		"clicked away":  {scenario.Options{MITM: true, ClickThrough: true}, "true false true false"},
		"trusted a box": {scenario.Options{MITM: true, TrustMITM: true}, "true true true false"},
	} {
		c.Seed = "1"
		l, err := scenario.Run(context.Background(), c.Options, nil)
		if err != nil {
			t.Fatal(err)
		}
		var text, out bytes.Buffer
		if err := errors.Join(lesson.WriteJSON(&text, l), run(&out, &text)); err != nil {
			t.Fatal(err)
		}
		var met []string
		for line := range strings.Lines(out.String()) {
			met = append(met, line[strings.LastIndexByte(line, ' ')+1:len(line)-1])
		}
		if got := strings.Join(met, " "); got != c.met {
			t.Errorf("%s: %s, not %s:\n%s", name, got, c.met, &out)
		}
	}
}

// Of a run that was cut off what there is is marked, and it is said.
func TestCutOff(t *testing.T) {
	l, err := scenario.Run(context.Background(), scenario.Options{Version: iana.TLS13, Seed: "1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text, out bytes.Buffer
	if err := lesson.WriteJSON(&text, l); err != nil {
		t.Fatal(err)
	}
	text.Truncate(text.Len() / 2)
	if err := run(&out, &text); !errors.Is(err, transcript.ErrCutOff) || strings.Count(out.String(), "\n") != 4 {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := run(&out, strings.NewReader("no document")); !errors.Is(err, transcript.ErrFormat) {
		t.Error(err)
	}
}
