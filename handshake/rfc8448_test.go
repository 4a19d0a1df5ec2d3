package handshake

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// The handshakes of RFC 8448, played by an endpoint in either role against the
// trace: every record that it sends is the trace's, byte for byte, and so is every
// secret that it derives. rfc8448_end_test.go says what an endpoint is given of the
// trace, and what it must find by itself; rfc8448_secrets_test.go compares the secrets.

func TestRFC8448(t *testing.T) {
	for _, name := range handshakeTraces {
		for _, role := range []event.Role{event.Client, event.Server} {
			t.Run(name+"/"+role.String(), func(t *testing.T) {
				tr := readTrace(t, name)
				end := tr.end(t, role)
				end.play(t, tr.records(t))
				end.secrets.compare(t, tr, role)
				if n := len(end.rand.values); n > 0 {
					t.Errorf("the endpoint left %d of the trace's values undrawn", n)
				}
			})
		}
	}
}

// play carries the trace's records past the endpoint: its own it must have made, the
// peer's it is fed.
func (e *traceEnd) play(t *testing.T, records []traceRecord) {
	t.Helper()
	var out []byte // made, and not yet in the trace
	for _, r := range records {
		if r.party != e.Role().String() {
			if len(out) > 0 {
				t.Fatalf("%s: the %v has sent what is not in the trace: %x", r.at, e.Role(), out)
			}
			e.hear(t, r)
			continue
		}
		switch r.typ {
		case iana.ApplicationData:
			write := e.Write
			if !e.Done() {
				write = e.WriteEarly
			}
			if n, err := write(r.payload); n != len(r.payload) || err != nil {
				t.Fatalf("%s: Write took %d of %d bytes, %v", r.at, n, len(r.payload), err)
			}
		case iana.Alert: // close_notify in every trace
			if err := e.CloseWrite(); err != nil {
				t.Fatalf("%s: %v", r.at, err)
			}
		default:
			e.settle(t, r)
		}
		out = append(out, e.Output()...)
		rest, ok := bytes.CutPrefix(out, r.wire)
		if !ok {
			t.Fatalf("%s: the %v sends\n%x\nthe trace has\n%x\nopened: %s\nthe trace has\n%x",
				r.at, e.Role(), out, r.wire, e.opened(), r.payload)
		}
		out = rest
	}
	if len(out) > 0 {
		t.Errorf("the %v sends beyond the trace: %x", e.Role(), out)
	}
	if !e.Done() {
		t.Errorf("the %v is in state %v", e.Role(), e.State())
	}
	if n, err := e.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after close_notify Read returns %d, %v", n, err)
	}
}

// settle makes every move that can be made.
func (e *traceEnd) settle(t *testing.T, r traceRecord) {
	t.Helper()
	for {
		progress, err := e.Step()
		if err != nil {
			t.Fatalf("%s: in state %v: %v", r.at, e.State(), err)
		}
		if !progress {
			return
		}
	}
}

// hear feeds a record of the peer's and takes note of what it means to the application.
func (e *traceEnd) hear(t *testing.T, r traceRecord) {
	t.Helper()
	e.Feed(r.wire)
	if r.typ != iana.ApplicationData && r.typ != iana.Alert {
		e.settle(t, r)
		return
	}
	got := make([]byte, len(r.payload)+1)
	n, err := e.Read(got)
	switch {
	case r.typ == iana.Alert && !errors.Is(err, io.EOF):
		t.Fatalf("%s: after close_notify Read returns %d, %v", r.at, n, err)
	case r.typ == iana.ApplicationData && (err != nil || !bytes.Equal(got[:n], r.payload)):
		t.Fatalf("%s: Read returns %x, %v; the trace has %x", r.at, got[:n], err, r.payload)
	}
}
