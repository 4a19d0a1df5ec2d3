package record

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/suite"
)

// The same as foreign_test.go of TLS 1.3: two others talk, we open every record with
// the key log, and seal it again.

// checkConnection13 opens both directions of a recorded connection and seals them
// again. sent and answered are the application data that must come out.
func checkConnection13(t *testing.T, id iana.CipherSuite, client, server *stream, keylog, sent, answered string) {
	t.Helper()
	if got := string(openAndReseal13(t, id, "CLIENT", client.wire, keylog)); got != sent {
		t.Errorf("the client sent %d bytes, want %d", len(got), len(sent))
	}
	if got := string(openAndReseal13(t, id, "SERVER", server.wire, keylog)); got != answered {
		t.Errorf("the server sent %d bytes, want %d", len(got), len(answered))
	}
}

// openAndReseal13 reads one direction: a hello in clear, messages under handshake
// keys up to Finished, and the rest under the first application keys.
func openAndReseal13(t *testing.T, id iana.CipherSuite, side string, wire []byte, keylog string) (data []byte) {
	t.Helper()
	s := suite.ByID(id)
	keys := func(label string) suite.Protection {
		m := regexp.MustCompile(side + label + ` [0-9a-f]{64} ([0-9a-f]+)`).FindStringSubmatch(keylog)
		if m == nil {
			t.Fatalf("no %s%s in the key log", side, label)
		}
		secret, err := hex.DecodeString(m[1])
		if err != nil {
			t.Fatal(err)
		}
		k := suite.Keys{Key: make([]byte, s.Cipher.KeyLen), IV: make([]byte, s.Cipher.FixedIVLen)}
		keyschedule.ExpandLabel(s.Hash, k.Key, secret, "key", nil)
		keyschedule.ExpandLabel(s.Hash, k.IV, secret, "iv", nil)
		p, err := s.Cipher.Protect(k, suite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var r Reader
	var w Writer
	w.SetVersion(iana.TLS13)
	change := func(label string) {
		r.Change(keys(label), nil)
		w.Change(keys(label), nil)
	}
	var handshake []byte
	for len(wire) > 0 {
		rec, n, err := r.Next(wire, nil, true)
		if err != nil || n == 0 {
			t.Fatalf("epoch %d, record %d: n %d, %v", r.epoch, r.seq, n, err)
		}
		wire = wire[n:]
		if rec.Protected {
			again, err := w.Append(nil, rec.Type, rec.Payload, nil)
			if err != nil || !bytes.Equal(again, rec.Wire) {
				t.Errorf("record %d: sealed again it is %x, %v; was %x", rec.Seq, again, err, rec.Wire)
			}
		}
		switch {
		case r.epoch == 0: // the hello
			r.SetVersion(iana.TLS13)
			change("_HANDSHAKE_TRAFFIC_SECRET")
		case rec.Type == iana.ApplicationData:
			data = append(data, rec.Payload...)
		case rec.Type == iana.Handshake && r.epoch == 1:
			for handshake = append(handshake, rec.Payload...); len(handshake) >= 4; {
				n := 4 + uint24(handshake[1:])
				if n > len(handshake) {
					break
				}
				if handshake[0] == byte(iana.Finished) {
					change("_TRAFFIC_SECRET_0")
				}
				handshake = handshake[n:]
			}
		}
	}
	if r.epoch != 2 {
		t.Errorf("%s ended in epoch %d", side, r.epoch)
	}
	return data
}

func TestListeningToCryptoTLS13(t *testing.T) {
	certs, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	var client, server stream
	var keylog bytes.Buffer
	a, b := net.Pipe()
	config := &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, Certificates: []tls.Certificate{certs[iana.AuthECDSA]}}
	clientConfig := config.Clone()
	clientConfig.KeyLogWriter = &keylog
	c := tls.Client(recorded{a, &client}, clientConfig)
	done := make(chan error, 1)
	text := strings.Repeat("0123456789", 4000)
	go func() { // answers with what it got, and ends first
		srv := tls.Server(recorded{b, &server}, config)
		got := make([]byte, len(text))
		if _, err := io.ReadFull(srv, got); err != nil {
			done <- err
			return
		}
		_, err := srv.Write(got)
		done <- err
	}()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	checkConnection13(t, iana.CipherSuite(c.ConnectionState().CipherSuite), &client, &server, keylog.String(), text, text)
}

func TestListeningToOpenSSL13(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed; crypto/tls is listened to in any case")
	}
	var all []string
	for _, s := range suite.Of(iana.TLS13) {
		if !s.Weak { // RFC 9150 came into OpenSSL with 3.4, and is built on request only
			all = append(all, s.ID.OpenSSL())
		}
	}
	address := opensslServer(t, openssl, "-tls1_3", "-ciphersuites", strings.Join(all, ":"))
	for _, name := range all {
		t.Run(name, func(t *testing.T) {
			s, err := suite.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			client, server, keys := askOpenSSL(t, openssl, address, "-tls1_3", "-cipher", "ALL:@SECLEVEL=0", "-ciphersuites", name)
			checkConnection13(t, s.ID, client, server, keys, "a plain text\n", "txet nialp a\n")
		})
	}
}
