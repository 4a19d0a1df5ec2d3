package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"
)

// heard keeps what came on a connection.
type heard struct {
	net.Conn
	in bytes.Buffer
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.in.Write(p[:n])
	return n, err
}

// TestExportForeign: a connection of crypto/tls exports what we do from its master secret
// (RFC 5705 §4): without a context, with an empty one, and with the longest that there can
// be. One byte more neither of us takes.
func TestExportForeign(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	go tls.Server(b, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}).Handshake()
	var log bytes.Buffer
	conn := &heard{Conn: a}
	peer := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, KeyLogWriter: &log})
	if err := peer.Handshake(); err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(log.String()) // CLIENT_RANDOM, it, the master secret
	if len(fields) != 3 {
		t.Fatalf("the key log has %q", fields)
	}
	clientRandom, err1 := hex.DecodeString(fields[1])
	secret, err2 := hex.DecodeString(fields[2])
	if err1 != nil || err2 != nil || len(secret) != len(MasterSecret{}) {
		t.Fatal(err1, err2, len(secret))
	}
	master := MasterSecret(secret)
	serverRandom := conn.in.Bytes()[5+4+2:][:32] // behind the headers of record and message, and the version
	state := peer.ConnectionState()
	for name, context := range map[string][]byte{"none": nil, "an empty one": {}, "a byte": {7}, "65,535 bytes": bytes.Repeat([]byte("context"), 1<<16)[:1<<16-1]} {
		want, err := state.ExportKeyingMaterial("EXPORTER-lab", context, 77)
		if err != nil {
			t.Fatal(err)
		}
		if got := master.Export(crypto.SHA256, "EXPORTER-lab", clientRandom, serverRandom, context, 77); !bytes.Equal(got, want) {
			t.Errorf("with a context of %s: %x, and crypto/tls exports %x", name, got, want)
		}
	}
	if _, err := state.ExportKeyingMaterial("EXPORTER-lab", make([]byte, 1<<16), 77); err == nil {
		t.Error("crypto/tls takes a context of 65,536 bytes")
	}
}
