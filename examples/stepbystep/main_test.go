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
		"client in WAIT_CR may recv certificate_request, or recv server_hello_done\n       and goes to SEND_CKE\n",
		"server in SEND_FINISHED may send finished\n       and goes to CONNECTED\n",
		"both are there: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	// Four flights (RFC 5246 figure 1), of which each waits for the one before.
	if n := strings.Count(out.String(), "==>"); n != 2*4 {
		t.Errorf("%d flights", n/2)
	}
}
