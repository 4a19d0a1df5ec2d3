package trust

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/pki/authority"
)

// element is a constructed one, identified by this byte, of these parts.
func element(t *testing.T, tag byte, parts ...[]byte) []byte {
	t.Helper()
	b, err := asn1.Marshal(asn1.RawValue{Class: int(tag >> 6), Tag: int(tag & 0x1f), IsCompound: true, Bytes: bytes.Join(parts, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bundled is a message of PKCS #7 that carries certificates and a revocation list.
func bundled(t *testing.T, certs, lists [][]byte) []byte {
	t.Helper()
	data, signed := []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1}, []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2}
	parts := [][]byte{{2, 1, 1}, element(t, 0x31), element(t, 0x30, data)}
	if len(certs) > 0 {
		parts = append(parts, element(t, 0xa0, certs...))
	}
	parts = append(parts, element(t, 0xa1, lists...), element(t, 0x31))
	return element(t, 0x30, signed, element(t, 0xa0, element(t, 0x30, parts...)))
}

// row is a line of a dump: an offset, and bytes in hexadecimal.
var row = regexp.MustCompile(`^ {5}([0-9a-f]{4,}) +((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  |$)`)

// written puts together the bytes of each dump in out: a dump begins with the line above its table.
func written(t *testing.T, out string) (dumps []map[int]byte) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.Contains(line, "offset bytes") {
			dumps = append(dumps, map[int]byte{})
		}
		m := row.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		off, err := strconv.ParseInt(m[1], 16, 32)
		if err != nil || len(dumps) == 0 {
			t.Fatalf("%q: %v", line, err)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range b {
			dumps[len(dumps)-1][int(off)+i] = c
		}
	}
	return dumps
}

// Each byte of a bundle is written once: those around its certificates and revocation lists at their place in the
// bundle, and those of each at their place in it.
func TestEveryByteOfABundleIsWritten(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) string { t.Helper(); return printed(t, args...) }
	ca := filepath.Join(dir, "ca")
	run("ca", "init", ca)
	run("ca", "issue", "www.lab.test", "--cadir", ca, "--prefix", filepath.Join(dir, "leaf"))
	by, err := authority.Load(ca)
	if err != nil {
		t.Fatal(err)
	}
	revoked := func(n int) []byte {
		template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
		for i := range n {
			template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: time.Now()})
		}
		b, err := x509.CreateRevocationList(rand.Reader, template, by.Cert, by.Key)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	list := revoked(0)
	leaf, err := authority.ReadCerts(filepath.Join(dir, "leaf.pem"))
	if err != nil {
		t.Fatal(err)
	}
	both := bundled(t, [][]byte{by.Cert.Raw, leaf[0].Raw}, [][]byte{list})
	file := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	text := file("b.pem", pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: both}))
	for _, name := range []string{text, file("b.p7b", both)} {
		for _, args := range [][]string{
			{"verify", "--bytes", "--lang", "en", "--CAfile", filepath.Join(ca, "ca.pem"), "--servername", "www.lab.test", name},
			{"ca", "show", "--bytes", "--lang", "en", name},
		} {
			out := run(args...)
			if pem := strings.Contains(out, "PEM (RFC 7468)"); pem != (name == text) {
				t.Errorf("%v: it is PEM: %v", args, pem)
			}
			dumps := written(t, out[strings.Index(out, "offset bytes")-5:])
			if len(dumps) != 4 {
				t.Fatalf("%v: %d dumps", args, len(dumps))
			}
			around := bytes.Clone(both)
			for _, raw := range [][]byte{by.Cert.Raw, leaf[0].Raw, list} {
				at := bytes.Index(both, raw)
				for i := range raw {
					around[at+i] = 0
					if _, again := dumps[0][at+i]; again {
						t.Fatalf("%v: byte %d of the bundle is in the dump of the bundle, and another document's", args, at+i)
					}
				}
			}
			for i, c := range dumps[0] {
				around[i] ^= c
			}
			if i := bytes.IndexFunc(around, func(r rune) bool { return r != 0 }); i >= 0 {
				t.Errorf("%v: byte %d of the bundle is not written, or wrong", args, i)
			}
			for _, raw := range [][]byte{by.Cert.Raw, leaf[0].Raw, list} {
				if n := len(slices.DeleteFunc(slices.Clone(dumps[1:]), func(d map[int]byte) bool { return !whole(d, raw) })); n != 1 {
					t.Errorf("%v: a document of the bundle is written %d times", args, n)
				}
			}
		}
	}
	alone := file("list.p7c", bundled(t, nil, [][]byte{list}))
	out := run("ca", "show", "--bytes", "--lang", "en", alone)
	if dumps := written(t, out); len(dumps) != 2 || !whole(dumps[1], list) || !strings.Contains(out, "\n0.0 X509 CRL\n") {
		t.Errorf("a bundle of a list alone: %s", out)
	}
	// A list of a real CA has more fields than a walk names, and another may stand behind it.
	long := run("ca", "show", "--lang", "en", file("long.p7c", bundled(t, nil, [][]byte{revoked(12_000), list})))
	if !strings.Contains(long, "\n0.0 X509 CRL\n") || !strings.Contains(long, "\n0.1 X509 CRL\n") {
		t.Errorf("of two lists, a long one first: %s", long)
	}
}

// whole reports whether a dump is b.
func whole(dump map[int]byte, b []byte) bool {
	for i, c := range b {
		if at, ok := dump[i]; !ok || at != c {
			return false
		}
	}
	return len(dump) == len(b)
}
