package lesson

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"unicode"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/replay"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// What must not stand together: a sentence that is true of one kind of handshake, in the
// transcript of another. Everything that the switches can make is played and told in full.

// facts are what a connection turned out to be, from what went over the wire. Those of no
// connection, around which a scene is told, have the lesson and nothing else.
type facts struct {
	lesson scenario.Options
	attack string // of a replay

	tls12, tls13   bool
	only13         bool // no hello offers anything else
	resumed        bool // a session, or by a pre-shared key of whatever kind
	psk, shared    bool // TLS 1.3: a pre-shared key was taken; there was a key exchange
	external       bool // that key is no ticket's
	retry          bool
	offered        bool // pre-shared keys, in the first ClientHello
	silent         bool // the first ClientHello has an empty key_share
	early          bool // the server took early data
	disguise       bool // a session ID for middleboxes to see
	ems            bool
	kx             iana.Kx // TLS 1.2's, of a full handshake
	suite          *suite.Suite
	group          kx.Description // of TLS 1.3
	grouped, named bool           // there is one; and it is ours
}

func (f *facts) hello(m *message.ClientHello, first bool) {
	if first {
		f.offered = m.Extensions.Find(iana.ExtPreSharedKey) != nil
		f.disguise = len(m.SessionID) > 0
		x, ok := message.Get[*message.KeyShareClient](&m.Extensions)
		f.silent = ok && len(x.Shares) == 0
	}
	v, ok := message.Get[*message.SupportedVersions](&m.Extensions)
	f.only13 = ok && !slices.Contains(v.Versions, iana.TLS12)
}

func (f *facts) chosen(m *message.ServerHello, offered []byte) {
	f.suite = suite.ByID(m.CipherSuite)
	f.tls13 = m.Extensions.Find(iana.ExtSupportedVersions) != nil
	f.tls12 = !f.tls13
	if f.tls12 {
		f.ems = m.Extensions.Find(iana.ExtExtendedMasterSecret) != nil
		f.resumed = len(offered) > 0 && bytes.Equal(offered, m.SessionID)
		if !f.resumed {
			f.kx = f.suite.Kx
		}
		return
	}
	_, f.psk = message.Get[*message.PreSharedKeyServer](&m.Extensions)
	f.resumed, f.external = f.psk, f.psk && f.lesson.PSK != nil
	if x, ok := message.Get[*message.KeyShareServer](&m.Extensions); ok {
		f.shared, f.grouped = true, true
		for _, g := range slices.Concat(kx.All(), private.Groups(), f.lesson.Groups) {
			if g.ID() == x.Entry.Group {
				f.group = g.(kx.Described).Describe()
				_, err := private.ByName(g.Name())
				f.named = err == nil
			}
		}
	}
}

// learn finds the facts of each connection.
func learn(events []event.Event, o scenario.Options, attack string) map[int]*facts {
	out := map[int]*facts{}
	offered := map[int][]byte{}
	for _, e := range events {
		h := e.Head()
		f := out[h.Conn]
		if f == nil {
			f = &facts{lesson: o, attack: attack}
			out[h.Conn] = f
		}
		m, ok := e.(*event.Message)
		if !ok {
			continue
		}
		switch x := m.Msg.(type) {
		case *message.ClientHello:
			offered[h.Conn] = x.SessionID
			f.hello(x, !strings.HasSuffix(m.Move, "/tls13"))
		case *message.ServerHello:
			if m.Kind == message.KindHelloRetryRequest {
				f.retry, f.tls13 = true, true
			} else {
				f.chosen(x, offered[h.Conn])
			}
		case *message.EncryptedExtensions:
			f.early = x.Extensions.Find(iana.ExtEarlyData) != nil
		}
	}
	return out
}

// entry is a text of narrate's, or words that stand in each language.
type entry struct {
	kind narrate.Kind
	key  string
}

// said is the entry as it is told: its text, or its title where that says all. Of no kind,
// the key is what is told.
func (e entry) said(lang narrate.Lang) string {
	if e.kind == "" {
		return squeezed(e.key)
	}
	text := narrate.Must(lang, e.kind, e.key)
	if text.Text == "" {
		return squeezed(text.Title)
	}
	return squeezed(text.Text)
}

// pair is an entry and of what it must not be told. It guards something only if both are
// met somewhere: the entry, and such a connection.
type pair struct {
	entry entry
	of    func(*facts) bool
	what  string
}

