package lesson

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/mitm"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// Which lessons there are: each switch of `tlslab run` in each of its settings, and each
// setting together with each of every other switch.

// toggle is one setting of a switch.
type toggle struct {
	name string
	set  func(*scenario.Options)
}

// axis is a switch: its settings, of which a lesson has one.
type axis []toggle

func untouched(*scenario.Options) {}

// about gives the lesson a switch that is on or off.
func about(name string, set func(*scenario.Options)) axis { return axis{{"", untouched}, {name, set}} }

// universe is the switches that belong together, and those that end a lesson early: these
// are tried with each setting of the others, but not with one another.
type universe struct {
	base   scenario.Options
	axes   []axis
	faults axis
}

func groups(g ...kx.Group) func(*scenario.Options) {
	return func(o *scenario.Options) { o.Groups = g }
}

// cipher picks the first suite of a kind that goes with the key exchange and the certificate.
func cipher(in string) func(*scenario.Options) {
	return func(o *scenario.Options) {
		o.Suites = []*suite.Suite{} // which Run refuses
		for _, s := range suite.All() {
			fits := s.Auth == iana.AuthAny || (s.Auth == iana.AuthECDSA) == (o.KeyAlg == "ecdsa" || o.KeyAlg == "ed25519")
			if (s.Version == iana.TLS13 && o.Version == iana.TLS13 || slices.Contains(o.Kx, s.Kx)) && fits && strings.Contains(s.String(), in) {
				o.Suites = []*suite.Suite{s}
				return
			}
		}
	}
}

func by(x iana.Kx) func(*scenario.Options) {
	return func(o *scenario.Options) { o.Kx = []iana.Kx{x} }
}

func resume(r scenario.Resume) func(*scenario.Options) {
	return func(o *scenario.Options) { o.Resume = r }
}

func box(set func(*scenario.Options)) func(*scenario.Options) {
	return func(o *scenario.Options) { o.MITM = true; set(o) }
}

func prime() []byte {
	p, _ := kx.FFDHE2048.Params()
	return p
}

func must(g kx.Group, err error) kx.Group {
	if err != nil {
		panic(err)
	}
	return g
}

// ofBoth are the switches that both versions have.
func ofBoth() []axis {
	return []axis{
		// First the kind that signs fastest: where nothing speaks for another, it is taken.
		{{"ecdsa", func(o *scenario.Options) { o.KeyAlg = "ecdsa" }}, {"", untouched}, {"ed25519", func(o *scenario.Options) { o.KeyAlg = "ed25519" }}},
		about("client-auth", func(o *scenario.Options) { o.ClientAuth = true }),
		about("staple", func(o *scenario.Options) { o.Staple = "good" }),
		about("alpn", func(o *scenario.Options) { o.ALPN = []string{"h2", "http/1.1"} }),
		about("record-size-limit", func(o *scenario.Options) { o.RecordSizeLimit = 700 }),
		about("grease", func(o *scenario.Options) { o.GREASE = true }),
		about("plain", func(o *scenario.Options) { o.Plain = true }),
		{{"", untouched},
			{"trust-mitm", box(func(o *scenario.Options) { o.TrustMITM = true })},
			{"stolen-ca", box(func(o *scenario.Options) { o.StolenCA = true })},
			{"rewrite", box(func(o *scenario.Options) { o.TrustMITM, o.Rewrite = true, mitm.Rewrite{Old: "hello", New: "howdy"} })},
			{"passthrough", box(func(o *scenario.Options) { o.Passthrough = true })},
			{"passthrough, root", box(func(o *scenario.Options) { o.Passthrough, o.TrustMITM = true, true })},
			{"click-through", box(func(o *scenario.Options) { o.ClickThrough = true })}},
	}
}

// faultsOfBoth end a lesson of either version with a refusal.
func faultsOfBoth() axis {
	return axis{
		{"expired", func(o *scenario.Options) { o.Cert = lesson.Expired }},
		{"wrong.host", func(o *scenario.Options) { o.Cert = lesson.WrongHost }},
		{"untrusted-root", func(o *scenario.Options) { o.UntrustedRoot = true }},
		{"client-cert-missing", func(o *scenario.Options) { o.ClientAuth, o.NoClientCert = true, true }},
		{"revoked", func(o *scenario.Options) { o.Staple = "revoked" }},
		{"clicked away", func(o *scenario.Options) { o.UntrustedRoot, o.ClickThrough = true, true }},
		{"mitm", box(untouched)},
		{"mitm, pin", box(func(o *scenario.Options) { o.TrustMITM, o.Pin = true, true })},
	}
}

