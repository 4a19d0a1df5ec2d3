package suite

import (
	"crypto"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
)

// A suite's name is a sentence; what the row says must be what the name says.
func TestRowsSayWhatTheirNamesSay(t *testing.T) {
	sentence := regexp.MustCompile(`^TLS_(?:(RSA|DHE|ECDHE)(?:_(RSA|ECDSA))?_WITH_)?(.*?)(?:_(SHA\d*))?$`)
	ciphers := map[string]string{
		"AES_128_GCM": "AES-128-GCM", "AES_256_GCM": "AES-256-GCM", "CHACHA20_POLY1305": "ChaCha20-Poly1305",
		"AES_128_CCM": "AES-128-CCM", "AES_256_CCM": "AES-256-CCM", "AES_128_CCM_8": "AES-128-CCM-8", "AES_256_CCM_8": "AES-256-CCM-8",
		"AES_128_CBC": "AES-128-CBC HMAC-", "AES_256_CBC": "AES-256-CBC HMAC-", "NULL": "NULL HMAC-",
		"SHA256": "NULL HMAC-", "SHA384": "NULL HMAC-"} // RFC 9150
	macs := map[string]crypto.Hash{"SHA": crypto.SHA1, "SHA256": crypto.SHA256, "SHA384": crypto.SHA384}
	for _, s := range All() {
		w := sentence.FindStringSubmatch(s.String())
		if w == nil {
			t.Errorf("%v: not a sentence", s)
			continue
		}
		version, kx, auth := iana.TLS12, w[1], w[2]
		switch {
		case kx == "":
			version, kx, auth = iana.TLS13, "any", "any"
		case auth == "":
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
		if s.Version != version || s.Kx.String() != kx || s.Auth.String() != auth || s.Cipher.Name != name || s.Cipher.MAC != mac || s.Hash != hash {
			t.Errorf("%v: the row says %v, %v, %v, %s, MAC %d, PRF %v", s, s.Version, s.Kx, s.Auth, s.Cipher.Name, s.Cipher.MAC, s.Hash)
		}
		if want := s.Cipher.Kind >= AEAD13; want != (version == iana.TLS13) {
			t.Errorf("%v: %v protects %v", s, s.Cipher.Kind, version)
		}
		if s.Weak != (s.Cipher.Kind == NULL || s.Cipher.Kind == MAC13) {
			t.Errorf("%v: Weak is %v", s, s.Weak)
		}
	}
}

// The registry is walked for the suites we mean to have.
func TestRowsAreComplete(t *testing.T) {
	ours := regexp.MustCompile(`^TLS_((RSA|DHE_RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(AES_(128|256)_(GCM|CBC)|CHACHA20_POLY1305)_SHA(256|384)?` +
		`|(RSA|DHE_RSA|ECDHE_ECDSA)_WITH_AES_(128|256)_CCM(_8)?` +
		`|(AES_(128|256)_(GCM|CCM|CCM_8)|CHACHA20_POLY1305|SHA(256|384))_SHA(256|384))$`)
	for id := range 0x10000 {
		id := iana.CipherSuite(id)
		if ours.MatchString(id.String()) && ByID(id) == nil {
			t.Errorf("%v is missing", id)
		}
	}
	for _, id := range []iana.CipherSuite{0x003b, 0xc006, 0xc010, 0xc0b4, 0xc0b5} {
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
	want := []string{"any AEAD13", "ECDHE AEAD", "DHE AEAD", "ECDHE CBC", "DHE CBC", "RSA AEAD", "RSA CBC"}
	if !slices.Equal(groups, want) {
		t.Errorf("preference is %q, want %q", groups, want)
	}
	All()[0] = nil
	if rows[0] == nil {
		t.Error("All hands out the table itself")
	}
}

func TestOf(t *testing.T) {
	for v, least := range map[iana.Version]int{iana.TLS12: 30, iana.TLS13: 7, iana.TLS11: 0} {
		of := Of(v)
		if len(of) < least || slices.ContainsFunc(of, func(s *Suite) bool { return s.Version != v }) {
			t.Errorf("%v: %v", v, of)
		}
	}
	if len(Of(iana.TLS12))+len(Of(iana.TLS13)) != len(All()) || len(Of(iana.TLS11)) != 0 {
		t.Error("a suite belongs to neither version")
	}
}

// The sums that are behind MaxRecords, in bits: how many records, of 2^10 blocks each,
// keep an attacker's advantage below what RFC 9846 §5.5 and RFC 9147 §B.1 aim at.
func TestMaxRecords(t *testing.T) {
	for _, s := range All() {
		bits := math.Log2(float64(s.Cipher.MaxRecords))
		switch name := s.Cipher.Name; {
		case s.Cipher.Kind == AEAD13 && strings.Contains(name, "GCM"):
			if bits > 24.5 || bits < 23 {
				t.Errorf("%v: 2^%.1f records", s, bits)
			}
		case s.Cipher.Kind == AEAD13 && strings.Contains(name, "CCM"):
			if advantage := 2*(1+10+bits) - 128; advantage > -60 || advantage < -64 {
				t.Errorf("%v: 2^%.1f records make an advantage of 2^%.1f", s, bits, advantage)
			}
		case s.Cipher.MaxRecords != 0:
			t.Errorf("%v: %d records", s, s.Cipher.MaxRecords)
		}
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
		{"TLS_RSA_WITH_RC4_128_SHA", true, "TLS_RSA_WITH_AES_128_CCM"},
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
