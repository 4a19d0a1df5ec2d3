package replay

import (
	"net/http"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/replay/bank"
	"tlslab/pki/lesson"
)

// What a request brings along about early data stays: whoever passed it on may have taken it so, and
// nobody on the way may unsay it (RFC 8470 §5.1).
func TestEarlyDataFieldStays(t *testing.T) {
	l, err := lesson.New(lesson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		field string
		early bool
		want  []string
	}{{"", false, nil}, {"", true, []string{"1"}}, {"Early-Data: 1\r\n", false, []string{"1"}}, {"Early-Data: 1\r\n", true, []string{"1"}}} {
		ep, err := handshake.NewServer(&handshake.Config{Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}})
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		f := &front{ep: ep, bank: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Values(bank.EarlyData))
		})}
		if err := f.take([]byte("POST /transfer HTTP/1.1\r\nHost: bank\r\nContent-Length: 0\r\n"+test.field+"\r\n"), test.early); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !slices.Equal(got[0], test.want) {
			t.Errorf("%q, early %v: the bank reads %q, want %q once", test.field, test.early, got, test.want)
		}
	}
}
