package der

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every certificate of NIST's suite but those made to be broken, and every root that this system
// trusts, is DER.
func TestWhatOthersMade(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "src/crypto/x509/testdata/nist-pkits/certs/*.crt"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d certificates of PKITS, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := Certificate(b); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
	bundle, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Logf("no bundle of roots here: %v", err) // PKITS stands for them
	}
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if err := Certificate(block.Bytes); err != nil {
			t.Errorf("a root of the system: %v", err)
		}
	}
	if err := Certificate(rich(t)); err != nil {
		t.Error(err)
	}
}

// Whatever is done to the encoding of any element of the certificate, it is found, and named.
// The extension that nobody knows is the one place where bytes may be anything.
func TestEveryElement(t *testing.T) {
	good := rich(t)
	if got := read(t, good).write(); !bytes.Equal(got, good) {
		t.Fatal("the tests do not write what they read")
	}
	total := 0
	read(t, good).all(func(*node) { total++ })
	if total < 200 {
		t.Fatalf("only %d elements", total)
	}
	for name, tc := range map[string]struct {
		applies func(*node) bool
		change  func(*node) []byte // the element as it is written instead
	}{
		"a length in a byte more": {
			func(*node) bool { return true },
			func(x *node) []byte {
				c := x.content()
				l := length(len(c))
				if l[0] < 0x80 {
					l = slices.Concat([]byte{0x81}, l)
				} else {
					l = slices.Concat([]byte{l[0] + 1, 0}, l[1:])
				}
				return slices.Concat([]byte{x.id}, l, c)
			},
		},
		"the indefinite length": {
			func(*node) bool { return true },
			func(x *node) []byte { return slices.Concat([]byte{x.id, 0x80}, x.content(), []byte{0, 0}) },
		},
		"bytes after the last field": {
			func(x *node) bool { return x.id&constructed != 0 || x.kids != nil },
			func(x *node) []byte {
				c := append(x.content(), 0xde, 0xad)
				return slices.Concat([]byte{x.id}, length(len(c)), c)
			},
		},
		"one byte less": {
			func(x *node) bool { return x.kids != nil },
			func(x *node) []byte {
				c := x.content()
				c = c[:len(c)-1]
				return slices.Concat([]byte{x.id}, length(len(c)), c)
			},
		},
		"the other form": {
			func(*node) bool { return true },
			func(x *node) []byte { b := x.write(); b[0] ^= constructed; return b },
		},
		"BOOLEAN of 01": {
			func(x *node) bool { return x.id == tagBoolean },
			func(*node) []byte { return []byte{tagBoolean, 1, 1} },
		},
		"the default FALSE": {
			func(x *node) bool { return x.id == tagBoolean },
			func(*node) []byte { return []byte{tagBoolean, 1, 0} },
		},
		"INTEGER with a zero before it": {
			func(x *node) bool { return x.id == tagInteger && x.bytes[0] < 0x80 },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.bytes)+1), []byte{0}, x.bytes)
			},
		},
		"OBJECT IDENTIFIER with a padded arc": {
			func(x *node) bool { return x.id == tagOID },
			func(x *node) []byte {
				return slices.Concat([]byte{x.id}, length(len(x.bytes)+1), []byte{0x80}, x.bytes)
			},
		},
		"BIT STRING with a used unused bit": {
			func(x *node) bool { return x.id == tagBitString && x.kids == nil },
			func(x *node) []byte {
				b := slices.Clone(x.write())
				b[len(b)-1] |= 1
				b[len(b)-len(x.bytes)] = 1
				return b
			},
		},
		"UTCTime with an offset": {
			func(x *node) bool { return x.id == tagUTCTime },
			func(x *node) []byte { return slices.Concat([]byte{x.id, 17}, x.bytes[:12], []byte("+0000")) },
		},
		"UTCTime without seconds": {
			func(x *node) bool { return x.id == tagUTCTime },
			func(x *node) []byte { return slices.Concat([]byte{x.id, 11}, x.bytes[:10], []byte("Z")) },
		},
		"GeneralizedTime with a fraction": {
			func(x *node) bool { return x.id == tagUTCTime },
			func(x *node) []byte {
				return slices.Concat([]byte{tagGeneralizedTime, 17, '2', '0'}, x.bytes[:12], []byte(".5Z"))
			},
		},
		"a list without an entry": {
			// Name, NoticeReference.noticeNumbers and TLSFeatures may be empty, and what
			// has nothing but optional fields: such an element is looked for below.
			func(x *node) bool { return len(x.kids) > 0 },
			func(x *node) []byte { return []byte{x.id, 0} },
		},
	} {
		tried, mayBeEmpty := 0, 0
		for i := range total {
			doc, n, applied := read(t, good), 0, false
			var target *node
			doc.all(func(x *node) {
				if n == i {
					target = x
				}
				n++
			})
			if anybodys(doc, target) {
				continue
			}
			if applied = tc.applies(target); !applied {
				continue
			}
			tried++
			bad := splice(doc, target, tc.change(target))
			err := Certificate(bad)
			switch {
			case err == nil && name == "a list without an entry":
				mayBeEmpty++
			case err == nil:
				t.Errorf("%s: element %d, %02x %x, is taken", name, i, target.id, target.bytes)
			case err.Off < 0 || err.Off > len(bad) || err.Want.Format == "" || err.Got.Format == "" || name != "one byte less" && err.Field == "" && i > 2:
				t.Errorf("%s: element %d: %+v", name, i, err)
			}
		}
		if tried == 0 {
			t.Errorf("%s: nothing to try it on", name)
		}
		// issuer, subject and five directoryNames (4 here), an emptied AKI, basicConstraints, policyConstraints,
		// nameConstraints, distribution points, user notices and what holds them alone.
		if name == "a list without an entry" && mayBeEmpty > 22 {
			t.Errorf("%d of %d elements may be empty", mayBeEmpty, tried)
		}
	}
}

