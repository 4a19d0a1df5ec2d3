package switches

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// Words that switches take, and what they name. The verbs that are about real peers have some
// of these switches too.

// Version is the one that --tls names; 0 for "".
func Version(name string) (iana.Version, error) {
	v := map[string]iana.Version{"1.2": iana.TLS12, "1.3": iana.TLS13}[name]
	if v == 0 && name != "" {
		return 0, Misuse("tls", "Say --tls 1.2 or --tls 1.3, or leave it out for both.", "--tls %s: there is no such version here", name)
	}
	return v, nil
}

// VersionNames is what Version takes.
func VersionNames() []string { return []string{"1.2", "1.3"} }

// Exchange is what --kx names; KxNone for "".
func Exchange(name string) (iana.Kx, error) {
	switch strings.ToLower(name) {
	case "":
		return iana.KxNone, nil
	case "rsa":
		return iana.KxRSA, nil
	case "dhe":
		return iana.KxDHE, nil
	case "ecdhe":
		return iana.KxECDHE, nil
	}
	return 0, Misuse("kx", reason.Usagef("There are %v.", reason.Names(ExchangeNames())), "--kx %s: no such key exchange", name)
}

// ExchangeNames is what Exchange takes.
func ExchangeNames() []string { return []string{"rsa", "dhe", "ecdhe"} }

// ExchangeIn13 is the refusal of --kx where TLS 1.3 is asked for.
func ExchangeIn13() error {
	return Misuse("kx tls", "Leave --kx out: in TLS 1.3 it is --group that says how keys are agreed.",
		"--kx is about TLS 1.2, where a suite names its key exchange; TLS 1.3's do not")
}

