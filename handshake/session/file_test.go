package session_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/wire"
)

func sample13() *session.Session {
	s := sample()
	s.Version, s.Suite, s.EMS, s.Group, s.Master, s.ID = iana.TLS13, 0x1301, false, 0, [48]byte{}, nil
	s.PSK, s.AgeAdd, s.MaxEarlyData = bytes.Repeat([]byte{9}, 32), 12345, 1<<14
	return s
}

func sampleFile(t testing.TB) (*session.File, []byte) {
	f := &session.File{ServerVerified: true, Sessions: []session.Session{*sample(), *sample13()}}
	b, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return f, b
}

func TestFile(t *testing.T) {
	f, b := sampleFile(t)
	if !bytes.HasPrefix(b, []byte("tlslab sessions 1\n")) {
		t.Errorf("it begins %q", b[:18])
	}
	mine := bytes.Clone(b)
	got, err := session.ParseFile(mine)
	clear(mine) // what was read does not depend on it
	if err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("got %+v, %v, want %+v", got, err, f)
	}
	var note []wire.Field
	if err := wire.Parse(b, new(session.File), &note); err != nil {
		t.Fatal(err)
	}
	if err := wire.Covered(note, len(b)); err != nil {
		t.Error(err)
	}
	empty := new(session.File)
	if b, err = empty.Marshal(); err != nil {
		t.Fatal(err)
	}
	if got, err := session.ParseFile(b); err != nil || len(got.Sessions) != 0 || got.ServerVerified {
		t.Errorf("nothing became %+v, %v", got, err)
	}
}

func TestBadFiles(t *testing.T) {
	_, b := sampleFile(t)
	for n := range b {
		if _, err := session.ParseFile(b[:n]); reason.Of(err) != reason.Truncated {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	if _, err := session.ParseFile(append(bytes.Clone(b), 0)); reason.Of(err) != reason.TrailingBytes {
		t.Errorf("a byte more: %v", err)
	}
	fields := map[string]int{}
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		_, err := session.ParseFile(changed)
		var e *reason.Error
		if !errors.As(err, &e) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		fields[e.Field]++
	}
	if fields["session_file.magic"] != 16 || fields["session_file.version"] != 1 || fields["session_file.digest"] < len(b)/2 {
		t.Errorf("a bit changed in each byte is found in %v", fields)
	}
	for name, text := range map[string]string{"magic": "-----BEGIN SSL SESSION PARAMETERS-----\nMIIB",
		"version": "tlslab sessions 2\n" + string(b[18:])} {
		if _, err := session.ParseFile([]byte(text)); reason.Of(err) != reason.BadValue || !strings.Contains(err.Error(), "session_file."+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	_, b := sampleFile(f)
	f.Add(b)
	f.Add(b[:60])
	f.Add([]byte("tlslab sessions 1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		// Most of what chance makes has no digest; what it would say is not the question.
		for _, b := range [][]byte{b, digested(b)} {
			file, err := session.ParseFile(b)
			if err != nil {
				if reason.Of(err) == reason.None {
					t.Errorf("refused without a reason: %v", err)
				}
				continue
			}
			if again, err := file.Marshal(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x became %x, %v", b, again, err)
			}
		}
	})
}

// digested replaces the last bytes with the digest that they should be.
func digested(b []byte) []byte {
	if len(b) < sha256.Size {
		return b
	}
	b = b[:len(b)-sha256.Size]
	sum := sha256.Sum256(b)
	return append(bytes.Clone(b), sum[:]...)
}
