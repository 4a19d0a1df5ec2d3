package suite

import (
	"crypto"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
)

// A suite's name is a sentence; what the row says must be what the name says.
func TestRowsSayWhatTheirNamesSay(t *testing.T) {
	sentence := regexp.MustCompile(`^TLS_(RSA|DHE|ECDHE)(?:_(RSA|ECDSA))?_WITH_(.*?)(?:_(SHA\d*))?$`)
	ciphers := map[string]string{
		"AES_128_GCM": "AES-128-GCM", "AES_256_GCM": "AES-256-GCM", "CHACHA20_POLY1305": "ChaCha20-Poly1305",
		"AES_128_CBC": "AES-128-CBC HMAC-", "AES_256_CBC": "AES-256-CBC HMAC-", "NULL": "NULL HMAC-"}
	macs := map[string]crypto.Hash{"SHA": crypto.SHA1, "SHA256": crypto.SHA256, "SHA384": crypto.SHA384}
	for _, s := range All() {
		w := sentence.FindStringSubmatch(s.String())
		if w == nil {
			t.Errorf("%v: not a sentence", s)
			continue
		}
		auth := w[2]
		if auth == "" {
			auth = "RSA"
		}
		name, mac := ciphers[w[3]], crypto.Hash(0)
		if strings.HasSuffix(name, "HMAC-") {
			mac = macs[w[4]]
			name += mac.String()
		}
		hash := crypto.SHA256
		if w[4] == "SHA384" {
			hash = crypto.SHA384
		}
		if s.Kx.String() != w[1] || s.Auth.String() != auth || s.Cipher.Name != name || s.Cipher.MAC != mac || s.Hash != hash {
			t.Errorf("%v: the row says %v, %v, %s, MAC %v, PRF %v", s, s.Kx, s.Auth, s.Cipher.Name, s.Cipher.MAC, s.Hash)
		}
		if s.Weak != (s.Cipher.Kind == NULL) {
			t.Errorf("%v: Weak is %v", s, s.Weak)
		}
	}
}

// The registry is walked for the suites we mean to have.
func TestRowsAreComplete(t *testing.T) {
	ours := regexp.MustCompile(`^TLS_(RSA|DHE_RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(AES_(128|256)_(GCM|CBC)|CHACHA20_POLY1305)_SHA(256|384)?$`)
	for id := range 0x10000 {
		id := iana.CipherSuite(id)
		if ours.MatchString(id.String()) && ByID(id) == nil {
			t.Errorf("%v is missing", id)
		}
	}
	for _, id := range []iana.CipherSuite{0x003b, 0xc006, 0xc010} {
		if s := ByID(id); s == nil || !s.Weak {
			t.Errorf("%v is missing, or not weak", id)
		}
	}
}

func TestDefaultsOrder(t *testing.T) {
	var groups []string
	for _, s := range Defaults() {
		if s.Weak {
			t.Errorf("%v is weak", s)
		}
		if g := fmt.Sprintf("%v %v", s.Kx, s.Cipher.Kind); len(groups) == 0 || groups[len(groups)-1] != g {
			groups = append(groups, g)
		}
	}
	want := []string{"ECDHE AEAD", "DHE AEAD", "ECDHE CBC", "DHE CBC", "RSA AEAD", "RSA CBC"}
	if !slices.Equal(groups, want) {
		t.Errorf("preference is %q, want %q", groups, want)
	}
	All()[0] = nil
	if rows[0] == nil {
		t.Error("All hands out the table itself")
	}
}

func TestByName(t *testing.T) {
	for _, name := range []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ecdhe-rsa-aes128-gcm-sha256"} {
		if s, err := ByName(name); err != nil || s.ID != 0xc02f {
			t.Errorf("%s: got %v, %v", name, s, err)
		}
	}
	for _, c := range []struct {
		name       string
		registered bool
		near       string
	}{
		{"ECDHE-RSA-AES128-GCM-SHA265", false, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"TLS_RSA_WITH_RC4_128_SHA", true, "TLS_RSA_WITH_AES_128_CBC_SHA"},
		{"", false, ""},
	} {
		_, err := ByName(c.name)
		var u *UnknownError
		if !errors.As(err, &u) {
			t.Errorf("%q: error is %v", c.name, err)
			continue
		}
		if u.Name != c.name || u.Registered != c.registered || len(u.Near) != nearNames {
			t.Errorf("%q: got %+v", c.name, u)
		}
		if c.near != "" && (u.Near[0] != c.near || !strings.Contains(err.Error(), c.near)) {
			t.Errorf("%q: nearest is %s, want %s, in %q", c.name, u.Near[0], c.near, err)
		}
	}
}

func ExampleByName() {
	s, err := ByName("ECDHE-RSA-AES256-SHA384")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s)
	fmt.Println(s.Kx, s.Auth, s.Hash, s.Cipher.Name)
	// Output:
	// TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
	// ECDHE RSA SHA-384 AES-256-CBC HMAC-SHA-384
}