func pairs() []pair {
	v12, v13 := func(f *facts) bool { return f.tls12 }, func(f *facts) bool { return f.tls13 }
	resumed12, full12 := func(f *facts) bool { return f.tls12 && f.resumed }, func(f *facts) bool { return f.tls12 && !f.resumed }
	ephemeral := func(f *facts) bool { return f.kx == iana.KxECDHE || f.kx == iana.KxDHE }
	field := func(f *facts) bool { return f.named && f.group.Kind == kx.KindFFDH }
	curve := func(f *facts) bool { return f.named && f.group.Kind == kx.KindECDH }
	noCurve := func(f *facts) bool {
		return f.kx == iana.KxDHE || f.named && f.group.Kind != kx.KindECDH && f.group.Kind != kx.KindHybrid
	}
	dhkem := func(f *facts) bool { return f.named && f.group.Kind == kx.KindKEM && !f.group.QuantumSafe }
	hybridKEM := func(f *facts) bool { return f.named && f.group.Kind == kx.KindKEM && f.group.Hybrid }
	kem := func(f *facts) bool {
		return f.named && f.group.Kind == kx.KindKEM && f.group.QuantumSafe && !f.group.Hybrid
	}
	psk, pskKE := func(f *facts) bool { return f.psk }, func(f *facts) bool { return f.psk && !f.shared }
	given := func(f *facts) bool { return f.external }
	exchanged := func(f *facts) bool { return f.tls13 && f.shared }
	open := func(f *facts) bool { return f.suite != nil && f.suite.Cipher.Kind == suite.MAC13 }
	encrypted := func(f *facts) bool { return f.suite != nil && f.suite.Cipher.Kind == suite.AEAD13 }
	lesson := func(is func(*scenario.Options) bool) func(*facts) bool {
		return func(f *facts) bool { return f.attack == "" && is(&f.lesson) }
	}
	bare := func(o *scenario.Options) bool { return len(o.Suites) > 0 && o.Suites[0].Cipher.Kind == suite.MAC13 }
	inClear := func(o *scenario.Options) bool {
		return bare(o) || len(o.Suites) > 0 && o.Suites[0].Cipher.Kind == suite.NULL
	}
	move := func(key string) entry { return entry{narrate.Move, key} }
	wire := func(key string) entry { return entry{narrate.Field, key} }
	secret := func(key string) entry { return entry{narrate.Secret, key} }
	decision := func(key string) entry { return entry{narrate.Decision, key} }
	myth := func(key string) entry { return entry{narrate.Myth, key} }
	scene := func(key string) entry { return entry{narrate.Scene, key} }
	return []pair{
		// What kind of group it is.
		{secret("shared_secret+kem"), dhkem, "a KEM with Diffie-Hellman inside"},
		{secret("shared_secret+kem"), hybridKEM, "a KEM of two parts"},
		{secret("shared_secret+kem_dh"), kem, "a KEM without Diffie-Hellman"},
		{secret("shared_secret+kem_dh"), hybridKEM, "a KEM of two parts"},
		{secret("shared_secret+kem_hybrid"), kem, "a KEM of one part"},
		{secret("shared_secret+kem_hybrid"), dhkem, "a KEM of one part"},
		{secret("shared_secret+hybrid"), hybridKEM, "a KEM that does not set its parts side by side"},
		{secret("shared_secret+ecdh"), field, "a finite field"},
		{secret("shared_secret+ffdh"), curve, "a curve"},
		{myth("mlkem_quantum_safe"), dhkem, "a KEM with Diffie-Hellman inside"},
		{myth("mlkem_quantum_safe"), curve, "a curve alone"},
		{myth("g_is_curve"), noCurve, "a group that is no curve"},
		{move("server/recv/client_key_exchange+ecdhe"), func(f *facts) bool { return f.kx == iana.KxRSA }, "RSA key transport"},
		{move("server/recv/client_key_exchange+dhe"), func(f *facts) bool { return f.kx == iana.KxRSA }, "RSA key transport"},
		{move("client/send/client_key_exchange+rsa"), ephemeral, "an ephemeral exchange"},
		{myth("forward_secrecy_hard_problem"), func(f *facts) bool { return f.kx == iana.KxRSA }, "RSA key transport"},
		{myth("forward_secrecy_hard_problem"), pskKE, "psk_ke"},

		// A session that is taken up again.
		{decision("extended_master_secret/both_want_ems"), resumed12, "a resumed session"},
		{decision("extended_master_secret/no_ems"), resumed12, "a resumed session"},
		{decision("extended_master_secret/session_with_ems"), full12, "a full handshake"},
		{decision("extended_master_secret/session_without_ems"), full12, "a full handshake"},
		{decision("extended_master_secret/session_without_ems"), func(f *facts) bool { return f.tls12 && f.ems }, "a session with extended master secret"},
		{secret("master_secret+ems"), resumed12, "a resumed session"},
		{secret("master_secret+ems"), func(f *facts) bool { return f.tls12 && !f.ems }, "no extended master secret"},
		{secret("master_secret+textbook"), func(f *facts) bool { return f.tls12 && f.ems }, "extended master secret"},
		{secret("master_secret+session"), full12, "a full handshake"},
		{move("server/send/server_hello+resumed"), full12, "a full handshake"},
		{move("server/send/finished"), resumed12, "a resumed session"},
		{myth("session_id_no_handshake"), full12, "a full handshake"},
		{myth("session_id_no_handshake"), given, "a key that is no ticket's"},
		{scene("full_vs_resumed"), lesson(func(o *scenario.Options) bool { return o.Resume == scenario.ResumePSK }), "TLS 1.3, where no round trip is saved"},
		{scene("full_vs_resumed+0rtt"), lesson(func(o *scenario.Options) bool { return o.HelloRetry || o.Cookie }), "a retry, which early data does not survive"},

		// The version: what a hello's fields mean, and how they are called.
		{wire("client_hello.cipher_suites.suite"), v13, "TLS 1.3"},
		{wire("client_hello.cipher_suites.suite+tls13"), v12, "TLS 1.2"},
		{wire("client_hello.client_version"), v13, "TLS 1.3"},
		{wire("client_hello.client_version+tls13"), v12, "TLS 1.2"},
		{wire("client_hello.session_id"), v13, "TLS 1.3"},
		{wire("client_hello.session_id+tls13"), v12, "TLS 1.2"},
		{wire("client_hello.compression_methods"), v13, "TLS 1.3"},
		{wire("client_hello.compression_methods+tls13"), v12, "TLS 1.2"},
		{wire("server_hello.session_id"), v13, "TLS 1.3"},
		{wire("server_hello.session_id+tls13"), v12, "TLS 1.2"},
		{wire("server_hello.server_version+tls13"), v12, "TLS 1.2"},
		{entry{key: "client_version = "}, v13, "TLS 1.3"},
		{entry{key: "server_version = "}, v13, "TLS 1.3"},
		{entry{key: "legacy_version = "}, v12, "TLS 1.2"},
		{entry{key: "legacy_session_id"}, v12, "TLS 1.2"},
		{entry{key: "legacy_compression_method"}, v12, "TLS 1.2"},
		{secret("key_block"), v13, "TLS 1.3"},
		{decision("cipher_suite/server_preference"), v13, "TLS 1.3"},
		{decision("cipher_suite/server_preference+tls13"), v12, "TLS 1.2"},
		{entry{key: "RFC 9846 §4.5.1.2"}, v12, "TLS 1.2"},
		{entry{key: "RFC 5280 §4.2.1.3, RFC 5246 §7.4"}, v13, "TLS 1.3"},

		// A retry.
		{move("client/send/client_hello/tls13"), func(f *facts) bool { return f.retry && f.offered }, "pre-shared keys, whose binders differ too"},
		{move("client/send/client_hello/tls13+psk"), func(f *facts) bool { return f.retry && !f.offered }, "no pre-shared keys"},
		{move("client/send/client_hello+tls13"), func(f *facts) bool { return f.silent }, "an empty key_share"},
		{move("client/send/client_hello+tls13_no_share"), func(f *facts) bool { return f.tls13 && !f.silent }, "a share in the first ClientHello"},

		// A pre-shared key, with a key exchange and without.
		{move("server/send/server_hello/tls13"), psk, "a pre-shared key"},
		{move("client/recv/server_hello/tls13"), pskKE, "psk_ke"},
		{move("server/send/server_hello/tls13+psk"), pskKE, "psk_ke"},
		{move("server/send/server_hello/tls13+psk_ke"), exchanged, "a key exchange"},
		{secret("handshake_secret"), pskKE, "psk_ke"},
		{secret("handshake_secret+psk_ke"), exchanged, "a key exchange"},
		{secret("early_secret"), psk, "a pre-shared key"},
		{secret("early_secret+psk"), func(f *facts) bool { return f.tls13 && !f.offered }, "no pre-shared key"},
		{entry{narrate.Check, "certificate_verify_signature"}, psk, "a pre-shared key"},
		{move("client/recv/certificate_verify/tls13"), psk, "a pre-shared key"},
		{move("server/send/finished/tls13"), psk, "a pre-shared key"},
		{move("client/send/end_of_early_data/tls13"), func(f *facts) bool { return f.tls13 && !f.early }, "early data that was not taken"},
		{scene("flow/resumed+psk"), lesson(func(o *scenario.Options) bool { return o.PSK != nil }), "a key that is no ticket's"},
		{scene("flow/psk"), lesson(func(o *scenario.Options) bool { return o.Resume != scenario.NoResume }), "a ticket's key"},

		// A suite that does not encrypt.
		{move("server/send/server_hello/tls13"), open, "a suite that does not encrypt"},
		{move("server/send/encrypted_extensions/tls13"), open, "a suite that does not encrypt"},
		{move("server/send/certificate/tls13"), open, "a suite that does not encrypt"},
		{move("server/send/certificate_request/tls13"), open, "a suite that does not encrypt"},
		{move("client/send/certificate/tls13"), open, "a suite that does not encrypt"},
		{myth("hidden_certificate"), open, "a suite that does not encrypt"},
		{scene("psk_tried"), lesson(func(o *scenario.Options) bool { return bare(o) && !o.NoClientCert }), "data under a suite that does not encrypt"},
		{scene("psk_tried"), lesson(func(o *scenario.Options) bool { return o.PSK != nil }), "a key that is no ticket's"},
		{scene("psk_tried+given"), lesson(func(o *scenario.Options) bool { return o.Resume != scenario.NoResume }), "a ticket's key"},
		{scene("psk_tried+open"), lesson(func(o *scenario.Options) bool { return !bare(o) }), "a suite that encrypts"},
		{move("server/send/encrypted_extensions/tls13+integrity"), encrypted, "a suite that encrypts"},
		{move("server/send/certificate/tls13+integrity"), encrypted, "a suite that encrypts"},

		// The disguise, and the box.
		{move("server/send/change_cipher_spec/tls13"), func(f *facts) bool { return f.tls13 && !f.disguise }, "no session ID"},
		{decision("compatibility_mode/session_id_echoed"), func(f *facts) bool { return f.tls13 && !f.disguise }, "no session ID"},
		{decision("compatibility_mode/session_id_empty"), func(f *facts) bool { return f.tls13 && f.disguise }, "a session ID"},
		{scene("mitm_decrypt"), lesson(func(o *scenario.Options) bool { return o.Passthrough }), "a box that passes bytes on"},
		{scene("mitm_decrypt"), lesson(inClear), "a suite that does not encrypt"},
		{scene("mitm_reencrypt"), lesson(inClear), "a suite that does not encrypt"},
		{scene("mitm_back"), lesson(inClear), "a suite that does not encrypt"},
		{scene("mitm_decrypt+open"), lesson(func(o *scenario.Options) bool { return !inClear(o) }), "a suite that encrypts"},
		{scene("mitm_reencrypt+open"), lesson(func(o *scenario.Options) bool { return !inClear(o) }), "a suite that encrypts"},
		{scene("mitm_root"), lesson(func(o *scenario.Options) bool { return !o.TrustMITM }), "a root that is not imported"},
		{scene("mitm_root+stolen"), lesson(func(o *scenario.Options) bool { return !o.StolenCA }), "no stolen CA"},
	}
}

