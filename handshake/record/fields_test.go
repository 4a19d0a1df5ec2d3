package record

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// met are the paths that the tests of this file have seen.
var met = map[string]bool{}

// fieldsOf are the leaves of a record as path=bytes, and of what is inside; that each byte is
// under one of them is tested.
func fieldsOf(t *testing.T, r Record, tls13 bool) (onWire, opened []string) {
	t.Helper()
	leaves := func(b []byte, fields []wire.Field) (out []string) {
		if err := wire.Covered(fields, len(b)); err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			met[f.Name] = true
			if f.Leaf() {
				out = append(out, fmt.Sprintf("%s=%x", f.Name, b[f.Off:f.Off+f.Len]))
			}
			if f.Ref == "" {
				t.Errorf("%s is specified nowhere", f.Name)
			}
		}
		return out
	}
	b, fields := Opened(r.Steps)
	return leaves(r.Wire, Fields(r.Wire, r.Steps, tls13)), leaves(b, fields)
}

// names are the last components of paths, without the values.
func names(leaves []string) (out []string) {
	for _, l := range leaves {
		path, _, _ := strings.Cut(l, "=")
		out = append(out, path[strings.LastIndexByte(path, '.')+1:])
	}
	return out
}

// However a record is protected, its sender and its reader divide it alike, into the parts
// that this protection has; and what is inside holds what was sent.
func TestFieldsOfEveryProtection(t *testing.T) {
	header := []string{"type", "version", "length"}
	for _, c := range []struct {
		name           string
		id             iana.CipherSuite
		etm            bool
		zeros          int
		compressed     bool
		onWire, opened []string
	}{
		{"GCM", gcm, false, 0, false, []string{"nonce_explicit", "ciphertext", "tag"}, []string{"content"}},
		{"GCM, compressed", gcm, false, 0, true, []string{"nonce_explicit", "ciphertext", "tag"}, []string{"content"}},
		{"ChaCha20", 0xcca8, false, 0, false, []string{"ciphertext", "tag"}, []string{"content"}},
		{"CCM", 0xc09c, false, 0, false, []string{"nonce_explicit", "ciphertext", "tag"}, []string{"content"}},
		{"CBC", 0xc027, false, 0, false, []string{"explicit_iv", "ciphertext"}, []string{"content", "mac", "padding", "padding_length"}},
		{"CBC, compressed", 0xc027, false, 0, true, []string{"explicit_iv", "ciphertext"}, []string{"content", "mac", "padding", "padding_length"}},
		{"encrypt-then-MAC", 0xc027, true, 0, false, []string{"explicit_iv", "ciphertext", "mac"}, []string{"content", "padding", "padding_length"}},
		{"NULL", 0x003b, false, 0, false, []string{"content", "mac"}, nil},
		{"TLS 1.3", gcm13, false, 0, false, []string{"ciphertext", "tag"}, []string{"content", "type"}},
		{"TLS 1.3, padded", gcm13, false, 9, false, []string{"ciphertext", "tag"}, []string{"content", "type", "zeros"}},
		{"integrity only", 0xc0b4, false, 0, false, []string{"content", "type", "mac"}, []string{"content", "type"}},
		{"integrity only, padded", 0xc0b4, false, 9, false, []string{"content", "type", "zeros", "mac"}, []string{"content", "type", "zeros"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := suite.ByID(c.id)
			protect := func() suite.Protection {
				k := row.Cipher
				o := suite.Options{EncryptThenMAC: c.etm}
				if c.zeros > 0 {
					o.Padding = func(int) int { return c.zeros }
				}
				p, err := k.Protect(suite.Keys{MAC: make([]byte, k.MACLen), Key: make([]byte, k.KeyLen), IV: make([]byte, k.FixedIVLen)}, o)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			var w Writer
			var r Reader
			w.SetVersion(row.Version)
			r.SetVersion(row.Version)
			if c.compressed {
				w.Change(protect(), NewDEFLATE())
				r.Change(protect(), NewDEFLATE())
			} else {
				w.Change(protect(), nil)
				r.Change(protect(), nil)
			}
			tls13 := row.Version == iana.TLS13
			for _, n := range []int{0, 1, 15, 16, 17, 40, 4000} {
				var sent Record
				b, err := w.Append(nil, iana.ApplicationData, noise(n), func(rec Record) { sent = rec })
				if err != nil {
					t.Fatal(err)
				}
				got, _, err := r.Next(b, nil, true)
				if err != nil {
					t.Fatal(err)
				}
				onWire, opened := fieldsOf(t, sent, tls13)
				again, openedAgain := fieldsOf(t, got, tls13)
				if !slices.Equal(onWire, again) || !slices.Equal(opened, openedAgain) {
					t.Fatalf("%d bytes: sent as\n%q %q\nread as\n%q %q", n, onWire, opened, again, openedAgain)
				}
				want, inside := slices.Concat(header, c.onWire), c.opened
				if n == 0 && !c.compressed { // there is no such part then
					empty := func(s string) bool {
						return s == "content" || s == "ciphertext" && !tls13 && row.Cipher.Kind != suite.CBC
					}
					want, inside = slices.DeleteFunc(want, empty), slices.DeleteFunc(slices.Clone(inside), empty)
				}
				opt := func(list []string) []string { // a padding of padding_length alone
					return slices.DeleteFunc(list, func(s string) bool { return s == "padding" })
				}
				if !slices.Equal(names(onWire), want) || !slices.Equal(opt(names(opened)), opt(slices.Clone(inside))) {
					t.Fatalf("%d bytes: %q and %q, want %q and %q", n, names(onWire), names(opened), want, inside)
				}
				if in, _ := Opened(got.Steps); c.opened != nil && !c.compressed && !bytes.HasPrefix(in, noise(n)) {
					t.Errorf("%d bytes: what is inside does not begin with them", n)
				}
			}
		})
	}
}

// In clear, and where nobody opened it, the fragment is one field.
func TestFieldsOfWhatIsNotOpened(t *testing.T) {
	b := []byte{22, 3, 1, 0, 2, 0xab, 0xcd}
	onWire, opened := fieldsOf(t, Record{Wire: b}, false)
	if want := []string{"record.type=16", "record.version=0301", "record.length=0002", "record.fragment=abcd"}; !slices.Equal(onWire, want) || opened != nil {
		t.Errorf("%q %q", onWire, opened)
	}
	for n := range len(b) {
		if f := Fields(b[:n], nil, true); f != nil {
			t.Errorf("the first %d bytes are taken for a record: %v", n, f)
		}
	}
	if f := Fields(append(bytes.Clone(b), 0), nil, true); f != nil {
		t.Errorf("with a byte behind it: %v", f)
	}
}

// Steps that are not this record's divide nothing: better one field than a false one.
func TestFieldsOfOtherSteps(t *testing.T) {
	w, _ := pair(t, gcm13)
	var notes []Record
	for range 2 {
		if _, err := w.Append(nil, iana.ApplicationData, []byte("four"), func(r Record) { notes = append(notes, r) }); err != nil {
			t.Fatal(err)
		}
	}
	notes[0].Steps = notes[1].Steps
	if onWire, _ := fieldsOf(t, notes[0], true); !slices.Equal(names(onWire), []string{"type", "version", "length", "fragment"}) {
		t.Errorf("%q", onWire)
	}
}

// Each path that is listed comes, and no other does.
func TestFieldPaths(t *testing.T) {
	TestFieldsOfEveryProtection(t)
	TestFieldsOfWhatIsNotOpened(t)
	if seen := slices.Sorted(maps.Keys(met)); !slices.Equal(seen, slices.Sorted(slices.Values(FieldPaths()))) {
		t.Errorf("seen were %q", seen)
	}
}
