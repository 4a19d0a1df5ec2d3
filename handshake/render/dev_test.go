package render

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

func TestDev(t *testing.T) {
	lang := narrate.Lang(os.Getenv("L"))
	o := scenario.Options{Seed: "1"}
	switch os.Getenv("K") {
	case "rsa":
		o.Kx = []iana.Kx{iana.KxRSA}
	case "ecdhe":
		o.Kx = []iana.Kx{iana.KxECDHE}
	}
	if os.Getenv("C") != "" {
		o.UntrustedRoot = true
	}
	if os.Getenv("M") != "" {
		o.MITM = true
		o.TrustMITM = os.Getenv("M") == "t"
	}
	o.Resume = scenario.Resume(os.Getenv("R"))
	o.Plain = os.Getenv("P") != ""
	lv := map[string]Level{"": Default, "brief": Brief, "bytes": Bytes}[os.Getenv("V")]
	var b bytes.Buffer
	tm := NewTerminal(&b, TerminalOptions{Lang: lang, Level: lv, Worksheet: os.Getenv("W") != ""})
	tr, err := scenario.Run(context.Background(), o, tm)
	if err != nil {
		t.Fatal(err)
	}
	tm.Close()
	switch os.Getenv("F") {
	case "first":
		b.Reset()
		if err := FirstScreen(&b, tr, TerminalOptions{Lang: lang}); err != nil {
			t.Fatal(err)
		}
	case "json":
		b.Reset()
		WriteJSON(&b, tr)
	case "mermaid":
		b.Reset()
		WriteMermaid(&b, tr, lang)
	}
	fmt.Print(b.String())
}
