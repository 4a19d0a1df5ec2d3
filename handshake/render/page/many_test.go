package page

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/wire"
)

// chained is a Certificate message of TLS 1.2 with these documents, as a peer may send it.
func chained(t *testing.T, documents ...[]byte) *event.Message {
	t.Helper()
	m := &message.Certificate12{Certificates: documents}
	var fields []wire.Field
	raw, err := message.Marshal(m, &fields)
	if err != nil {
		t.Fatal(err)
	}
	return &event.Message{Meta: event.Meta{Seq: 1, Conn: 1, Party: "client"}, Dir: event.Receive, Kind: message.KindCertificate, Msg: m, Raw: raw, Fields: fields}
}

// Each document of a message is walked once, however many there are with the same bytes: what four
// times as many cost is about four times as much, counted in memory, which is the walks'.
func TestDocumentsAreWalkedOnce(t *testing.T) {
	cost := func(n int) float64 {
		e := chained(t, bytesTimes([]byte{0x30, 5, 2, 3, 1, 0, 1}, n)...)
		d := newDocument(Options{}, nil)
		return testing.AllocsPerRun(1, func() {
			if fields, left := d.fieldsOf("c1.certificate", e); len(fields)+left < 2*n {
				t.Fatalf("%d fields and %d more of %d documents", len(fields), left, n)
			}
		})
	}
	few, many := cost(100), cost(400)
	if few == 0 || many > 6*few {
		t.Errorf("100 certificates cost %.0f allocations, and 400 cost %.0f", few, many)
	}
}

func bytesTimes(b []byte, n int) (out [][]byte) {
	for range n {
		out = append(out, b)
	}
	return out
}

// named is a certificate with n names.
func named(t *testing.T, n int) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<31, 0), DNSNames: slices.Repeat([]string{"a"}, n)}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A message with more fields than a page can show has the first of them, all its bytes, and says how many
// fields are left; a message with as many as it can show says nothing of the kind.
func TestFieldsAreBounded(t *testing.T) {
	for n, cut := range map[int]bool{10: false, maxFields: true, 4 * maxFields: true} {
		e := chained(t, named(t, n), []byte{0x30, 3, 2, 1, 1})
		d := newDocument(Options{}, nil)
		fields, left := d.fieldsOf("c1.certificate", e)
		all := 0
		for _, f := range e.Fields[1:] { // without the message itself
			all += max(1, len(e.Inside(f))) // a document is the field that holds it
		}
		if len(fields) > maxFields || (left > 0) != cut || len(fields)+left < all {
			t.Errorf("%d names: %d fields are shown and %d are left, of %d", n, len(fields), left, all)
		}
		var out bytes.Buffer
		p := New(&out, Options{})
		p.Event(e)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "more fields of this message") != cut || strings.Count(out.String(), `role="treeitem"`) > maxFields {
			t.Errorf("%d names: the page has %d fields", n, strings.Count(out.String(), `role="treeitem"`))
		}
		if cut && out.Len() > 2<<20+8*len(e.Raw) {
			t.Errorf("%d names: %d bytes of a message make a page of %d", n, len(e.Raw), out.Len())
		}
	}
}