// never are sentences that were told and are false wherever they stood, as far as they are
// known: what is true in their place depends on nothing.
var never = []string{
	"a Finished did not verify.", "签名或 Finished 未通过验证",
	"in both hellos and in the records", "两条 Hello 和各条记录都是如此",
	"and with nobody between the two", "两者之间没有别人",
	"up to here: whoever only saw", "对至此为止的 ClientHello",
	"protects what the client sends up to its Finished", "保护客户端到 Finished 为止",
	"the keys come from the shared secret and the hash", "密钥由共享秘密和握手消息的哈希得来",
	"it is never sent", "它从不发送", "is never sent in TLS", "TLS 从不发送",
	"from one kind of key the other does not follow", "从一种推不出另一种",
	"Everywhere else, and in TLS 1.3 always", "在其余各种密钥交换以及整个",
	"the most that RFC 9846 §4.7.1 allows. Early", "有效一周，这是 RFC 9846",
	"shows that the client can be reached at its address. A", "这表明在它自称的地址上确实找得到它",
	"the chain is verified", "证书链已验证",
	"the receiver uses its own count",
}

// squeezed is text without spaces, so that it does not matter where lines break.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// tell has a transcript told in full, and gives what is told of each connection; of none,
// what the scenes tell. Explanations that a reader gets once are given once per flow, and
// once per connection of a replay, which has no flows.
func tell(events []event.Event, lang narrate.Lang) map[int]string {
	var b bytes.Buffer
	out := map[int]*strings.Builder{}
	to := func(conn int) {
		if out[conn] == nil {
			out[conn] = new(strings.Builder)
		}
		out[conn].WriteString(b.String())
		b.Reset()
	}
	var term *render.Terminal
	last, flows := 0, false
	anew := func() {
		if term != nil {
			term.Flush()
			to(last)
		}
		term = NewTerminal(&b, render.TerminalOptions{Lang: lang, Level: render.Bytes})
	}
	anew()
	for _, e := range events {
		if s, scene := e.(event.Scene); scene {
			if s.Key() == "flow" {
				anew()
				flows = true
			}
			term.Flush()
			to(last)
			if !strings.HasPrefix(string(s.Key()), "replay_") {
				term.Event(e)
			}
			to(0)
			continue
		}
		if e.Head().Conn != last && !flows {
			anew()
		}
		term.Event(e)
		to(last) // what it writes now it held back until now
		last = e.Head().Conn
	}
	term.Flush()
	to(last)
	told := map[int]string{}
	for conn, s := range out {
		told[conn] = squeezed(s.String())
	}
	return told
}