func universes() []universe {
	key := &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef0123456789abcdef")}
	return []universe{
		{base: scenario.Options{Kx: []iana.Kx{iana.KxECDHE}}, faults: faultsOfBoth(), axes: append([]axis{
			{{"ecdhe", untouched}, {"rsa", by(iana.KxRSA)}, {"dhe", by(iana.KxDHE)}},
			{{"", untouched}, {"id", resume(scenario.ResumeByID)}, {"ticket", resume(scenario.ResumeByTicket)}},
			{{"", untouched}, {"x25519", groups(kx.X25519)}, {"P-256", groups(kx.P256)}, {"ffdhe2048", groups(kx.FFDHE2048)},
				{"own group", groups(must(kx.FiniteField(iana.GroupPrivate+1, "own", prime(), []byte{2}, 256)))}},
			{{"", untouched}, {"gcm", cipher("_GCM_")}, {"chacha", cipher("CHACHA20")}, {"ccm", cipher("_CCM")}, {"cbc", cipher("_CBC_")},
				{"etm", func(o *scenario.Options) { cipher("_CBC_")(o); o.EncryptThenMAC = true }}, {"null", cipher("_NULL_")}},
			about("no-ems", func(o *scenario.Options) { o.NoEMS = true }),
			about("compress", func(o *scenario.Options) { o.Compress = true }),
		}, ofBoth()...)},
		{base: scenario.Options{Version: iana.TLS13}, faults: faultsOfBoth(), axes: append([]axis{
			{{"", untouched}, {"psk", resume(scenario.ResumePSK)}, {"0rtt", resume(scenario.ResumeEarly)},
				{"external psk", func(o *scenario.Options) { o.PSK = key }}},
			{{"", untouched}, {"psk-ke", func(o *scenario.Options) { o.PSKOnly = true }}, {"allow-no-dhe-kex", func(o *scenario.Options) { o.AllowNoDHE = true }}},
			{{"", untouched}, {"hello-retry", func(o *scenario.Options) { o.HelloRetry = true }}, {"cookie", func(o *scenario.Options) { o.Cookie = true }},
				{"both", func(o *scenario.Options) { o.HelloRetry, o.Cookie = true, true }}},
			{{"", untouched}, {"x25519", groups(kx.X25519)}, {"P-256", groups(kx.P256)}, {"ffdhe2048", groups(kx.FFDHE2048)},
				{"MLKEM768", groups(kx.MLKEM768)}, {"SecP256r1MLKEM768", groups(kx.SecP256r1MLKEM768)},
				{"DHKEM", groups(must(private.ByName("HPKE_KEM_X25519_HKDF_SHA256")))}, {"X-Wing", groups(must(private.ByName("X-Wing")))},
				{"Kyber768-X25519", groups(must(private.ByName("Kyber768-X25519")))}, {"Frodo", groups(must(private.ByName("FrodoKEM-640-SHAKE")))},
				{"own group", groups(must(kx.FiniteField(iana.GroupPrivate+1, "own", prime(), []byte{2}, 256)))},
				{"own KEM", groups(must(private.KEM("HPKE_KEM_P256_HKDF_SHA256", iana.GroupPrivate+2)))}},
			{{"", untouched}, {"chacha", cipher("CHACHA20")}, {"ccm", cipher("_CCM_SHA")}, {"sha256", cipher("SHA256_SHA256")}, {"sha384", cipher("SHA384_SHA384")}},
			about("key-update", func(o *scenario.Options) { o.KeyUpdate = true }),
			about("no-compat", func(o *scenario.Options) { o.NoCompatibility = true }),
			about("padding", func(o *scenario.Options) { o.Padding = 20 }),
			about("compress-cert", func(o *scenario.Options) {
				o.CertificateCompression = []*certcompress.Method{certcompress.Zlib}
			}),
		}, ofBoth()...)},
	}
}

