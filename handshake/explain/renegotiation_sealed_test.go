package explain_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
)

// A renegotiation's ChangeCipherSpec is protected, and behind it records are counted anew: that is so whether
// anybody has the keys or not.
func TestRenegotiationIsCountedWithoutKeys(t *testing.T) {
	const name = "testdata/renegotiated.pcapng"
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	records := func(k explain.Keys) (all []string) {
		_, err := explain.Read(context.Background(), bytes.NewReader(file), explain.Options{Show: 1, Keys: k,
			Listener: event.ListenerFunc(func(e event.Event) {
				if r, ok := e.(*event.Record); ok {
					all = append(all, fmt.Sprint(r.Type, " epoch ", r.Epoch, " seq ", r.Sequence, " protected ", r.Protected))
				}
			})})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	open, _ := keysFor(t, name)
	with, without := records(open), records(explain.Keys{})
	if len(with) == 0 || !slices.Equal(with, without) {
		t.Errorf("with keys:\n%q\nwithout:\n%q", with, without)
	}
}
