package narrate

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/replay"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/handshake/tamper"
	"tlslab/pki/lesson"
)

// lessons are the lessons by which the texts are tried: together they go every way
// that a lesson can go.
var lessons = map[string]scenario.Options{
	"first screen":          {},
	"plain, dhe":            {Plain: true, Kx: []iana.Kx{iana.KxDHE}},
	"no ems":                {NoEMS: true},
	"cbc":                   {Suites: []*suite.Suite{suite.ByID(0xc027)}, Compress: true},
	"etm":                   {Suites: []*suite.Suite{suite.ByID(0xc027)}, EncryptThenMAC: true},
	"null":                  {Suites: []*suite.Suite{suite.ByID(0x003b)}},
	"ecdsa":                 {KeyAlg: "ecdsa"},
	"ed25519":               {KeyAlg: "ed25519"},
	"client auth":           {ClientAuth: true},
	"no client certificate": {ClientAuth: true, NoClientCert: true},
	"staple":                {Staple: "good"},
	"must-staple":           {Version: iana.TLS13, Cert: lesson.MustStaple},
	"revoked":               {Cert: lesson.Revoked},
	"h2":                    {ALPN: []string{"h2", "http/1.1"}},
	"1.3, h2":               {Version: iana.TLS13, ALPN: []string{"h2"}},
	"resume 0rtt, h2":       {Resume: scenario.ResumeEarly, ALPN: []string{"h2"}},
	"trusted box, h2":       {MITM: true, TrustMITM: true, ALPN: []string{"h2"}},
	"http/1.1":              {Version: iana.TLS13, ALPN: []string{"http/1.1", "h2"}},
	"untrusted":             {UntrustedRoot: true},
	"name constraint":       {Cert: lesson.NameConstraint},
	"path length":           {Cert: lesson.PathLen},
	"resume id":             {Resume: scenario.ResumeByID},
	"resume ticket":         {Resume: scenario.ResumeByTicket, Kx: []iana.Kx{iana.KxRSA}},
	"resume psk":            {Resume: scenario.ResumePSK},
	"resume 0rtt":           {Resume: scenario.ResumeEarly},
	"resume psk_ke":         {Resume: scenario.ResumeEarly, PSKOnly: true},
	"resume 0rtt, retried":  {Resume: scenario.ResumeEarly, Cookie: true},
	"external psk":          {PSK: &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}},
	"middle box":            {MITM: true},
	"trusted box":           {MITM: true, TrustMITM: true},
	"changed by the box":    {MITM: true, TrustMITM: true, Rewrite: mitm.Rewrite{Old: "hello", New: "howdy"}},
	"box clicked away":      {MITM: true, ClickThrough: true},
	"stolen CA, pin":        {MITM: true, StolenCA: true, Pin: true, ClickThrough: true},
	"stolen CA":             {MITM: true, StolenCA: true, KeyAlg: "ecdsa"},
	"box, expired":          {MITM: true, TrustMITM: true, Cert: lesson.Expired},
	"box, tampered":         {MITM: true, TrustMITM: true, Tamper: tamper.On(tamper.ToServer, 0, tamper.FlipLastBit)},
	"tampered":              {Kx: []iana.Kx{iana.KxECDHE}, Tamper: tamper.On(tamper.ToServer, 3, tamper.FlipLastBit)},
	"bytes passed on":       {MITM: true, Passthrough: true, Pin: true},
	"bytes passed on, root": {MITM: true, Passthrough: true, TrustMITM: true},
	"clicked away":          {UntrustedRoot: true, ClickThrough: true, Kx: []iana.Kx{iana.KxECDHE}},
	"own group":             {Kx: []iana.Kx{iana.KxECDHE}, Groups: []kx.Group{ownGroup()}},
	"own exchange":          {Suites: []*suite.Suite{ownSuite()}, Exchanges: []kx.Exchange{ownExchange{kx.ECDHE}}},

	"1.3":                 {Version: iana.TLS13},
	"1.3, no disguise":    {Version: iana.TLS13, NoCompatibility: true},
	"1.3, retry":          {Version: iana.TLS13, HelloRetry: true, Groups: []kx.Group{kx.P256}},
	"1.3, twice":          {Version: iana.TLS13, Cookie: true, HelloRetry: true},
	"external psk_ke":     {PSK: &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}, PSKOnly: true},
	"1.3, cookie":         {Version: iana.TLS13, Cookie: true, Groups: []kx.Group{kx.FFDHE2048}},
	"1.3, client auth":    {Version: iana.TLS13, ClientAuth: true, KeyAlg: "ecdsa", RecordSizeLimit: 512, ALPN: []string{"h2"}},
	"1.3, no certificate": {Version: iana.TLS13, ClientAuth: true, NoClientCert: true},
	"1.3, compressed": {Version: iana.TLS13, ClientAuth: true, KeyAlg: "ed25519",
		CertificateCompression: []*certcompress.Method{certcompress.Zlib}},
	"1.3, staple":           {Version: iana.TLS13, Staple: "good"},
	"1.3, key update":       {Version: iana.TLS13, KeyUpdate: true, Padding: 3},
	"1.3, kem":              {Version: iana.TLS13, Groups: []kx.Group{kx.MLKEM768}},
	"1.3, in clear":         {Suites: []*suite.Suite{suite.ByID(0xc0b4)}, ClientAuth: true},
	"1.3, box in clear":     {Suites: []*suite.Suite{suite.ByID(0xc0b4)}, MITM: true, TrustMITM: true},
	"1.3, resumed in clear": {Suites: []*suite.Suite{suite.ByID(0xc0b4)}, Resume: scenario.ResumePSK},
	"1.3, own group":        {Version: iana.TLS13, Groups: []kx.Group{ownGroup()}},
	"1.3, trusted box":      {Version: iana.TLS13, MITM: true, TrustMITM: true},
	"1.3, mutual, box":      {Version: iana.TLS13, MITM: true, TrustMITM: true, ClientAuth: true},
}

