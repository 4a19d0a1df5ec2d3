package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func needOpenSSL(t *testing.T) string {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed; the other tests do not need it")
	}
	return openssl
}

// RFC 8448 has SHA-256 alone: here OpenSSL's TLS13-KDF computes the schedule with
// both hashes. Its extraction has "derived" in it.
func TestSchedule13AgainstOpenSSL(t *testing.T) {
	openssl := needOpenSSL(t)
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384} {
		check := func(what string, got []byte, opts ...string) {
			t.Helper()
			args := []string{"kdf", "-binary", "-keylen", fmt.Sprint(len(got)),
				"-kdfopt", "digest:" + strings.ReplaceAll(h.String(), "-", ""), "-kdfopt", "prefix:tls13 "}
			for _, o := range opts {
				args = append(args, "-kdfopt", o)
			}
			want, err := exec.Command(openssl, append(args, "TLS13-KDF")...).Output()
			if err != nil {
				t.Fatalf("openssl %q: %v", args, err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%v, %s: got %x, OpenSSL has %x", h, what, got, want)
			}
		}
		key := func(b []byte) string { return fmt.Sprintf("hexkey:%x", b) }
		salt := func(b []byte) string { return fmt.Sprintf("hexsalt:%x", b) }

		psk, shared := bytes.Repeat([]byte{0x21}, 32), bytes.Repeat([]byte{0x53}, 64)
		early := NewEarlySecret(h, psk)
		handshake := early.Handshake(shared)
		main := handshake.Main()
		check("early secret", early.Bytes(), "mode:EXTRACT_ONLY", key(psk))
		check("handshake secret", handshake.Bytes(), "mode:EXTRACT_ONLY", "label:derived", salt(early.Bytes()), key(shared))
		check("main secret", main.Bytes(), "mode:EXTRACT_ONLY", "label:derived", salt(handshake.Bytes()))

		th, nonce := bytes.Repeat([]byte{0x77}, h.Size()), []byte{1, 2, 3}
		external, ticket, earlyClient, earlyExporter := early.BinderKey(true), early.BinderKey(false), early.ClientTraffic(th), early.Exporter(th)
		hsClient, hsServer := handshake.ClientTraffic(th), handshake.ServerTraffic(th)
		apClient, apServer, exporter, resumption := main.ClientTraffic(th), main.ServerTraffic(th), main.Exporter(th), main.Resumption(th)
		finishedKey, next, ticketPSK := hsServer.FinishedKey(), apServer.Next(), resumption.PSK(nonce)
		writeKey, iv := make([]byte, 32), make([]byte, 12)
		apServer.Key(writeKey)
		apServer.IV(iv)
		empty := h.New().Sum(nil)
		for _, step := range []struct {
			secret  []byte
			label   string
			context []byte
			got     []byte
		}{
			{early.Bytes(), "ext binder", empty, external.Bytes()},
			{early.Bytes(), "res binder", empty, ticket.Bytes()},
			{early.Bytes(), "c e traffic", th, earlyClient.Bytes()},
			{early.Bytes(), "e exp master", th, earlyExporter.Bytes()},
			{handshake.Bytes(), "c hs traffic", th, hsClient.Bytes()},
			{handshake.Bytes(), "s hs traffic", th, hsServer.Bytes()},
			{main.Bytes(), "c ap traffic", th, apClient.Bytes()},
			{main.Bytes(), "s ap traffic", th, apServer.Bytes()},
			{main.Bytes(), "exp master", th, exporter.Bytes()},
			{main.Bytes(), "res master", th, resumption.Bytes()},
			{hsServer.Bytes(), "finished", nil, finishedKey.Bytes()},
			{apServer.Bytes(), "key", nil, writeKey},
			{apServer.Bytes(), "iv", nil, iv},
			{apServer.Bytes(), "traffic upd", nil, next.Bytes()},
			{resumption.Bytes(), "resumption", nonce, ticketPSK.Bytes()},
		} {
			opts := []string{"mode:EXPAND_ONLY", key(step.secret), "label:" + step.label}
			if step.context != nil {
				opts = append(opts, fmt.Sprintf("hexdata:%x", step.context))
			}
			check(step.label, step.got, opts...)
		}
	}
}

// The secrets of a handshake between two programs that are not ours, from
// OpenSSL's key log; what crypto/tls exports of the same handshake.
func TestExportIsWhatPeersExport(t *testing.T) {
	openssl := needOpenSSL(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
	}
	for suite, h := range map[string]crypto.Hash{
		"TLS_AES_128_GCM_SHA256": crypto.SHA256,
		"TLS_AES_256_GCM_SHA384": crypto.SHA384,
	} {
		t.Run(suite, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			patience := time.Now().Add(time.Minute) // for a client that never comes
			listener.(*net.TCPListener).SetDeadline(patience)
			log := filepath.Join(t.TempDir(), "keys")
			client := exec.CommandContext(t.Context(), openssl, "s_client", "-connect", listener.Addr().String(),
				"-tls1_3", "-ciphersuites", suite, "-keylogfile", log)
			if err := client.Start(); err != nil {
				t.Fatal(err)
			}
			raw, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			raw.SetDeadline(patience)
			conn := tls.Server(raw, config)
			if err := conn.Handshake(); err != nil {
				t.Fatal(err)
			}
			state := conn.ConnectionState()
			conn.Close()
			client.Wait() // its key log is whole; how it took the certificate does not matter

			lines, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			var exporter ExporterSecret
			for line := range strings.Lines(string(lines)) {
				if f := strings.Fields(line); len(f) == 3 && f[0] == "EXPORTER_SECRET" {
					exporter = ExporterSecret{NewSecret(h, unhex(t, f[2]))}
				}
			}
			if len(exporter.Bytes()) == 0 {
				t.Fatalf("no EXPORTER_SECRET in\n%s", lines)
			}
			for _, label := range []string{"EXPORTER-Channel-Binding", "EXPERIMENTAL lab"} {
				for _, context := range [][]byte{nil, {}, {7, 9}, make([]byte, 1000)} {
					for _, n := range []int{1, 32, 48, 200} {
						want, err := state.ExportKeyingMaterial(label, context, n)
						if err != nil {
							t.Fatal(err)
						}
						if got := exporter.Export(label, context, n); !bytes.Equal(got, want) {
							t.Errorf("%q, context of %d bytes: got %x, crypto/tls has %x", label, len(context), got, want)
						}
					}
				}
			}
		})
	}
}
