package mitm

import (
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/pki"
)

// The keys of an interceptor's scenes.
const (
	SceneRoot            event.SceneKey = "mitm_root"
	SceneClientConnects  event.SceneKey = "mitm_client_connects"
	SceneConnectUpstream event.SceneKey = "mitm_connect_upstream"
	SceneForge           event.SceneKey = "mitm_forge"
	SceneDecrypt         event.SceneKey = "mitm_decrypt"
	SceneReencrypt       event.SceneKey = "mitm_reencrypt"
	SceneBack            event.SceneKey = "mitm_back"
	SceneRewrite         event.SceneKey = "mitm_rewrite"
	SceneNotFound        event.SceneKey = "mitm_not_found"
	SceneUndelivered     event.SceneKey = "mitm_undelivered"
)

// Steps are the seven steps of a capture tool. The first is told by whoever knows what the
// client trusts, the others by Box.
func Steps() []event.SceneKey {
	return []event.SceneKey{SceneRoot, SceneClientConnects, SceneConnectUpstream, SceneForge, SceneDecrypt, SceneReencrypt, SceneBack}
}

// SceneKeys lists the Key of every event.Scene that belongs to an interceptor: its steps,
// what it changed, and what it could not deliver.
func SceneKeys() []event.SceneKey {
	return append(Steps(), SceneRewrite, SceneNotFound, SceneUndelivered)
}

// step is where a scene stands among the Steps.
func step(key event.SceneKey) (n, of int) {
	steps := Steps()
	return slices.Index(steps, key) + 1, len(steps)
}

// stepValues are values behind those of the step.
func stepValues(s event.Stepped, values ...event.Value) []event.Value {
	n, of := s.Step()
	return append([]event.Value{value("step", n), value("steps", of)}, values...)
}

func value(name string, v any) event.Value { return event.Value{Name: name, Value: v} }

// opened adds to values that the suite encrypts nothing, where it does not.
func opened(inClear bool, values []event.Value) []event.Value {
	if inClear {
		values = append(values, value("in_clear", true))
	}
	return values
}

// Standing is how an interceptor comes to be believed, or not.
type Standing string

// The ways.
const (
	Untrusted Standing = "untrusted" // the client's store does not have its root
	Trusted   Standing = "trusted"   // its root is in the client's store
	Stolen    Standing = "stolen"    // it has the key of an authority that the client trusts already
)

// Root is the first step: what the box will sign with.
type Root struct {
	event.Meta
	How       Standing
	Authority *x509.Certificate // the box's own root, or the authority whose key was stolen
}

// Key returns SceneRoot.
func (*Root) Key() event.SceneKey { return SceneRoot }

// Entry is one for each Standing.
func (r *Root) Entry() event.SceneKey {
	if r.How == Trusted {
		return SceneRoot
	}
	return SceneRoot.Variant(string(r.How))
}

// Step returns 1 and the number of steps.
func (r *Root) Step() (n, of int) { return step(r.Key()) }

// Values are the step, how, and the authority.
func (r *Root) Values() []event.Value {
	name := "root"
	if r.How == Stolen {
		name = "ca"
	}
	return stepValues(r, value("how", string(r.How)), value(name, r.Authority))
}

// ClientConnects is the second step: the client's hello has arrived.
type ClientConnects struct {
	event.Meta
	ServerName string // "" if the hello has none
}

// Key returns SceneClientConnects.
func (*ClientConnects) Key() event.SceneKey { return SceneClientConnects }

// Entry is another one where the hello names no server.
func (c *ClientConnects) Entry() event.SceneKey {
	if c.ServerName == "" {
		return SceneClientConnects.Variant("nameless")
	}
	return SceneClientConnects
}

// Step returns 2 and the number of steps.
func (c *ClientConnects) Step() (n, of int) { return step(c.Key()) }

// Values are the step, and the name where there is one.
func (c *ClientConnects) Values() []event.Value {
	if c.ServerName == "" {
		return stepValues(c)
	}
	return stepValues(c, value("server_name", c.ServerName))
}

// ConnectUpstream is the third step: the box calls the server that the client asked for.
type ConnectUpstream struct {
	event.Meta
	ServerName string
	ALPN       []string // what the client offered and the box offers on; nil if nothing
}

// Key returns SceneConnectUpstream.
func (*ConnectUpstream) Key() event.SceneKey { return SceneConnectUpstream }

// Entry is one with ALPN, and one without.
func (c *ConnectUpstream) Entry() event.SceneKey {
	if len(c.ALPN) > 0 {
		return SceneConnectUpstream.Variant("alpn")
	}
	return SceneConnectUpstream
}

// Step returns 3 and the number of steps.
func (c *ConnectUpstream) Step() (n, of int) { return step(c.Key()) }

