package scenario_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// clock is a student's group: addition modulo 2^256-189. It is as insecure as it looks.
type clock struct{}

var dial = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(189))

func (clock) ID() iana.Group { return iana.GroupPrivate + 1 }
func (clock) Name() string   { return "clock256" }

func (clock) Offer(rand io.Reader) (kx.Offer, error) {
	a := make([]byte, 32)
	_, err := io.ReadFull(rand, a)
	return &hand{a: a, share: turn(a, big.NewInt(5).Bytes())}, err
}

func (g clock) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	o, err := g.Offer(rand)
	if err != nil {
		return nil, err
	}
	_, err = o.Finish(offered)
	return o.(*hand), err
}

// turn is a·g on the clock.
func turn(a, g []byte) []byte {
	z := new(big.Int).Mul(new(big.Int).SetBytes(a), new(big.Int).SetBytes(g))
	return z.Mod(z, dial).FillBytes(make([]byte, 32))
}

type hand struct{ a, share, secret []byte }

func (h *hand) Share() []byte  { return h.share }
func (h *hand) Secret() []byte { return h.secret }
func (h *hand) Finish(peer []byte) ([]byte, error) {
	h.secret = turn(h.a, peer)
	return h.secret, nil
}

// TestOwnGroup: one file, one line in Options.Groups, an ordinary ECDHE suite.
func TestOwnGroup(t *testing.T) {
	tr := run(t, scenario.Options{Seed: "test", Kx: onlyECDHE, Groups: []kx.Group{clock{}}})
	if out := tr.Outcome(); !out.Done {
		t.Fatalf("%+v", out)
	}
	f := tr.Flows[0]
	if s := scenario.SceneOf[*scenario.OwnGroup](f); s == nil || s.Name != "clock256" {
		t.Errorf("%+v", s)
	}
	if pre := f.Secret(event.LabelPremasterSecret); len(pre) != 32 {
		t.Errorf("premaster %x", pre)
	}
	if k := know(t, f, "client"); !k.ReadsData {
		t.Errorf("%+v", k)
	}
}

// misnumbered is a student's group under somebody else's number.
type misnumbered struct {
	clock
	id   iana.Group
	name string
}

func (m misnumbered) ID() iana.Group { return m.id }
func (m misnumbered) Name() string   { return m.name }

// TestOthersNumber: a registered number belongs to its group, and GREASE's to nobody. A
// student's own X25519 under its own name is welcome.
func TestOthersNumber(t *testing.T) {
	for _, c := range []struct {
		group misnumbered
		why   string
	}{
		{misnumbered{id: iana.X25519, name: "mine"}, "mine has the number 0x001d, which is registered as x25519"},
		{misnumbered{id: 0x1a1a, name: "mine"}, "registered as GREASE_0x1a1a"},
		{misnumbered{id: iana.X25519, name: "x25519"}, ""},
		{misnumbered{id: iana.GroupPrivate, name: "mine"}, ""},
	} {
		_, err := scenario.Run(context.Background(), scenario.Options{Seed: "test", Kx: onlyECDHE, Groups: []kx.Group{c.group}}, nil)
		var oe *scenario.OptionsError
		switch {
		case c.why == "" && err != nil:
			t.Errorf("%s: %v", c.group.name, err)
		case c.why != "" && (!errors.As(err, &oe) || oe.Option != "Groups" || !strings.Contains(oe.Why, c.why)):
			t.Errorf("%s at 0x%04x: %v", c.group.name, uint16(c.group.id), err)
		}
	}
}

