package handshake_test

import (
	"bytes"
	"crypto/rsa"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// packet is one record in flight, and who sent it.
type packet struct {
	from   event.Role
	typ    iana.ContentType
	body   []byte
	sealed bool // the sender has changed keys (in TLS 1.3 typ tells)
	wire   []byte
}

// is reports whether p is a handshake message of a kind, or ChangeCipherSpec.
func (p packet) is(from event.Role, k message.Kind) bool {
	if k == message.KindChangeCipherSpec {
		return p.from == from && p.typ == iana.ChangeCipherSpec
	}
	return p.from == from && !p.sealed && p.typ == iana.Handshake && message.Kind(p.body[0]) == k
}

// hand is somebody on the wire: it sees each record, and returns the bytes that
// travel on in its place.
type hand func(packet) []byte

// connection is two endpoints with somebody between them, and what they told.
type connection struct {
	t      testing.TB
	ends   [2]*subject
	heard  [2]collect
	sealed [2]bool
}

// connect makes both ends, with listeners that are told all.
func connect(t testing.TB, cc, sc *handshake.Config) *connection {
	t.Helper()
	c := &connection{t: t}
	for i, cfg := range []*handshake.Config{cc, sc} {
		own := *cfg
		own.Listener, own.ShowSecrets = &c.heard[i], true
		c.ends[i] = &subject{Endpoint: newEnd(t, event.Role(i), &own)}
	}
	return c
}

// run carries records through a hand until nothing moves. A nil hand lets all pass.
func (c *connection) run(h hand) *connection {
	for moved := true; moved; {
		moved = false
		for i, e := range c.ends {
			e.drive()
			out := slices.Clone(e.out)
			e.out = nil
			for b := range eachRecord(out) {
				moved = true
				p := packet{event.Role(i), iana.ContentType(b[0]), b[5:], c.sealed[i], b}
				meant := p.typ == iana.ChangeCipherSpec && e.Summary().Version != iana.TLS13
				if c.sealed[i] = c.sealed[i] || meant; h != nil {
					b = h(p)
				}
				c.ends[1-i].Feed(b)
			}
		}
	}
	return c
}

func (c *connection) completes() *connection {
	c.t.Helper()
	if !c.ends[0].Done() || !c.ends[1].Done() {
		c.t.Fatalf("client %v (%v), server %v (%v)", c.ends[0].State(), c.ends[0].Err(), c.ends[1].State(), c.ends[1].Err())
	}
	return c
}

// inject feeds bytes to one end, as from its peer.
func (c *connection) inject(to event.Role, b ...[]byte) {
	for _, b := range b {
		c.ends[to].feed(b)
	}
}

// as returns a writer that goes on where an end has stopped: with its keys, and n
// records under them already sent.
func (c *connection) as(from event.Role, n int) *record.Writer {
	c.t.Helper()
	now := reading{sealed: true, keys: writeKeys(c.heard[from], from), seq: uint64(n)}
	sum := c.ends[from].Summary()
	return now.writer(c.t, sum.Suite, sum.EncryptThenMAC)
}

// writeKeys are the latest keys that a role's records are protected with.
func writeKeys(heard collect, from event.Role) (k suite.Keys) {
	for _, s := range all[*event.Secret](heard) {
		switch string(s.Label) {
		case from.String() + "_write_MAC_key":
			k.MAC = s.Value
		case from.String() + "_write_key", from.String() + "_early_key", from.String() + "_handshake_key", from.String() + "_application_key":
			k.Key = s.Value
		case from.String() + "_write_IV", from.String() + "_early_iv", from.String() + "_handshake_iv", from.String() + "_application_iv":
			k.IV = s.Value
		}
	}
	return k
}

// want is how an attack has to end. Off is compared unless it is anywhere.
type want struct {
	reason reason.Reason
	field  string
	off    int
	alert  iana.AlertDescription
	state  event.State // the state that refused
}

const anywhere = -2

// refuses holds that an end has refused in just this way, and keeps to it.
func (c *connection) refuses(role event.Role, w want) *reason.Error {
	c.t.Helper()
	e := c.ends[role]
	if e.Err() == nil {
		c.t.Fatalf("the %v accepts: it is in %v", role, e.State())
	}
	var alert *event.Alert
	for _, a := range all[*event.Alert](c.heard[role]) {
		if a.Dir == event.Send && a.Level == iana.Fatal {
			if alert != nil {
				c.t.Errorf("a second fatal alert, %v", a.Description)
			}
			alert = a
		}
	}
	re, ok := e.Err().(*reason.Error)
	if !ok || re.Reason != w.reason || re.Field != w.field || w.off != anywhere && re.Off != w.off {
		c.t.Errorf("the %v refuses with: %v (at %d)\nwant %s in %s at %d", role, e.Err(), re.Off, w.reason, w.field, w.off)
	}
	if alert == nil || alert.Description != w.alert || alert.Err != e.Err() {
		c.t.Errorf("the alert is %+v, want %v", alert, w.alert)
	} else if alert.State != w.state {
		c.t.Errorf("refused in %v, want %v", alert.State, w.state)
	}
	checkRule(c.t, e.Endpoint, e.Err())
	if _, err := e.Step(); err != e.Err() || e.State() != event.Failed || e.Done() {
		c.t.Errorf("after the refusal: %v in %v", err, e.State())
	}
	return re
}

// edited passes everything, but one kind of message from one end changed.
func edited(t testing.TB, cx message.Context, from event.Role, k message.Kind, change func(message.Message)) hand {
	return func(p packet) []byte {
		if !p.is(from, k) {
			return p.wire
		}
		m, err := message.Parse(cx, slices.Clone(p.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		b, err := message.Marshal(m, nil)
		if err != nil {
			t.Fatal(err)
		}
		return clearRecord(iana.Handshake, b)
	}
}

// dropped passes everything but one kind of message from one end.
func dropped(from event.Role, k message.Kind) hand {
	return func(p packet) []byte {
		if p.is(from, k) {
			return nil
		}
		return p.wire
	}
}

// before passes everything, and bytes of the hand's own before one kind of message.
func before(from event.Role, k message.Kind, b ...[]byte) hand {
	return func(p packet) []byte {
		if p.is(from, k) {
			return slices.Concat(append(b, p.wire)...)
		}
		return p.wire
	}
}

func marshalled(t testing.TB, m wire.Struct) []byte {
	t.Helper()
	b, err := message.Marshal(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hello(s message.Message) *message.ServerHello       { return s.(*message.ServerHello) }
func clientHello(s message.Message) *message.ClientHello { return s.(*message.ClientHello) }

var helloCtx = message.Context{Version: iana.TLS12}

// evil is a key exchange whose numbers somebody has thought about.
type evil struct {
	kx.Exchange
	offer  func(*kx.Params)
	input  func(*kx.ClientInput)
	answer func(share []byte) []byte
	pre    func([]byte) []byte
}

func (x evil) Offer(in kx.ServerInput) (kx.Offer, kx.Params, error) {
	o, p, err := x.Exchange.Offer(in)
	if x.offer != nil {
		x.offer(&p)
	}
	return o, p, err
}

func (x evil) Answer(in kx.ClientInput) (kx.Answer, error) {
	if x.input != nil {
		x.input(&in)
	}
	a, err := x.Exchange.Answer(in)
	if err == nil && x.answer != nil {
		return evilAnswer{a, x.answer(slices.Clone(a.Share()))}, nil
	}
	return a, err
}

func (x evil) PreMaster(secret []byte) []byte {
	if x.pre != nil {
		return x.pre(x.Exchange.PreMaster(secret))
	}
	return x.Exchange.PreMaster(secret)
}

type evilAnswer struct {
	kx.Answer
	share []byte
}

func (a evilAnswer) Share() []byte { return a.share }

// decisions lists the Why of an end's decisions about something.
func (c *connection) decisions(role event.Role, what event.DecisionName) (why []event.Why) {
	for _, d := range all[*event.Decision](c.heard[role]) {
		if d.What == what {
			why = append(why, d.Why)
		}
	}
	return why
}

// states lists where an end has waited.
func (c *connection) states(role event.Role) (list []event.State) {
	for _, s := range all[*event.Stop](c.heard[role]) {
		list = append(list, s.State)
	}
	return list
}

func sameError(a, b error) bool { return reflect.DeepEqual(a, b) }

// pairFor makes configurations for one suite.
func pairFor(id iana.CipherSuite) (c, s *handshake.Config) {
	alg := "rsa"
	if suite.ByID(id).Auth == iana.AuthECDSA {
		alg = "ecdsa"
	}
	c, s = ends(world(alg))
	c.Suites, s.Suites = only(id), only(id)
	return c, s
}

func (c *connection) talk() {
	c.t.Helper()
	say(c.t, c.ends[0].Endpoint, c.ends[1].Endpoint, "question")
	say(c.t, c.ends[1].Endpoint, c.ends[0].Endpoint, "answer")
}

var zero32 = bytes.Repeat([]byte{0}, 32)

// rawRSA is m^e mod n, without a padding.
func rawRSA(t testing.TB, pub any, m []byte) []byte {
	t.Helper()
	key, ok := pub.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("%T is no RSA key", pub)
	}
	c := new(big.Int).SetBytes(m)
	return c.Mod(c, key.N).Exp(c, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
}