// Values are the step, the name, and ALPN where there is any.
func (c *ConnectUpstream) Values() []event.Value {
	values := stepValues(c, value("server_name", c.ServerName))
	if len(c.ALPN) > 0 {
		values = append(values, value("alpn", c.ALPN))
	}
	return values
}

// Forge is the fourth step: the box has signed a certificate in the server's name.
type Forge struct {
	event.Meta
	Real, Forged *x509.Certificate
}

// Key returns SceneForge.
func (*Forge) Key() event.SceneKey { return SceneForge }

// Entry is another one where the authority that signed both is the same: its key was stolen.
func (f *Forge) Entry() event.SceneKey {
	if f.Real != nil && f.Forged != nil && pki.SameName(f.Real.RawIssuer, f.Forged.RawIssuer) {
		return SceneForge.Variant("stolen")
	}
	return SceneForge
}

// Step returns 4 and the number of steps.
func (f *Forge) Step() (n, of int) { return step(f.Key()) }

// Values are the step and both certificates.
func (f *Forge) Values() []event.Value {
	return stepValues(f, value("real", f.Real), value("forged", f.Forged))
}

// Relayed is what goes through the box.
type Relayed string

// What the client sends, and what the server sends.
const (
	Request Relayed = "request"
	Reply   Relayed = "reply"
)

// Decrypt is the fifth step: what the client sent stands open.
type Decrypt struct {
	event.Meta
	Plaintext string
	InClear   bool // the suite encrypts nothing, so it was open before
}

// Key returns SceneDecrypt.
func (*Decrypt) Key() event.SceneKey { return SceneDecrypt }

// Entry is another one where it was in clear.
func (d *Decrypt) Entry() event.SceneKey { return inClear(d.Key(), d.InClear) }

// Step returns 5 and the number of steps.
func (d *Decrypt) Step() (n, of int) { return step(d.Key()) }

// Values are the step, what it is, and the plaintext.
func (d *Decrypt) Values() []event.Value {
	return opened(d.InClear, stepValues(d, value("what", string(Request)), value("plaintext", d.Plaintext)))
}

// Reencrypt is the sixth step: what the client sent goes on to the server.
type Reencrypt struct {
	event.Meta
	Bytes   int // of plaintext
	InClear bool
}

// Key returns SceneReencrypt.
func (*Reencrypt) Key() event.SceneKey { return SceneReencrypt }

// Entry is another one where it is in clear.
func (r *Reencrypt) Entry() event.SceneKey { return inClear(r.Key(), r.InClear) }

// Step returns 6 and the number of steps.
func (r *Reencrypt) Step() (n, of int) { return step(r.Key()) }

// Values are the step and the number of bytes.
func (r *Reencrypt) Values() []event.Value {
	return opened(r.InClear, stepValues(r, value("bytes", r.Bytes)))
}

// Back is the seventh step: what the server sent stands open, and goes back.
type Back struct {
	event.Meta
	Plaintext string
	InClear   bool
}

// Key returns SceneBack.
func (*Back) Key() event.SceneKey { return SceneBack }

// Entry is another one where it was in clear.
func (b *Back) Entry() event.SceneKey { return inClear(b.Key(), b.InClear) }

// Step returns 7 and the number of steps.
func (b *Back) Step() (n, of int) { return step(b.Key()) }

// Values are the step, what it is, and the plaintext.
func (b *Back) Values() []event.Value {
	return opened(b.InClear, stepValues(b, value("what", string(Reply)), value("plaintext", b.Plaintext)))
}

func inClear(key event.SceneKey, open bool) event.SceneKey {
	if open {
		return key.Variant("open")
	}
	return key
}

// Rewritten is what the box changed.
type Rewritten struct {
	event.Meta
	What      Relayed
	Rewrite   Rewrite
	Times     int
	Plaintext string // as it is now
}

// Key returns SceneRewrite.
func (*Rewritten) Key() event.SceneKey { return SceneRewrite }

// Values are all of it.
func (r *Rewritten) Values() []event.Value {
	return []event.Value{value("what", string(r.What)), value("old", r.Rewrite.Old), value("new", r.Rewrite.New),
		value("times", r.Times), value("plaintext", r.Plaintext)}
}

// NotFound says that what was to be rewritten was not there.
type NotFound struct {
	event.Meta
	What Relayed
	Old  string
}

// Key returns SceneNotFound.
func (*NotFound) Key() event.SceneKey { return SceneNotFound }

// Values are both.
func (n *NotFound) Values() []event.Value {
	return []event.Value{value("what", string(n.What)), value("old", n.Old)}
}

// Undelivered says that what the client sent can go nowhere.
type Undelivered struct {
	event.Meta
	Err error // of the leg to the server
}

// Key returns SceneUndelivered.
func (*Undelivered) Key() event.SceneKey { return SceneUndelivered }

// Values are the reason.
func (u *Undelivered) Values() []event.Value { return []event.Value{value("reason", u.Err)} }