// Suites are those that the values of --cipher name, each a name or several with colons or
// spaces between; nil for none.
func Suites(values []string) ([]*suite.Suite, error) {
	var out []*suite.Suite
	for _, list := range values {
		for _, name := range listed(list) {
			s, err := suite.ByName(name)
			var unknown *suite.UnknownError
			if errors.As(err, &unknown) {
				return nil, Misuse("cipher", reason.Usagef("Near it: %v. All are listed by: tlslab list suites", reason.Names(unknown.Near)),
					"--cipher %s: %s", name, notBuilt(unknown))
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func listed(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' })
}

func notBuilt(u *suite.UnknownError) reason.Usage {
	if u.Registered {
		return reason.Usagef("a registered cipher suite, but not one that tlslab has")
	}
	return reason.Usagef("no cipher suite is called that")
}

// SuiteNames is what Suites takes.
func SuiteNames() []string {
	var out []string
	for _, s := range suite.All() {
		out = append(out, s.String())
	}
	return out
}

// Groups are those that the values of a flag name, each once; nil for none.
func Groups(flag string, values []string) ([]kx.Group, error) {
	var out []kx.Group
	for _, list := range values {
		for _, name := range listed(list) {
			g, err := private.ByName(name)
			if err != nil {
				return nil, Misuse(strings.TrimPrefix(flag, "--"), reason.Usagef("There are %v; more are in: tlslab groups --help", reason.Names(GroupNames())),
					"%s %s: no group is called that", flag, name)
			}
			if !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out, nil
}

// GroupNames is the names of ListedGroups.
func GroupNames() []string { return NamesOfGroups(ListedGroups()) }

// ListedGroups are all that we ship, and of those at private numbers the two that are
// most spoken of.
func ListedGroups() []kx.Group {
	listed := kx.All()
	for _, g := range private.Groups() {
		if g.Name() == "X-Wing" || g.Name() == "FrodoKEM-640-SHAKE" {
			listed = append(listed, g)
		}
	}
	return listed
}

// UnlistedNames is the names of the groups that can be named although no list has them.
func UnlistedNames() []string {
	return NamesOfGroups(slices.DeleteFunc(private.Groups(), func(g kx.Group) bool { return slices.Contains(ListedGroups(), g) }))
}

// NamesOfGroups is what each of the groups is called.
func NamesOfGroups(groups []kx.Group) []string {
	var out []string
	for _, g := range groups {
		out = append(out, g.Name())
	}
	return out
}

// CheckGroups refuses groups, which values of --group name, if v, or x if it is not KxNone,
// uses no group of them.
func CheckGroups(v iana.Version, x iana.Kx, values []string, groups []kx.Group) error {
	if groups == nil || v != iana.TLS12 {
		return nil
	}
	serves := func(g kx.Group) bool { return kx.Serves(x, g) }
	if x == iana.KxNone {
		serves = func(g kx.Group) bool { return kx.Serves(iana.KxECDHE, g) || kx.Serves(iana.KxDHE, g) }
	}
	switch {
	case slices.ContainsFunc(groups, serves):
		return nil
	case x == iana.KxNone || x == iana.KxECDHE && !slices.ContainsFunc(groups, func(g kx.Group) bool { return kx.Serves(iana.KxDHE, g) }):
		return Misuse("group tls", reason.Usagef("TLS 1.2 has curves and finite fields: %v.", reason.Names(NamesOfGroups(kx.Defaults12()))),
			"--group %s: KEMs and hybrids are TLS 1.3's alone", strings.Join(values, ","))
	}
	return Misuse("group kx", "RSA key transport uses none; DHE uses ffdhe groups, ECDHE the curves.",
		"--group %s: %v key exchange uses none of these", strings.Join(values, ","), x)
}

// CheckSuites refuses suites, which values of --cipher name, if v, or x if it is not KxNone,
// uses no suite of them. kx is what --kx says.
func CheckSuites(v iana.Version, x iana.Kx, kx string, values []string, suites []*suite.Suite) error {
	named := strings.Join(values, ",")
	switch {
	case suites == nil || v == 0:
		return nil
	case !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Version == v }):
		return Misuse("cipher tls", "Name a suite of that version (tlslab list suites), or leave one of the two flags out.",
			"--cipher %s has nothing for %v", named, v)
	case x != iana.KxNone && !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Kx == x }):
		return Misuse("cipher kx", "Name a suite of that key exchange, or leave one of the two flags out.",
			"--cipher %s has nothing with --kx %s", named, kx)
	}
	return nil
}

// Compressions are those that the values of --compress-cert name; nil for nil.
func Compressions(values []string) ([]*certcompress.Method, error) {
	if values == nil {
		return nil, nil
	}
	out := []*certcompress.Method{}
	for _, name := range values {
		i := slices.IndexFunc(compressions, func(m *certcompress.Method) bool { return strings.EqualFold(name, m.String()) })
		if i < 0 && slices.Contains(elsewhere, strings.ToLower(name)) {
			return nil, Misuse("compress-cert", reason.Usagef("Play it with tlslab run or in tlslab web, or say %v.", reason.OneOf(CompressionNames())), "--compress-cert %s: an algorithm that is not built into this page", name)
		}
		if i < 0 {
			return nil, Misuse("compress-cert", reason.Usagef("There are %v.", reason.Names(CompressionNames())), "--compress-cert %s: no such algorithm", name)
		}
		out = append(out, compressions[i])
	}
	return out, nil
}

// CompressionNames is what Compressions takes.
func CompressionNames() []string {
	var out []string
	for _, m := range compressions {
		out = append(out, m.String())
	}
	return out
}

// CheckSizes refuses numbers that no record can have.
func CheckSizes(padding, recordSizeLimit int) error {
	if padding < 0 || padding > 1<<14 {
		return Misuse("padding", "Say a number from 0 to 16384.", "--padding %d: a record holds 0 to 16384 zeros", padding)
	}
	if n := recordSizeLimit; n != 0 && (n < 64 || n > 1<<14+1) {
		return Misuse("record-size-limit", "Say a number from 64 to 16385, or leave it out.", "--record-size-limit %d: RFC 8449 has no such limit", n)
	}
	return nil
}

// DefaultIdentity is what openssl's programs call a key that they were told no name for.
const DefaultIdentity = "Client_identity"

// PSK is the key that --psk has in hex, under the name of --psk-identity, or DefaultIdentity; nil
// for none.
func PSK(key, identity string) (*handshake.PSK, error) {
	if key == "" {
		if identity != "" {
			return nil, Misuse("psk-identity", "Add --psk with the key itself, in hex.", "--psk-identity without --psk")
		}
		return nil, nil
	}
	b, err := hex.DecodeString(key)
	if err != nil || len(b) == 0 {
		return nil, Misuse("psk", "Give two digits 0-9, a-f for each byte. A new one makes: openssl rand -hex 32", "--psk %s: not hex", key)
	}
	if identity == "" {
		identity = DefaultIdentity
	}
	return &handshake.PSK{Identity: []byte(identity), Key: b}, nil
}

// PSKMode names the switch that says how pre-shared keys are used; "" if none does.
func PSKMode(only, either bool) (name string, err error) {
	switch {
	case only && either:
		return "", Misuse("psk-ke allow-no-dhe-kex", "Leave one out: --psk-ke is psk_ke alone, --allow-no-dhe-kex is either.", "--psk-ke with --allow-no-dhe-kex")
	case only:
		return "psk-ke", nil
	case either:
		return "allow-no-dhe-kex", nil
	}
	return "", nil
}

// ClientCertMissing is the one kind of --cert that is about the client's end.
const ClientCertMissing = "client-cert-missing"

// CertKinds is what --cert of a lesson takes.
func CertKinds() []string {
	return append(stringsOf(lesson.Kinds()), ClientCertMissing)
}

// OCSPStatuses is what an authority can be made to answer about a certificate.
func OCSPStatuses() []string { return stringsOf(authority.Statuses()) }

// KeyKinds is what --kind of a certificate's key takes.
func KeyKinds() []string { return stringsOf(authority.KeyKinds()) }

// StapleKinds is what --staple takes.
func StapleKinds() []string { return append(OCSPStatuses(), "none") }

func stringsOf[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, w := range all {
		out[i] = string(w)
	}
	return out
}

// Resumptions is what --resume takes.
func Resumptions() []string { return []string{"id", "ticket", "psk", "0rtt"} }

// KeyAlg is pki's word for a kind of key that authority.KeyKind or lesson.KeyAlgs knows.
func KeyAlg(name string) (alg string, ok bool) {
	if name == string(authority.P256) {
		name = "ecdsa" // so called before there were other curves
	}
	return name, slices.Contains(lesson.KeyAlgs(), name)
}

// KeyNames is what --key-alg takes.
func KeyNames() []string {
	names := lesson.KeyAlgs()
	names[slices.Index(names, "ecdsa")] = string(authority.P256)
	return names
}