// TestTranscripts: every lesson and every replay is played once, and all is asked of it that holds of
// each: to play them takes seconds.
func TestTranscripts(t *testing.T) {
	apart, notTogether := together(t)
	summed, summaries := summaries(t)
	n := transcripts(t, func(name string, events []event.Event, known map[int]*facts) {
		apart(name, events, known)
		summed(name, events)
	})
	notTogether()
	summaries()
	t.Logf("%d transcripts, %d languages", n, len(narrate.Langs()))
}

// transcripts are all lessons and all replays.
func transcripts(t *testing.T, do func(name string, events []event.Event, facts map[int]*facts)) (n int) {
	for _, u := range universes() {
		for _, l := range u.rows() {
			tr, err := scenario.Run(context.Background(), l.o, nil)
			if err != nil {
				t.Fatalf("%s: %v", l.name, err)
			}
			planned(t, l, tr)
			do(l.name, tr.Events(), learn(tr.Events(), l.o, ""))
			n++
		}
	}
	for _, a := range replay.Attacks() {
		for login, defences := range map[replay.Login][]string{replay.ByCookie: nil, replay.ByCertificate: replay.Defences()} {
			var events []event.Event
			o := replay.Options{Seed: "1", Login: login, ShowSecrets: true,
				Listener: event.ListenerFunc(func(e event.Event) { events = append(events, e) })}
			if _, err := replay.Run(context.Background(), a.Name, defences, o); err != nil {
				t.Fatalf("%s x %v: %v", a.Name, defences, err)
			}
			do("replay "+a.Name, events, learn(events, scenario.Options{}, a.Name))
			n++
		}
	}
	return n
}