// anybodys: the value of the extension that no module knows.
func anybodys(doc, target *node) (inside bool) {
	doc.extension("\x2a\x03\x63").kids[1].all(func(x *node) { inside = inside || x == target })
	return inside
}

// splice writes doc with an element replaced.
func splice(x, target *node, by []byte) []byte {
	if x == target {
		return by
	}
	if x.kids == nil {
		return x.write()
	}
	c := slices.Clone(x.prefix)
	for _, k := range x.kids {
		c = append(c, splice(k, target, by)...)
	}
	return slices.Concat([]byte{x.id}, length(len(c)), c)
}

// Each proper prefix is refused, and says where it ends.
func TestPrefixes(t *testing.T) {
	good := rich(t)
	for n := range good {
		if err := Certificate(good[:n]); err == nil || err.Off > n {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	if err := Certificate(append(slices.Clone(good), 0)); err == nil || err.Off != len(good) {
		t.Errorf("a byte after: %v", err)
	}
}

// A document that nests without end costs no more stack than one that does not.
func TestDepth(t *testing.T) {
	doc := []byte{5, 0}
	for range 5000 {
		doc = slices.Concat([]byte{0x30}, length(len(doc)), doc)
	}
	d := read(t, rich(t))
	bad := splice(d, d.at(0, 2, 1), doc) // the parameters of signature
	if err := Certificate(bad); err == nil || !strings.Contains(err.Want.String(), "levels") {
		t.Errorf("%v", err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	good := rich(t)
	if n := testing.AllocsPerRun(10, func() {
		if err := Certificate(good); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever comes: no panic, a byte within it, and what crypto/x509 writes again out of what it
// read is found in order.
func FuzzCertificate(f *testing.F) {
	f.Add(rich(f))
	f.Add([]byte{0x30, 3, 0x30, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := Certificate(b); err != nil {
			if err.Off < 0 || err.Off > len(b) || err.Want.Format == "" || err.Got.Format == "" {
				t.Fatalf("%+v", err)
			}
			return
		}
		nodes, ok := elements(b) // what is in order can be written in one way only
		if !ok || len(nodes) != 1 || !bytes.Equal(nodes[0].write(), b) {
			t.Fatalf("not the shortest: %x", b)
		}
	})
}

func FuzzOCSPResponse(f *testing.F) {
	f.Add([]byte{0x30, 3, 0x0a, 1, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := OCSPResponse(b); err != nil && (err.Off < 0 || err.Off > len(b) || err.Want.Format == "") {
			t.Fatalf("%+v", err)
		}
	})
}

func BenchmarkCertificate(b *testing.B) {
	good := rich(b)
	b.Run("walk", func(b *testing.B) {
		b.SetBytes(int64(len(good)))
		for b.Loop() {
			if err := Certificate(good); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("names", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := WalkCertificate(good); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("crypto-x509", func(b *testing.B) {
		for b.Loop() {
			if _, err := x509.ParseCertificate(good); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleCertificate() {
	// SEQUENCE { SEQUENCE { [0] { INTEGER 00 02, …
	fmt.Println(Certificate([]byte{0x30, 8, 0x30, 6, 0xa0, 4, 2, 2, 0, 2}))
	// Output: tbs_certificate.version at byte 8: expected an integer in as few bytes as hold it, got 0002 (X.690 §8.3.2)
}