// replays are those of package replay: an attack, and what is against it. Together they
// tell all that is to be told there, as package replay tests.
var replays = map[string]replay.Options{
	"recorded-connection x none":          {},
	"record-replay x none":                {},
	"session-id x none":                   {},
	"ticket x none":                       {},
	"stolen-master x lifetime":            {},
	"stolen-ticket-key x none":            {Login: replay.ByCertificate},
	"ticket-with-secret x none":           {Login: replay.ByCertificate},
	"early-data x freshness":              {},
	"second-server x single-use":          {},
	"second-server-shared x recording":    {},
	"restart x recording,freshness":       {},
	"drop-and-retry x safe-methods":       {},
	"drop-and-retry x no-early-data":      {},
	"early-data x idempotency,single-use": {},
}

// played runs every lesson, once for all tests.
var played = sync.OnceValues(func() (map[string][]event.Event, error) {
	out := map[string][]event.Event{}
	for name, o := range lessons {
		o.Seed = name
		t, err := scenario.Run(context.Background(), o, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = t.Events()
	}
	for name, o := range replays {
		attack, list, _ := strings.Cut(name, " x ")
		defences, err := replay.ParseDefences(list)
		if err != nil {
			return nil, err
		}
		var events []event.Event
		o.Seed, o.Listener, o.ShowSecrets = name, event.ListenerFunc(func(e event.Event) { events = append(events, e) }), true
		if _, err := replay.Run(context.Background(), attack, defences, o); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = events
	}
	return out, nil
})

func play(t *testing.T) map[string][]event.Event {
	t.Helper()
	events, err := played()
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// ownGroup is a group as a student brings one: under a private number.
func ownGroup() kx.Group {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1)) // a prime, and far too small
	f, err := kx.FiniteField(iana.GroupPrivate+1, "own", p.Bytes(), []byte{3}, 0)
	if err != nil {
		panic(err)
	}
	return f
}

// ownExchange is an exchange with messages of its own.
type ownExchange struct{ kx.Exchange }

func (ownExchange) Kx() iana.Kx { return iana.KxPrivate }

func (x ownExchange) Offer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	in.Groups = []kx.Group{kx.X25519}
	return x.Exchange.Offer(in)
}

func (x ownExchange) Answer(in kx.ClientInput) (kx.Answer, error) {
	in.Groups, in.Params.Group = []kx.Group{kx.X25519}, iana.X25519
	return x.Exchange.Answer(in)
}

func ownSuite() *suite.Suite {
	row := *suite.ByID(0xc02f)
	row.ID, row.Kx = 0xff01, iana.KxPrivate
	return &row
}