// together holds, of each transcript that ask is given, that nothing is told of what it is not true of;
// and whole, after the last one, that each pair guards something.
func together(t *testing.T) (ask func(name string, events []event.Event, known map[int]*facts), whole func()) {
	rules := pairs()
	said := map[narrate.Lang][]string{}
	for _, lang := range narrate.Langs() {
		for _, r := range rules {
			said[lang] = append(said[lang], r.entry.said(lang))
		}
	}
	met, such := map[narrate.Lang][]bool{}, make([]bool, len(rules))
	for _, lang := range narrate.Langs() {
		met[lang] = make([]bool, len(rules))
	}
	var wrong []string
	for _, s := range never {
		wrong = append(wrong, squeezed(s))
	}
	ask = func(name string, events []event.Event, known map[int]*facts) {
		for _, lang := range narrate.Langs() {
			for conn, told := range tell(events, lang) {
				f := known[conn]
				for i, r := range rules {
					of := r.of(f)
					such[i] = such[i] || of
					if met[lang][i] && !of {
						continue
					}
					is := strings.Contains(told, said[lang][i])
					met[lang][i] = met[lang][i] || is
					if is && of {
						t.Errorf("%s, connection %d, %s: %s %q is told of %s", name, conn, lang, r.entry.kind, r.entry.key, r.what)
					}
				}
				for _, s := range wrong {
					if strings.Contains(told, s) {
						t.Errorf("%s, connection %d, %s: %q", name, conn, lang, s)
					}
				}
			}
		}
	}
	return ask, func() {
		for i, r := range rules {
			for _, lang := range narrate.Langs() {
				if !met[lang][i] {
					t.Errorf("a pair that guards nothing: %s %q is never told in %s", r.entry.kind, r.entry.key, lang)
				}
			}
			if !such[i] {
				t.Errorf("a pair that guards nothing: no connection with %s", r.what)
			}
		}
		t.Logf("%d pairs", len(rules))
	}
}
