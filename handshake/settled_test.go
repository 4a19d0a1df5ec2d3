package handshake_test

import (
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
)

// called is a group under a number and a name of a student's.
type called struct{ kx.Group }

func (called) ID() iana.Group { return iana.GroupPrivate + 1 }
func (called) Name() string   { return "a student's" }

// TestMessagesNameTheirGroup: a message that settles a group tells its name, without any secret
// told; of a student's too, of which nothing else is known.
func TestMessagesNameTheirGroup(t *testing.T) {
	own := event.Group{ID: iana.GroupPrivate + 1, Name: "a student's"}
	x25519 := event.Group{ID: iana.X25519, Name: "x25519", Kind: kx.KindECDH}
	for _, v := range []struct {
		version iana.Version
		group   kx.Group
		want    event.Group
	}{
		{iana.TLS12, kx.X25519, x25519}, {iana.TLS12, called{kx.P256}, own},
		{iana.TLS13, kx.X25519, x25519}, {iana.TLS13, called{kx.P256}, own},
	} {
		cc, sc := ends13(world("ecdsa"))
		cc.MaxVersion, sc.MaxVersion = v.version, v.version
		cc.Groups, sc.Groups = []kx.Group{kx.P256, v.group}, []kx.Group{v.group}
		cc.KeyShares = []iana.Group{} // so that TLS 1.3 names it twice
		var heard [2]collect
		cc.Listener, sc.Listener = &heard[0], &heard[1]
		mustShake(t, cc, sc)
		for role, events := range heard {
			named := map[message.Kind]event.Group{}
			for _, m := range all[*event.Message](events) {
				if m.Group != (event.Group{}) {
					named[m.Kind] = m.Group
				}
			}
			kinds := []message.Kind{message.KindServerKeyExchange}
			if v.version == iana.TLS13 {
				kinds = []message.Kind{message.KindHelloRetryRequest, message.KindServerHello}
			}
			for _, k := range kinds {
				if named[k] != v.want {
					t.Errorf("%v, %v: %v names %+v, not %+v", v.version, event.Role(role), k, named[k], v.want)
				}
			}
			if len(named) != len(kinds) {
				t.Errorf("%v, %v: also others: %+v", v.version, event.Role(role), named)
			}
		}
	}
}
