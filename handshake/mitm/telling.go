package mitm

import (
	"crypto/x509"
	"time"

	"tlslab/handshake/event"
)

// Telling tells the scenes of an interceptor, but for the first, Root. A Box tells them while it
// decides; whoever has kept what went over both legs can tell them afterwards.
type Telling struct {
	Listener           event.Listener   // is told the scenes, those of SceneKeys; nil: nobody is
	ToClient, ToServer event.Meta       // Party and Conn of what is told of each leg
	Time               func() time.Time // of the scenes; nil: they have none
}

// Called says that the client's hello has come, with this name for the server; "" if it has none.
func (t *Telling) Called(serverName string) {
	t.tell(t.ToClient, &ClientConnects{ServerName: serverName})
}

// Calls says that the box asks the server for this name. alpn are the protocols that the client
// has offered and the box offers on; nil if there are none.
func (t *Telling) Calls(serverName string, alpn []string) {
	t.tell(t.ToServer, &ConnectUpstream{ServerName: serverName, ALPN: alpn})
}

// Forged says what the box has made, and of what.
func (t *Telling) Forged(real, forged *x509.Certificate) {
	t.tell(t.ToClient, &Forge{Real: real, Forged: forged})
}

// Read says that plaintext has come on one leg. inClear says that the leg's suite encrypts nothing.
func (t *Telling) Read(what Relayed, text string, inClear bool) {
	if what == Reply {
		t.tell(t.ToServer, &Back{Plaintext: text, InClear: inClear})
		return
	}
	t.tell(t.ToClient, &Decrypt{Plaintext: text, InClear: inClear})
}

// GoesOn says that so many bytes of what the client sent go on to the server.
func (t *Telling) GoesOn(bytes int, inClear bool) {
	t.tell(t.ToServer, &Reencrypt{Bytes: bytes, InClear: inClear})
}

// Lost says that what the client sent can go nowhere: err is the leg's to the server.
func (t *Telling) Lost(err error) { t.tell(t.ToServer, &Undelivered{Err: err}) }

// changed says what has become of what was read: of Old as often as times says.
func (t *Telling) changed(what Relayed, r Rewrite, times int, text string) {
	on := t.ToClient
	if what == Reply {
		on = t.ToServer
	}
	switch {
	case times > 0:
		t.tell(on, &Rewritten{What: what, Rewrite: r, Times: times, Plaintext: text})
	case r.Old != "":
		t.tell(on, &NotFound{What: what, Old: r.Old})
	}
}

// tell tells of something that no endpoint does.
func (t *Telling) tell(on event.Meta, s event.Scene) {
	if t.Listener == nil {
		return
	}
	h := s.Head()
	h.Party, h.Conn = on.Party, on.Conn
	if t.Time != nil {
		h.Time = t.Time()
	}
	t.Listener.Event(s)
}
