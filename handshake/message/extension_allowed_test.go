package message_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// columns are the messages with extensions, as RFC 9846 §4.3 abbreviates them.
var columns = map[string]message.Kind{
	"CH": message.KindClientHello, "SH": message.KindServerHello, "HRR": message.KindHelloRetryRequest,
	"EE": message.KindEncryptedExtensions, "CT": message.KindCertificate, "CR": message.KindCertificateRequest,
	"NST": message.KindNewSessionTicket,
}

func TestAllowedIsTheTable(t *testing.T) {
	text, err := os.ReadFile("testdata/rfc9846/extensions.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if line[0] == '#' {
			continue
		}
		rows++
		var number iana.ExtensionType
		var name string
		if _, err := fmt.Sscanf(line, "%d %s", &number, &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if name = strings.TrimSuffix(name, ":"); number.String() != name {
			t.Errorf("number %d is called %s, want %s", uint16(number), number, name)
		}
		_, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		in := map[string]bool{}
		for _, column := range strings.Split(list, ", ") {
			in[column] = true
		}
		for column, k := range columns {
			if message.Allowed(k, number) != in[column] {
				t.Errorf("%s in %s is allowed: %v, RFC 9846 says %v", name, column, !in[column], in[column])
			}
			delete(in, column)
		}
		if len(in) > 0 {
			t.Errorf("%s: unknown columns %v", name, in)
		}
	}
	if rows != 31 {
		t.Errorf("%d rows, RFC 9846 has 31", rows)
	}
}

// What RFC 9846 leaves out because it is not recommended, or not TLS 1.3's.
func TestAllowedBeyondTheTable(t *testing.T) {
	for x, want := range map[iana.ExtensionType]string{
		iana.ExtMaxFragmentLength: "CH EE", iana.ExtSignedCertTimestamp: "CH CR CT", iana.ExtCachedInfo: "CH EE",
		iana.ExtECPointFormats: "CH", iana.ExtStatusRequestV2: "CH", iana.ExtEncryptThenMAC: "CH", iana.ExtTokenBinding: "CH",
		iana.ExtExtendedMasterSecret: "CH", iana.ExtSessionTicket: "CH", iana.ExtRenegotiationInfo: "CH",
		0x1a1a: "CH SH HRR EE CT CR NST", 0xfe00: "CH SH HRR EE CT CR NST", // unknown: not for this table to say
	} {
		in := map[string]bool{}
		for _, column := range strings.Fields(want) {
			in[column] = true
		}
		for column, k := range columns {
			if message.Allowed(k, x) != in[column] {
				t.Errorf("%s in %s is allowed: %v", x, column, !in[column])
			}
		}
	}
}

// A Go type where the table allows no extension could never be reached. ServerHello
// is TLS 1.2's, too, and holds more there.
func TestTypesAreAllowed(t *testing.T) {
	types := 0
	for name, k := range columns {
		for _, x := range message.ExtensionTypes(k) {
			types++
			if !message.Allowed(k, x) && k != message.KindServerHello {
				t.Errorf("%s has a Go type in %s, where it is not allowed", x, name)
			}
		}
	}
	if types < 50 {
		t.Errorf("only %d types seen", types)
	}
	for k, want := range map[message.Kind]int{
		message.KindEncryptedExtensions: 6, message.KindCertificate: 2, message.KindCertificateRequest: 7, message.KindNewSessionTicket: 1,
	} {
		if got := len(message.ExtensionTypes(k)); got != want {
			t.Errorf("%d extensions have a Go type in %s, want %d", got, k, want)
		}
	}
}

// No server that we did not write puts an extension where it may not be.
func TestForeignExtensionsAreAllowed(t *testing.T) {
	seen := 0
	for _, c := range captures(t) {
		var ctx message.Context
		for _, raw := range c.messages {
			m, err := message.Parse(ctx, raw.raw, nil)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			ctx = contextAfter(ctx, m)
			if ctx.Version != iana.TLS13 && m.Kind() != message.KindClientHello {
				continue
			}
			for _, block := range blocks(m) {
				for _, x := range block.List {
					if seen++; !message.Allowed(m.Kind(), x.Type()) {
						t.Errorf("%s has %s in a %s", c.name, x.Type(), m.Kind())
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d extensions seen", seen)
	}
}
