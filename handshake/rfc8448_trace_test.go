package handshake

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
)

// The traces of RFC 8448 as testdata/rfc8448 has them: a reader. That the files are
// right is for rfc8448_values_test.go to show; rfc8448_test.go plays them.

// handshakeTraces are the sections, but for the first, which is a key.
var handshakeTraces = []string{"simple", "resumed", "retry", "client_auth", "compatibility"}

// trace is one section: what client and server do, in order.
type trace struct {
	name  string
	steps []*traceStep
}

// traceStep is one thing that one party does.
type traceStep struct {
	at     string // file and line, for complaints
	party  string // "client" or "server"
	title  string // `derive secret "tls13 c hs traffic"`
	names  []string
	values map[string][]byte
}

// readTrace reads one file of testdata/rfc8448.
func readTrace(t testing.TB, name string) *trace {
	t.Helper()
	file := filepath.Join("testdata", "rfc8448", name+".txt")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tr := &trace{name: name}
	var step *traceStep
	var value string // that the next line may go on with
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimRight(line, "\n")
		bad := func() { t.Fatalf("%s:%d: %q makes no sense here", file, n, line) }
		left, right, isValue := strings.Cut(strings.TrimSpace(line), " =")
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] != ' ':
			party, title, ok := strings.Cut(line, ": ")
			if !ok || party != "client" && party != "server" {
				bad()
			}
			step = &traceStep{at: fmt.Sprintf("%s:%d", file, n), party: party, title: title, values: map[string][]byte{}}
			tr.steps = append(tr.steps, step)
			value = ""
			continue
		case step == nil:
			bad()
		case isValue:
			value = left
			if _, twice := step.values[value]; twice {
				bad()
			}
			step.names = append(step.names, value)
			step.values[value] = []byte{}
		default:
			right = left
		}
		more, err := hex.DecodeString(strings.TrimSpace(right))
		if err != nil || value == "" {
			bad()
		}
		step.values[value] = append(step.values[value], more...)
	}
	if len(tr.steps) == 0 {
		t.Fatalf("%s has no steps", file)
	}
	return tr
}

// get returns a value that the step must have.
func (s *traceStep) get(t testing.TB, name string) []byte {
	t.Helper()
	v, ok := s.values[name]
	if !ok {
		t.Fatalf("%s: no value %q", s.at, name)
	}
	return v
}

// find returns a party's steps with a title; "" is both parties.
func (tr *trace) find(party, title string) []*traceStep {
	var out []*traceStep
	for _, s := range tr.steps {
		if (party == "" || s.party == party) && s.title == title {
			out = append(out, s)
		}
	}
	return out
}

// traceMessage is a handshake message that somebody constructs.
type traceMessage struct {
	party string
	name  string // "ClientHello"
	raw   []byte
}

// messages lists the handshake messages in order. A HelloRetryRequest goes by
// ServerHello there, too. A ClientHello with a PSK is constructed up to its binders,
// and they are calculated after it.
func (tr *trace) messages(t testing.TB) []traceMessage {
	t.Helper()
	var out []traceMessage
	for _, s := range tr.steps {
		if name, ok := strings.CutPrefix(s.title, "construct a"); ok {
			name = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(name, "n"), " "), " handshake message")
			out = append(out, traceMessage{s.party, name, s.get(t, name)})
		}
		if binder, ok := s.values["finished"]; ok && s.title == "calculate PSK binder" {
			hello := &out[len(out)-1]
			list := []byte{0, byte(len(binder) + 1), byte(len(binder))}
			hello.raw = slices.Concat(hello.raw, list, binder)
		}
	}
	return out
}

// message returns the n-th message of a name that a party constructs, from 0.
func (tr *trace) message(t testing.TB, party, name string, n int) []byte {
	t.Helper()
	for _, m := range tr.messages(t) {
		if m.party == party && m.name == name {
			if n == 0 {
				return m.raw
			}
			n--
		}
	}
	t.Fatalf("%s: no such %s from the %s", tr.name, name, party)
	return nil
}

// traceRecord is one record on the wire.
type traceRecord struct {
	at      string
	party   string
	typ     iana.ContentType // that of the payload
	payload []byte
	wire    []byte
}

// records lists the records in order.
func (tr *trace) records(t testing.TB) []traceRecord {
	t.Helper()
	types := map[string]iana.ContentType{
		"send handshake record": iana.Handshake, "send application_data record": iana.ApplicationData,
		"send alert record": iana.Alert, "send change_cipher_spec record": iana.ChangeCipherSpec,
	}
	var out []traceRecord
	for _, s := range tr.steps {
		if typ, ok := types[s.title]; ok {
			out = append(out, traceRecord{s.at, s.party, typ, s.get(t, "payload"), s.get(t, "complete record")})
		}
	}
	return out
}

// transcriptHash is the hash of the messages before a party's first of a name; the
// ClientHello that was refused counts as message_hash (RFC 9846 §4.1).
func (tr *trace) transcriptHash(t testing.TB, party, before string) []byte {
	t.Helper()
	h := sha256.New()
	hellos := len(tr.find("client", "construct a ClientHello handshake message"))
	for i, m := range tr.messages(t) {
		switch {
		case m.party == party && m.name == before:
			return h.Sum(nil)
		case i == 0 && hellos == 2:
			first := sha256.Sum256(m.raw)
			h.Write([]byte{254, 0, 0, sha256.Size})
			h.Write(first[:])
		default:
			h.Write(m.raw)
		}
	}
	t.Fatalf("%s: no %s from the %s", tr.name, before, party)
	return nil
}

// signed is what a party's CertificateVerify signs (RFC 9846 §4.5.2).
func (tr *trace) signed(t testing.TB, party string) []byte {
	t.Helper()
	b := append(bytes.Repeat([]byte{' '}, 64), "TLS 1.3, "+party+" CertificateVerify\x00"...)
	return append(b, tr.transcriptHash(t, party, "CertificateVerify")...)
}

// certificateVerify takes a party's CertificateVerify apart: type and length are four bytes.
func (tr *trace) certificateVerify(t testing.TB, party string) (iana.SignatureScheme, []byte) {
	t.Helper()
	m := tr.message(t, party, "CertificateVerify", 0)
	return iana.SignatureScheme(m[4])<<8 | iana.SignatureScheme(m[5]), m[8:]
}

// certificate is the only certificate in a party's Certificate: type and length, an
// empty context, the length of the list and that of its one entry stand before it, no
// extensions behind it.
func (tr *trace) certificate(t testing.TB, party string) *x509.Certificate {
	t.Helper()
	m := tr.message(t, party, "Certificate", 0)
	cert, err := x509.ParseCertificate(m[4+1+3+3 : len(m)-2])
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