// TestGroupsOfNoUse: a flow of TLS 1.2 without a group of its own is not played, and it is said where one is to be
// had. A finite field of one's own goes with DHE, and where its shares are short with ECDHE.
func TestGroupsOfNoUse(t *testing.T) {
	p, g := kx.FFDHE2048.Params()
	field := func(id iana.Group, p, g []byte) kx.Group {
		f, err := kx.FiniteField(id, "mine", p, g, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	long, short := field(iana.GroupPrivate, p, g), field(iana.GroupPrivate, []byte{23}, []byte{5})
	dhe := []iana.Kx{iana.KxDHE}
	for name, c := range map[string]struct {
		scenario.Options
		why string // "": it is played
	}{
		"a KEM":                     {scenario.Options{Kx: onlyECDHE, Groups: []kx.Group{kx.MLKEM768}}, "none of them is for ECDHE key exchange"},
		"a KEM, and all versions":   {scenario.Options{Groups: []kx.Group{kx.MLKEM768}}, "none of them is for ECDHE key exchange"},
		"a curve for DHE":           {scenario.Options{Kx: dhe, Groups: []kx.Group{clock{}}}, "none of them is for DHE key exchange"},
		"shares of 256 bytes":       {scenario.Options{Kx: onlyECDHE, Groups: []kx.Group{long}}, "none of them is for ECDHE key exchange"},
		"a field with a curve's ID": {scenario.Options{Kx: dhe, Groups: []kx.Group{long}}, "none of them is for DHE key exchange"},
		"none":                      {scenario.Options{Kx: onlyECDHE, Groups: []kx.Group{}}, "none of them is for ECDHE key exchange"},
		"one of two":                {scenario.Options{Kx: onlyECDHE, Groups: []kx.Group{kx.MLKEM768, clock{}}}, ""},
		"a field for DHE":           {scenario.Options{Kx: dhe, Groups: []kx.Group{field(0x01fc, p, g)}}, ""},
		"a short field":             {scenario.Options{Kx: onlyECDHE, Groups: []kx.Group{short}}, ""},
		"RSA, which needs none":     {scenario.Options{Kx: []iana.Kx{iana.KxRSA}, Groups: []kx.Group{kx.MLKEM768}}, ""},
		"a KEM in TLS 1.3":          {scenario.Options{Version: iana.TLS13, Groups: []kx.Group{kx.MLKEM768}}, ""},
	} {
		c.Seed = "test"
		tr, err := scenario.Run(context.Background(), c.Options, nil)
		var oe *scenario.OptionsError
		switch {
		case c.why == "" && (err != nil || !tr.Outcome().Done):
			t.Errorf("%s: %v, %+v", name, err, tr)
		case c.why != "" && (!errors.As(err, &oe) || oe.Option != "Groups" || !strings.Contains(oe.Why, c.why)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEmptyPlaces: what is not there yet is said to be missing, whichever list it is missing from.
func TestEmptyPlaces(t *testing.T) {
	noCipher, noHash := *suite.ByID(0xc02f), *suite.ByID(0xc02f)
	noCipher.Cipher, noHash.Hash = nil, 0
	for option, all := range map[string][]scenario.Options{
		"Groups":    {{Groups: []kx.Group{nil}}, {Groups: []kx.Group{kx.X25519, nil}, Version: iana.TLS13}},
		"Exchanges": {{Exchanges: []kx.Exchange{nil}}, {Exchanges: append(ownECDHE(), nil)}},
		"Suites":    {{Suites: []*suite.Suite{nil}}, {Suites: []*suite.Suite{suite.ByID(0x1301), nil}}, {Suites: []*suite.Suite{&noCipher}}, {Suites: []*suite.Suite{&noHash}}},
		"Server":    {{Server: "bücher.test"}},
	} {
		for _, o := range all {
			_, err := scenario.Run(context.Background(), o, nil)
			var oe *scenario.OptionsError
			if !errors.As(err, &oe) || oe.Option != option {
				t.Errorf("%s: %v", option, err)
			}
		}
	}
}

// whisper is a student's whole exchange, with messages of its own: the server
// offers a pad, the client answers with the secret under it. Everybody can read it.
type whisper struct{ kx iana.Kx }

func (w whisper) Kx() iana.Kx             { return w.kx }
func (whisper) Ephemeral() bool           { return true }
func (whisper) PreMaster(s []byte) []byte { return s }

func (whisper) Offer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	pad := make([]byte, 32)
	_, err := io.ReadFull(in.Rand, pad)
	return pads(pad), kx.Params{Share: pad}, err
}

func (whisper) Answer(in kx.ClientInput) (kx.Answer, error) {
	secret := make([]byte, 32)
	_, err := io.ReadFull(in.Rand, secret)
	return &hand{share: xor(secret, in.Params.Share), secret: secret}, err
}

type pads []byte

func (p pads) Share() []byte                        { return p }
func (p pads) Finish(answer []byte) ([]byte, error) { return xor(answer, p), nil }

func xor(a, b []byte) []byte {
	out := bytes.Clone(a)
	for i := range min(len(a), len(b)) {
		out[i] ^= b[i]
	}
	return out
}

// TestOwnExchange: an exchange that none of ours is, under a private Kx, with a
// suite row that names it.
func TestOwnExchange(t *testing.T) {
	row := *suite.ByID(0xc02f)
	row.ID, row.Kx = 0xff01, iana.KxPrivate
	for _, resume := range []scenario.Resume{scenario.NoResume, scenario.ResumeByID, scenario.ResumeByTicket} {
		tr := run(t, scenario.Options{Seed: "test", Resume: resume, Suites: []*suite.Suite{&row}, Exchanges: []kx.Exchange{whisper{iana.KxPrivate}}})
		if out := tr.Outcome(); !out.Done {
			t.Fatalf("%q: %+v", resume, out)
		}
		f := tr.Flows[0]
		if k := know(t, f, "server"); !k.ReadsData {
			t.Errorf("%q: %+v", resume, k)
		}
		if s := scenario.SceneOf[*scenario.OwnExchange](f); s == nil || !s.Ephemeral {
			t.Errorf("%q: %+v", resume, s)
		}
	}
}

// ownECDHE is a student's ECDHE in place of ours, in the same suites.
func ownECDHE() []kx.Exchange { return []kx.Exchange{renamed{kx.ECDHE}} }

type renamed struct{ kx.Exchange }
