package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"client in START may send client_hello\n       and goes to WAIT_SH\n",
		"client in WAIT_CERT_CR may recv certificate_request, or recv certificate, or recv compressed_certificate, or recv change_cipher_spec\n       and goes to WAIT_CV\n",
		"server in WAIT_FINISHED may recv finished, or recv change_cipher_spec\n       and goes to CONNECTED\n",
		"both are there: TLS_AES_128_GCM_SHA256\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	// Three flights (RFC 9846 figure 1), of which each waits for the one before.
	if n := strings.Count(out.String(), "==>"); n != 2*3 {
		t.Errorf("%d flights", n/2)
	}
}