// playedLesson is a lesson to be played.
type playedLesson struct {
	name string
	o    scenario.Options
}

// setting is one setting of one switch: the number of the axis, and of the setting in it.
type setting struct{ axis, value int }

// rows are lessons that have between them every two settings that can go together, as few
// as a greedy search finds: it begins with two that were not together yet, and gives each
// other switch the setting that brings the most new pairs.
func (u *universe) rows() []playedLesson {
	var all []setting
	for i, a := range u.axes {
		for v := range a {
			all = append(all, setting{i, v})
		}
	}
	left := map[[2]setting]bool{}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.axis != b.axis && u.goes(a, b) {
				left[[2]setting{a, b}] = true
			}
		}
	}
	goes := maps.Clone(left)
	var out []playedLesson
	for i, a := range all {
		for _, b := range all[i+1:] {
			if !left[[2]setting{a, b}] {
				continue
			}
			row := []setting{a, b}
			for n := range u.axes {
				if n != a.axis && n != b.axis {
					if s, ok := best(row, n, len(u.axes[n]), goes, left); ok {
						row = append(row, s)
					}
				}
			}
			o := u.options(row)
			if !playable(o) { // three do not go together, of which each two do
				row = row[:2]
				o = u.options(row)
			}
			for i, x := range row {
				for _, y := range row[i+1:] {
					delete(left, ordered(x, y))
				}
			}
			out = append(out, playedLesson{u.name(row, ""), o})
		}
	}
	for _, fault := range u.faults {
		out = append(out, u.faulty(fault, all)...)
	}
	return out
}

// faulty are lessons that have between them a fault with each setting.
func (u *universe) faulty(fault toggle, all []setting) (out []playedLesson) {
	with := func(row []setting) scenario.Options {
		o := u.options(row)
		fault.set(&o)
		return o
	}
	left := slices.Clone(all)
	for len(left) > 0 {
		row := []setting{left[0]}
		left = left[1:]
		if !playable(with(row)) {
			continue
		}
		for _, s := range slices.Clone(left) {
			taken := slices.ContainsFunc(row, func(x setting) bool { return x.axis == s.axis })
			if more := append(slices.Clone(row), s); !taken && playable(with(more)) {
				row = more
				left = slices.DeleteFunc(left, func(x setting) bool { return x == s })
			}
		}
		out = append(out, playedLesson{u.name(row, fault.name), with(row)})
	}
	return out
}

func ordered(a, b setting) [2]setting {
	if a.axis > b.axis {
		a, b = b, a
	}
	return [2]setting{a, b}
}

// best is the setting of switch n that goes with the row and brings the most new pairs.
func best(row []setting, n, values int, goes, left map[[2]setting]bool) (s setting, ok bool) {
	most := -1
	for v := range values {
		x, fresh := setting{n, v}, 0
		if slices.ContainsFunc(row, func(y setting) bool { return !goes[ordered(x, y)] }) {
			continue
		}
		for _, y := range row {
			if left[ordered(x, y)] {
				fresh++
			}
		}
		if fresh > most {
			s, most, ok = x, fresh, true
		}
	}
	return s, ok
}

// options are the base with these settings, in the order of the switches, and the cipher last,
// which goes by the key exchange and the certificate.
func (u *universe) options(row []setting) scenario.Options {
	o := u.base
	row = slices.Clone(row)
	slices.SortFunc(row, func(a, b setting) int { return a.axis - b.axis })
	for _, last := range []bool{false, true} {
		for _, s := range row {
			if isCipher := u.axes[s.axis][1].name == "gcm" || u.axes[s.axis][1].name == "chacha"; isCipher == last {
				u.axes[s.axis][s.value].set(&o)
			}
		}
	}
	o.Seed = "1"
	return o
}

func (u *universe) name(row []setting, fault string) string {
	var names []string
	for _, s := range row {
		if n := u.axes[s.axis][s.value].name; n != "" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	if fault != "" {
		names = append([]string{fault}, names...)
	}
	return fmt.Sprintf("%v %v %s", u.base.Version, u.base.Kx, strings.Join(names, " + "))
}

func (u *universe) goes(a, b setting) bool { return playable(u.options([]setting{a, b})) }

func playable(o scenario.Options) bool { return scenario.Validate(o) == nil }
