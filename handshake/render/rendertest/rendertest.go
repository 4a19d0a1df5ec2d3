package rendertest

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

var update = flag.Bool("update", false, "write the golden files anew; review them like code")

// Updating reports whether the golden files are to be written anew.
func Updating() bool { return *update }

// Golden compares with testdata/name.
func Golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("%s, line %d:\n got %q\nwant %q\n(-update writes it anew)", file, i+1, g[i], w[i])
			}
		}
		t.Fatalf("%s: %d lines, want %d (-update writes it anew)", file, len(g), len(w))
	}
}

// Lessons are seeded runs that between them have every kind of event.
func Lessons() map[string]scenario.Options {
	null := suite.ByID(0x003b) // TLS_RSA_WITH_NULL_SHA256
	cbc := suite.ByID(0xc027)  // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256
	return map[string]scenario.Options{
		"bare":    {},
		"rsa":     {Kx: []iana.Kx{iana.KxRSA}},
		"dhe":     {Kx: []iana.Kx{iana.KxDHE}, NoEMS: true},
		"ecdhe":   {Kx: []iana.Kx{iana.KxECDHE}},
		"null":    {Kx: []iana.Kx{iana.KxRSA}, Suites: []*suite.Suite{null}},
		"cbc":     {Kx: []iana.Kx{iana.KxECDHE}, Suites: []*suite.Suite{cbc}, EncryptThenMAC: true},
		"mutual":  {Kx: []iana.Kx{iana.KxECDHE}, ClientAuth: true},
		"refused": {Kx: []iana.Kx{iana.KxECDHE}, UntrustedRoot: true},
		"expired": {Kx: []iana.Kx{iana.KxRSA}, Cert: lesson.Expired},
		"mitm":    {MITM: true, TrustMITM: true},
		"id":      {Resume: scenario.ResumeByID},
		"ticket":  {Resume: scenario.ResumeByTicket},
		"plain":   {Kx: []iana.Kx{iana.KxECDHE}, Plain: true},
		"psk":     {Resume: scenario.ResumePSK},
		"0rtt":    {Resume: scenario.ResumeEarly},
		"psk_ke":  {PSK: &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}, PSKOnly: true},

		"tls13":     {Version: iana.TLS13},
		"retry":     {Version: iana.TLS13, HelloRetry: true, Cookie: true},
		"mutual13":  {Version: iana.TLS13, ClientAuth: true, CertificateCompression: []*certcompress.Method{brotli.Method}},
		"integrity": {Suites: []*suite.Suite{suite.ByID(0xc0b4)}}, // TLS_SHA256_SHA256
		"update":    {Version: iana.TLS13, KeyUpdate: true, Padding: 16},
		"grease":    {Version: iana.TLS13, GREASE: true, NoCompatibility: true, RecordSizeLimit: 1000, Staple: "good"},
		"x25519":    {Version: iana.TLS13, Groups: []kx.Group{kx.X25519}},
		"refused13": {Version: iana.TLS13, UntrustedRoot: true},
		"mitm13":    {Version: iana.TLS13, MITM: true, TrustMITM: true},

		"h2":       {Version: iana.TLS13, ALPN: []string{"h2", "http/1.1"}},
		"h2_small": {Version: iana.TLS13, ALPN: []string{"h2"}, RecordSizeLimit: 64},
		"h2_0rtt":  {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}},
		"h2_again": {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}, Cookie: true},
		"h2_id":    {Resume: scenario.ResumeByID, ALPN: []string{"h2"}},
		"h2_mitm":  {MITM: true, TrustMITM: true, ALPN: []string{"h2"}, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},

		"mitm_changed":  {MITM: true, StolenCA: true, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},
		"mitm_click":    {MITM: true, ClickThrough: true},
		"mitm_pin":      {MITM: true, TrustMITM: true, Pin: true, ClickThrough: true},
		"mitm_mutual":   {MITM: true, TrustMITM: true, ClientAuth: true},
		"mitm_mutual13": {Version: iana.TLS13, MITM: true, TrustMITM: true, ClientAuth: true},
		"mitm_through":  {MITM: true, Passthrough: true, Pin: true, ClientAuth: true},
	}
}

var played = map[string]*scenario.Transcript{}

// Play runs a lesson once; many renderings look at the same transcript.
func Play(t *testing.T, name string) *scenario.Transcript {
	t.Helper()
	if tr := played[name]; tr != nil {
		return tr
	}
	o := Lessons()[name]
	o.Seed = "1"
	tr, err := scenario.Run(context.Background(), o, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	played[name] = tr
	return tr
}

// Elapsed is how long f takes.
func Elapsed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
